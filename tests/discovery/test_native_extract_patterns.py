"""native:extract_patterns: what each pattern finds, what it leaves, and that hostile texts cost no time."""

import time
from typing import Any

import pytest

from discovery.native_tools import call_native_tool
from discovery.native_tools.patterns import PATTERNS

FOUND = [
    ("email", "Mail joe.doe+x@mail.example.co.uk, or <a@b.de>.", ["joe.doe+x@mail.example.co.uk", "a@b.de"]),
    ("url", "See https://example.com/a(b)?q=1. Or (http://x.org/y)!", ["https://example.com/a(b)?q=1", "http://x.org/y"]),
    ("url", "www.example.org, and [text](https://example.org/a_b)", ["www.example.org", "https://example.org/a_b"]),
    ("date", "2024-03-05, 05.03.2024 and 3/5/24", ["2024-03-05", "05.03.2024", "3/5/24"]),
    ("date", "5 March 2024, March 5th, 2024, 3. Oktober 2025", ["5 March 2024", "March 5th, 2024", "3. Oktober 2025"]),
    ("time", "from 9:05 to 14:30:59, or 2:15 pm", ["9:05", "14:30:59", "2:15 pm"]),
    ("amount", "$1,299.50, 1.099,00 EUR, €5 and USD 20", ["$1,299.50", "1.099,00 EUR", "€5", "USD 20"]),
    ("percentage", "20 %, 3.5% and 7 percent", ["20 %", "3.5%", "7 percent"]),
    ("order_number", "Order #A-12345, invoice no. 2024-0099, #778899", ["A-12345", "2024-0099", "778899"]),
    ("order_number", "PO-5567 and order number: 4711 and Bestellung 88001", ["PO-5567", "4711", "88001"]),
    ("phone", "+49 30 1234567, (555) 123-4567, 555-123-4567, 030/123456", ["+49 30 1234567", "(555) 123-4567", "555-123-4567", "030/123456"]),
    ("ip_address", "from 192.168.0.1 and 2001:db8::1.", ["192.168.0.1", "2001:db8::1"]),
    ("hashtag", "#urgent, #größe and #a1", ["#urgent", "#größe", "#a1"]),
    ("mention", "@jane and @joe.doe.", ["@jane", "@joe.doe"]),
    ("uuid", "id 123E4567-e89b-12d3-a456-426614174000.", ["123E4567-e89b-12d3-a456-426614174000"]),
]  # fmt: skip

LEFT = [
    ("email", "a@b, @b.de, a@.de, a@b.c"),
    ("url", "ftp://example.org, example.org, https:// and httpsx://a"),
    ("date", "1.2.3.4, 12345-01-01x, version 2024.1"),
    ("time", "25:00, 12:60, 1:2:3 and 2001:db8::1"),
    ("amount", "20 pieces, 3.5%, abc$"),
    ("percentage", "20, a%"),
    ("order_number", "in order to win, order by name, order 12, case closed"),
    ("phone", "2024-03-05, 192.168.100.200, 12345678, 05.03.2024"),
    ("ip_address", "999.1.1.1, 1.2.3, 12:30:45, ::"),
    ("hashtag", "#123, a#b, &#x27;, #A-12345"),
    ("mention", "a@b.de, @, x/@y"),
    ("uuid", "123e4567-e89b-12d3-a456-4266141740001"),
]

HOSTILE = [
    *("a", "1", " ", ".", "-", "@", "#", "$", ":", "/", "(", "\n", "é"),
    *(
        "a@",
        "a.",
        "1.",
        "1,",
        "1 ",
        "1-",
        "(1) ",
        "#1",
        "a@a.",
        "@a.-",
        "1:1:",
        "1,111",
        "\n ",
        ". ",
    ),
    *("order ", "order #", "http://", "www.", "1 jan ", "ffff:", "0-", "+1 ", "a-1-", "1.1.1.1."),
]


async def extract(text: str, **arguments: Any) -> Any:
    return await call_native_tool("extract_patterns", {"text": text, **arguments})


@pytest.mark.parametrize(("name", "text", "matches"), FOUND)
async def test_a_pattern_finds_what_it_is_named_after(
    name: str, text: str, matches: list[str]
) -> None:
    answer = await extract(text, patterns=[name])
    assert answer == {
        "matches": {name: matches},
        "first": {name: matches[0]},
        "count": len(matches),
    }


@pytest.mark.parametrize(("name", "text"), LEFT)
async def test_a_pattern_leaves_what_only_looks_like_it(name: str, text: str) -> None:
    assert (await extract(text, patterns=[name]))["matches"] == {name: []}


def test_each_pattern_has_both_examples() -> None:
    assert {name for name, *_ in FOUND} == {name for name, _ in LEFT} == set(PATTERNS)


async def test_every_pattern_is_looked_for_by_default() -> None:
    answer = await extract("Nothing here")
    assert answer["first"] == dict.fromkeys(PATTERNS)
    assert answer["count"] == 0


async def test_equal_matches_are_listed_once_unless_asked_for() -> None:
    text = "#a #b #a #a"
    assert (await extract(text, patterns=["hashtag"]))["matches"]["hashtag"] == ["#a", "#b"]
    every = await extract(text, patterns=["hashtag"], unique=False)
    assert every["matches"]["hashtag"] == ["#a", "#b", "#a", "#a"]


async def test_matches_are_limited() -> None:
    text = " ".join(f"#tag{number}" for number in range(500))
    answer = await extract(text, patterns=["hashtag"], max_matches=3)
    assert answer["matches"]["hashtag"] == ["#tag0", "#tag1", "#tag2"]


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize("tool", ["extract_patterns", "text_stats", "summarize_text"])
async def test_a_hostile_text_of_full_length_takes_no_longer_than_another(
    tool: str, unit: str
) -> None:
    text = (unit * 200_000)[:200_000]
    started = time.process_time()
    await call_native_tool(tool, {"text": text})
    # Quadratic would be minutes.
    assert time.process_time() - started < 5
