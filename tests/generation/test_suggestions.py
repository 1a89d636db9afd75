"""What is suggested because nobody does it, and what only looks as if it were asked for."""

import pytest

from generation.plan import AgentUse, NewAgent, NewTool, leaves
from generation.planner import plan
from tests.generation.catalogues import OFFICE


def suggested(prompt: str) -> list[str]:
    """The names of what is to be created or configured, in order."""
    found = leaves(plan(prompt, OFFICE).nodes)
    return [
        leaf.name if isinstance(leaf, NewAgent) else leaf.server_name
        for leaf in found
        if isinstance(leaf, NewAgent | NewTool)
    ]


def test_who_has_to_be_content_is_asked_and_made_where_nobody_is_there() -> None:
    prompt = "Write a blog article until the brand guardian agent is happy with it."
    assert suggested(prompt) == ["Brand Guardian Agent"]


def test_who_has_to_be_content_is_the_one_who_is_there() -> None:
    found = leaves(plan("Write a blog article until the copy critic agent is happy.", OFFICE).nodes)
    agents = [leaf.agent_id for leaf in found if isinstance(leaf, AgentUse)]
    assert (agents, suggested("Write a blog article until the copy critic agent is happy.")) == (
        ["blog_writer", "copy_critic"],
        [],
    )


@pytest.mark.parametrize(
    "prompt",
    [
        "Read the ticket, draft a reply and mail that to Dr. Okafor.",
        "People write to us about broken lamps. Read the ticket and draft a reply.",
        "Somebody forwarded a suspicious mail. Read the ticket and draft a reply.",
    ],
)
def test_titles_and_what_has_happened_ask_for_nothing(prompt: str) -> None:
    assert suggested(prompt) == []


def test_a_name_with_capitals_inside_is_one_of_a_service() -> None:
    assert suggested("Read the ticket and register it in HygieneNet.") == ["HygieneNet"]
