"""What a clause asks for beside what it means best: who works on what is read, what is read first, who makes what is sent."""

import pytest

from generation.plan import AgentUse, ToolUse, leaves
from generation.planner import plan
from tests.generation.catalogues import agent, catalogue, tool

SHOP = catalogue(
    tool("carrier:track_parcel", "Where a parcel is and when it was scanned last"),
    tool("lims:get_results", "Get the measured blood values of a sample"),
    tool("mailer:send_email", "Send an e-mail to somebody"),
    tool("stock:check_stock", "Check whether an item is in stock"),
    agent("delay_classifier", "Finds out why a parcel is late: customs, weather, wrong address"),
    agent("result_interpreter", "Interprets blood values and says what they mean"),
    agent("parent_letter_writer", "Writes letters to parents"),
    agent("fact_checker", "Checks whether claims in an article are true"),
    agent("essay_grader", "Grades essays"),
)


def used(prompt: str) -> list[str]:
    """The ids of what a prompt uses, in order."""
    found = leaves(plan(prompt, SHOP).nodes)
    return [
        leaf.tool_id if isinstance(leaf, ToolUse) else leaf.agent_id
        for leaf in found
        if isinstance(leaf, ToolUse | AgentUse)
    ]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        (
            "Track the late parcel and establish why it is late.",
            ["carrier:track_parcel", "delay_classifier"],
        ),
        (
            "Interpret the blood values of sample 5531.",
            ["lims:get_results", "result_interpreter"],
        ),
        (
            "Grade the essay and mail it to the parents along with a letter.",
            ["essay_grader", "parent_letter_writer", "mailer:send_email"],
        ),
    ],
)
def test_one_clause_may_ask_for_two(prompt: str, expected: list[str]) -> None:
    assert used(prompt) == expected


def test_a_clause_that_means_the_tool_alone_asks_for_nobody() -> None:
    assert used("Check whether the item is in stock.") == ["stock:check_stock"]


def test_who_is_asked_for_by_a_later_clause_is_not_asked_twice() -> None:
    assert used(
        "Track the late parcel. Then find out why the parcel is late: customs or weather."
    ) == [
        "carrier:track_parcel",
        "delay_classifier",
    ]
