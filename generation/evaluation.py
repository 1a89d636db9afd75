"""Runs a set of prompts through a generator, each against a catalogue of its own; scoring is somebody else's business."""

import time
from collections.abc import Mapping
from typing import Any

from asgiref.sync import async_to_sync

from generation.drafting import OFFLINE_PLANNER, OPENAI, DraftRequest, draft
from generation.scoring_form import in_scoring_form
from workflows.definition.catalogue import AgentEntry, Catalogue, ServerEntry, ToolEntry

GENERATORS = (OFFLINE_PLANNER, OPENAI)


class WrongGenerator(RuntimeError):
    """Something else than the wanted generator answered."""


def catalogue_of(raw: Mapping[str, Any]) -> Catalogue:
    """The catalogue of a prompt file: `{"agents": […], "mcps": [{"id", "tools": […]}]}`."""
    agents = {
        agent["id"]: AgentEntry(
            agent["id"], agent.get("name", ""), agent.get("description", ""),
            output_schema=agent.get("output_schema"),
        )
        for agent in raw.get("agents", [])
    }  # fmt: skip
    servers, tools = dict[str, ServerEntry](), dict[str, ToolEntry]()
    for server in raw.get("mcps", []):
        server_id, about = server["id"], server.get("description", "")
        servers[server_id] = ServerEntry(server_id, server.get("name", ""), about, "connected")
        for tool in server.get("tools", []):
            entry = _tool(server_id, tool)
            tools[entry.id] = entry
    return Catalogue(agents=agents, tools=tools, servers=servers)


def answer(item: Mapping[str, Any], *, generator: str) -> dict[str, Any]:
    """`{"id", "response", "seconds"}` for one prompt; raises `WrongGenerator` if the model fell back to the planner."""
    request = DraftRequest(
        prompt=item["prompt"], catalogue=catalogue_of(item["catalog"]), generator=generator
    )
    started = time.perf_counter()
    made = async_to_sync(draft)(request, on_stage=_go_on)
    seconds = round(time.perf_counter() - started, 4)
    if made.generator != generator:
        raise WrongGenerator(f"{item['id']}: {made.drafted.result['warnings'][:1]}")
    return {"id": item["id"], "response": in_scoring_form(made.drafted.result), "seconds": seconds}


def _tool(server_id: str, tool: Mapping[str, Any]) -> ToolEntry:
    return ToolEntry(
        id=f"{server_id}:{tool['name']}",
        name=tool["name"],
        description=tool.get("description", ""),
        server_id=server_id,
        input_schema=tool.get("input_schema") or tool.get("inputSchema") or {},
        output_schema=tool.get("output_schema") or tool.get("outputSchema"),
    )


async def _go_on(_stage: str) -> bool:
    return True
