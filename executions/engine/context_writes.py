"""The step that writes the `context`: what its templates and expressions give, under the keys it names."""

from pydantic import JsonValue

from executions.engine.errors import failed
from executions.engine.messages.limits import MAX_INLINE_BYTES, MAX_TASK_BYTES
from executions.engine.messages.outcomes import Outcome
from executions.engine.messages.values import Binding, ResolveValue, Value
from executions.engine.run import Run
from executions.engine.scopes import Scope
from executions.engine.sizes import size_of
from executions.engine.values import computed, resolve
from workflows.definition.steps import SetStep

# As for the templates of one step's values; here each value is resolved by itself.
MAX_WRITTEN_BYTES = 32 * 1024 * 1024


async def run_set(run: Run, scope: Scope, step: SetStep) -> Outcome:
    """The values it wrote, as its output too. All of them see the context as it was before. Raises `StepFailed`."""
    writes: dict[str, Value] = {}
    for key, template in step.values.items():
        writes[key] = await run.calls.packed(await resolve(run, scope, template))
    for key, expression in step.compute.items():
        writes[key] = await run.calls.packed(Value(await computed(run, scope, expression)))
    size = _size(writes)
    if size > MAX_WRITTEN_BYTES:
        raise failed("template_error", f"The values are {size} bytes; at most 32 MiB are written.")
    output = await _together(run, writes, size)
    return Outcome("COMPLETED", output, next=step.next, writes=writes)


def _size(writes: dict[str, Value]) -> int:
    return sum(value.size or size_of(value.json) for value in writes.values())


async def _together(run: Run, writes: dict[str, Value], size: int) -> Value:
    """The values as one object; a large one is put together where the large values are."""
    values = list(writes.values())
    together: dict[str, JsonValue] = {key: value.json for key, value in writes.items()}
    is_small = size <= MAX_INLINE_BYTES and not any(value.is_stored for value in values)
    if is_small and size_of(together) <= MAX_INLINE_BYTES:
        return Value(together)
    # Keys may be anything, names of references may not.
    bindings = [Binding(f"context.k{number}", value) for number, value in enumerate(values)]
    template: JsonValue = {key: f"${{context.k{number}}}" for number, key in enumerate(writes)}
    request = ResolveValue(run.input.execution_id, template, bindings, MAX_TASK_BYTES)
    return await run.calls.resolve_value(request)
