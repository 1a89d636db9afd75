"""What is tried again until it works, and what depends on how it went."""

import pytest

from tests.generation.trees import told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Charge the card; if it is declined try again, no more than three attempts.",
            [{"until": "not it is declined", "do": ["Charge the card"]}],
        ),
        (
            "Ping the server; when it does not answer try it again, at most five times.",
            [{"until": "it answer", "do": ["Ping the server"]}],
        ),
        (
            "Try to reach the customer by phone. If nobody answers, call again, up to four times.",
            [{"until": "somebody answers", "do": ["reach the customer by phone"]}],
        ),
        (
            "Keep trying to connect to the database until it responds, at most 5 times, then alert the team.",
            [{"until": "it responds", "do": ["connect to the database"]}, "alert the team"],
        ),
        (
            "Run the query. If it fails, fix it and run it again until it works.",
            [{"until": "it works", "do": ["Run the query", "fix it"]}],
        ),
    ],
)
def test_what_is_tried_again_is_a_loop(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Charge the card. Went through? Renew the plan. If not, cancel the plan.",
            [
                "Charge the card",
                {"if": [("it went through", ["Renew the plan"])], "else": ["cancel the plan"]},
            ],
        ),
        (
            "Check the stock. Enough left? Ship the order. Otherwise order more.",
            [
                "Check the stock",
                {"if": [("there is enough left", ["Ship the order"])], "else": ["order more"]},
            ],
        ),
        (
            "Run the tests. Passed? Deploy it. Failed? Open an issue.",
            [
                "Run the tests",
                {
                    "if": [("it is passed", ["Deploy it"]), ("it is failed", ["Open an issue"])],
                    "else": [],
                },
            ],
        ),
    ],
)
def test_how_it_went_is_asked_in_few_words(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "File the brief provided the partner approves; if she does not, tell the associate.",
            [
                {
                    "if": [("the partner approves", ["File the brief"])],
                    "else": ["tell the associate"],
                }
            ],
        ),
        (
            "Send the letter on condition that the manager agrees, otherwise archive it.",
            [{"if": [("the manager agrees", ["Send the letter"])], "else": ["archive it"]}],
        ),
    ],
)
def test_a_proviso_is_a_condition(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "If the build breaks, have someone fix it and kick it off again, but give up after the fifth go.",
            [{"until": "not the build breaks", "do": ["have someone fix it", "kick it off"]}],
        ),
        (
            "Rewrite the ad till the chief gives it a 9, but stop after 5 rounds. Then publish it.",
            [{"until": "the chief gives it a 9", "do": ["Rewrite the ad"]}, "publish it"],
        ),
        (
            "Poll the job status; when it says done, download the result.",
            [{"until": "it says done", "do": ["Poll the job status"]}, "download the result"],
        ),
    ],
)
def test_whoever_gives_up_after_some_rounds_repeats(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Translate the page and keep refining it as long as the reviewer finds mistakes.",
            [{"until": "not the reviewer finds mistakes", "do": ["Translate the page"]}],
        ),
    ],
)
def test_keeping_on_as_long_as_something_is_wrong_is_a_loop(
    text: str, expected: list[object]
) -> None:
    assert told(text) == expected
