"""Fills a fresh installation with a user, workflows and triggers; prints them: `python -m tests.executions.recovery.seed TAP_URL`."""

import json
import os
import sys
from typing import Any

import django

Json = dict[str, Any]
# Two calls of its own; one call and an agent's two of its child.
PARENTS_CALLS = 5
SPENT_CALLS = 3
FIRED_EVERY_SECONDS = 2
# Many runs take longer to be started, and shall all be under way.
REST_SECONDS = 2 + int(os.environ.get("RECOVERY_EXECUTIONS", "32")) // 10
# Nobody starts these; `kid` is started by its parent.
STARTED_OTHERWISE = ("kid", "fired", "delivered")


def definitions(tap: str) -> list[Json]:
    """Built-in steps, slow calls, agents, an MCP server's tool, a person to be asked, a child, and budgets.

    `parent` and its child may spend exactly what they need; `spent` wants more than it may; `cancelled` would wait for
    an hour. A run's children come first. `fired` and `delivered` are started by their triggers.
    """

    def call(step_id: str, seconds: float) -> Json:
        arguments = {"url": f"{tap}/wait/{seconds}/{step_id}", "method": "POST"}
        return {
            "id": step_id,
            "type": "tool",
            "tool": "native:http_request",
            "arguments": arguments,
        }

    def loop(step_id: str, times: int, *steps: Json) -> Json:
        return {"id": step_id, "type": "loop", "loop_mode": "count", "max_iterations": times,
                "steps": list(steps)}  # fmt: skip

    query = {"data": {"n": "${loop.iteration}"}, "expression": "n"}
    echo = {"id": "say", "type": "tool", "tool": "native:json_query", "arguments": query}
    rest = {"id": "rest", "type": "wait", "duration_seconds": REST_SECONDS}

    def count(step_id: str) -> Json:
        tool = {"tool": "counter:count", "arguments": {"seconds": 0.4}}
        return {"id": step_id, "type": "tool", **tool}

    def agent(step_id: str, rounds: int) -> Json:
        place = f"${{execution.id}}/{step_id}_rounds/${{loop.iteration}}/{step_id}/turn"
        ask = {"id": step_id, "type": "agent", "input": place,
               "agent": {"instructions": "Count.", "tools": ["native:text_stats"]}}  # fmt: skip
        return loop(f"{step_id}_rounds", rounds, ask)

    kid = {"id": "kid", "type": "workflow", "workflow_id": "kid", "input": "work"}
    check = {"id": "check", "type": "approval", "approval_message": "Go on?", "content": "so far"}
    branches = [
        {"id": name, "steps": [call(f"{name}1", 0.6), call(f"{name}2", 0.3)]} for name in "ab"
    ]
    return [
        {"id": "native", "name": "Native", "steps": [loop("rounds", 8, echo), rest, call("last", 0.2)]},
        {"id": "slow", "name": "Slow", "steps": [call("first", 1.0), rest, {"id": "fan", "type": "parallel", "branches": branches}]},
        {"id": "agent", "name": "Agent", "steps": [agent("ask", 2), rest, agent("again", 1)]},
        {"id": "mcp", "name": "MCP", "steps": [loop("rounds", 2, count("count")), rest, loop("again", 2, count("recount"))]},
        {"id": "approved", "name": "Approved", "steps": [call("before", 0.2), check, call("after", 0.2)]},
        {"id": "kid", "name": "Kid", "steps": [call("inner", 0.4), agent("ask", 1)]},
        {"id": "parent", "name": "Parent", "limits": {"max_tool_calls": PARENTS_CALLS, "max_tokens": 50_000},
         "steps": [call("first", 0.2), kid, call("last", 0.2)]},
        {"id": "spent", "name": "Spent", "limits": {"max_tool_calls": SPENT_CALLS},
         "steps": [loop("rounds", 2 * SPENT_CALLS, count("count"))]},
        {"id": "cancelled", "name": "Cancelled",
         "steps": [rest | {"duration_seconds": 3600}, call("after", 0.2)]},
        {"id": "fired", "name": "Fired", "steps": [call("fired", 0.1)]},
        {"id": "delivered", "name": "Delivered", "steps": [call("delivered", 0.1)]},
    ]  # fmt: skip


def main() -> None:
    """Prints `{"token": …, "workflows": [ids], "schedule": id, "hook": {token, secret}}`: workflows to start, triggers of others."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workflowsite.settings")
    django.setup()
    # The apps exist only now.
    from django.contrib.auth.models import User
    from knox.models import AuthToken

    from discovery.refreshing import refresh_servers, sync_stdio_servers
    from executions.triggers.schedules import create_schedule
    from executions.triggers.webhooks import create_webhook
    from workflows.services import create_workflow

    owner = User.objects.create_user("ada")
    sync_stdio_servers()
    refreshed = refresh_servers(["counter"])
    assert refreshed[0].tools == ["count"], refreshed
    rows = {
        definition["id"]: create_workflow(by=owner, definition=definition)
        for definition in definitions(sys.argv[1])
    }
    schedule = create_schedule(
        workflow=rows["fired"],
        by=owner,
        name="Again and again",
        interval_seconds=FIRED_EVERY_SECONDS,
        overlap_policy="allow_all",
    )
    hook = create_webhook(
        workflow=rows["delivered"], by=owner, name="Orders", rate_limit_per_minute=10_000
    )
    _, token = AuthToken.objects.create(owner)
    told = {
        "token": token,
        "workflows": [name for name in rows if name not in STARTED_OTHERWISE],
        "schedule": schedule.pk,
        "hook": {"token": hook.token, "secret": hook.secret["hmac"]},
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
