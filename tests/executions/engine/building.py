"""Short ways to write steps."""

from typing import Any

Step = dict[str, Any]


def echo(step_id: str, value: Any = None, **more: Any) -> Step:
    """A step whose output is `{"result": value, "found": …}`."""
    return {
        "id": step_id,
        "type": "tool",
        "tool": "native:json_query",
        "arguments": {"data": {"v": value}, "expression": "v"},
        **more,
    }


def broken(step_id: str, **more: Any) -> Step:
    """A step that fails as `tool_error`."""
    arguments = {"template": "{nothing}", "values": {}}
    return {
        "id": step_id,
        "type": "tool",
        "tool": "native:render_text",
        "arguments": arguments,
        **more,
    }


def end(step_id: str, output: Any = None, **more: Any) -> Step:
    """An end with an output."""
    given = {} if output is None else {"output": output}
    return {"id": step_id, "type": "end", **given, **more}


def choose(step_id: str, source: str, branches: dict[str, str], **more: Any) -> Step:
    """A conditional by text."""
    return {
        "id": step_id,
        "type": "conditional",
        "condition_source": source,
        "conditional_branches": branches,
        **more,
    }


def decide(step_id: str, *arms: tuple[str, str], **more: Any) -> Step:
    """A conditional by conditions."""
    conditions = [{"when": when, "next": target} for when, target in arms]
    return {"id": step_id, "type": "conditional", "conditions": conditions, **more}


def parallel(step_id: str, branches: dict[str, list[Step]], **more: Any) -> Step:
    """A parallel of lists of steps."""
    listed = [{"id": name, "steps": steps} for name, steps in branches.items()]
    return {"id": step_id, "type": "parallel", "branches": listed, **more}


def loop(step_id: str, mode: str, steps: list[Step], **more: Any) -> Step:
    """A loop."""
    return {
        "id": step_id,
        "type": "loop",
        "loop_mode": mode,
        "steps": steps,
        **({"max_iterations": 5} | more),
    }


def put(step_id: str, compute: dict[str, str] | None = None, /, **values: Any) -> Step:
    """A `set` step that writes these values."""
    return {"id": step_id, "type": "set", "values": values, "compute": compute or {}}


def pause(step_id: str, seconds: int = 1, **more: Any) -> Step:
    """A step that waits."""
    return {"id": step_id, "type": "wait", "duration_seconds": seconds, **more}


def ask(step_id: str, **more: Any) -> Step:
    """An approval."""
    return {"id": step_id, "type": "approval", "approval_message": f"{step_id}?", **more}
