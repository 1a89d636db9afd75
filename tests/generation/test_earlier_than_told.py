"""What is told last and done first."""

import pytest

from tests.generation.trees import told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "The certificate is issued after the dose has been recorded; before that, check the allergies.",
            ["check the allergies", "record the dose", "issue the certificate"],
        ),
        (
            "Publish the article. Before that, have it checked by the lawyer.",
            ["have it checked by the lawyer", "Publish the article"],
        ),
        (
            "Send the offer to the client. Beforehand calculate the price.",
            ["calculate the price", "Send the offer to the client"],
        ),
        (
            "Write the report and post it. But before any of this, fetch the numbers.",
            ["fetch the numbers", "Write the report", "post it"],
        ),
        (
            "Write the report and post it. Before anything else, though, look up who is on call.",
            ["look up who is on call", "Write the report", "post it"],
        ),
        ("Send the invoice, but first check the amount.", ["check the amount", "Send the invoice"]),
        (
            "Score the sentiment, but it must have been translated into English before that.",
            ["translate it into English", "Score the sentiment"],
        ),
        (
            "Book the room. Prior to that ask the manager for approval.",
            ["ask the manager for approval", "Book the room"],
        ),
        (
            "For each review: score its sentiment. Before that, translate it.",
            [{"foreach": "review", "do": ["translate it", "score its sentiment"]}],
        ),
        (
            "Transcribe the call and write the minutes. The silences need to be cut first.",
            ["cut the silences", "Transcribe the call", "write the minutes"],
        ),
    ],
)
def test_what_is_told_to_happen_before_stands_before(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Fetch the offers. Only when all three are in should somebody write the memo.",
            ["Fetch the offers", "write the memo"],
        ),
        (
            "Fetch the offers. Only once both are ready may the lawyer write the memo.",
            ["Fetch the offers", "have the lawyer write the memo"],
        ),
    ],
)
def test_only_once_everything_is_there_is_an_order(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Publish the episode only once the audio check says pass; as long as it does not, master it again and check again.",
            [
                {"until": "the audio check says pass", "do": ["master it", "check it"]},
                "publish the episode",
            ],
        ),
    ],
)
def test_only_once_a_check_passes_is_the_end_of_a_loop(text: str, expected: list[object]) -> None:
    assert told(text) == expected
