"""Decisions, loops and strands that nobody calls by these names."""

import pytest

from tests.generation.trees import told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Look up the order. Stuck in customs: ask the broker. Lost: file a claim.",
            [
                "Look up the order",
                {
                    "if": [
                        ("it is stuck in customs", ["ask the broker"]),
                        ("it is lost", ["file a claim"]),
                    ],
                    "else": [],
                },
            ],
        ),
        (
            "Check the policy. yes -> refund the order. no -> write a refusal.",
            [
                "Check the policy",
                {"if": [("it is so", ["refund the order"])], "else": ["write a refusal"]},
            ],
        ),
        (
            "Compare the CV with the job. Good match? Invite them. Bad match? Reject them.",
            [
                "Compare the CV with the job",
                {
                    "if": [
                        ("it is good match", ["Invite them"]),
                        ("it is bad match", ["Reject them"]),
                    ],
                    "else": [],
                },
            ],
        ),
        (
            "Estimate the damage. Anything up to 2,000 euros we simply pay out; bigger ones are sent to an adjuster.",
            [
                "Estimate the damage",
                {
                    "if": [("it is up to 2,000 euros", ["we simply pay out"])],
                    "else": ["send it to an adjuster"],
                },
            ],
        ),
        (
            "Read the idea. Does it look novel, then write a page; does it not, tell the inventor.",
            [
                "Read the idea",
                {
                    "if": [("it does look novel", ["write a page"])],
                    "else": ["tell the inventor"],
                },
            ],
        ),
        (
            "Run the tests. Only if everything is green may the build be deployed, otherwise file an issue.",
            [
                "Run the tests",
                {
                    "if": [("everything is green", ["deploy the build"])],
                    "else": ["file an issue"],
                },
            ],
        ),
        (
            "Score each lead: hot ones get a call, and for the cold rest it is enough to log a note.",
            [
                {
                    "foreach": "lead",
                    "do": [
                        "Score each lead",
                        {"if": [("it is hot", ["send it a call"])], "else": ["log a note"]},
                    ],
                }
            ],
        ),
        (
            "Compare the CV. 80 points and up: invite them. 50 to 79: mail them. Under 50: reject them.",
            [
                "Compare the CV",
                {
                    "if": [
                        ("it is 80 points and up", ["invite them"]),
                        ("it is 50 to 79", ["mail them"]),
                        ("it is under 50", ["reject them"]),
                    ],
                    "else": [],
                },
            ],
        ),
        (
            (
                "Bug reports become a ticket, people who want to cancel get announced in the channel, "
                "and for everything else a label is enough."
            ),
            [
                {
                    "if": [
                        ("it is bug reports", ["make it a ticket"]),
                        ("it is people who want to cancel", ["announce it in the channel"]),
                    ],
                    "else": ["make a label"],
                },
            ],
        ),
        (
            "Grade the essay. Whoever passes is entered in the list, whoever doesn't gets a letter.",
            [
                "Grade the essay",
                {
                    "if": [("it passes", ["enter it in the list"])],
                    "else": ["send it a letter"],
                },
            ],
        ),
        (
            "Check the supplier. With a medium rating, ask compliance.",
            ["Check the supplier", {"if": [("it is medium", ["ask compliance"])], "else": []}],
        ),
        (
            "Score the payment. A score above 0.8 means opening a ticket.",
            [
                "Score the payment",
                {"if": [("there is a score above 0.8", ["open a ticket"])], "else": []},
            ],
        ),
        (
            "Decide if the request fits. If yes refund it, if no mail the reason.",
            [
                "Decide whether the request fits",
                {"if": [("it is so", ["refund it"])], "else": ["mail the reason"]},
            ],
        ),
        # What follows the comma is an instruction, also where its verb is as often a noun.
        ("If it is fine, start zone 3.", [{"if": [("it is fine", ["start zone 3"])], "else": []}]),
        ("If it is so, refund it.", [{"if": [("it is so", ["refund it"])], "else": []}]),
    ],
)
def test_cases_are_decisions(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "until", "body"),
    [
        (
            "The editor marks the draft out of ten, and below nine it goes back to the writer for another round.",
            "it is at least 9",
            ["The editor marks the draft out of ten"],
        ),
        (
            "Write a test, run it and go round again for as long as the pipeline stays red.",
            "not the pipeline is red",
            ["Write a test", "run it"],
        ),
        (
            "Write a quiz, check it and redo it as long as there are mistakes.",
            "not there are mistakes",
            ["Write a quiz", "check it"],
        ),
        (
            "Write a slogan, score it and if it is not good enough, send it back to the writer.",
            "it is good enough",
            ["Write a slogan", "score it"],
        ),
    ],
)
def test_going_back_is_a_loop(text: str, until: str, body: list[object]) -> None:
    assert told(text) == [{"until": until, "do": body}]


