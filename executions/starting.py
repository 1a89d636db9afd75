"""From a row to a run on Temporal; asked twice, Temporal itself refuses the second."""

import logging

from asgiref.sync import async_to_sync
from pydantic import JsonValue
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from common.errors import Unavailable
from discovery.native_tools import NATIVE_TOOLS
from executions import temporal
from executions.engine.messages import ENGINE, ErrorInfo, RunInput, RunOutcome
from executions.engine.sizes import size_of
from executions.finishing import finish
from executions.models import WorkflowExecution
from executions.stored_values import kept_value
from workflows.definition.catalogue import Catalogue
from workflows.definition.steps import AgentStep, Definition, ToolStep, walk
from workflows.selectors import catalogue_for, definition_of

logger = logging.getLogger(__name__)

# What a client call raises while Temporal can't be reached.
UNREACHABLE = (RPCError, RuntimeError, TimeoutError, OSError)
REFUSED = ErrorInfo(
    kind="limit_exceeded",
    message="Temporal refuses to start this run: its definition and input together are too large.",
    code="too_large",
)
# Of a simulation's schemas; Temporal takes 2 MB in all, of which definition and values may fill most.
MAX_STAND_IN_BYTES = 256 * 1024


def start_on_temporal(execution: WorkflowExecution) -> None:
    """Start the run of a PENDING row; does nothing if Temporal knows it already.

    Raises `Unavailable` when Temporal does not answer: the row stays PENDING, and the sweep starts it later. What
    Temporal refuses for good ends as FAILED: asking again would be refused again.
    """
    run_input = run_input_of(execution)
    try:
        async_to_sync(temporal.start_interpreter)(run_input)
        if _is_cancelled_meanwhile(execution):
            async_to_sync(temporal.cancel)(execution.pk)
    except WorkflowAlreadyStartedError:
        return
    except UNREACHABLE as error:
        if isinstance(error, RPCError) and error.status == RPCStatusCode.INVALID_ARGUMENT:
            logger.exception("execution %s: Temporal refuses it", execution.pk)
            finish(execution.pk, RunOutcome("FAILED", REFUSED))
            execution.refresh_from_db()
            return
        logger.warning("execution %s: Temporal did not start it: %s", execution.pk, error)
        raise unavailable(execution) from error
    logger.info("execution %s started", execution.pk)


def _is_cancelled_meanwhile(execution: WorkflowExecution) -> bool:
    """Who cancels writes the row first and then asks Temporal: one of the two always sees the other."""
    rows = WorkflowExecution.objects.filter(pk=execution.pk)
    return rows.filter(cancel_requested_at__isnull=False).exists()


def unavailable(execution: WorkflowExecution) -> Unavailable:
    """The refusal that says what was kept."""
    return Unavailable(
        "Temporal does not answer. The run is kept as it is and goes on as soon as Temporal is back; "
        "look at it again instead of starting another.",
        code="temporal_unavailable",
        extra={"execution_id": execution.pk},
    )


def run_input_of(execution: WorkflowExecution) -> RunInput:
    """What the interpreter gets: the pinned definition, values or the keys of big ones, and what it may imitate."""
    _, definition = definition_of(execution.workflow, execution.workflow_version)
    context: dict[str, JsonValue] = execution.context_json or {}
    simulate = execution.simulated
    return RunInput(
        execution_id=execution.pk,
        definition=definition.to_json(),
        user_input=kept_value(execution, execution.user_input),
        input=kept_value(execution, execution.input_json),
        context={key: kept_value(execution, value) for key, value in context.items()},
        simulate=simulate,
        engine=ENGINE,
        owner_id=execution.created_by_id,
        local_tools=[f"native:{name}" for name, tool in NATIVE_TOOLS.items() if tool.is_local],
        stand_ins=_stand_ins(definition, catalogue_for(execution.created_by)) if simulate else {},
    )


def _stand_ins(definition: Definition, catalogue: Catalogue) -> dict[str, JsonValue]:
    """The output schemas that a simulation imitates, by tool id and by 'agent:ID', as far as there is room."""
    schemas: dict[str, JsonValue] = {}
    room = MAX_STAND_IN_BYTES
    for _, step in walk(definition.steps):
        schema = None
        if isinstance(step, AgentStep) and step.agent_id and step.agent_id in catalogue.agents:
            key, schema = f"agent:{step.agent_id}", catalogue.agents[step.agent_id].output_schema
        elif isinstance(step, ToolStep) and step.tool and step.tool in catalogue.tools:
            key, schema = step.tool, catalogue.tools[step.tool].output_schema
        if schema is None or key in schemas:
            continue
        # Without its schema a step gets the stand-in that is a text.
        room -= size_of(dict(schema))
        if room >= 0:
            schemas[key] = dict(schema)
    return schemas
