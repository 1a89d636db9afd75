"""People before what can't be undone, and the pauses that a request asks for."""

from dataclasses import replace
from typing import Any

import pytest

from generation.planner import plan
from generation.result import drafted
from tests.generation.catalogues import JIRA, OFFICE

DESTRUCTIVE = replace(OFFICE, tools={**OFFICE.tools, JIRA.id: replace(JIRA, destructive=True)})


def steps(prompt: str) -> list[dict[str, Any]]:
    result = drafted(plan(prompt, DESTRUCTIVE), DESTRUCTIVE, prompt=prompt).result
    return list(result["workflow"]["steps"])


def types(prompt: str) -> list[str]:
    return [step["type"] for step in steps(prompt)]


def test_a_destructive_tool_comes_with_an_approval() -> None:
    made = steps("Create a Jira ticket for the bug.")
    assert [step["type"] for step in made] == ["approval", "tool"]
    assert made[0]["next"] == made[1]["id"]
    assert made[0]["on_reject"] == "end"


def test_the_question_is_in_the_language_of_the_request() -> None:
    made = steps("Erstelle ein Jira-Ticket für den Fehler.")
    assert made[0]["approval_message"].startswith("Darf das Werkzeug jira:create_ticket")


@pytest.mark.parametrize(
    "prompt",
    [
        "Create a Jira ticket without asking.",
        "Erstelle sofort ohne Rückfrage ein Jira-Ticket für den Fehler.",
    ],
)
def test_words_against_it_leave_the_approval_out_with_a_warning(prompt: str) -> None:
    result = drafted(plan(prompt, DESTRUCTIVE), DESTRUCTIVE, prompt=prompt).result
    assert [step["type"] for step in result["workflow"]["steps"]] == ["tool"]
    assert any("jira:create_ticket" in told and "approval" in told for told in result["warnings"])


def test_one_question_is_enough() -> None:
    assert types("Wait for my approval, then create a Jira ticket.") == ["approval", "tool"]


@pytest.mark.parametrize(
    "prompt",
    [
        "Draft a reply and ask me before e-mailing it.",
        "Draft a reply and e-mail it after approval by the manager.",
        "Draft a reply. Wait for my confirmation. Then e-mail it.",
    ],
)
def test_asking_somebody_is_an_approval(prompt: str) -> None:
    assert types(prompt) == ["agent", "approval", "tool"]


def test_a_pause_is_a_wait() -> None:
    made = steps("Draft a reply, wait for 2 hours, then e-mail it.")
    assert [step["type"] for step in made] == ["agent", "wait", "tool"]
    assert made[1]["duration_seconds"] == 7200
