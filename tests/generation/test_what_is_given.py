"""What a request says of a run's input, and what comes back by itself: no steps."""

from typing import Any

import pytest

from generation.drafting import DraftRequest, plan_offline
from tests.generation.catalogues import CRITIC, LIST_TICKETS, POST, WRITER, agent, catalogue, tool

HTTP = tool(
    "native:http_request",
    "Send an HTTP request to a web address and return status, headers and body. Use it to fetch a page.",
)
BRANCHES = tool("git:git_branch", "List the branches of a repository", read_only=True)
RULES = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "rules": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["text", "rules"],
}
BY_RULES = tool(
    "native:classify_text", "Classify a text by keyword rules: messages and tickets",
    input_schema=RULES, read_only=True,
)  # fmt: skip
SORTER = agent("classifier", "Sorts and classifies tickets and messages into given categories")
HOME = catalogue(HTTP, BRANCHES, BY_RULES, SORTER, WRITER, CRITIC)


def result(prompt: str) -> dict[str, Any]:
    return plan_offline(DraftRequest(prompt=prompt, catalogue=HOME)).result


def flow(prompt: str) -> list[str]:
    """What the steps use, in order."""
    steps = result(prompt)["workflow"]["steps"]
    return [step.get("tool") or step.get("agent_id") or step["type"] for step in steps]


@pytest.mark.parametrize(
    "prompt",
    [
        "Write a blog article and return it.",
        "Write a blog article and give me the result.",
        "Ask me for a topic, then write a blog article.",
        "Take a list of topics and write a blog article.",
        "Take my notes and write a blog article.",
    ],
)
def test_what_goes_in_and_out_is_no_step(prompt: str) -> None:
    assert flow(prompt) == ["blog_writer"]


def test_what_a_run_is_given_is_told() -> None:
    assert result("Take my notes and write a blog article.")["warnings"] == [
        "'Take my notes' is no step: each run is given that as its input."
    ]


def test_asking_for_approval_is_a_step() -> None:
    assert flow("Write a blog article, then ask me for my approval.") == ["blog_writer", "approval"]


def test_a_tool_that_needs_rules_gives_way_to_an_agent_that_needs_none() -> None:
    assert flow("Classify the messages into complaints and questions.") == ["classifier"]


def test_who_wrote_a_text_improves_it() -> None:
    loop = result(
        "Write a blog article, have the copy reviewed, and keep improving until the score is at least 8."
    )["workflow"]["steps"][0]
    assert [step["agent_id"] for step in loop["steps"]] == ["blog_writer", "copy_critic"]


@pytest.mark.parametrize(
    ("prompt", "task"),
    [
        ("Everybody gets a message in Slack.", "send everybody a message in Slack"),
        ("The neighbours get a message in Slack.", "send the neighbours a message in Slack"),
    ],
)
def test_what_somebody_gets_is_sent(prompt: str, task: str) -> None:
    known = catalogue(POST, LIST_TICKETS, slack="Workspace messaging")
    steps = plan_offline(DraftRequest(prompt=prompt, catalogue=known)).result["workflow"]["steps"]
    assert [(step["tool"], step["name"]) for step in steps] == [("slack:post_message", task)]


def test_of_which_kind_a_thing_is_is_no_action() -> None:
    write = tool(
        "events:message_registered_attendees", "Send a message to the registered attendees"
    )
    read = tool("events:list_attendees", "List the registered attendees", read_only=True)
    prompt = "Get the list of registered attendees."
    made = plan_offline(DraftRequest(prompt=prompt, catalogue=catalogue(write, read)))
    assert [step["tool"] for step in made.result["workflow"]["steps"]] == ["events:list_attendees"]