@pytest.mark.parametrize(
    "text",
    [
        "Send the contract and check back every hour until everyone has signed.",
        "Send the contract. As long as it is not signed, check back again.",
    ],
)
def test_only_looking_is_repeated(text: str) -> None:
    first, loop = told(text)
    assert first == "Send the contract"
    assert isinstance(loop, dict)
    assert len(loop["do"]) == 1


def test_rounds_before_a_colon_are_a_loop() -> None:
    assert told("Five rounds of this: write a headline, rate it.") == [
        {"count": "Five times", "do": ["write a headline", "rate it"]}
    ]


def test_the_same_with_the_others_is_a_loop() -> None:
    assert told(
        "Read the links. Take the first one, open it and condense it. Do the same with the rest."
    ) == [
        "Read the links",
        {"foreach": "them", "do": ["open it", "condense it"]},
    ]


def test_what_goes_back_to_somebody_outside_is_no_loop() -> None:
    assert told("Check the parcel. If it is broken, send it back to the sender.") == [
        "Check the parcel",
        {"if": [("it is broken", ["send it back to the sender"])], "else": []},
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Fetch the referrals, then, one at a time, judge the case and record it.",
        "Fetch the referrals and treat them one by one. Judge the case and record it.",
    ],
)
def test_one_by_one_is_a_loop(text: str) -> None:
    first, loop = told(text)
    assert first == "Fetch the referrals"
    assert isinstance(loop, dict)
    assert [str(act).lower() for act in loop["do"]] == ["judge the case", "record it"]


@pytest.mark.parametrize(
    "text",
    [
        (
            "Two tracks, running concurrently. Track one: transcribe the call and list the decisions. "
            "Track two: read the channel. Finally write a page."
        ),
        (
            "On the one hand transcribe the call and list the decisions. On the other hand read the channel. "
            "As soon as both are finished, write a page."
        ),
        (
            "While one strand transcribes the call and lists the decisions, the other one reads the channel. "
            "Then write a page."
        ),
    ],
)
def test_strands_run_side_by_side(text: str) -> None:
    (together, after) = told(text)
    assert after == "write a page"
    assert isinstance(together, dict)
    first, second = together["together"]
    assert len(second) == 1
    assert "transcribe" in first[0]


@pytest.mark.parametrize(
    "text",
    [
        "Make the record, order the laptop and draw the plan. None of these has to wait for the others.",
        "Make the record, order the laptop and draw the plan. Do all three at once.",
        "The record, the laptop and the plan are to be made concurrently.",
    ],
)
def test_a_sentence_about_the_one_before_makes_it_parallel(text: str) -> None:
    (together,) = told(text)
    assert isinstance(together, dict)
    assert len(together["together"]) == 3


@pytest.mark.parametrize(
    "word", ["and ", "over 5 ", "those who are ", "as long as a ", "is it a b "]
)
def test_reading_takes_time_that_grows_with_the_text(word: str) -> None:
    """Patterns that go back over the text would take minutes here, and the test its time limit."""
    assert told((word * 4_000)[:4_000]) is not None


