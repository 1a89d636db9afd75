"""How far the body of a loop reaches, and where 'each' is none."""

import pytest

from tests.generation.trees import told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Grade each of them and enter the mark on Moodle, then post the list of marks.",
            [
                {"foreach": "them", "do": ["Grade each of them", "enter the mark on Moodle"]},
                "post the list of marks",
            ],
        ),
        (
            "Create a plan for each of them and save every plan as a page.",
            [{"foreach": "them", "do": ["Create a plan", "save every plan as a page"]}],
        ),
        (
            "Every open request should get reviewed. Fetch its diff and check it; the ones that are fine can be merged, the others get a note. When the last one is done post a line.",
            [
                {
                    "foreach": "open request",
                    "do": [
                        "review every open request",
                        "Fetch its diff",
                        "check it",
                        {"if": [("it is fine", ["merge it"])], "else": ["send it a note"]},
                    ],
                },
                "post a line",
            ],
        ),
        (
            "Match each one with its order. If everything fits, pay it. If there is no order at all, create a task.",
            [
                {
                    "foreach": "one",
                    "do": [
                        "Match each one with its order",
                        {
                            "if": [
                                ("everything fits", ["pay it"]),
                                ("there is no order at all", ["create a task"]),
                            ],
                            "else": [],
                        },
                    ],
                }
            ],
        ),
        (
            "Write to every guest an apology, sent by e-mail.",
            [{"foreach": "guest", "do": ["Write to every guest an apology", "sent by e-mail"]}],
        ),
    ],
)
def test_what_is_done_with_each_thing_stays_in_the_loop(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Make a briefing with one line for each guest and post it.",
        "Put the minutes on SharePoint so that every parent can see them.",
    ],
)
def test_each_in_passing_is_no_loop(text: str) -> None:
    assert [node for node in told(text) if isinstance(node, dict)] == []


def test_what_is_of_all_things_is_behind_the_loop() -> None:
    assert told("Score each lead and store the list in Airtable.") == [
        {"foreach": "lead", "do": ["Score each lead"]},
        "store the list in Airtable",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Turn up the cooling and measure again; repeat that till the tank is cold, six tries tops. Then text the brewer.",
            [
                {"until": "the tank is cold", "do": ["Turn up the cooling", "measure again"]},
                "text the brewer",
            ],
        ),
        (
            "Plan the shifts and have the plan checked, over and over, until no violation is left.",
            [
                {
                    "until": "no violation is left",
                    "do": ["Plan the shifts", "have the plan checked"],
                }
            ],
        ),
        ("Change the dish on the menu in the till.", ["Change the dish on the menu in the till"]),
    ],
)
def test_what_is_repeated_is_all_that_was_told(text: str, expected: list[object]) -> None:
    assert told(text) == expected
