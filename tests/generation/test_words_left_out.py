"""Words that are left out because they were said before."""

import pytest

from tests.generation.trees import told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "For every product have a picture generated and the description translated, the two in parallel, and save the results.",
            [
                {
                    "foreach": "product",
                    "do": [
                        {
                            "together": [
                                ["have a picture generated"],
                                ["have the description translated"],
                            ]
                        },
                        "save the results",
                    ],
                }
            ],
        ),
        (
            "Have the tyres judged and a painter assess the scratches in parallel; write a quote.",
            [
                {"together": [["Have the tyres judged"], ["have a painter assess the scratches"]]},
                "write a quote",
            ],
        ),
        (
            "Do code review, vulnerability scan and generate tests all at the same time.",
            [{"together": [["Do code review, Do vulnerability scan"], ["generate tests"]]}],
        ),
    ],
)
def test_what_is_left_out_is_put_in_again(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Classify it. If it is a question, answer it; a bug, open an issue; spam, delete it. Finally send a digest.",
            [
                "Classify it",
                {
                    "if": [
                        ("it is a question", ["answer it"]),
                        ("it is a bug", ["open an issue"]),
                        ("it is spam", ["delete it"]),
                    ],
                    "else": [],
                },
                "send a digest",
            ],
        ),
        (
            "Per message: is it a question, answer it and reply; a bug, open an issue; spam, delete it.",
            [
                {
                    "foreach": "message",
                    "do": [
                        {
                            "if": [
                                ("it is a question", ["answer it", "reply"]),
                                ("it is a bug", ["open an issue"]),
                                ("it is spam", ["delete it"]),
                            ],
                            "else": [],
                        }
                    ],
                }
            ],
        ),
        (
            "Score every applicant: who gets more than 70 points gets a viewing booked, the others a friendly refusal by e-mail.",
            [
                {
                    "foreach": "applicant",
                    "do": [
                        "Score every applicant",
                        {
                            "if": [("it gets more than 70 points", ["have a viewing booked"])],
                            "else": ["send it a friendly refusal by e-mail"],
                        },
                    ],
                }
            ],
        ),
        (
            "Sort the mail by kind. For a complaint write an answer and keep it as a draft, for an application open a case, advertising just gets moved to the folder.",
            [
                "Sort the mail by kind",
                {
                    "if": [
                        ("it is complaint", ["write an answer", "keep it as a draft"]),
                        ("it is application", ["open a case"]),
                        ("it is advertising", ["move it to the folder"]),
                    ],
                    "else": [],
                },
            ],
        ),
    ],
)
def test_further_cases_need_no_if(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Sort the mail. Questions: answer it and post the reply. Bug reports: tracker issue. Spam: delete it.",
            [
                "Sort the mail",
                {
                    "if": [
                        ("it is questions", ["answer it", "post the reply"]),
                        ("it is bug", ["tracker issue"]),
                        ("it is spam", ["delete it"]),
                    ],
                    "else": [],
                },
            ],
        ),
        (
            "Read the gauge. Level above 5: sirens, group text to the residents and opening of the shelters all at once. Below: only a log book entry.",
            [
                "Read the gauge",
                {
                    "if": [
                        (
                            "the level is above 5",
                            [
                                {
                                    "together": [
                                        ["arrange sirens"],
                                        ["arrange group text to the residents"],
                                        ["arrange opening of the shelters"],
                                    ]
                                }
                            ],
                        )
                    ],
                    "else": ["arrange only a log book entry"],
                },
            ],
        ),
        (
            "Compute the score. Low risk - open the account; otherwise a manual review case. Either way the applicant gets an e-mail.",
            [
                "Compute the score",
                {
                    "if": [("it is low", ["open the account"])],
                    "else": ["arrange a manual review case"],
                },
                "send the applicant an e-mail",
            ],
        ),
        (
            "Check the flight. On time - do nothing. Delayed: text the passenger. Cancelled: rebook the passenger.",
            [
                "Check the flight",
                {
                    "if": [
                        ("it is delayed", ["text the passenger"]),
                        ("it is cancelled", ["rebook the passenger"]),
                    ],
                    "else": [],
                },
            ],
        ),
    ],
)
def test_things_behind_a_case_are_arranged(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Read the request. Under 500 EUR it is approved automatically, up to 5000 EUR ask the team lead, above that the director is asked.",
            [
                "Read the request",
                {
                    "if": [
                        ("it is Under 500 EUR", ["approve it automatically"]),
                        ("it is up to 5000 EUR", ["ask the team lead"]),
                    ],
                    "else": ["ask the director"],
                },
            ],
        ),
        (
            "Read the claim. Up to $200 it is paid directly, up to $2000 have it checked by the adjuster, anything above is rejected.",
            [
                "Read the claim",
                {
                    "if": [
                        ("it is Up to $200", ["pay it directly"]),
                        ("it is up to $2000", ["have it checked by the adjuster"]),
                    ],
                    "else": ["reject it"],
                },
            ],
        ),
        (
            "Weigh the parcel. Below 2 kg: send it by letter post. Up to 20 kg: hand it to the courier. Heavier: call the freight company.",
            [
                "Weigh the parcel",
                {
                    "if": [
                        ("it is below 2 kg", ["send it by letter post"]),
                        ("it is up to 20 kg", ["hand it to the courier"]),
                    ],
                    "else": ["call the freight company"],
                },
            ],
        ),
    ],
)
def test_amounts_with_their_units(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Read the meter. Higher: send a technician. Lower: write a letter.",
            [
                "Read the meter",
                {
                    "if": [
                        ("it is higher", ["send a technician"]),
                        ("it is lower", ["write a letter"]),
                    ],
                    "else": [],
                },
            ],
        ),
    ],
)
def test_higher_and_lower_are_two_cases_where_no_amount_was_told(
    text: str, expected: list[object]
) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "For starters get the record. In the case of a VIP, phone them; anybody else just gets an e-mail.",
            [
                "get the record",
                {"if": [("there is a VIP", ["phone them"])], "else": ["send it an e-mail"]},
            ],
        ),
        (
            "The moment the sensor reads over 40 degrees, shut the valve, otherwise write a note.",
            [
                {
                    "if": [("the sensor reads over 40 degrees", ["shut the valve"])],
                    "else": ["write a note"],
                }
            ],
        ),
        (
            "Tell the board; only if it passes do you also update the statutes.",
            ["Tell the board", {"if": [("it passes", ["update the statutes"])], "else": []}],
        ),
    ],
)
def test_cases_of_a_kind_of_person_or_moment(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Grade the essays: below 5 the student gets a talk scheduled, from 5 to 8 a comment, above 8 a badge.",
            [
                "Grade the essays",
                {
                    "if": [
                        ("it is below 5", ["make a talk scheduled for the student"]),
                        ("it is 5 to 8", ["arrange a comment"]),
                        ("it is above 8", ["arrange a badge"]),
                    ],
                    "else": [],
                },
            ],
        ),
        (
            "Rate the lead. Under 30 points a newsletter, between 30 and 60 points a call, over 60 points a visit.",
            [
                "Rate the lead",
                {
                    "if": [
                        ("it is Under 30 points", ["arrange a newsletter"]),
                        ("it is between 30 and 60 points", ["arrange a call"]),
                        ("it is over 60 points", ["arrange a visit"]),
                    ],
                    "else": [],
                },
            ],
        ),
        (
            "In the event of a delay the passengers must be texted, otherwise nothing happens.",
            [{"if": [("there is a delay", ["text the passengers"])], "else": []}],
        ),
    ],
)
def test_amounts_with_things_behind_them(text: str, expected: list[object]) -> None:
    assert told(text) == expected
