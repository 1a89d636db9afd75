"""Decisions told by what becomes of each kind of thing, without an 'if'."""

import pytest

from tests.generation.trees import told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Recognise the text and sort it by subject: building permits become a task, anything about taxes is filed on SharePoint, complaints are mailed to the mayor.",
            [
                "Recognise the text",
                "sort it by subject",
                {
                    "if": [
                        ("it is building permits", ["make it a task"]),
                        ("it is about taxes", ["file it on SharePoint"]),
                        ("it is complaints", ["mail it to the mayor"]),
                    ],
                    "else": [],
                },
            ],
        ),
        (
            "Rate the lead. Hot ones go straight into Salesforce and the rep gets a chat message in Teams; everybody else just lands on our list.",
            [
                "Rate the lead",
                {
                    "if": [
                        (
                            "it is hot",
                            ["put it into Salesforce", "send the rep a chat message in Teams"],
                        )
                    ],
                    "else": ["put it on our list"],
                },
            ],
        ),
        (
            "Judge whether the bill looks suspicious. Suspicious ones become a task. If it is over 5,000 euros, mail it to the boss. All others are archived.",
            [
                "Judge whether the bill looks suspicious",
                {
                    "if": [
                        ("it is suspicious", ["make it a task"]),
                        ("it is over 5,000 euros", ["mail it to the boss"]),
                    ],
                    "else": ["archive it"],
                },
            ],
        ),
        (
            "Classify customer messages as complaint, question or praise; complaints get an apology, questions an answer, praise a thank-you note.",
            [
                "Classify customer messages as complaint, question or praise",
                {
                    "if": [
                        ("it is complaints", ["make it an apology"]),
                        ("it is questions", ["make it an answer"]),
                        ("it is praise", ["send it a thank-you note"]),
                    ],
                    "else": [],
                },
            ],
        ),
    ],
)
def test_what_becomes_of_each_kind_is_a_decision(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Invoices are fetched from SAP, orders are created in the shop and totals are mailed to the boss.",
        "Check the claim. The customer is informed and the case is closed.",
    ],
)
def test_what_is_done_one_after_the_other_is_no_decision(text: str) -> None:
    assert not any(isinstance(node, dict) for node in told(text))
