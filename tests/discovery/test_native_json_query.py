"""native:json_query: JMESPath, with a bound on the work."""

import time
import tracemalloc
from typing import Any

import pytest

from discovery.native_tools import call_native_tool
from discovery.tool_errors import ToolCallFailed


async def query(data: Any, expression: str, **arguments: Any) -> Any:
    return await call_native_tool(
        "json_query", {"data": data, "expression": expression, **arguments}
    )


@pytest.mark.parametrize(
    ("data", "expression", "result"),
    [
        ({"a": {"b": [1, 2, 3]}}, "a.b[-1]", 3),
        ({"a": [{"n": 1}, {"n": 2}]}, "a[?n == `2`] | [0].n", 2),
        ({"a": [{"n": 1}, {"n": 2}]}, "sum(a[*].n)", 3),
        ({"a": 1, "b": 2}, "{x: a, y: b}", {"x": 1, "y": 2}),
        ({"a-b": 1}, '"a-b"', 1),
        ([[1], [2, 3]], "[]", [1, 2, 3]),
        ({"a": False}, "a", False),
        ({"a": ["x", "y"]}, "join(', ', a)", "x, y"),
        ({"a": "text"}, "contains(a, 'ex')", True),
        ('{"a": [1, 2]}', "length(a)", 2),
        ({"a": "1"}, "a == '1'", True),
        ({"a": "x"}, "a < 'y'", True),
    ],
)
async def test_a_query_finds_a_value(data: Any, expression: str, result: Any) -> None:
    assert await query(data, expression) == {"result": result, "found": True}


async def test_what_is_not_there_is_null_or_the_default() -> None:
    assert await query({"a": 1}, "b") == {"result": None, "found": False}
    assert await query({"a": 1}, "b", default=[]) == {"result": [], "found": True}
    assert await query({"a": 1}, "a", default=[]) == {"result": 1, "found": True}


@pytest.mark.parametrize(
    ("data", "expression", "code"),
    [
        ({}, "a[", "invalid_expression"),
        ({}, "a.b.", "invalid_expression"),
        ({}, "nonsense(a)", "invalid_expression"),
        ({}, "length()", "invalid_expression"),
        ({"a": "x"}, "a < `1`", "invalid_expression"),
        ({"a": [1, "x"]}, "sort(a)", "invalid_expression"),
        ([1], "[::0]", "invalid_expression"),
        ({"a": "1e999"}, "ceil(to_number(a))", "invalid_expression"),
        ({"a": "1e999"}, "to_number(a)", "no_json"),
        ({"a": 1}, "&a", "no_json"),
        ({}, "(" * 900 + "a" + ")" * 900, "too_deep"),
        ("no json", "a", "invalid_data"),
        ('{"a": 1, "a": 2}', "a", "invalid_data"),
        ("[" * 100 + "]" * 100, "a", "invalid_data"),
    ],
)
async def test_a_query_that_can_not_be_answered_is_a_tool_error(
    data: Any, expression: str, code: str
) -> None:
    with pytest.raises(ToolCallFailed) as failure:
        await query(data, expression)
    assert (failure.value.kind, failure.value.code) == ("tool_error", code)


@pytest.mark.parametrize(
    ("data", "expression"),
    [
        ([1, 2], "|".join(["[@,@]"] * 300)),
        ([1, 2], "|".join(["[@,@][]"] * 250)),
        ([1, 2], "|".join(["{a:@,b:@}"] * 180)),
        ([1, 2], "|".join(["[@,@]"] * 60) + "|to_string(@)"),
        ([1, 2], "|".join(["[@,@]"] * 60) + "|[@ == @]"),
        (["xxxxxxxxxx"], "|".join(["[join('',@),join('',@)]"] * 80)),
        (["x" * 100_000] * 2, "|".join(["[@,@][]"] * 12) + "|join(@[0],@)"),
        (list(range(100_000)), "|".join(["[]"] * 100)),
        (list(range(50_000)), "[?length(`[1,2,3,4,5,6,7,8,9]`) > `0`] | [?@ > `1`] | map(&@, @)"),
    ],
)
async def test_an_expression_that_grows_without_end_is_stopped(data: Any, expression: str) -> None:
    started = time.monotonic()
    with pytest.raises(ToolCallFailed) as failure:
        await query(data, expression)
    assert failure.value.code == "too_much_work"
    assert time.monotonic() - started < 10


async def test_a_filter_over_many_rows_is_within_the_bound() -> None:
    rows = [{"id": number, "price": number % 100} for number in range(20_000)]
    answer = await query(rows, "length([?price > `50` && id < `10000`])")
    assert answer["result"] == 4_900


async def test_a_join_is_refused_before_its_text_is_built() -> None:
    data = {"separator": "x" * 100_000, "parts": ["y"] * 10_000}
    tracemalloc.start()
    try:
        with pytest.raises(ToolCallFailed) as failure:
            await query(data, "join(separator, parts)")
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert failure.value.code == "too_much_work"
    assert peak_bytes < 50_000_000
