"""What is to be done side by side, listed as things, and how far back 'in parallel' reaches."""

import pytest

from generation.planning.reading.structure import read_structure
from generation.planning.reading.tree import Act
from tests.generation.trees import told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "I need three things prepared at the same time: the agenda, short bios of the speakers, and a seating plan. Then merge them.",
            [
                {
                    "together": [
                        ["prepare the agenda"],
                        ["prepare short bios of the speakers"],
                        ["prepare a seating plan"],
                    ]
                },
                "merge them",
            ],
        ),
        (
            "Write the summary. Two things come out of it in parallel: a simple version, which is posted to the patient, and captions that get scheduled in Buffer.",
            [
                "Write the summary",
                {
                    "together": [
                        ["produce a simple version", "post it to the patient"],
                        ["produce captions", "schedule it in Buffer"],
                    ]
                },
            ],
        ),
        (
            "Collect the commits and announce the release everywhere at once: a post on Mastodon and the newsletter.",
            [
                "Collect the commits",
                {"together": [["make a post on Mastodon"], ["produce the newsletter"]]},
            ],
        ),
        (
            "I'd like two pairs of eyes on the lease, independently of each other: the contract reviewer for the clauses, and data protection.",
            [
                {
                    "together": [
                        ["have the contract reviewer for the clauses look at it"],
                        ["check data protection"],
                    ]
                }
            ],
        ),
    ],
)
def test_things_that_are_listed_for_the_same_time_are_made_side_by_side(
    text: str, expected: list[object]
) -> None:
    assert told(text) == expected


def test_a_sentence_of_things_at_once_leaves_the_sentence_before_alone() -> None:
    assert told("Read the brief. Get the logs and the metrics in parallel.") == [
        "Read the brief",
        "Get the logs and the metrics",
    ]


def test_meanwhile_is_done_beside_what_was_told_before() -> None:
    assert told("Read the brief. Meanwhile get the logs.") == [
        {"together": [["Read the brief"], ["get the logs"]]}
    ]


def test_a_parallel_thing_is_only_a_thing() -> None:
    assert told("Take the diff and look it over for faults in the parallel code.") == [
        "Take the diff",
        "look it over for faults in the parallel code",
    ]


def test_words_that_point_back_at_two_clauses_are_no_part_of_the_second() -> None:
    assert told("Run the models and load the export, those two in parallel.") == [
        {"together": [["Run the models"], ["load the export"]]}
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "If it is late, text the customer and call the carrier, both at once, otherwise archive it.",
            [
                {
                    "if": [
                        (
                            "it is late",
                            [{"together": [["text the customer"], ["call the carrier"]]}],
                        )
                    ],
                    "else": ["archive it"],
                }
            ],
        ),
        (
            "If it is fine, publish it, otherwise ask the author for changes while the lawyer reviews the contract.",
            [
                {
                    "if": [("it is fine", ["publish it"])],
                    "else": [
                        {
                            "together": [
                                ["ask the author for changes"],
                                ["the lawyer reviews the contract"],
                            ]
                        }
                    ],
                }
            ],
        ),
        (
            "Write the report, have security and legal review it in parallel, then publish it.",
            ["Write the report", "have security and legal review it", "publish it"],
        ),
    ],
)
def test_strands_in_the_arm_of_a_decision(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Get the weather and the route (can run together), write the itinerary.",
        "Check the stock and the price (these can happen side by side). Then write an offer.",
        "Load the profile and the payment history together, then judge the risk.",
        "Soil moisture, wind forecast and rain - fetch all three in parallel. Then judge the danger.",
        "The orders and the returns: get both at the same time. Then write a report.",
        "Check at the same time whether the room and the caterer are free. Then write a reply.",
    ],
)
def test_the_things_of_one_instruction_are_told_to_be_done_at_once(text: str) -> None:
    first = read_structure(text)[0]
    assert isinstance(first, Act)
    assert first.wants_split


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Summarize the article and translate the summary in parallel.",
            ["Summarize the article", "translate the summary"],
        ),
        (
            "Transcribe the call and file the transcript at the same time.",
            ["Transcribe the call", "file the transcript"],
        ),
    ],
)
def test_what_works_on_the_first_cannot_be_beside_it(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Two jobs, no need to wait for each other: draw the floor plan, and price the materials. Afterwards combine them into an offer.",
            [
                {"together": [["draw the floor plan"], ["price the materials"]]},
                "combine them into an offer",
            ],
        ),
    ],
)
def test_what_need_not_wait_is_done_at_once(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Fetch the logs; in parallel to that, fetch the metrics. Merge both.",
            [{"together": [["Fetch the logs"], ["fetch the metrics"]]}, "Merge both"],
        ),
    ],
)
def test_in_parallel_to_that_is_beside_what_was_told(text: str, expected: list[object]) -> None:
    assert told(text) == expected
