"""native:render_text: lookups in plain JSON, and nothing else."""

from typing import Any

import pytest

from discovery.native_tools import call_native_tool
from discovery.tool_errors import ToolCallFailed

VALUES = {
    "name": "Ada",
    "nothing": None,
    "yes": True,
    "count": 3,
    "price": 2.5,
    "tags": ["a", None, 1, True],
    "rows": [{"id": 1}, {"id": 2}],
    "deep": {"list": [{"x-y": "found"}]},
    "trap": "{name} ${user_input} {{name}}",
    "ümlaut": "ok",
}


async def render(template: str, **arguments: Any) -> str:
    result = await call_native_tool(
        "render_text", {"template": template, "values": VALUES, **arguments}
    )
    assert isinstance(result, dict)
    return str(result["text"])


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hello {name}!", "Hello Ada!"),
        ("{name}{name}", "AdaAda"),
        ("[{nothing}]", "[]"),
        ("{yes} {count} {price}", "true 3 2.5"),
        ("{tags}", "a, , 1, true"),
        ("{rows}", '{"id":1}\n{"id":2}'),
        ("{rows[1].id}", "2"),
        ("{deep}", '{"list":[{"x-y":"found"}]}'),
        ("{deep.list[0].x-y}", "found"),
        ("{{name}}", "{name}"),
        ("{{{name}}}", "{{name}}"),
        ('{"json": {"a": 1}}', '{"json": {"a": 1}}'),
        ("{ name } {0} {} { } {a b}", "{ name } {0} {} { } {a b}"),
        ("${user_input} ${steps.a.output} $5", "${user_input} ${steps.a.output} $5"),
        ("", ""),
    ],
)
async def test_placeholders_are_filled_and_other_text_stays(template: str, text: str) -> None:
    assert await render(template) == text


async def test_a_value_is_not_searched_for_placeholders() -> None:
    assert await render("{trap}") == VALUES["trap"]


async def test_lists_are_joined_as_asked() -> None:
    assert await render("{tags}", separator=" / ") == "a /  / 1 / true"


@pytest.mark.parametrize(
    "path",
    [
        "absent",
        "name.absent",
        "name[0]",
        "rows[2]",
        "rows.id",
        "deep.list.x-y",
        "nothing.a",
        "name.__class__",
        "name.upper",
        "rows.__len__",
        "__class__",
    ],
)
async def test_a_path_without_a_value_fails_or_is_left_as_asked(path: str) -> None:
    template = f"<{{{path}}}>"
    with pytest.raises(ToolCallFailed) as failure:
        await render(template)
    assert failure.value.code == "missing_value"
    assert path in failure.value.message
    assert await render(template, missing="empty") == "<>"
    assert await render(template, missing="keep") == template


@pytest.mark.parametrize(
    "template", ["{name!r}", "{count:>10}", "{count:{price}}", "{name.upper()}"]
)
async def test_formats_and_calls_are_plain_text(template: str) -> None:
    assert await render(template, missing="keep") == template.replace("{price}", "2.5")


async def test_a_text_that_would_grow_too_long_is_refused() -> None:
    with pytest.raises(ToolCallFailed) as failure:
        await call_native_tool(
            "render_text", {"template": "{a}" * 1_000, "values": {"a": "x" * 100_000}}
        )
    assert failure.value.code == "too_long"