def test_what_nobody_needs_to_do_is_forbidden_and_when_a_board_meets_is_no_step() -> None:
    assert told(
        "Our board meets on Thursday. Make a chart. Nobody needs to write to the guests."
    ) == [
        "Make a chart",
        "not write to the guests",
    ]


def test_so_before_a_colon_is_no_case_and_until_now_no_loop() -> None:
    assert told("Tom did this by hand until now. So: read the scan and add a row.")[-2:] == [
        "read the scan",
        "add a row",
    ]


def test_taking_each_thing_is_a_loop_around_what_follows() -> None:
    assert told("Take every open ticket, judge it and set the priority.") == [
        {"foreach": "open ticket", "do": ["judge it", "set the priority"]}
    ]


@pytest.mark.parametrize(
    ("text", "condition", "body"),
    [
        ("If the claim is fine record it and mail the customer", "the claim is fine", ["record it", "mail the customer"]),
        ("If the page is down ask me for approval and then restart it", "the page is down", ["ask me for approval", "restart it"]),
    ],
)  # fmt: skip
def test_a_condition_ends_without_a_comma_too(text: str, condition: str, body: list[str]) -> None:
    assert told(text) == [{"if": [(condition, body)], "else": []}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Look at the flour. Less than 50 kilos left means: order some.",
            ["Look at the flour", {"if": [("there is less than 50 kilos left", ["order some"])], "else": []}],
        ),
        (
            "Check how it stands: cleared - move the box; still pending - hold it.",
            [
                "Check how it stands",
                {"if": [("it is cleared", ["move the box"]), ("it is still pending", ["hold it"])], "else": []},
            ],
        ),
        (
            "Score the claim. Over 80 percent: reject it. Between 40 and 80: call the customer. Below that pay it.",
            [
                "Score the claim",
                {
                    "if": [
                        ("it is over 80 percent", ["reject it"]),
                        ("it is between 40 and 80", ["call the customer"]),
                    ],
                    "else": ["pay it"],
                },
            ],
        ),
        (
            "Check the price. At 210 or more sell it; at less than that tell me.",
            ["Check the price", {"if": [("it is 210 or more", ["sell it"])], "else": ["tell me"]}],
        ),
        (
            "Unless he needs a visa, book the flight. If he does, add a note.",
            [{"if": [("not he needs a visa", ["book the flight"])], "else": ["add a note"]}],
        ),
        (
            "If the damage is severe, hold the box; if on top of that the cargo is dangerous, warn the crews.",
            [
                {
                    "if": [
                        (
                            "the damage is severe",
                            ["hold the box", {"if": [("the cargo is dangerous", ["warn the crews"])], "else": []}],
                        )
                    ],
                    "else": [],
                }
            ],
        ),
        (
            "If there are none: is the medicine in stock? Reserve it if yes, order it if no.",
            [
                {
                    "if": [
                        (
                            "there are none",
                            [
                                "check whether the medicine is in stock",
                                {"if": [("it is so", ["reserve it"])], "else": ["order it"]},
                            ],
                        )
                    ],
                    "else": [],
                }
            ],
        ),
        (
            "If it is fine it is saved, if it is broken it is deleted; the customer is informed either way.",
            [
                {"if": [("it is fine", ["save it"]), ("it is broken", ["delete it"])], "else": []},
                "inform the customer",
            ],
        ),
        (
            "Was it a short circuit, close it again; if it is something else, write a statement.",
            [
                {
                    "if": [
                        ("it was a short circuit", ["close it again"]),
                        ("it is something else", ["write a statement"]),
                    ],
                    "else": [],
                }
            ],
        ),
    ],
)  # fmt: skip
def test_decisions_are_found_in_these_words_too(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Go through all open claims, and whenever the money is there, mail the customer.",
            [{"foreach": "the open claims", "do": [{"if": [("the money is there", ["mail the customer"])], "else": []}]}],
        ),
        (
            "Every new order needs its labels printed and must then be marked as sent.",
            [{"foreach": "new order", "do": ["print its labels", "mark it as sent"]}],
        ),
        (
            "New applications: read the letter and rate it. If it is good, move it on.",
            [
                {
                    "foreach": "the new applications",
                    "do": ["read the letter", "rate it", {"if": [("it is good", ["move it on"])], "else": []}],
                }
            ],
        ),
        (
            "With every order that waits: plan the packing, then pick it.",
            [{"foreach": "order that waits", "do": ["plan the packing", "pick it"]}],
        ),
        (
            "Check the facts of each draft, and publish only those without errors.",
            [
                {
                    "foreach": "draft",
                    "do": [
                        "Check the facts of each draft",
                        {"if": [("it is without errors", ["publish it"])], "else": []},
                    ],
                }
            ],
        ),
        (
            "Look where the van is every 15 minutes. As soon as it has arrived stop looking and text the customer.",
            [{"until": "it has arrived", "do": ["Look where the van is every 15 minutes"]}, "text the customer"],
        ),
        (
            "Open the valve and measure the moisture over and over as long as it is low.",
            ["Open the valve", {"until": "not it is low", "do": ["measure the moisture over and over"]}],
        ),
        (
            "Design a level and analyse it - three rounds of this. Then upload it.",
            [{"count": "three times", "do": ["Design a level", "analyse it"]}, "upload it"],
        ),
    ],
)  # fmt: skip
def test_loops_are_found_in_these_words_too(text: str, expected: list[object]) -> None:
    assert told(text) == expected


