"""How a run is started on Temporal, whoever asks: a request, the sweep, or the step of another run."""

from django.conf import settings
from temporalio.client import Client
from temporalio.common import TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.service import RPCError

from executions import visibility
from executions.engine.messages.names import WORKFLOW_TYPE
from executions.engine.messages.outcomes import ErrorInfo
from executions.engine.messages.run_input import RunInput
from executions.models import WorkflowExecution
from executions.runs_on_temporal import RPC_TIMEOUT
from executions.visibility import Labels

REFUSED = ErrorInfo(
    kind="limit_exceeded",
    message="Temporal refuses to start this run: its definition and input together are too large.",
    code="too_large",
)


async def start_run(client: Client, run_input: RunInput, labels: Labels | None = None) -> None:
    """Start the run; its Temporal workflow id is the execution's id.

    Raises `temporalio.exceptions.WorkflowAlreadyStartedError` for an id that was started before, running or
    closed, and `temporalio.service.RPCError` when the server refuses or does not answer within 10 seconds.
    """
    if labels is not None:
        attributes = visibility.attributes_of(client, run_input, labels)
        try:
            await _once(client, run_input, labels, attributes)
        except RPCError as error:
            if not visibility.are_unknown(client, error):
                raise
        else:
            return
    await _once(client, run_input, labels, TypedSearchAttributes.empty)


async def _once(
    client: Client, run_input: RunInput, labels: Labels | None, attributes: TypedSearchAttributes
) -> None:
    name = str(run_input.definition.get("name", ""))
    await client.start_workflow(
        WORKFLOW_TYPE,
        run_input,
        id=run_input.execution_id,
        task_queue=settings.TEMPORAL_TASK_QUEUE,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        memo=visibility.memo_of(run_input, labels),
        search_attributes=attributes,
        static_summary=f"{name} (simulated)" if run_input.simulate else name,
        static_details=visibility.details_of(run_input, labels) if labels is not None else None,
        rpc_timeout=RPC_TIMEOUT,
    )


def labels_of(execution: WorkflowExecution) -> Labels:
    """What Temporal's own pages tell of the run beside its input."""
    return Labels(
        user=execution.created_by.get_username(),
        trigger=execution.triggered_by,
        version=execution.workflow_version,
    )
