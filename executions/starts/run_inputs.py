"""What the interpreter is started with: made of a run's row, by whoever starts it."""

from typing import Any

from django.contrib.auth.models import User
from pydantic import JsonValue

from discovery.native_tools import NATIVE_TOOLS
from executions.engine.messages.run_input import ENGINE, RunInput
from executions.engine.sizes import size_of
from executions.engine.spilling import MAX_TRAVELLING_BYTES, packed, size_of_state
from executions.forks.reused_steps import known_state
from executions.models import WorkflowExecution
from executions.step_tests import alone_of
from executions.stored_values import keep, kept_value
from workflows.definition.catalogue import Catalogue
from workflows.definition.steps import AgentStep, Definition, ToolStep, WorkflowStep, walk
from workflows.selectors import catalogue_for, definition_of, workflows_for

# Of a simulation's schemas; Temporal takes 2 MB in all, of which definition and values may fill most.
MAX_STAND_IN_BYTES = 256 * 1024


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
        **_known(execution, definition),
        alone=alone_of(execution),
        parent_id=execution.parent_id or "",
        request_id=execution.request_id,
        child_versions=_child_versions(definition, execution.created_by),
        local_tools=[f"native:{name}" for name, tool in NATIVE_TOOLS.items() if tool.is_local],
        stand_ins=_stand_ins(definition, catalogue_for(execution.created_by)) if simulate else {},
    )


def _known(execution: WorkflowExecution, definition: Definition) -> dict[str, Any]:
    """What a fork begins with, in parts where it is too large to travel."""
    if execution.forked_from_id is None:
        return {}
    state = known_state(execution, definition)
    if size_of_state(state) <= MAX_TRAVELLING_BYTES:
        return {"state": state}
    parts = [keep(execution.pk, part, max_inline_bytes=0) for part in packed(state)]
    return {"state_parts": parts}


def _child_versions(definition: Definition, owner: User) -> dict[str, int]:
    """The published or else current versions of the workflows that steps run without naming a version."""
    ids = {
        step.workflow_id
        for _, step in walk(definition.steps)
        if isinstance(step, WorkflowStep) and step.workflow_id and step.version is None
    }
    if not ids:
        return {}
    rows = workflows_for(owner).filter(pk__in=ids)
    found = rows.values_list("pk", "published_version", "version")
    return {key: published or current for key, published, current in found}


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
