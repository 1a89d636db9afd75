"""The conditional: which way the flow goes on."""

from executions.engine.errors import failed
from executions.engine.messages.limits import MAX_INLINE_BYTES
from executions.engine.messages.outcomes import Outcome
from executions.engine.messages.values import Value
from executions.engine.run import Run, completed
from executions.engine.scopes import Scope
from executions.engine.values import holds, resolve
from workflows.definition.references import as_text
from workflows.definition.steps import ConditionalStep


async def run_conditional(run: Run, scope: Scope, step: ConditionalStep) -> Outcome:
    """Choose the next step; the output says what was looked at and where it leads."""
    if step.conditional_branches is not None:
        return await _by_text(run, scope, step, step.conditional_branches)
    return await _by_conditions(run, scope, step)


async def _by_text(
    run: Run, scope: Scope, step: ConditionalStep, branches: dict[str, str]
) -> Outcome:
    source = await resolve(run, scope, step.condition_source, max_inline_bytes=MAX_INLINE_BYTES)
    if source.is_stored:
        raise failed("condition_error", "The text to choose by is larger than 64 KiB.")
    text = as_text(source.json).strip()
    targets = {key.strip().casefold(): target for key, target in branches.items()}
    target = targets.get(text.casefold()) or step.default
    if target is None and run.input.simulate:
        target = next(iter(branches.values()), None)
    if target is None:
        known = ", ".join(repr(key) for key in branches)
        raise failed("no_match", f"{_short(text)!r} is none of {known}, and there is no default.")
    return _chosen(text, target)


async def _by_conditions(run: Run, scope: Scope, step: ConditionalStep) -> Outcome:
    arms = step.conditions or []
    for number, arm in enumerate(arms, start=1):
        if await holds(run, scope, arm.when):
            return _chosen(number, arm.next)
    target = step.default
    if target is None and run.input.simulate and arms:
        target = arms[0].next
    if target is None:
        raise failed("no_match", "None of the conditions holds, and there is no default.")
    return _chosen(None, target)


def _chosen(value: str | int | None, target: str) -> Outcome:
    return completed(Value({"value": value, "next": target}), target)


def _short(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:100]}…"
