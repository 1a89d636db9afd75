"""Jobs as lines for a terminal and as JSON for scripts."""

import json
from collections.abc import Mapping
from typing import Any

from common.live.source import Event
from generation.models import Generation, GenerationCall
from workflows.definition.caption import one_line

COLUMNS = ("id", "status", "stage", "generator", "user", "created_at", "tokens", "prompt")
CALL_COLUMNS = ("number", "purpose", "model", "tokens", "cost_usd", "error")


def row_of(generation: Generation) -> dict[str, Any]:
    """What a list tells of a generation."""
    return {
        "id": generation.pk,
        "status": generation.status,
        "stage": generation.stage,
        "generator": generation.generator,
        "user": generation.created_by.get_username(),
        "created_at": generation.created_at.isoformat(timespec="seconds"),
        "tokens": generation.input_tokens + generation.output_tokens,
        "cost_usd": None if generation.cost_usd is None else float(generation.cost_usd),
        "error": generation.error,
        "prompt": generation.prompt,
    }


def call_of(call: GenerationCall) -> dict[str, Any]:
    """What a list tells of a call."""
    return {
        "number": call.number,
        "purpose": call.purpose,
        "model": call.model,
        "tokens": call.input_tokens + call.output_tokens,
        "tokens_counted": call.tokens_counted,
        "cost_usd": None if call.cost_usd is None else float(call.cost_usd),
        "error": call.error,
        "answer": call.answer,
    }


def event_line(event: Event) -> str:
    """'14:03:05  stage  planning'."""
    at = event.created_at.strftime("%H:%M:%S")
    match event.kind, event.data:
        case "stage", {"stage": stage}:
            return f"{at}  {stage}"
        case "model_call", {"status": "started", "number": number, "purpose": purpose}:
            return f"{at}    call {number} ({one_line(str(purpose), 40)}) …"
        case "model_call", {"number": number, "status": status, **rest}:
            return f"{at}    call {number} {status}{_cost(rest)}"
        case _:
            return f"{at}  {event.data.get('status', event.kind)}"


def _cost(told: Mapping[Any, Any]) -> str:
    error = f" ({told['error']})" if "error" in told else ""
    tokens = told["input_tokens"] + told["output_tokens"]
    return f"{error}: {told['duration_ms']:,} ms, {tokens:,} tokens"


def event_json(event: Event) -> str:
    """The event as REST tells it, in one line."""
    told = {"number": event.number, "kind": event.kind, "data": event.data}
    return json.dumps({**told, "created_at": event.created_at.isoformat()}, ensure_ascii=False)
