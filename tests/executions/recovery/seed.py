"""Fills a fresh installation with a user and workflows; prints them: `python -m tests.executions.recovery.seed TAP_URL`."""

import json
import os
import sys
from typing import Any

import django

Json = dict[str, Any]
# Two calls of its own; one call and an agent's two of its child.
PARENTS_CALLS = 5
SPENT_CALLS = 3


def definitions(tap: str) -> list[Json]:
    """Built-in steps, slow calls, agents, an MCP server's tool, a person to be asked, a child, and budgets.

    `parent` and its child may spend exactly what they need; `spent` wants more than it may. A run's children come first.
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
    rest = {"id": "rest", "type": "wait", "duration_seconds": 2}
    count = {
        "id": "count",
        "type": "tool",
        "tool": "counter:count",
        "arguments": {"seconds": 0.4},
    }
    ask = {"id": "ask", "type": "agent", "input": "${execution.id}/rounds/${loop.iteration}/ask/turn",
           "agent": {"instructions": "Count.", "tools": ["native:text_stats"]}}  # fmt: skip

    def agent(rounds: int) -> Json:
        return loop("rounds", rounds, ask)

    kid = {"id": "kid", "type": "workflow", "workflow_id": "kid", "input": "work"}
    check = {"id": "check", "type": "approval", "approval_message": "Go on?", "content": "so far"}
    branches = [
        {"id": name, "steps": [call(f"{name}1", 0.6), call(f"{name}2", 0.3)]} for name in "ab"
    ]
    return [
        {"id": "native", "name": "Native", "steps": [loop("rounds", 8, echo), rest, call("last", 0.2)]},
        {"id": "slow", "name": "Slow", "steps": [call("first", 1.0), {"id": "fan", "type": "parallel", "branches": branches}]},
        {"id": "agent", "name": "Agent", "steps": [agent(2)]},
        {"id": "mcp", "name": "MCP", "steps": [loop("rounds", 4, count)]},
        {"id": "approved", "name": "Approved", "steps": [call("before", 0.2), check, call("after", 0.2)]},
        {"id": "kid", "name": "Kid", "steps": [call("inner", 0.4), agent(1)]},
        {"id": "parent", "name": "Parent", "limits": {"max_tool_calls": PARENTS_CALLS, "max_tokens": 50_000},
         "steps": [call("first", 0.2), kid, call("last", 0.2)]},
        {"id": "spent", "name": "Spent", "limits": {"max_tool_calls": SPENT_CALLS},
         "steps": [loop("rounds", 2 * SPENT_CALLS, count)]},
    ]  # fmt: skip


def main() -> None:
    """Prints `{"token": …, "workflows": [ids]}`: those to start; `kid` is started by its parent."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workflowsite.settings")
    django.setup()
    # The apps exist only now.
    from django.contrib.auth.models import User
    from knox.models import AuthToken

    from discovery.refreshing import refresh_servers, sync_stdio_servers
    from workflows.services import create_workflow

    owner = User.objects.create_user("ada")
    sync_stdio_servers()
    refreshed = refresh_servers(["counter"])
    assert refreshed[0].tools == ["count"], refreshed
    rows = [create_workflow(by=owner, definition=each) for each in definitions(sys.argv[1])]
    _, token = AuthToken.objects.create(owner)
    told = {"token": token, "workflows": [row.pk for row in rows if row.pk != "kid"]}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
