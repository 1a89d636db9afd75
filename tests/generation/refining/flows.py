"""A workflow to refine, and how a refinement is told in few words."""

from typing import Any

from generation.drafting import DraftResult
from generation.refining.offline import Followed, follow
from generation.refining.refinement import refine
from generation.refining.request import RefineRequest
from tests.generation.catalogues import OFFICE
from workflows.definition.normalise import normalise
from workflows.definition.steps import Definition, walk

REPLY = normalise(
    {
        "id": "reply",
        "name": "Reply",
        "steps": [
            {
                "id": "read-ticket",
                "type": "tool",
                "tool": "zendesk:get_ticket",
                "name": "Read the ticket",
                "arguments": {"input": "${user_input}"},
            },
            {
                "id": "draft",
                "type": "agent",
                "agent_id": "reply_drafter",
                "name": "Draft a reply",
                "input": "Write\n${steps.read-ticket.output}",
            },
            {
                "id": "tone",
                "type": "agent",
                "agent_id": "sentiment_analyzer",
                "name": "Score the tone",
                "input": "${steps.read-ticket.output}",
            },
            {
                "id": "send",
                "type": "tool",
                "tool": "gmail:send_email",
                "name": "E-mail the customer",
                "arguments": {"input": "${steps.draft.output}"},
            },
        ],
    }
)


def said(instruction: str, definition: Definition = REPLY) -> Followed:
    """What an instruction leads to offline."""
    return follow(instruction, definition, OFFICE)


def flow(definition: Definition) -> list[str]:
    """The outermost steps in the order in which they run, as far as the way is a single one."""
    steps = {step.id: step for step in definition.steps}
    found, here = [], definition.entry_step
    while here in steps and here not in found:
        found.append(here)
        here = getattr(steps[here], "next", None)
    return found


def step(definition: Definition, step_id: str) -> Any:
    """The step, wherever it stands."""
    return next(one for _, one in walk(definition.steps) if one.id == step_id)


async def refined_by(
    instruction: str, definition: Definition = REPLY, **fields: Any
) -> DraftResult:
    """The refinement as a job makes it."""

    async def go_on(_stage: str) -> bool:
        return True

    request = RefineRequest(
        prompt=instruction, catalogue=OFFICE, definition=definition, version=3, **fields
    )
    return await refine(request, on_stage=go_on)
