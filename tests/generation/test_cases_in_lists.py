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


@pytest.mark.parametrize(
    ("text", "decision"),
    [
        (
            "Check the invoice. When the amounts match, pay it; when they don't, ask the supplier.",
            {"if": [("the amounts match", ["pay it"])], "else": ["ask the supplier"]},
        ),
        (
            "Read the log, and when there's a breaking change ask me for approval before writing release notes.",
            {
                "if": [
                    (
                        "there is a breaking change",
                        ["ask me for approval", "writing release notes"],
                    )
                ],
                "else": [],
            },
        ),
        (
            "Check the amount. Below 100 euros approve it, between 100 and 1000 ask the manager, above that create a ticket.",
            {
                "if": [
                    ("it is Below 100 euros", ["approve it"]),
                    ("it is between 100 and 1000", ["ask the manager"]),
                ],
                "else": ["create a ticket"],
            },
        ),
        (
            "Work out the language: German mails get forwarded to Anna, French mails to Luc, all remaining ones to the pool.",
            {
                "if": [
                    ("it is german mails", ["forward it to Anna"]),
                    ("it is french mails", ["forward it to Luc"]),
                ],
                "else": ["forward it to the pool"],
            },
        ),
        (
            "Look at the weather. In case of rain move the event inside, otherwise tell the guests.",
            {"if": [("there is rain", ["move the event inside"])], "else": ["tell the guests"]},
        ),
    ],
)
def test_opposites_amounts_and_verbs_told_once(text: str, decision: dict[str, object]) -> None:
    assert told(text)[1:] == [decision]


def test_except_when_is_a_condition() -> None:
    assert told("Send a reminder, except when the customer has already paid.") == [
        {"if": [("not the customer has already paid", ["Send a reminder"])], "else": []}
    ]


def test_what_is_not_good_enough_is_made_again() -> None:
    assert told("Generate the image. Not good enough? Generate it again.") == [
        {"until": "it is good enough", "do": ["Generate the image"]}
    ]


def test_words_alone_before_then_speak_of_the_clauses_before() -> None:
    assert told("Check the facts and find an image, simultaneously, then publish it.") == [
        {"together": [["Check the facts"], ["find an image"]]},
        "publish it",
    ]
