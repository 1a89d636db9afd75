"""native:classify_text: whole words, weights, ties and the default."""

from typing import Any

import pytest

from discovery.native_tools import call_native_tool
from discovery.tool_errors import ToolCallFailed


async def classify(text: str, *rules: tuple[str, list[str], float], **arguments: Any) -> Any:
    return await call_native_tool(
        "classify_text",
        {
            "text": text,
            "rules": [
                {"label": label, "keywords": keywords, "weight": weight}
                for label, keywords, weight in rules
            ],
            **arguments,
        },
    )


async def test_most_keywords_win() -> None:
    answer = await classify(
        "refund the invoice, thanks", ("a", ["thanks"], 1), ("b", ["refund", "invoice", "x"], 1)
    )
    assert answer == {
        "label": "b",
        "score": 2,
        "matched": ["refund", "invoice"],
        "scores": {"a": 1, "b": 2},
    }


async def test_weights_count() -> None:
    answer = await classify(
        "refund the invoice now", ("a", ["now"], 2.5), ("b", ["refund", "invoice"], 1)
    )
    assert (answer["label"], answer["score"]) == ("a", 2.5)


async def test_the_earlier_rule_wins_a_tie() -> None:
    answer = await classify("red blue", ("a", ["blue"], 1), ("b", ["red"], 1))
    assert answer["label"] == "a"


async def test_nothing_found_gives_the_default() -> None:
    nothing = await classify("hello", ("a", ["x"], 1))
    assert nothing == {"label": "other", "score": 0, "matched": [], "scores": {"a": 0}}
    assert (await classify("", ("a", ["x"], 1), default="unknown"))["label"] == "unknown"


async def test_several_rules_may_give_one_label() -> None:
    answer = await classify("x y", ("a", ["x"], 1), ("a", ["y"], 3), ("b", ["z"], 1))
    assert answer["scores"] == {"a": 3, "b": 0}


@pytest.mark.parametrize(
    ("keyword", "text", "is_found"),
    [
        ("art", "artist", False),
        ("art", "smart", False),
        ("art", "art.", True),
        ("ART", "Modern art", True),
        ("straße", "STRASSE", True),
        ("c++", "I like C++ code", True),
        ("c++", "c++x", False),
        ("as soon as possible", "Reply as  soon\nas possible!", True),
        ("as soon as possible", "as soon as it is possible", False),
        ("e-mail", "an E-Mail", True),
        (".*", "anything", False),
        (" ", "a b", False),
        ("größe", "die Größe", True),
    ],
)
async def test_a_keyword_is_found_as_whole_words_in_any_case(
    keyword: str, text: str, is_found: bool
) -> None:
    answer = await classify(text, ("found", [keyword], 1))
    assert (answer["label"] == "found") is is_found


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [{"label": "a", "keywords": []}],
        [{"label": "", "keywords": ["x"]}],
        [{"keywords": ["x"]}],
        [{"label": "a", "keywords": ["x"], "weight": 0}],
        [{"label": "a", "keywords": ["x"], "regex": "x"}],
    ],
)
async def test_rules_that_mean_nothing_are_refused(rules: list[Any]) -> None:
    with pytest.raises(ToolCallFailed) as failure:
        await call_native_tool("classify_text", {"text": "x", "rules": rules})
    assert failure.value.kind == "schema_mismatch"
