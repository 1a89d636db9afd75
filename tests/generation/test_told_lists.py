"""Loops over what a request tells itself: 'for each of these cities: Tokyo, Paris and New York'."""

from typing import Any

import pytest

from generation.drafting import DraftRequest, plan_offline
from generation.planning.told_lists import told_items
from tests.generation.catalogues import WRITER, catalogue, tool
from workflows.definition.catalogue import Catalogue

ZONE = {"type": "object", "properties": {"timezone": {"type": "string"}}, "required": ["timezone"]}
CLOCK = tool("time:get_current_time", "Get the current time in a time zone", input_schema=ZONE)
URL = {"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]}
PAGE = tool("web:fetch_page", "Download a web page", input_schema=URL, read_only=True)


def planned(prompt: str, known: Catalogue) -> tuple[dict[str, Any], list[str]]:
    """The first step, and the warnings."""
    result = plan_offline(DraftRequest(prompt=prompt, catalogue=known)).result
    return result["workflow"]["steps"][0], result["warnings"]


@pytest.mark.parametrize(
    ("phrase", "items"),
    [
        ("these cities: Tokyo, Paris, New York", ["Tokyo", "Paris", "New York"]),
        ("the following words: moon, sun and star", ["moon", "sun", "star"]),
        ("our markets (Spain, Italy and France)", ["Spain", "Italy", "France"]),
        ("Alice, Bob and Carol", ["Alice", "Bob", "Carol"]),
        ("'red shoes' and 'blue shoes'", ["red shoes", "blue shoes"]),
        ("the topics: AI; robots; chips", ["AI", "robots", "chips"]),
        ("the tickets", []),
        ("these cities: Tokyo", []),
        ("mails and letters", []),
        ("our markets (such as Spain and Italy)", []),
    ],
)
def test_items_are_told_one_by_one(phrase: str, items: list[str]) -> None:
    assert told_items(phrase) == items


def test_a_loop_goes_through_the_items_that_are_told() -> None:
    loop, warnings = planned(
        "For each of these topics: whales, ${x} and volcanoes, write a long-form blog article.",
        catalogue(WRITER),
    )
    assert loop["over"] == ["whales", "$${x}", "volcanoes"]
    assert "Topic:\n${loop.item}" in loop["steps"][0]["input"]
    assert warnings == []


def test_cities_are_time_zones_where_a_tool_takes_one() -> None:
    loop, warnings = planned(
        "For each of these cities: Tokyo, Paris, New York, get the current time.", catalogue(CLOCK)
    )
    assert loop["over"] == ["Asia/Tokyo", "Europe/Paris", "America/New_York"]
    assert loop["steps"][0]["arguments"] == {"timezone": "${loop.item}"}
    assert warnings == []


def test_addresses_are_what_an_argument_of_that_name_takes() -> None:
    loop, warnings = planned(
        "For each of these URLs: https://a.example/x, https://b.example/y, download the web page.",
        catalogue(PAGE),
    )
    assert loop["over"] == ["https://a.example/x", "https://b.example/y"]
    assert loop["steps"][0]["arguments"] == {"url": "${loop.item}"}
    assert warnings == []


def test_a_list_that_is_not_told_is_asked_for() -> None:
    loop, warnings = planned("For each topic, write a long-form blog article.", catalogue(WRITER))
    assert loop["over"] == ["${user_input}"]
    assert any("what the loop" in warning for warning in warnings)