def test_what_need_not_be_waited_for_is_no_loop() -> None:
    assert told("Send the contract. You don't need to wait until everybody has signed.") == [
        "Send the contract",
        "not need to wait",
    ]


def test_moisture_and_temperature_that_are_read_are_both_read() -> None:
    assert told("Moisture and temperature of the soil are read.") == [
        "read moisture",
        "read temperature of the soil",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Predict the arrival. If that is after the date we promised, text the customer.",
            [
                "Predict the arrival",
                {"if": [("that is after the date we promised", ["text the customer"])], "else": []},
            ],
        ),
        (
            "Scan the repository; leaks? -> open an issue : send the all-clear",
            [
                "Scan the repository",
                {"if": [("it is leaks", ["open an issue"])], "else": ["send the all-clear"]},
            ],
        ),
        (
            "Sort the message. Potholes become a work order, rubbish is passed to the depot, and noise goes to the police.",
            [
                "Sort the message",
                {
                    "if": [
                        ("it is potholes", ["make it a work order"]),
                        ("it is rubbish", ["pass it to the depot"]),
                        ("it is noise", ["put it to the police"]),
                    ],
                    "else": [],
                },
            ],
        ),
        (
            "Check whether it is spam, in which case it must not be shown and our moderator gets a mail.",
            [
                "Check whether it is spam",
                {"if": [("so", ["not show it", "send our moderator a mail"])], "else": []},
            ],
        ),
        (
            "Get the answers and go through them one by one. Anyone under 18 is sent a form. All the others are put on a shift.",
            [
                "Get the answers",
                {
                    "foreach": "them",
                    "do": [
                        {
                            "if": [("it is under 18", ["send it a form"])],
                            "else": ["put it on a shift"],
                        }
                    ],
                },
            ],
        ),
        (
            "For each product write a text and save the results of each product.",
            [{"foreach": "product", "do": ["write a text", "save the results of each product"]}],
        ),
        (
            "As long as the pods are not ready, look at the pods again.",
            [{"until": "the pods are ready", "do": ["look at the pods"]}],
        ),
        (
            "At the same time the agenda, short bios of the speakers, and a seating plan.",
            [{"together": [["the agenda"], ["short bios of the speakers"], ["a seating plan"]]}],
        ),
        (
            "The supplier gets a message by e-mail.",
            ["send the supplier a message by e-mail"],
        ),
    ],
)
def test_what_is_told_of_conditions_kinds_and_things(text: str, expected: list[object]) -> None:
    assert told(text) == expected
