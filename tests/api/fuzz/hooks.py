"""Hooks of schemathesis: nothing waits long for work that nobody does here, and valid bodies name what exists.

What JSON Schema can't say of a definition: it obeys the language. Of an agent or a server: its tools and groups exist,
its output schema is a JSON Schema, its address is one that the outbound guard lets pass, its headers have names of HTTP,
its id is the one in the address; and nothing holds a NUL. A schedule has one lawful time, a webhook a lawful mapping, a
time zone exists, an explanation in a language is a model's. Only cases that are meant to be valid are completed so;
hostile ones stay as they are.
"""

from itertools import count
from typing import Any

import schemathesis
from schemathesis import GenerationMode

LONGEST_WAIT_SECONDS = 1
# A public address, so that nothing is looked up; nobody connects to it.
ADDRESS = "https://93.184.216.34/mcp"
STEP = {"type": "set", "values": {"total": 1}}
DEFINITION = {"steps": [{"id": "total", **STEP}]}
PLACE = ("container", "after", "branch", "before")
_numbers = count(1)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """A valid `wait` is shortened, an invalid one stays as it is; a valid body is completed."""
    _shorten_wait(case.query)
    is_valid = case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE
    if is_valid and isinstance(case.query, dict) and "tz" in case.query:
        case.query["tz"] = "Europe/Berlin"
    if not is_valid or not isinstance(case.body, dict | list):
        return
    case.body = _without_nul(case.body)
    if isinstance(case.body, dict):
        _complete(case.body, case.operation.definition.raw.get("operationId", ""))


def _complete(body: dict[str, Any], operation: str) -> None:
    if isinstance(name := body.get("name"), str):
        # Blank is what Python calls so, separators of ASCII included, which no pattern of JSON Schema says.
        body["name"] = name if name.strip() else "Named"
    changes_one = not operation.startswith("create_")
    match operation:
        case "generate_workflow":
            _one_purpose(body)
        case "explain_workflow":
            body["with_model"] = "language" in body or body.get("with_model", False)
        case "layout_canvas":
            # Positions are kept of the stored definition only.
            body["save"] = "definition" not in body and body.get("save", False)
        case "change_workflows":
            body["tags"] = ["a"] if body.get("action") in ("tag", "untag") else []
        case "create_workflow" | "replace_workflow" | "change_workflow":
            _define(body, changes_one=changes_one)
        case "add_step" | "replace_step":
            _step(body, is_new=operation == "add_step")
        case _ if operation.endswith(("_agent", "_mcp_server")):
            _resource(body, changes_one=changes_one)
        case _ if operation.endswith(("_schedule", "_webhook")):
            _time(body, is_part=operation.startswith("change_"))


def _one_purpose(body: dict[str, Any]) -> None:
    """A new workflow, or a change of one: each has fields of its own, and a new one takes more than a word."""
    if not {"workflow_id", "version"} <= body.keys():
        body.pop("workflow_id", None)
        body.pop("version", None)
        body["prompt"] = str(body.get("prompt", "")).ljust(10, ".")
        return
    for name in ("context", "preferred_complexity", "include_agents", "include_mcps"):
        body.pop(name, None)


def _define(body: dict[str, Any], *, changes_one: bool) -> None:
    """A definition that obeys the language, under an id that nobody has; what is published and who sees it stay."""
    if "definition" in body:
        body["definition"] = DEFINITION
    for name in ("id", "shared_with", "is_published", "published_version", "drift_state"):
        body.pop(name, None)
    if not changes_one:
        body.setdefault("name", "Named")


def _step(body: dict[str, Any], *, is_new: bool) -> None:
    """A step that obeys the language; a new one has an id that no other has, and goes to the end."""
    body["step"] = STEP
    if is_new:
        body["step"] = {"id": f"total_{next(_numbers)}", **STEP}
        for name in PLACE:
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


def _resource(body: dict[str, Any], *, changes_one: bool) -> None:
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
