"""Requests as programmers and people in a hurry write them: arrows, brackets, bars, question marks."""

import pytest

from tests.generation.trees import told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Triage the symptoms. Red -> send an ambulance, yellow -> book an appointment, green -> send some advice.",
            [
                "Triage the symptoms",
                {
                    "if": [
                        ("it is red", ["send an ambulance"]),
                        ("it is yellow", ["book an appointment"]),
                        ("it is green", ["send some advice"]),
                    ],
                    "else": [],
                },
            ],
        ),
        (
            "Classify the ticket: bug => open an issue, question => answer it, spam => delete it.",
            [
                "Classify the ticket",
                {
                    "if": [
                        ("it is bug", ["open an issue"]),
                        ("it is question", ["answer it"]),
                        ("it is spam", ["delete it"]),
                    ],
                    "else": [],
                },
            ],
        ),
        (
            "Check the car. needs repair => book a slot, else mark it as ready",
            [
                "Check the car",
                {"if": [("it needs repair", ["book a slot"])], "else": ["mark it as ready"]},
            ],
        ),
        (
            "urgent → page the doctor; routine → book a slot; rest → archive it",
            [
                {
                    "if": [
                        ("it is urgent", ["page the doctor"]),
                        ("it is routine", ["book a slot"]),
                    ],
                    "else": ["archive it"],
                }
            ],
        ),
    ],
)
def test_cases_behind_arrows_are_a_decision(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tables -> query -> chart", ["tables", "query", "chart"]),
        (
            "read the order -> check the stock -> write a reply",
            ["read the order", "check the stock", "write a reply"],
        ),
    ],
)
def test_a_chain_of_arrows_is_a_row(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Check the photo: crack ? repair order : cold archive",
            [
                "Check the photo",
                {
                    "if": [("it is crack", ["arrange repair order"])],
                    "else": ["arrange cold archive"],
                },
            ],
        ),
        (
            "photo check -> crack? repair order : cold archive",
            [
                "photo check",
                {
                    "if": [("it is crack", ["arrange repair order"])],
                    "else": ["arrange cold archive"],
                },
            ],
        ),
        (
            "audit -> score < 80 ? open a ticket per issue : nothing -> post a note",
            [
                "audit",
                {
                    "if": [("score < 80", [{"foreach": "issue", "do": ["open a ticket"]}])],
                    "else": [],
                },
                "post a note",
            ],
        ),
    ],
)
def test_a_question_mark_and_a_colon_are_a_decision(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[fetch the logs || fetch the metrics] -> find the cause -> write a report",
            [
                {"together": [["fetch the logs"], ["fetch the metrics"]]},
                "find the cause",
                "write a report",
            ],
        ),
        (
            "(crawl the site | read the search data) → write an audit",
            [{"together": [["crawl the site"], ["read the search data"]]}, "write an audit"],
        ),
        (
            "fetch the logs || fetch the metrics -> find the cause",
            [{"together": [["fetch the logs"], ["fetch the metrics"]]}, "find the cause"],
        ),
    ],
)
def test_bars_part_what_is_done_side_by_side(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Two strands that run alongside each other: (1) transcribe the recording and write minutes, (2) read the whiteboard and draw a diagram. Then write a log.",
            [
                {
                    "together": [
                        ["transcribe the recording", "write minutes"],
                        ["read the whiteboard", "draw a diagram"],
                    ]
                },
                "write a log",
            ],
        ),
        (
            "Do two things in parallel: a) translate the text and upload it, b) draw a picture and upload it. Then post a message.",
            [
                {
                    "together": [
                        ["translate the text", "upload it"],
                        ["draw a picture", "upload it"],
                    ]
                },
                "post a message",
            ],
        ),
        (
            "Do these simultaneously:\n- fetch the logs\n- read the metrics",
            [{"together": [["fetch the logs"], ["read the metrics"]]}],
        ),
    ],
)
def test_numbered_strands_are_done_side_by_side(text: str, expected: list[object]) -> None:
    assert told(text) == expected
