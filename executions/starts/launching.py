"""The row of a new run: checked, written once, and started on Temporal when it is committed."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from pydantic import JsonValue

from audit.origin import current_origin
from common.errors import Conflict, NotFound
from common.idempotency import first_answer
from executions.models import WorkflowExecution
from executions.starts.publication import Standing, standing_of
from executions.starts.run_request import require_acceptable, require_executable
from executions.triggers.models import Schedule, Webhook
from workflows.models import Workflow
from workflows.selectors import catalogue_for, definition_of, workflows_for


@dataclass(frozen=True, kw_only=True)
class Launch:
    """What a run is started with. `id` is given where a repeated launch must find its own row again.

    `forked_from` and `forked_at` (a path) are the lineage of a fork, `retried_children` the runs of that one's workflow
    steps that go on in a retry, by path. With `tested_step` only that step runs, in the
    surroundings `test` (`step_tests.Surroundings` as JSON).
    """

    workflow: Workflow
    by: User
    triggered_by: WorkflowExecution.Trigger
    user_input: str = ""
    input: JsonValue = None
    context: Mapping[str, JsonValue] | None = None
    version: int | None = None
    simulate: bool = False
    parent: WorkflowExecution | None = None
    schedule: Schedule | None = None
    webhook: Webhook | None = None
    forked_from: WorkflowExecution | None = None
    forked_at: str = ""
    is_retry: bool = False
    retried_children: Mapping[str, str] = field(default_factory=dict)
    tested_step: str = ""
    test: Mapping[str, JsonValue] | None = None
    id: str = ""
    idempotency_key: str | None = None
    request_hash: str = ""


def write_execution(
    launch: Launch,
    then: Callable[[WorkflowExecution], object],
    along: Callable[[WorkflowExecution], object] | None = None,
) -> WorkflowExecution:
    """The PENDING row of a new run, after whose commit `then` is called; a repeated request gets the first one's row.

    `along` writes what belongs to the row in the same transaction.
    Raises `NotFound` (workflow or version not the caller's to see), `Conflict` (archived), `Invalid` (input),
    `NotExecutable` (can't run with what the caller may use now, or what changed since publishing is not accepted), `Unprocessable` (the idempotency key was used for
    another request).
    """
    repeated = first_launch(launch)
    if repeated is not None:
        return repeated
    row = _checked_row(launch)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            if along is not None:
                along(row)
            transaction.on_commit(partial(then, row))
    except IntegrityError:
        # The same request ran at the same time; its row is there now.
        repeated = first_launch(launch)
        if repeated is None:
            raise
        return repeated
    return row


def first_launch(launch: Launch) -> WorkflowExecution | None:
    """The row that the same launch wrote before, or null; raises `Unprocessable`."""
    rows: QuerySet[WorkflowExecution] = WorkflowExecution.objects.select_related(
        "workflow", "created_by"
    )
    if launch.id and (known := rows.filter(pk=launch.id).first()) is not None:
        return known
    return first_answer(
        rows, owner=launch.by, key=launch.idempotency_key, request_hash=launch.request_hash
    )


def _checked_row(launch: Launch) -> WorkflowExecution:
    _require_runnable(launch.workflow, launch.by)
    number, definition = definition_of(launch.workflow, launch.version)
    context = dict(launch.context or {})
    # A step that is tried alone is given what it needs, whatever the whole workflow would ask for.
    asked = definition.model_copy(update={"input_schema": None}) if launch.test else definition
    require_acceptable(
        user_input=launch.user_input, input=launch.input, context=context, definition=asked
    )
    catalogue = catalogue_for(launch.by)
    require_executable(
        definition, catalogue, simulate=launch.simulate, only_step=launch.tested_step
    )
    # A simulation calls nothing, and who tries a step alone looks at it.
    is_looked_at = launch.simulate or bool(launch.tested_step)
    trigger = launch.schedule or launch.webhook
    standing = (
        Standing()
        if is_looked_at
        else standing_of(
            launch.workflow,
            number,
            definition,
            catalogue,
            is_pinned=trigger is not None and trigger.version == number,
        )
    )
    return WorkflowExecution(
        id=launch.id or f"execution-{uuid.uuid4()}",
        workflow=launch.workflow,
        workflow_version=number,
        triggered_by=launch.triggered_by,
        simulated=launch.simulate,
        user_input=launch.user_input,
        input_json=launch.input,
        context_json=context,
        parent=launch.parent,
        schedule=launch.schedule,
        webhook=launch.webhook,
        forked_from=launch.forked_from,
        forked_at=launch.forked_at,
        is_retry=launch.is_retry,
        retried_children=dict(launch.retried_children),
        tested_step=launch.tested_step,
        test_json=dict(launch.test) if launch.test else None,
        approved_tools=standing.approved_tools,
        drift=standing.drift,
        created_by=launch.by,
        idempotency_key=launch.idempotency_key,
        request_hash=launch.request_hash,
        request_id=launch.parent.request_id if launch.parent else current_origin().request_id[:64],
    )


def _require_runnable(workflow: Workflow, by: User) -> None:
    if not workflows_for(by).filter(pk=workflow.pk).exists():
        raise NotFound("There is no such workflow.")
    if not workflow.is_active:
        raise Conflict("This workflow is archived; restore it first.", code="inactive")
