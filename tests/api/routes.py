"""Every route under /api/v1, found in the URL resolver, and what a caller would send to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from string import Template
from typing import Any, Literal

from django.urls import URLPattern, URLResolver, get_resolver

from tests.api.world import MARK, Ids

PREFIX = "api/v1/"
METHODS = ("get", "post", "put", "patch", "delete")

# thing: one row of somebody; list: rows of the caller; own: nobody else's row can be named in the address.
Kind = Literal["thing", "list", "own"]
# private: its owner's alone, also for members of a group.
Reader = Literal["group", "private"]


@dataclass(frozen=True)
class Route:
    """One method of one address; `$workflow` and the like stand for ids."""

    kind: Kind
    address: str
    body: Any = None
    reader: Reader = "group"
    needs_log_in: bool = True

    def url(self, ids: Ids) -> str:
        """The address with these ids in it."""
        return f"/{PREFIX}{Template(self.address).substitute(vars(ids))}"


STEPS = [{"id": "count", "type": "tool", "tool": "native:text_stats", "arguments": {"text": "a"}}]
NAMED = {"name": "Taken over", "definition": {"steps": STEPS}}
DOCUMENT = {"workflow": {"definition": {"id": "brought", "name": "B", "steps": STEPS}}}
AGENT = {"name": "Taken over", "instructions": "Do it."}
SERVER = {"name": "Taken over", "url": "https://example.org/mcp"}
RUN = {"user_input": "Ada"}
CLOCK = {"name": "Taken over", "cron": "0 9 * * *"}
HOOK = {"name": "Taken over"}
PROMPT = {"prompt": "Count the words of a text."}

_WORKFLOW = "workflows/<str:workflow_id>"
_VERSION = f"{_WORKFLOW}/versions/<int:number>"
_STEP = f"{_WORKFLOW}/steps/<str:step_id>"
_TEMPLATE = "workflows/templates/<str:template_id>"
_EXECUTION = "workflows/executions/<str:execution_id>"
_SCHEDULES = f"{_WORKFLOW}/schedules"
_SCHEDULE = f"{_SCHEDULES}/<str:schedule_id>"
_WEBHOOKS = f"{_WORKFLOW}/webhooks"
_WEBHOOK = f"{_WEBHOOKS}/<str:webhook_id>"
_GENERATION = "workflows/generate/<generation_id:generation_id>"
_AGENT = "agents/<resource_id:pk>"
_SERVER = "mcp-servers/<resource_id:pk>"

_one_workflow = "workflows/$workflow"
_one_execution = "workflows/executions/$execution"
_one_schedule = f"{_one_workflow}/schedules/$schedule"
_one_webhook = f"{_one_workflow}/webhooks/$webhook"
_one_generation = "workflows/generate/$generation"

ROUTES: dict[tuple[str, str], Route] = {
    ("post", "auth/login"): Route("own", "auth/login", {}, needs_log_in=False),
    ("post", "auth/logout"): Route("own", "auth/logout"),
    ("get", "auth/me"): Route("own", "auth/me"),
    ("get", "auth/tokens"): Route("list", "auth/tokens", reader="private"),
    ("post", "auth/tokens"): Route("own", "auth/tokens", {}),
    ("delete", "auth/tokens"): Route("own", "auth/tokens"),
    ("delete", "auth/tokens/<str:token_id>"): Route("thing", "auth/tokens/$token"),
    ("get", "audit"): Route("list", "audit", reader="private"),
    ("get", "agents"): Route("list", "agents"),
    ("post", "agents"): Route("own", "agents", AGENT),
    ("get", _AGENT): Route("thing", "agents/$agent"),
    ("put", _AGENT): Route("thing", "agents/$agent", AGENT),
    ("patch", _AGENT): Route("thing", "agents/$agent", {"name": "Taken over"}),
    ("delete", _AGENT): Route("thing", "agents/$agent"),
    ("get", f"{_AGENT}/history"): Route("thing", "agents/$agent/history"),
    ("get", "mcp-servers"): Route("list", "mcp-servers"),
    ("post", "mcp-servers"): Route("own", "mcp-servers", SERVER),
    ("get", _SERVER): Route("thing", "mcp-servers/$server"),
    ("put", _SERVER): Route("thing", "mcp-servers/$server", SERVER),
    ("patch", _SERVER): Route("thing", "mcp-servers/$server", {"name": "Taken over"}),
    ("delete", _SERVER): Route("thing", "mcp-servers/$server"),
    ("get", f"{_SERVER}/history"): Route("thing", "mcp-servers/$server/history"),
    ("post", f"{_SERVER}/refresh"): Route("thing", "mcp-servers/$server/refresh"),
    ("post", f"{_SERVER}/tools/<path:tool>/try"): Route(
        "thing", "mcp-servers/$server/tools/$tool/try", {"arguments": {}}
    ),
    ("get", "workflows/resources/agents"): Route("list", "workflows/resources/agents"),
    ("get", "workflows/resources/mcps"): Route("list", "workflows/resources/mcps"),
    ("get", "workflows/resources/tools"): Route("list", "workflows/resources/tools?limit=200"),
    ("get", "workflows/generate"): Route("list", "workflows/generate", reader="private"),
    ("post", "workflows/generate"): Route("own", "workflows/generate", PROMPT),
    ("post", "workflows/generate/apply"): Route(
        "own", "workflows/generate/apply", {"result": {"workflow": {"name": "A", "steps": STEPS}}}
    ),
    ("post", f"{_WORKFLOW}/explain"): Route("thing", f"{_one_workflow}/explain"),
    ("post", f"{_WORKFLOW}/repair"): Route("thing", f"{_one_workflow}/repair"),
    ("get", _GENERATION): Route("thing", _one_generation, reader="private"),
    ("get", f"{_GENERATION}/events"): Route("thing", f"{_one_generation}/events", reader="private"),
    ("get", f"{_GENERATION}/answers"): Route(
        "thing", f"{_one_generation}/answers", reader="private"
    ),
    ("post", f"{_GENERATION}/cancel"): Route("thing", f"{_one_generation}/cancel"),
    ("get", "workflows/executions"): Route("list", "workflows/executions"),
    ("get", _EXECUTION): Route("thing", _one_execution),
    ("post", f"{_EXECUTION}/cancel"): Route("thing", f"{_one_execution}/cancel"),
    ("post", f"{_EXECUTION}/retry"): Route("thing", f"{_one_execution}/retry", {}),
    ("post", f"{_EXECUTION}/fork"): Route("thing", f"{_one_execution}/fork", {"from_step": "ask"}),
    ("post", f"{_EXECUTION}/decision"): Route(
        "thing",
        f"{_one_execution}/decision",
        {"step": "alicesecret-step", "approved": True},
        reader="private",
    ),
    ("get", "approvals"): Route("list", "approvals", reader="private"),
    ("get", "approvals/<int:approval_id>"): Route("thing", "approvals/$approval", reader="private"),
    ("get", f"{_EXECUTION}/events"): Route("thing", f"{_one_execution}/events"),
    ("get", f"{_EXECUTION}/steps"): Route("thing", f"{_one_execution}/steps"),
    ("get", f"{_EXECUTION}/steps/<path:path>"): Route("thing", f"{_one_execution}/steps/$step"),
    ("get", f"{_EXECUTION}/input"): Route("thing", f"{_one_execution}/input"),
    ("get", f"{_EXECUTION}/output"): Route("thing", f"{_one_execution}/output"),
    ("get", f"{_EXECUTION}/steps/<step_path:path>/input"): Route(
        "thing", f"{_one_execution}/steps/$step/input"
    ),
    ("get", f"{_EXECUTION}/steps/<step_path:path>/output"): Route(
        "thing", f"{_one_execution}/steps/$step/output"
    ),
    ("get", f"{_EXECUTION}/steps/<step_path:path>/messages"): Route(
        "thing", f"{_one_execution}/steps/$step/messages"
    ),
    ("get", f"{_EXECUTION}/tool-calls/<int:call_id>/arguments"): Route(
        "thing", f"{_one_execution}/tool-calls/$tool_call/arguments"
    ),
    ("get", f"{_EXECUTION}/tool-calls/<int:call_id>/result"): Route(
        "thing", f"{_one_execution}/tool-calls/$tool_call/result"
    ),
    ("post", f"{_WORKFLOW}/steps/<str:step_id>/test"): Route(
        "thing", f"{_one_workflow}/steps/ask/test", {}
    ),
    ("post", f"{_WORKFLOW}/steps"): Route("thing", f"{_one_workflow}/steps", {"step": STEPS[0]}),
    ("post", f"{_WORKFLOW}/steps/reorder"): Route(
        "thing", f"{_one_workflow}/steps/reorder", {"order": ["ask", f"{MARK}-step"]}
    ),
    ("put", f"{_WORKFLOW}/steps/reorder"): Route(
        "thing", f"{_one_workflow}/steps/reorder", {"step": STEPS[0]}
    ),
    ("delete", f"{_WORKFLOW}/steps/reorder"): Route("thing", f"{_one_workflow}/steps/reorder"),
    ("put", _STEP): Route("thing", f"{_one_workflow}/steps/ask", {"step": {"name": "Taken over"}}),
    ("delete", _STEP): Route("thing", f"{_one_workflow}/steps/ask"),
    ("post", f"{_STEP}/move"): Route("thing", f"{_one_workflow}/steps/ask/move", {}),
    ("post", f"{_STEP}/connect"): Route(
        "thing", f"{_one_workflow}/steps/ask/connect", {"to": "end"}
    ),
    ("delete", f"{_STEP}/connect"): Route("thing", f"{_one_workflow}/steps/ask/connect"),
    ("get", f"{_WORKFLOW}/canvas"): Route("thing", f"{_one_workflow}/canvas"),
    ("put", f"{_WORKFLOW}/canvas"): Route(
        "thing", f"{_one_workflow}/canvas", {"definition": {"steps": STEPS}}
    ),
    ("post", f"{_WORKFLOW}/canvas/layout"): Route(
        "thing", f"{_one_workflow}/canvas/layout", {"save": True}
    ),
    ("put", f"{_WORKFLOW}/nodes/<str:step_id>/position"): Route(
        "thing", f"{_one_workflow}/nodes/ask/position", {"x": 1, "y": 1}
    ),
    ("get", f"{_WORKFLOW}/preview.svg"): Route("thing", f"{_one_workflow}/preview.svg"),
    ("post", f"{_WORKFLOW}/publish"): Route("thing", f"{_one_workflow}/publish", {}),
    ("delete", f"{_WORKFLOW}/publish"): Route("thing", f"{_one_workflow}/publish"),
    ("get", f"{_WORKFLOW}/drift"): Route("thing", f"{_one_workflow}/drift"),
    ("post", f"{_WORKFLOW}/drift/accept"): Route(
        "thing", f"{_one_workflow}/drift/accept", {"state": "x"}
    ),
    ("get", f"{_WORKFLOW}/events"): Route("thing", f"{_one_workflow}/events"),
    ("get", f"{_SERVER}/affected"): Route("thing", "mcp-servers/$server/affected"),
    ("get", f"{_AGENT}/affected"): Route("thing", "agents/$agent/affected"),
    ("get", f"{_WORKFLOW}/export"): Route("thing", f"{_one_workflow}/export"),
    ("get", f"{_WORKFLOW}/mermaid"): Route("thing", f"{_one_workflow}/mermaid"),
    ("post", "workflows/bulk"): Route(
        "own", "workflows/bulk", {"action": "archive", "ids": ["nothing"]}
    ),
    ("post", "workflows/import"): Route("own", "workflows/import", {"document": DOCUMENT}),
    ("get", "workflows/import/schema"): Route("own", "workflows/import/schema"),
    ("get", f"{_WORKFLOW}/history"): Route("thing", f"{_one_workflow}/history"),
    ("get", f"{_WORKFLOW}/diff"): Route("thing", f"{_one_workflow}/diff"),
    ("get", "workflows/resources/step-types"): Route("own", "workflows/resources/step-types"),
    ("post", f"{_WORKFLOW}/execute"): Route("thing", f"{_one_workflow}/execute", RUN),
    ("get", f"{_WORKFLOW}/executions"): Route("thing", f"{_one_workflow}/executions"),
    ("get", f"{_WORKFLOW}/stats"): Route("thing", f"{_one_workflow}/stats"),
    ("get", _SCHEDULES): Route("thing", f"{_one_workflow}/schedules"),
    ("post", _SCHEDULES): Route("thing", f"{_one_workflow}/schedules", CLOCK),
    ("get", _SCHEDULE): Route("thing", _one_schedule),
    ("put", _SCHEDULE): Route("thing", _one_schedule, CLOCK),
    ("patch", _SCHEDULE): Route("thing", _one_schedule, {"name": "Taken over"}),
    ("delete", _SCHEDULE): Route("thing", _one_schedule),
    ("post", f"{_SCHEDULE}/pause"): Route("thing", f"{_one_schedule}/pause", {}),
    ("post", f"{_SCHEDULE}/resume"): Route("thing", f"{_one_schedule}/resume", {}),
    ("post", f"{_SCHEDULE}/trigger"): Route("thing", f"{_one_schedule}/trigger"),
    ("get", _WEBHOOKS): Route("thing", f"{_one_workflow}/webhooks"),
    ("post", _WEBHOOKS): Route("thing", f"{_one_workflow}/webhooks", HOOK),
    ("get", _WEBHOOK): Route("thing", _one_webhook),
    ("put", _WEBHOOK): Route("thing", _one_webhook, HOOK),
    ("patch", _WEBHOOK): Route("thing", _one_webhook, HOOK),
    ("delete", _WEBHOOK): Route("thing", _one_webhook),
    ("get", f"{_WEBHOOK}/deliveries"): Route("thing", f"{_one_webhook}/deliveries"),
    ("post", f"{_WEBHOOK}/rotate-secret"): Route("thing", f"{_one_webhook}/rotate-secret"),
    ("get", "workflows"): Route("list", "workflows?archived=true"),
    ("post", "workflows"): Route("own", "workflows", NAMED),
    ("post", "workflows/validate"): Route("own", "workflows/validate", NAMED),
    ("get", "workflows/templates"): Route("list", "workflows/templates"),
    ("get", _TEMPLATE): Route("thing", "workflows/templates/$template"),
    ("post", f"{_TEMPLATE}/instantiate"): Route(
        "thing", "workflows/templates/$template/instantiate", {"name": "Mine"}
    ),
    ("get", _WORKFLOW): Route("thing", _one_workflow),
    ("put", _WORKFLOW): Route("thing", _one_workflow, NAMED),
    ("patch", _WORKFLOW): Route("thing", _one_workflow, {"name": "Taken over"}),
    ("delete", _WORKFLOW): Route("thing", _one_workflow),
    ("post", f"{_WORKFLOW}/restore"): Route("thing", "workflows/$archived/restore"),
    ("post", f"{_WORKFLOW}/copy"): Route("thing", f"{_one_workflow}/copy", {"new_name": "Mine"}),
    ("post", f"{_WORKFLOW}/validate"): Route("thing", f"{_one_workflow}/validate", {}),
    ("get", f"{_WORKFLOW}/versions"): Route("thing", f"{_one_workflow}/versions"),
    ("get", _VERSION): Route("thing", f"{_one_workflow}/versions/1"),
    ("post", f"{_VERSION}/restore"): Route("thing", f"{_one_workflow}/versions/1/restore"),
}

# Other ways to the same rows.
MORE_THINGS = {
    "an archived workflow": ("get", Route("thing", "workflows/$archived?archived=true")),
    "a template as a workflow": ("get", Route("thing", "workflows/$template")),
    "a workflow as a template": ("get", Route("thing", "workflows/templates/$workflow")),
    "a stale write": ("put", Route("thing", _one_workflow, {**NAMED, "nonsense": 1})),
    "a malformed body": ("post", Route("thing", f"{_one_workflow}/execute", {"nonsense": 1})),
    "a malformed fork": ("post", Route("thing", f"{_one_execution}/fork", {"nonsense": 1})),
    "a malformed query": ("post", Route("thing", f"{_one_workflow}/execute?wait=x", RUN)),
    "a malformed agent": ("put", Route("thing", "agents/$agent", {"nonsense": 1})),
    "a malformed server": ("put", Route("thing", "mcp-servers/$server", {"nonsense": 1})),
    "a malformed trial": (
        "post",
        Route("thing", "mcp-servers/$server/tools/$tool/try", {"nonsense": 1}),
    ),
    "the history of an archived workflow": ("get", Route("thing", "workflows/$archived/history")),
    "a wrong page of a history": ("get", Route("thing", "agents/$agent/history?limit=x")),
    "a wrong page": ("get", Route("thing", f"{_one_workflow}/versions?limit=x")),
    "a wrong filter": ("get", Route("thing", f"{_one_workflow}/executions?status=x")),
    "a wrong period": ("get", Route("thing", f"{_one_workflow}/stats?days=x")),
    "a wrong number": ("get", Route("thing", f"{_one_execution}/events?after=x")),
}


def found_routes() -> set[tuple[str, str]]:
    """`(method, pattern)` of every view under /api/v1."""
    return {
        (method, pattern)
        for pattern, callback in _views(get_resolver().url_patterns, "")
        if pattern.startswith(PREFIX)
        for method in _methods(callback)
        for pattern in (pattern.removeprefix(PREFIX),)
    }


def _views(patterns: list[Any], before: str) -> Iterator[tuple[str, Any]]:
    for one in patterns:
        path = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _views(one.url_patterns, path)
        elif isinstance(one, URLPattern):
            yield path, one.callback


def _methods(callback: Any) -> Iterator[str]:
    actions = getattr(callback, "actions", None)
    if actions is not None:
        # REST framework adds `head` beside `get`.
        yield from (method for method in METHODS if method in actions)
        return
    view = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    assert view is not None, f"{callback} is no view that this table knows how to read"
    yield from (method for method in METHODS if hasattr(view, method))
