"""Local activities around the steps: recording, and values too big for the workflow."""

from pydantic import JsonValue
from temporalio import activity

from executions import recording
from executions.activities.database import in_thread
from executions.activities.failures import failure, retried_while_away
from executions.engine.joining import MergeConflict, merge
from executions.engine.messages import names
from executions.engine.messages.changes import Batch
from executions.engine.messages.limits import MAX_TASK_BYTES
from executions.engine.messages.outcomes import RunOutcome
from executions.engine.messages.values import (
    Binding,
    JoinValues,
    Loaded,
    LoadPart,
    LoadValues,
    ResolveValue,
    StoreValues,
    Value,
)
from executions.engine.sizes import size_of
from executions.stored_values import as_loaded, follow_all, keep, load, load_all
from workflows.definition import references
from workflows.definition.references import (
    MISSING,
    Lookup,
    Missing,
    Reference,
    TemplateFailed,
)

# Of all values of one condition together: they travel back to the workflow in one message, which Temporal caps at 2 MB.
MAX_LOADED_BYTES = 256 * 1024


@activity.defn(name=names.RECORD)
@in_thread
@retried_while_away
def record(batch: Batch) -> RunOutcome | None:
    """Write down what happened; of a run that has ended already, how it did."""
    return recording.record(batch)


@activity.defn(name=names.RESOLVE_VALUE)
@in_thread
@retried_while_away
def resolve_value(request: ResolveValue) -> Value:
    """Fill in a template over stored values; fails as `template_error`."""
    lookup = _lookup(request.execution_id, request.bindings)
    try:
        resolved = references.resolve(request.template, lookup)
    except TemplateFailed as error:
        raise failure("template_error", str(error)) from None
    return keep(request.execution_id, resolved, max_inline_bytes=request.max_inline_bytes)


@activity.defn(name=names.LOAD_VALUES)
@in_thread
@retried_while_away
def load_values(request: LoadValues) -> list[Loaded]:
    """Values for a condition, in order."""
    room = MAX_LOADED_BYTES
    answers: list[Loaded] = []
    for value in follow_all(request.execution_id, request.bindings):
        loaded = as_loaded(value)
        room -= size_of(loaded.json)
        answers.append(loaded if room >= 0 else Loaded(is_too_large=True))
    return answers


@activity.defn(name=names.LOAD_PART)
@in_thread
@retried_while_away
def load_part(request: LoadPart) -> str:
    """One part of a state that was too large to travel."""
    return str(load(request.execution_id, request.part))


@activity.defn(name=names.JOIN_VALUES)
@in_thread
@retried_while_away
def join_values(request: JoinValues) -> Value:
    """Stored values as one; fails as `merge_conflict`."""
    loaded = load_all(request.execution_id, request.values)
    if request.how == "list":
        return keep(request.execution_id, loaded, max_inline_bytes=MAX_TASK_BYTES)
    try:
        merged = merge(loaded)
    except MergeConflict as error:
        raise failure("merge_conflict", str(error)) from None
    return keep(request.execution_id, merged, max_inline_bytes=MAX_TASK_BYTES)


@activity.defn(name=names.STORE_VALUES)
@in_thread
@retried_while_away
def store_values(request: StoreValues) -> list[Value]:
    """Keep each value; small ones too, since the caller wants keys."""
    return [keep(request.execution_id, value, max_inline_bytes=0) for value in request.values]


def _lookup(execution_id: str, bindings: list[Binding]) -> Lookup:
    values = follow_all(execution_id, bindings)
    by_text = {binding.reference: value for binding, value in zip(bindings, values, strict=True)}

    def lookup(reference: Reference) -> JsonValue | Missing:
        return by_text.get(reference.text, MISSING)

    return lookup
