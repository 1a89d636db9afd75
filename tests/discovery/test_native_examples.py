"""docs/tools.md is true: each example runs, each tool is described."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from discovery.native_tools import NATIVE_TOOLS, call_native_tool

DOCUMENT = (Path(__file__).parents[2] / "docs" / "tools.md").read_text()
EXAMPLE = re.compile(
    r"```json call (\w+)\n(.*?)\n```\n```json (result|shape)\n(.*?)\n```", re.DOTALL
)
EXAMPLES = [
    (name, json.loads(arguments), kind, json.loads(result))
    for name, arguments, kind, result in EXAMPLE.findall(DOCUMENT)
]
RUN = [example for example in EXAMPLES if example[2] == "result"]


@pytest.mark.parametrize(("name", "arguments", "kind", "result"), RUN, ids=[e[0] for e in RUN])
async def test_an_example_gives_the_result_that_is_printed(
    name: str, arguments: dict[str, Any], kind: str, result: Any
) -> None:
    assert await call_native_tool(name, arguments) == result


@pytest.mark.parametrize(("name", "arguments", "kind", "result"), EXAMPLES)
def test_an_example_fits_the_tools_schemas(
    name: str, arguments: dict[str, Any], kind: str, result: Any
) -> None:
    tool = NATIVE_TOOLS[name]
    assert list(Draft202012Validator(tool.input_schema).iter_errors(arguments)) == []
    assert list(Draft202012Validator(tool.output_schema).iter_errors(result)) == []


def test_every_tool_has_an_example_and_every_argument_is_named() -> None:
    assert [name for name, *_ in EXAMPLES] == sorted(NATIVE_TOOLS)
    for name, tool in NATIVE_TOOLS.items():
        section = DOCUMENT.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        for argument in tool.input_schema["properties"]:
            assert f"`{argument}`" in section, f"{name}: {argument}"


def test_the_table_says_what_the_tools_say_of_themselves() -> None:
    rows = re.findall(r"^\| `native:(\w+)` \|.*\| (yes|no) \| (yes|no) \|$", DOCUMENT, re.MULTILINE)
    assert rows == [
        (name, *("yes" if flag else "no" for flag in (tool.read_only, tool.idempotent)))
        for name, tool in sorted(NATIVE_TOOLS.items())
    ]
