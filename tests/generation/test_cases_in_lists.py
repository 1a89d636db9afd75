"""Cases in lists, before colons and arrows, by amount and by degree; conditions behind what they govern."""

import pytest

from tests.generation.trees import told

CASES = [
    (
        "Judge the tone of the review.\n- Praise: post a thank-you.\n- Complaint: create a task.\n- Neutral: just add a row.",
        {
            "if": [
                ("it is praise", ["post a thank-you"]),
                ("it is complaint", ["create a task"]),
                ("it is neutral", ["just add a row"]),
            ],
            "else": [],
        },
    ),
    (
        "Check the text. passes -> contract goes out for signature. doesn't pass -> write a letter.",
        {
            "if": [
                ("it passes", ["send the contract out for signature"]),
                ("it doesn't pass", ["write a letter"]),
            ],
            "else": [],
        },
    ),
    (
        "Match the invoice. Everything fits: release the payment. The price differs: block it. There is no order at all: create a task.",
        {
            "if": [
                ("everything fits", ["release the payment"]),
                ("the price differs", ["block it"]),
                ("there is no order at all", ["create a task"]),
            ],
            "else": [],
        },
    ),
    (
        "Predict the risk. High risk: build a quote. Medium: a message is enough. Low: update the deal.",
        {
            "if": [
                ("it is high", ["build a quote"]),
                ("it is medium", ["send a message"]),
                ("it is low", ["update the deal"]),
            ],
            "else": [],
        },
    ),
    (
        "Rate it. Sev1 means: publish an incident. For anything lower an issue in Linear will do.",
        {
            "if": [("it is sev1", ["publish an incident"])],
            "else": ["make an issue in Linear"],
        },
    ),
    (
        "Rate the risk: with a low risk the contract goes out for signature, with a high one the manager gets a phone call.",
        {
            "if": [
                ("it is low", ["send the contract out for signature"]),
                ("it is high", ["send the manager a phone call"]),
            ],
            "else": [],
        },
    ),
    (
        "Check the balance. Approve the leave unless he has no days left, in which case reject it.",
        {"if": [("not he has no days left", ["Approve the leave"])], "else": ["reject it"]},
    ),
    (
        "Predict the time. Only if that is after the promised date, text the customer; otherwise nothing needs to happen.",
        {"if": [("that is after the promised date", ["text the customer"])], "else": []},
    ),
    (
        "Look up the warnings. If there is a flood, text the crew. No flood? Then a row in the log will do.",
        {
            "if": [
                ("there is a flood", ["text the crew"]),
                ("there is no flood", ["make a row in the log"]),
            ],
            "else": [],
        },
    ),
]


@pytest.mark.parametrize(("text", "decision"), CASES)
def test_cases_are_one_decision_behind_what_finds_out(
    text: str, decision: dict[str, object]
) -> None:
    found = told(text)
    assert found[1:] == [decision]


def test_headings_that_name_jobs_are_no_cases() -> None:
    found = told("Research: look up the company. Draft: write the text. Publish: post it.")
    assert [node for node in found if isinstance(node, dict)] == []


def test_an_abbreviation_ends_no_sentence() -> None:
    assert told("Write to Mrs. Lindqvist and file the letter.") == [
        "Write to Mrs Lindqvist",
        "file the letter",
    ]


def test_going_through_things_one_by_one_governs_the_next_sentence() -> None:
    assert told("Go through them one by one. Anyone under 18 is sent a form.") == [
        {"foreach": "them", "do": [{"if": [("it is under 18", ["send it a form"])], "else": []}]}
    ]
