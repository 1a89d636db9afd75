"""Who cancels while the run's good end is being written comes too late, and PostgreSQL and Temporal agree about it.

Temporal refuses to complete a run that was just asked to end, and drops what that workflow task has done; what was
written down stands all the same.
"""

import pytest
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.client import WorkflowExecutionStatus

from executions import temporal
from executions.models import ExecutionEvent, WorkflowExecution
from executions.starts.run_inputs import run_input_of
from tests.executions.conftest import Json, Ran, Runner
from tests.executions.engine.building import echo, end
from tests.executions.locks import locked, wait_for_lock

REFUSED = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND


def cancelled_at_the_end(runner: Runner, definition: Json) -> Ran:
    """A run that is cancelled while its end waits for the lock on its row."""
    execution = runner.prepare(definition, {"user_input": "hi"})
    ran = Ran(runner.worker, execution.pk)
    with locked(WorkflowExecution, execution.pk):
        runner.worker.call(temporal.start_interpreter(run_input_of(execution)))
        wait_for_lock()
        ran.cancel()
    return ran.wait()


def refused_tasks(ran: Ran) -> int:
    """How often Temporal refused what a workflow task had come to."""
    events = [event.workflow_task_failed_event_attributes for event in ran.history().events]
    return sum(event.cause == REFUSED for event in events)


@pytest.mark.parametrize(
    "definition",
    [
        {"steps": [echo("say", "${user_input}"), echo("again", "${steps.say.output.result}")]},
        {"steps": [end("done", "${user_input}")]},
    ],
    ids=["in the last segment", "in a record of its own"],
)
def test_what_was_written_as_completed_ends_as_completed(runner: Runner, definition: Json) -> None:
    ran = cancelled_at_the_end(runner, definition)
    assert refused_tasks(ran) == 1
    assert ran.outcome is not None
    assert (ran.status, ran.outcome.status) == ("COMPLETED", "COMPLETED")
    found = runner.worker.call(temporal.describe(ran.id))
    assert found is not None
    assert found.status == WorkflowExecutionStatus.COMPLETED
    assert set(ran.statuses.values()) == {"COMPLETED"}
    last = ExecutionEvent.objects.filter(execution_id=ran.id).order_by("number").last()
    assert last is not None
    assert (last.kind, last.data["status"]) == ("run", "COMPLETED")
