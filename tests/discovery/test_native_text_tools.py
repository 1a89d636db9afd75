"""native:text_stats, native:summarize_text and native:current_time."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from discovery.native_tools import call_native_tool
from discovery.native_tools.words import sentences_of, words_of
from discovery.tool_errors import ToolCallFailed


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Dr. Smith met J. Doe at St. Mary. He left.", ["Dr. Smith met J. Doe at St. Mary.", "He left."]),
        ('He said "No." Then he left.', ['He said "No."', "Then he left."]),
        ("It costs 3.50 euros. Cheap.", ["It costs 3.50 euros.", "Cheap."]),
        ("A title\n\nA paragraph.", ["A title", "A paragraph."]),
        ("Wait... what?", ["Wait...", "what?"]),
        ("e.g. this one. And that.", ["e.g. this one.", "And that."]),
        ("これは文です。次の文。", ["これは文です。", "次の文。"]),
        ("... !!! ---", []),
        ("", []),
    ],
)  # fmt: skip
def test_text_is_split_into_sentences(text: str, sentences: list[str]) -> None:
    assert sentences_of(text) == sentences


def test_words_may_hold_apostrophes_and_hyphens() -> None:
    assert words_of("It's a well-known fact - isn\u2019t it?") == [
        *("It's", "a", "well-known", "fact", "isn\u2019t", "it")
    ]


async def test_an_empty_text_has_zeros() -> None:
    answer: Any = await call_native_tool("text_stats", {"text": ""})
    assert answer.pop("most_frequent_words") == []
    assert set(answer.values()) == {0}


async def test_a_summary_keeps_the_order_and_the_words_of_the_text() -> None:
    text = (
        "Durable workflows survive crashes. My cat sleeps. "
        "A durable workflow records each step, so after a crash the workflow continues with the next step. "
        "It rained. Steps that were recorded do not run again."
    )
    answer: Any = await call_native_tool("summarize_text", {"text": text, "max_sentences": 2})
    assert answer["sentences"] == [
        "Durable workflows survive crashes.",
        "A durable workflow records each step, so after a crash the workflow continues with the next step.",
    ]
    assert answer["summary"] == " ".join(answer["sentences"])
    assert answer["sentence_count"] == 5


async def test_a_repeated_sentence_is_not_chosen_twice_while_others_remain() -> None:
    text = (
        "The engine runs steps. The engine runs steps. The engine runs steps. Nobody expected rain."
    )
    answer: Any = await call_native_tool("summarize_text", {"text": text, "max_sentences": 2})
    assert answer["sentences"] == ["The engine runs steps.", "Nobody expected rain."]


async def test_a_short_text_is_its_own_summary() -> None:
    answer: Any = await call_native_tool("summarize_text", {"text": "Only this."})
    assert answer == {"summary": "Only this.", "sentences": ["Only this."], "sentence_count": 1}
    empty: Any = await call_native_tool("summarize_text", {"text": " "})
    assert empty == {"summary": "", "sentences": [], "sentence_count": 0}


@time_machine.travel(datetime(2026, 3, 29, 1, 30, 15, tzinfo=UTC), tick=False)
async def test_the_time_is_told_in_the_zone_with_its_summer_time() -> None:
    assert await call_native_tool("current_time", {"timezone": "Europe/Berlin"}) == {
        "iso": "2026-03-29T03:30:15+02:00",
        "date": "2026-03-29",
        "time": "03:30:15",
        "weekday": "Sunday",
        "timezone": "Europe/Berlin",
        "utc_offset": "+02:00",
        "unix": 1774747815,
    }
    answer: Any = await call_native_tool("current_time", {})
    assert answer["iso"] == "2026-03-29T01:30:15+00:00"


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe", "UTC\n"]
)
async def test_an_unknown_time_zone_is_refused(name: str) -> None:
    with pytest.raises(ToolCallFailed) as failure:
        await call_native_tool("current_time", {"timezone": name})
    assert failure.value.code == "unknown_timezone"
