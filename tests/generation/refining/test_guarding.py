"""No refinement lets a destructive tool run unasked, whether the tool comes in or a way past its approval."""

import json
from dataclasses import replace
from typing import Any

import pytest

from generation.drafting import DraftResult
from generation.refining.refinement import refine
from generation.refining.request import RefineRequest
from tests.fakes.model_server import ModelServer, structured
from tests.generation.catalogues import OFFICE, tool
from workflows.definition.normalise import normalise
from workflows.definition.validate import report

WIPE = tool("zendesk:delete_ticket", "Delete a support ticket", destructive=True)
CATALOGUE = replace(OFFICE, tools={**OFFICE.tools, WIPE.id: WIPE})
ASKED = normalise(
    {
        "id": "tidy",
        "name": "Tidy",
        "steps": [
            {"id": "draft", "type": "agent", "agent_id": "reply_drafter", "input": "${user_input}"},
            {"id": "ask", "type": "approval", "approval_message": "Delete?", "on_reject": "end"},
            {"id": "wipe", "type": "tool", "tool": WIPE.id, "arguments": {}},
        ],
    }
)
PLAIN = "Make the workflow a little faster."


async def changed(instruction: str) -> DraftResult:
    async def go_on(_stage: str) -> bool:
        return True

    request = RefineRequest(prompt=instruction, catalogue=CATALOGUE, definition=ASKED, version=1)
    return await refine(request, on_stage=go_on)


def unapproved(made: DraftResult) -> list[str]:
    found = report(made.drafted.result["workflow"], CATALOGUE)
    return [problem.path for problem in found.problems if problem.code == "destructive_tool"]


def answer(*operations: dict[str, Any]) -> Any:
    return structured({"operations": list(operations), "explanation": "Done.", "unplaced": []})


def fields(**values: Any) -> list[dict[str, str]]:
    return [{"field": name, "value_json": json.dumps(value)} for name, value in values.items()]


PAST_IT = [
    [{"connect": "draft", "branch": "", "to": "wipe"}],
    [{"remove": "ask"}],
    [{"move": "wipe", "place": "before", "of": "ask", "branch": ""}],
    [{"move": "ask", "place": "after", "of": "wipe", "branch": ""}],
    [{"connect": "ask", "branch": "reject", "to": "wipe"}],
    [
        {
            "add": "more", "type": "tool", "fields": fields(tool=WIPE.id), "place": "before", "of": "draft",
            "branch": "",
        }
    ],
]  # fmt: skip


@pytest.mark.parametrize("operations", PAST_IT)
async def test_a_model_does_not_get_past_an_approval(
    model_server: ModelServer, operations: list[dict[str, Any]]
) -> None:
    model_server.default = answer(*operations)
    made = await changed(PLAIN)
    assert unapproved(made) == []


async def test_a_model_hands_no_agent_what_cant_be_undone(model_server: ModelServer) -> None:
    own = {"name": "Cleaner", "instructions": "Tidy up.", "tools": [WIPE.id]}
    model_server.default = answer({"update": "draft", "fields": fields(agent_id=None, agent=own)})
    made = await changed(PLAIN)
    assert made.generator == "offline-planner"
    assert made.drafted.result["workflow"] == ASKED.to_json()
    assert "no agent is handed it" in model_server.requests[1]["messages"][-1]["content"]


async def test_the_instructions_own_words_can_do_without(model_server: ModelServer) -> None:
    model_server.default = answer({"remove": "ask"})
    made = await changed("Delete the ticket without asking.")
    assert (made.generator, len(unapproved(made))) == ("openai", 1)
    assert any(WIPE.id in warning for warning in made.drafted.result["warnings"])


async def test_who_takes_an_approval_away_in_so_many_words_is_warned() -> None:
    made = await changed("remove ask")
    assert len(unapproved(made)) == 1
    assert any("runs without an approval" in told for told in made.drafted.result["warnings"])


async def test_a_step_that_is_moved_before_its_approval_gets_another_one() -> None:
    made = await changed("move wipe before draft")
    assert unapproved(made) == []
