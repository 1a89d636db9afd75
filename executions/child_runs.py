"""Runs that belong to a step of another run: launched with the rights of its owner, and looked at when they ended."""

from dataclasses import replace
from typing import Any, cast

from django.db.models.fields.json import KT
from pydantic import JsonValue

from common.errors import DomainError, NotFound
from executions.engine.messages.children import ChildOf, ChildResult, LaunchChild
from executions.engine.messages.outcomes import FinalStatus, Usage
from executions.forks.retrying import write_retried_child
from executions.models import WorkflowExecution
from executions.recorded_run import error_of
from executions.starts.launching import Launch, write_execution
from executions.stored_values import keep, load
from workflows.definition.steps import ErrorKind
from workflows.models import Workflow
from workflows.selectors import workflows_for

# Runs of runs of runs: what no workflow needs, a runaway reaches at once.
MAX_DEPTH = 8


class ChildRefused(Exception):
    """A child that can't be started; `kind` and `code` say why."""

    def __init__(self, message: str, *, code: str, kind: ErrorKind = "child_failed") -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code


def write_child(request: LaunchChild) -> WorkflowExecution:
    """The child's row, written once. Raises `ChildRefused`."""
    parent = WorkflowExecution.objects.select_related("created_by").get(pk=request.parent_id)
    if parent.is_finished:
        raise ChildRefused("The run that wanted it has ended.", code="cancelled")
    workflow = workflows_for(parent.created_by).filter(pk=request.workflow_id).first()
    try:
        if workflow is None:
            raise NotFound(f"There is no workflow {request.workflow_id!r} that the owner may run.")
        _require_sane_nesting(parent, workflow)
        launch = _launch(request, parent, workflow)
        retried = _retried(request, parent, workflow)
        if retried is not None:
            return write_retried_child(retried, launch)
        return write_execution(launch, then=_nothing)
    except DomainError as error:
        message = f"{request.workflow_id!r} can't be started: {error.detail}"
        raise ChildRefused(message, code=error.code) from error


def result_of(request: ChildOf) -> ChildResult:
    """How the child stands; its output is kept as a value of the parent."""
    child = WorkflowExecution.objects.filter(pk=request.child_id).first()
    if child is None:
        return ChildResult("CANCELLED")
    if not child.is_finished:
        return ChildResult(None)
    error = error_of(child)
    if error is not None:
        error = replace(error, limit_of=_limit_of(child))
    usage = Usage(
        input_tokens=child.input_tokens,
        output_tokens=child.output_tokens,
        cost_usd=child.cost_usd,
        model_calls=child.model_calls,
        tool_calls=child.tool_calls,
    )
    output = keep(request.parent_id, child.output_json)
    return ChildResult(cast(FinalStatus, child.status), output, error, usage)


def _limit_of(child: WorkflowExecution) -> str:
    """Whose budget ended the child, as the step says that it ended in."""
    if child.error_kind != "budget_exceeded":
        return ""
    steps = child.step_runs.filter(path=child.failed_step)
    return steps.values_list(KT("error_json__limit_of"), flat=True).first() or ""


def _require_sane_nesting(parent: WorkflowExecution, workflow: Workflow) -> None:
    above: WorkflowExecution | None = parent
    depth = 1
    while above is not None:
        if above.workflow_id == workflow.pk:
            raise ChildRefused(
                f"{workflow.pk!r} would run itself: it stands above this step already.",
                code="cycle",
            )
        depth += 1
        if depth > MAX_DEPTH:
            message = f"Workflows run inside each other at most {MAX_DEPTH} deep."
            raise ChildRefused(message, code="nesting", kind="limit_exceeded")
        above = above.parent


def _retried(
    request: LaunchChild, parent: WorkflowExecution, workflow: Workflow
) -> WorkflowExecution | None:
    """The run of the same step of the run that the parent retries, where it shall go on."""
    earlier = parent.retried_children.get(request.path)
    rows = WorkflowExecution.objects.filter(pk=earlier, workflow=workflow)
    return rows.select_related("workflow").first() if earlier else None


def _launch(request: LaunchChild, parent: WorkflowExecution, workflow: Workflow) -> Launch:
    given = load(request.parent_id, request.given)
    assert isinstance(given, dict), "the engine makes it an object"
    wanted: JsonValue = given["input"]
    is_text = wanted is None or isinstance(wanted, str)
    context: Any = given["context"]
    return Launch(
        id=request.child_id,
        workflow=workflow,
        by=parent.created_by,
        triggered_by=WorkflowExecution.Trigger.WORKFLOW,
        user_input=str(wanted or "") if is_text else "",
        input=None if is_text else wanted,
        context=context,
        version=request.version,
        simulate=request.simulate,
        parent=parent,
    )


def _nothing(execution: WorkflowExecution) -> None:
    """The activity starts the run itself, with the budgets of its parent."""
