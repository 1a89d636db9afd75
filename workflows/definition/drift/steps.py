"""What a step works with, and how it is another now: gone, dangerous, instructed anew."""

from collections.abc import Iterator

from workflows.definition.checks.subject import Place
from workflows.definition.drift.changes import WORDS, Change
from workflows.definition.plain_json import join
from workflows.definition.problems import Problem
from workflows.definition.steps import AgentStep, ParallelStep, Step, ToolStep

_SAID = {
    "description": "its description",
    "input_schema": "its arguments",
    "output_schema": "its result",
    "read_only": "whether it only reads",
    "destructive": "whether it destroys",
    "idempotent": "whether it may be repeated",
    "role": "role",
    "goal": "goal",
    "instructions": "instructions",
    "model": "model",
    "tools": "tools",
    "temperature": "temperature",
    "max_turns": "number of turns",
    "is_active": "state",
}
_LOOK = "Look at what changed, then accept it or change the step."


def check(place: Place, change: Change) -> Iterator[Problem]:
    """What the change of an agent or tool means for the step at `place`, whatever its arguments are."""
    where = _pointer(place, change)
    if change.now is None:
        yield _missing(place.step, where, change)
    elif change.kind == "agent":
        yield from _agent(place.step, where, change)
    else:
        yield from _tool(place.step, where, change)


def harmless(place: Place, change: Change) -> Problem:
    """That the step goes on as before, which is said of a change of which nothing else is said."""
    only_words = set(change.fields) <= WORDS or not change.is_other_contract
    what = "only words of it" if only_words else _listed(change)
    message = f"The tool {change.id!r} changed since publishing ({what}); this step works with it."
    code = "tool_worded_anew" if only_words else "tool_changed"
    hint = "Accept it so that the step is run." if change.holds(place.step) else ""
    return Problem(code, "note", _pointer(place, change), message, hint)


def _pointer(place: Place, change: Change) -> str:
    match place.step:
        case ToolStep():
            return join(place.pointer, "tool")
        case ParallelStep():
            return join(place.pointer, "judge_agent_id")
        case AgentStep(tools=list()) if change.kind == "tool":
            return join(place.pointer, "tools")
        case AgentStep(agent_id=str()):
            return join(place.pointer, "agent_id")
        case _:
            return join(place.pointer, "agent")


def _missing(step: Step, where: str, change: Change) -> Problem:
    if change.kind == "agent":
        message = f"The agent {change.id!r} is gone, switched off or no longer yours to use."
        return Problem("agent_gone", "error", where, message, "Choose another agent.")
    message = f"The tool {change.id!r} is gone, its server disabled, or no longer yours to use."
    if isinstance(step, AgentStep):
        hint = "The agent goes on without it; refresh the server, or accept that."
        return Problem("agent_tool_gone", "warning", where, message, hint)
    return Problem(
        "tool_gone", "error", where, message, "Choose another tool, or refresh the server."
    )


def _agent(step: Step, where: str, change: Change) -> Iterator[Problem]:
    message = f"The agent {change.id!r} is another since publishing: {_listed(change)}."
    yield Problem("agent_changed", "warning", where, message, "Look at what it says and does now.")
    may_have = None if not isinstance(step, AgentStep) else step.tools
    new = [tool for tool in change.new_tools if may_have is None or tool in may_have]
    if new and isinstance(step, AgentStep):
        message = f"The agent {change.id!r} got tools that it is not given until that is accepted: "
        yield Problem(
            "tools_withheld", "warning", where, f"{message}{', '.join(new)[:300]}.", _LOOK
        )


def _tool(step: Step, where: str, change: Change) -> Iterator[Problem]:
    assert change.now is not None
    if change.now["destructive"] and not change.before["destructive"]:
        message = f"The tool {change.id!r} may destroy now; when it was published it did not."
        hint = "Let somebody approve it before this step, or choose another tool."
        yield Problem("destructive_now", "warning", where, message, hint)
    is_repeated = isinstance(step, ToolStep) and step.retry.max_attempts > 1
    if is_repeated and change.before["idempotent"] and not change.now["idempotent"]:
        message = f"The tool {change.id!r} is no longer safe to repeat, and this step retries it."
        yield Problem("not_repeatable_now", "warning", where, message, "Lower `retry`.")
    if isinstance(step, AgentStep):
        message = f"The tool {change.id!r} of this step's agent is another: {_listed(change)}."
        yield Problem("agent_tool_changed", "warning", where, message, _LOOK)


def _listed(change: Change) -> str:
    names = [_SAID.get(name, name) for name in change.fields]
    if change.kind == "agent":
        names = ["answer's schema" if name == "its result" else name for name in names]
    return ", ".join(names) or "its definition"
