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
