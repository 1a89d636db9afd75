"""What a run is started with, checked: its texts, its input against the workflow's schema, its definition."""

import json
from dataclasses import replace

from pydantic import JsonValue

from common import strict_json
from common.errors import Invalid, NotExecutable
from workflows.definition.catalogue import AgentEntry, Catalogue, ServerEntry, ToolEntry
from workflows.definition.json_schemas import JsonSchema, UnusableSchema
from workflows.definition.steps import Definition, walk
from workflows.definition.validate import Report, report

MAX_USER_INPUT_CHARACTERS = 200_000
MAX_INPUT_BYTES = 1024 * 1024
MAX_CONTEXT_BYTES = 256 * 1024


def require_acceptable(
    *, user_input: str, input: JsonValue, context: dict[str, JsonValue], definition: Definition
) -> None:
    """Raise `Invalid` for what is too large, is no JSON, or does not satisfy the workflow's `input_schema`."""
    require_size(user_input, "/user_input", MAX_USER_INPUT_CHARACTERS * 4)
    require_size(input, "/input", MAX_INPUT_BYTES)
    require_size(context, "/context", MAX_CONTEXT_BYTES)
    if definition.input_schema is not None:
        _require_schema({} if input is None else input, definition.input_schema)


def require_executable(
    definition: Definition, catalogue: Catalogue, *, simulate: bool, only_step: str = ""
) -> None:
    """Raise `NotExecutable` unless the definition can run with what `catalogue` has now.

    A simulation calls nothing, so agents, tools and servers may be missing; the graph must be sound all the same.
    Where `only_step` is to run, the errors of other steps do not matter.
    """
    found = report(definition.to_json(), catalogue)
    if simulate and not found.can_execute:
        found = report(definition.to_json(), _with_stand_ins(catalogue, found))
    if found.can_execute:
        return
    errors = [problem for problem in found.problems if problem.severity == "error"]
    if only_step:
        here = _pointer_of(definition, only_step)
        errors = [problem for problem in errors if f"{problem.path}/".startswith(f"{here}/")]
        if not errors:
            return
    first = errors[0].message if errors else "It has no steps."
    raise NotExecutable(
        f"This workflow can't run yet: {first}",
        problems=[problem.to_json() for problem in errors],
        extra={
            "blocked_steps": found.blocked_steps,
            "missing_agents": found.missing_agents,
            "missing_tools": found.missing_tools,
            "missing_mcps": found.missing_mcps,
        },
    )


def _pointer_of(definition: Definition, step_id: str) -> str:
    return next(pointer for pointer, step in walk(definition.steps) if step.id == step_id)


def _with_stand_ins(catalogue: Catalogue, found: Report) -> Catalogue:
    """The catalogue as if everything that is missing existed."""
    agents = {key: AgentEntry(key) for key in found.missing_agents}
    tools = {key: _stand_in_tool(key) for key in found.missing_tools}
    names = {*found.missing_mcps, *(key.partition(":")[0] for key in found.missing_tools)}
    servers = {key: ServerEntry(key, status="connected") for key in names if key != "native"}
    return replace(
        catalogue,
        agents={**catalogue.agents, **agents},
        tools={**catalogue.tools, **tools},
        servers={**catalogue.servers, **servers},
    )


def _stand_in_tool(tool_id: str) -> ToolEntry:
    server, _, name = tool_id.partition(":")
    return ToolEntry(tool_id, name=name, server_id=None if server == "native" else server)


def require_size(value: JsonValue, pointer: str, limit: int) -> None:
    """Raise `Invalid` for what is no acceptable JSON or has more than `limit` bytes."""
    try:
        strict_json.check(value)
    except strict_json.RefusedJson as error:
        raise Invalid(
            error.detail, code=error.code, pointer=pointer + (error.pointer or "")
        ) from error
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    if size > limit:
        raise Invalid(
            f"This is {size} bytes; at most {limit} are accepted.",
            code="too_large",
            pointer=pointer,
        )


def _require_schema(value: JsonValue, schema: dict[str, JsonValue]) -> None:
    try:
        violations = JsonSchema(schema).violations(value)
    except UnusableSchema as broken:
        raise NotExecutable(
            f"The workflow's input_schema can't be used: {broken}", code="invalid_input_schema"
        ) from broken
    if violations:
        place = "".join(f"/{strict_json.escape(str(part))}" for part in violations[0].path)
        raise Invalid(
            f"The input does not fit the workflow's input_schema: {violations[0].message}",
            code="input_mismatch",
            pointer=f"/input{place}",
        )
