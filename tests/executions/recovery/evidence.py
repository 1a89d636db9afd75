"""What PostgreSQL, Temporal and the called servers each say about the same runs."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.contrib.pydantic import pydantic_data_converter

ASK_MODEL = "ask_model"
OUTSIDE = ("call_tool", ASK_MODEL)
FINAL = ("COMPLETED", "FAILED", "CANCELLED")


@dataclass
class Run:
    """One execution, as its row says and as Temporal says."""

    id: str
    status: str
    error_kind: str
    workflow: str
    parent: str | None
    trigger: str
    temporal_status: str = ""
    # When Temporal recorded the completion of each outside call, by the call's key (seconds since 1970).
    completed_at: dict[str, float] = field(default_factory=dict)
    scheduled_after_completion: list[str] = field(default_factory=list)
    completions: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Account:
    """What a run's budget counted, and what the rows of its calls, and of its child's, come to."""

    execution_id: str
    tokens: int
    tokens_of_calls: int
    tokens_set_aside: int
    tool_calls: int


def rows(database_url: str) -> list[tuple[str, str, str, str, str | None, str]]:
    """Id, status, kind of error, workflow, parent and trigger of every execution."""
    with psycopg.connect(database_url) as connection:
        return connection.execute(
            "SELECT id, status, error_kind, workflow_id, parent_id, triggered_by"
            " FROM executions_workflowexecution"
        ).fetchall()


def unfinished_runs(database_url: str) -> int:
    """Runs that have not ended."""
    unfinished = "status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED')"
    return _number(
        database_url, f"SELECT count(*) FROM executions_workflowexecution WHERE {unfinished}"
    )


def unfinished_steps(database_url: str) -> int:
    """Steps that are still open."""
    unfinished = "status NOT IN ('COMPLETED', 'FAILED', 'SKIPPED', 'CANCELLED')"
    return _number(database_url, f"SELECT count(*) FROM executions_steprun WHERE {unfinished}")


def open_questions(database_url: str) -> int:
    """Approvals that nobody has decided."""
    return _number(database_url, "SELECT count(*) FROM executions_approval WHERE status = 'OPEN'")


def decisions(database_url: str) -> dict[str, int]:
    """How many decisions each run's question has, by the run's id."""
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "SELECT a.execution_id, count(d.id) FROM executions_approval a"
            " LEFT JOIN executions_approvaldecision d ON d.approval_id = a.id GROUP BY 1"
        )
        return {str(run): int(count) for run, count in found.fetchall()}


def accounts(database_url: str) -> list[Account]:
    """The budget of every run that has one."""
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "SELECT b.key, b.tokens_spent,"
            " (SELECT coalesce(sum(c.input_tokens + c.output_tokens), 0)"
            "  FROM executions_modelcall c JOIN executions_workflowexecution e"
            "  ON e.id = c.execution_id WHERE b.key IN (e.id, e.parent_id)),"
            " b.tokens_reserved, b.tool_calls FROM executions_budget b"
        )
        return [Account(str(row[0]), *map(int, row[1:])) for row in found.fetchall()]


def _number(database_url: str, question: LiteralString) -> int:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(question).fetchone()
        return int(row[0]) if row else 0


def runs_of(database_url: str, temporal_address: str) -> list[Run]:
    """Every execution with what Temporal knows of it."""
    runs = [Run(*row) for row in rows(database_url)]
    asyncio.run(_ask_temporal(runs, temporal_address))
    return runs


def temporal_ids(temporal_address: str) -> set[str]:
    """Every workflow that Temporal knows."""

    async def ask() -> set[str]:
        client = await Client.connect(temporal_address)
        return {found.id async for found in client.list_workflows("")}

    return asyncio.run(ask())


async def _ask_temporal(runs: Sequence[Run], address: str) -> None:
    client = await Client.connect(address, data_converter=pydantic_data_converter)
    slots = asyncio.Semaphore(8)

    async def one(run: Run) -> None:
        async with slots:
            handle = client.get_workflow_handle(run.id)
            status = (await handle.describe()).status
            run.temporal_status = _word(status)
            _read(run, [event async for event in handle.fetch_history_events()])

    await asyncio.gather(*(one(run) for run in runs))


def _word(status: WorkflowExecutionStatus | None) -> str:
    word = status.name if status is not None else "?"
    return "CANCELLED" if word == "CANCELED" else word


def _read(run: Run, events: Sequence[Any]) -> None:
    keys: dict[int, str] = {}
    for event in events:
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            scheduled = event.activity_task_scheduled_event_attributes
            name = scheduled.activity_type.name
            if name not in OUTSIDE:
                continue
            key = keys[event.event_id] = _key(name, json.loads(scheduled.input.payloads[0].data))
            if key in run.completed_at:
                run.scheduled_after_completion.append(key)
        elif event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
            number = event.activity_task_completed_event_attributes.scheduled_event_id
            if number in keys:
                run.completed_at[keys[number]] = event.event_time.ToNanoseconds() / 1e9
                run.completions[keys[number]] += 1


def _key(activity: str, request: Mapping[str, Any]) -> str:
    """As the called servers see it: the idempotency key, for a model's turn its place in the conversation."""
    key = f"{request['execution_id']}/{request['path']}"
    if activity == ASK_MODEL:
        return f"{key}/turn/{request['turn']}"
    # A tool step has no turn; messages leave out what is their default.
    return f"{key}/{request['turn']}/{request['call_id']}" if "turn" in request else key


def repeated(runs: Sequence[Run], calls: Sequence[tuple[str, float]]) -> list[str]:
    """Calls that were made although Temporal had recorded that the same call was completed."""
    completed = {key: at for run in runs for key, at in run.completed_at.items()}
    late = [key for key, at in calls if at > completed.get(key, float("inf"))]
    return late + [key for run in runs for key in run.scheduled_after_completion]
