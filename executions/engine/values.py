"""Templates and conditions at run time: in the workflow where all values are at hand, else by a local activity."""

from collections.abc import Sequence

from pydantic import JsonValue
from temporalio import workflow

from executions.engine.errors import StepFailed, failed
from executions.engine.messages.limits import MAX_INLINE_BYTES, MAX_TASK_BYTES
from executions.engine.messages.values import Binding, Loaded, LoadValues, ResolveValue, Value
from executions.engine.run import Run
from executions.engine.scopes import Scope, bind
from executions.engine.sizes import size_of
from workflows.definition import conditions, references
from workflows.definition.conditions import ConditionFailed, ConditionReferenceMissing
from workflows.definition.references import (
    MISSING,
    Expression,
    Lookup,
    Missing,
    Reference,
    TemplateFailed,
    follow,
)

# What a simulation puts where a stand-in has nothing at the path that is asked for.
SIMULATED_TEXT = "(simulated)"
# By a name: where a function is made again and again, so is what it says of its result.
Found = JsonValue | Missing


async def resolve(
    run: Run, scope: Scope, template: JsonValue, *, max_inline_bytes: int = MAX_TASK_BYTES
) -> Value:
    """The template filled in. Raises `StepFailed` of kind `template_error`."""
    wanted = references.references_in(template)
    bindings = [found for found in (bind(ref, scope, run) for ref in wanted) if found]
    if is_small([binding.value for binding in bindings]):
        return Value(_resolved(run, template, bindings))
    if (whole := _whole_stored_value(template, bindings)) is not None:
        return whole
    request = ResolveValue(run.input.execution_id, template, bindings, max_inline_bytes)
    return await run.calls.resolve_value(request)


def is_small(values: Sequence[Value]) -> bool:
    """Whether all are at hand and together small enough to be worked on inside the workflow."""
    size = 0
    for value in values:
        if value.is_stored:
            return False
        size += size_of(value.json)
    return size <= MAX_INLINE_BYTES


async def resolve_optional(run: Run, scope: Scope, template: JsonValue) -> Value | None:
    """As `resolve`, but nothing for no template."""
    return None if template is None else await resolve(run, scope, template)


async def holds(run: Run, scope: Scope, condition: str) -> bool:
    """Whether the condition is true. Raises `StepFailed`; over stand-ins, what can't be said is false."""
    lookup = await _lookup_for(run, scope, condition)
    try:
        return conditions.evaluate_condition(condition, lookup)
    except ConditionFailed as error:
        if run.input.simulate:
            workflow.logger.debug("Simulated condition taken as false: %s", error)
            return False
        raise _unusable(error) from None


async def computed(run: Run, scope: Scope, expression: str) -> JsonValue:
    """What a CEL expression gives. Raises `StepFailed`; over stand-ins, what can't be said is a marked text."""
    lookup = await _lookup_for(run, scope, expression)
    try:
        return conditions.evaluate(expression, lookup)
    except ConditionFailed as error:
        if run.input.simulate:
            return SIMULATED_TEXT
        raise _unusable(error) from None


async def _lookup_for(run: Run, scope: Scope, expression: str) -> Lookup:
    wanted = conditions.references_in_condition(expression)
    return await _loaded(
        run, [found for found in (bind(ref, scope, run) for ref in wanted) if found]
    )


def _unusable(error: ConditionFailed) -> StepFailed:
    is_missing = isinstance(error, ConditionReferenceMissing)
    return failed("template_error" if is_missing else "condition_error", str(error))


def _resolved(run: Run, template: JsonValue, bindings: Sequence[Binding]) -> JsonValue:
    try:
        return references.resolve(template, _inline_lookup(bindings, is_lenient=run.input.simulate))
    except TemplateFailed as error:
        raise failed("template_error", str(error)) from None


def _inline_lookup(bindings: Sequence[Binding], *, is_lenient: bool = False) -> Lookup:
    by_text = {binding.reference: binding for binding in bindings}

    def lookup(reference: Reference) -> Found:
        binding = by_text.get(reference.text)
        if binding is None:
            return MISSING
        found = follow(binding.value.json, binding.path)
        return SIMULATED_TEXT if found is MISSING and is_lenient else found

    return lookup


def _whole_stored_value(template: JsonValue, bindings: Sequence[Binding]) -> Value | None:
    """A lone reference to a stored value is that value: nothing has to be read or copied."""
    if not isinstance(template, str) or len(bindings) != 1 or bindings[0].path:
        return None
    match references.parse_template(template):
        case (Expression(references=(_,)),):
            return bindings[0].value
        case _:
            return None


async def _loaded(run: Run, bindings: Sequence[Binding]) -> Lookup:
    stored = [binding for binding in bindings if binding.value.is_stored]
    if not stored:
        return _inline_lookup(bindings, is_lenient=run.input.simulate)
    answers = await run.calls.load_values(LoadValues(run.input.execution_id, stored))
    found = dict(zip((binding.reference for binding in stored), answers, strict=True))
    inline = _inline_lookup([binding for binding in bindings if not binding.value.is_stored])

    def lookup(reference: Reference) -> Found:
        loaded = found.get(reference.text)
        return inline(reference) if loaded is None else _from_store(loaded, reference)

    return lookup


def _from_store(loaded: Loaded, reference: Reference) -> JsonValue | Missing:
    if loaded.is_too_large:
        raise ConditionFailed(
            f"${{{reference.text}}} is larger than 64 KiB (or 256 KiB with what stands before it), "
            "the most a condition may look at."
        )
    return MISSING if loaded.is_missing else loaded.json
