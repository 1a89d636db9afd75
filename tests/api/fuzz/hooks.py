"""Hooks of schemathesis: nothing waits long for work that nobody does here, and valid bodies name what exists.

What JSON Schema can't say of an agent or a server: its tools and groups exist, its output schema is a JSON Schema, its
address is one that the outbound guard lets pass, its headers have names of HTTP, its id is the one in the address; and
nothing holds a NUL. A schedule has one lawful time, a webhook a lawful mapping, a time zone exists, an explanation in
a language is a model's. Only cases that are meant to be valid are completed so; hostile ones stay as they are.
"""

from typing import Any

import schemathesis
from schemathesis import GenerationMode

LONGEST_WAIT_SECONDS = 1
# A public address, so that nothing is looked up; nobody connects to it.
ADDRESS = "https://93.184.216.34/mcp"
RESOURCES = ("_agent", "_mcp_server")
GENERATE = "generate_workflow"
EXPLAIN = "explain_workflow"
BULK = "change_workflows"
TRIGGERS = ("_schedule", "_webhook")


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """A valid `wait` is shortened, an invalid one stays as it is; a valid body is completed."""
    _shorten_wait(case.query)
    operation = case.operation.definition.raw.get("operationId", "")
    is_valid = case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE
    if is_valid and isinstance(case.query, dict) and "tz" in case.query:
        case.query["tz"] = "Europe/Berlin"
    if not is_valid or not isinstance(case.body, dict | list):
        return
    case.body = _without_nul(case.body)
    if isinstance(case.body, dict) and isinstance(name := case.body.get("name"), str):
        # Blank is what Python calls so, separators of ASCII included, which no pattern of JSON Schema says.
        case.body["name"] = name if name.strip() else "Named"
    if operation.endswith(RESOURCES) and isinstance(case.body, dict):
        _complete(case.body, changes_one=not operation.startswith("create_"))
    if operation.endswith(TRIGGERS) and isinstance(case.body, dict):
        _time(case.body, is_part=operation.startswith("change_"))
    if operation == GENERATE and isinstance(case.body, dict):
        _one_purpose(case.body)
    if operation == EXPLAIN and isinstance(case.body, dict) and "language" in case.body:
        case.body["with_model"] = True
    if operation == BULK and isinstance(case.body, dict):
        case.body["tags"] = ["a"] if case.body.get("action") in ("tag", "untag") else []


def _one_purpose(body: dict[str, Any]) -> None:
    """A new workflow, or a change of one: each has fields of its own, and a new one takes more than a word."""
    if not {"workflow_id", "version"} <= body.keys():
        body.pop("workflow_id", None)
        body.pop("version", None)
        body["prompt"] = str(body.get("prompt", "")).ljust(10, ".")
        return
    for name in ("context", "preferred_complexity", "include_agents", "include_mcps"):
        body.pop(name, None)


def _shorten_wait(query: Any) -> None:
    if not isinstance(query, dict) or "wait" not in query:
        return
    try:
        seconds = float(query["wait"])
    except (TypeError, ValueError):
        return
    if LONGEST_WAIT_SECONDS < seconds <= 60:
        query["wait"] = LONGEST_WAIT_SECONDS


def _complete(body: dict[str, Any], *, changes_one: bool) -> None:
    """Put existing things in the place of invented ones; what the body leaves out stays out."""
    if body.get("tools"):
        body["tools"] = ["native:text_stats"]
    if body.get("shared_with"):
        body["shared_with"] = []
    if body.get("output_schema"):
        body["output_schema"] = {"type": "object"}
    if body.get("headers"):
        body["headers"] = {"X-Team": "ours"}
    if body.get("url"):
        body["url"] = ADDRESS
        # Another server must not get the headers of the one before.
        body.setdefault("headers", {"X-Team": "ours"})
    if changes_one:
        body.pop("id", None)


def _time(body: dict[str, Any], *, is_part: bool) -> None:
    """A time, a mapping and a version that can be; a change of a part leaves them as they are."""
    lawful: dict[str, Any] = {
        "cron": "0 9 * * *",
        "interval_seconds": None,
        "time_zone": "UTC",
        "expected_fields": [],
        "input_map": {},
        "user_input_from": "",
        "version": None,
    }
    for name in lawful.keys() & body.keys():
        if is_part:
            del body[name]
        else:
            body[name] = lawful[name]
    if not is_part and "interval_seconds" in body:
        body["cron"] = lawful["cron"]


def _without_nul(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\0", "0")
        case list():
            return [_without_nul(item) for item in value]
        case dict():
            return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    return value
