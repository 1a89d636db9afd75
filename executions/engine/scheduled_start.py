"""The small Temporal workflow that a schedule starts: write the run's row once, run it as a child, wait for its end.

It waits because Temporal's overlap policy looks at this workflow: it must last as long as the run.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import (
    RetryPolicy,
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import (
    ApplicationError,
    ApplicationErrorCategory,
    ChildWorkflowError,
    WorkflowAlreadyStartedError,
)
from temporalio.workflow import (
    ActivityCancellationType,
    ChildWorkflowCancellationType,
    ParentClosePolicy,
)

from executions.engine.messages.launches import (
    AWAIT_RUN,
    LAUNCH_SCHEDULED,
    SCHEDULED_START,
    Launched,
    LaunchScheduled,
)
from executions.engine.messages.names import WORKFLOW_TYPE
from executions.engine.messages.run_input import RunInput

# Set by Temporal; the time that was meant, however late the start is.
NOMINAL_TIME = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
# A database that is away for longer than this loses the firing, visibly: this workflow fails.
LAUNCH_PATIENCE = timedelta(hours=6)
LAUNCH_RETRIES = RetryPolicy(maximum_interval=timedelta(seconds=30))
# Longer than any run lasts.
FOR_EVER = timedelta(days=3650)


@workflow.defn(name=SCHEDULED_START)
class ScheduledStart:
    """One firing of a schedule; Temporal's id is the schedule's with the firing time."""

    @workflow.run
    async def run(self, schedule_id: str) -> str:
        """The execution's id, or why there is none. Fails where the run could not be launched."""
        launched: Launched = await workflow.execute_activity(
            LAUNCH_SCHEDULED,
            LaunchScheduled(schedule_id, _nominal_time()),
            result_type=Launched,
            start_to_close_timeout=timedelta(seconds=60),
            schedule_to_close_timeout=LAUNCH_PATIENCE,
            retry_policy=LAUNCH_RETRIES,
            summary=schedule_id,
        )
        if launched.refusal:
            raise ApplicationError(
                launched.refusal, non_retryable=True, category=ApplicationErrorCategory.BENIGN
            )
        if launched.run_input is None:
            return launched.reason
        await _run(launched.run_input, _typed(launched.attributes))
        return launched.execution_id


async def _run(run_input: RunInput, attributes: TypedSearchAttributes) -> None:
    """Run it as a child to its end, whatever that is: the run's own record tells it."""
    name = str(run_input.definition.get("name", ""))
    try:
        await workflow.execute_child_workflow(
            WORKFLOW_TYPE,
            run_input,
            id=run_input.execution_id,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            cancellation_type=ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
            # A terminated start must not take the run's last record away.
            parent_close_policy=ParentClosePolicy.REQUEST_CANCEL,
            memo={"workflow_id": str(run_input.definition.get("id", "")), "workflow_name": name},
            search_attributes=attributes,
            static_summary=name,
        )
    except WorkflowAlreadyStartedError:
        # The sweep over rows that wait was faster.
        await workflow.execute_activity(
            AWAIT_RUN,
            run_input.execution_id,
            start_to_close_timeout=FOR_EVER,
            heartbeat_timeout=timedelta(seconds=60),
            cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=run_input.execution_id,
        )
    except ChildWorkflowError:
        workflow.logger.info("The run did not complete")


def _typed(attributes: Mapping[str, str]) -> TypedSearchAttributes:
    keys = SearchAttributeKey.for_keyword
    return TypedSearchAttributes(
        [SearchAttributePair(keys(name), value) for name, value in attributes.items()]
    )


def _nominal_time() -> datetime:
    told = workflow.info().typed_search_attributes.get(NOMINAL_TIME)
    return told or workflow.info().workflow_start_time
