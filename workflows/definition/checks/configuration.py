"""Steps that lack what they need, or whose settings contradict each other."""

from collections.abc import Iterator

from workflows.definition.checks.subject import Subject
from workflows.definition.plain_json import join
from workflows.definition.problems import Problem
from workflows.definition.steps import (
    AgentStep,
    ConditionalStep,
    Definition,
    EndStep,
    LoopStep,
    ParallelStep,
    Step,
    ToolStep,
)


def check(subject: Subject) -> Iterator[Problem]:
    """Missing or contradictory configuration, by type of step."""
    for place in subject.all_places:
        yield from _step(place.step, place.pointer)
    for steps in subject.lists:
        if not steps.steps and not isinstance(steps.owner, Definition):
            where = join(steps.pointer, "steps")
            yield Problem("no_steps", "error", where, "This list holds no steps.", "Add a step.")


def _step(step: Step, pointer: str) -> Iterator[Problem]:
    match step:
        case AgentStep():
            yield from _agent(step, pointer)
        case ToolStep():
            if not step.tool:
                hint = "Give `tool` as SERVER-ID:TOOL or native:TOOL."
                yield _missing(pointer, f"{step.id!r} does not say which tool to call.", hint)
        case ParallelStep():
            yield from _parallel(step, pointer)
        case ConditionalStep():
            yield from _conditional(step, pointer)
        case LoopStep():
            yield from _loop(step, pointer)
        case EndStep():
            if step.error is not None and step.status == "completed":
                fix = ({"op": "add", "path": join(pointer, "status"), "value": "failed"},)
                yield Problem(
                    "unused_field",
                    "warning",
                    join(pointer, "error"),
                    "`error` counts only with the status `failed`.",
                    fix=fix,
                )
        case _:
            # Checked in steering.py.
            return


def _missing(pointer: str, message: str, hint: str = "") -> Problem:
    return Problem("missing_configuration", "error", pointer, message, hint)


def _conflict(pointer: str, message: str, *, remove: str | None = None) -> Problem:
    fix = ({"op": "remove", "path": remove},) if remove else None
    return Problem("conflicting_fields", "error", pointer, message, fix=fix)


def _agent(step: AgentStep, pointer: str) -> Iterator[Problem]:
    if step.agent_id is None and step.agent is None:
        hint = "Give `agent_id`, or an inline `agent` with instructions."
        yield _missing(pointer, f"{step.id!r} does not say which agent works.", hint)
    if step.agent_id is not None and step.agent is not None:
        where = join(pointer, "agent")
        yield _conflict(where, "`agent_id` and an inline `agent` exclude each other.", remove=where)


def _parallel(step: ParallelStep, pointer: str) -> Iterator[Problem]:
    count = len(step.branches)
    if count < 2:
        where = join(pointer, "branches")
        message = f"{step.id!r} has {count} branches; with fewer than two nothing is parallel."
        yield Problem("too_few_branches", "warning", where, message)
    if step.aggregation == "best" and step.judge_agent_id is None:
        hint = "Give `judge_agent_id`, or another aggregation."
        yield _missing(pointer, f"{step.id!r} takes the best branch, but has no judge.", hint)
    if step.min_success is not None and step.min_success > count:
        where = join(pointer, "min_success")
        message = f"`min_success` is {step.min_success}, but there are {count} branches."
        fix = ({"op": "replace", "path": where, "value": count},) if count else None
        yield Problem("out_of_range", "error", where, message, fix=fix)


def _conditional(step: ConditionalStep, pointer: str) -> Iterator[Problem]:
    by_text = step.condition_source is not None or step.conditional_branches is not None
    if step.on_error == "skip":
        where = join(pointer, "on_error")
        fix = ({"op": "remove", "path": where},)
        message = "A conditional can't be skipped: it would not know where to go."
        yield Problem("conflicting_fields", "error", where, message, fix=fix)
    if by_text and step.conditions is not None:
        message = "`conditions` and `conditional_branches` exclude each other."
        yield _conflict(join(pointer, "conditions"), message)
        return
    if step.conditions:
        return
    if not by_text:
        hint = "Give `condition_source` with `conditional_branches`, or `conditions`."
        yield _missing(pointer, f"{step.id!r} has nothing to choose by.", hint)
        return
    if step.condition_source is None:
        hint = "Give the text to compare, such as ${steps.ID.output}."
        yield _missing(pointer, "`condition_source` is missing.", hint)
    if not step.conditional_branches:
        yield _missing(pointer, "`conditional_branches` is missing.", "Give text: step id pairs.")
        return
    yield from _equal_keys(step.conditional_branches, pointer)


def _equal_keys(branches: dict[str, str], pointer: str) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for key in branches:
        folded = key.strip().casefold()
        if folded in seen:
            where = join(pointer, "conditional_branches", key)
            message = f"{key[:60]!r} and {seen[folded][:60]!r} are the same text once trimmed and case-folded."
            fix = ({"op": "remove", "path": where},)
            yield Problem("equal_choices", "error", where, message, fix=fix)
        seen.setdefault(folded, key)


def _loop(step: LoopStep, pointer: str) -> Iterator[Problem]:
    if step.max_iterations is None:
        where = join(pointer, "max_iterations")
        fix = ({"op": "add", "path": where, "value": 10},)
        message = f"The loop {step.id!r} has no bound; give `max_iterations`."
        yield Problem("unbounded_loop", "error", pointer, message, fix=fix)
    if step.loop_mode == "foreach" and step.over is None:
        yield _missing(pointer, "A loop over a list needs `over`.", "Such as ${steps.ID.output}.")
    if step.loop_mode == "foreach" and isinstance(step.over, bool | int | float | dict):
        yield Problem("wrong_type", "error", join(pointer, "over"), "`over` must be a list.")
    if step.loop_mode == "until" and step.exit_condition is None:
        hint = "Such as ${steps.judge.output.score} >= 0.8."
        yield _missing(pointer, "A loop until something holds needs `exit_condition`.", hint)
    for name, mode in (("over", "foreach"), ("exit_condition", "until")):
        if getattr(step, name) is not None and step.loop_mode != mode:
            where = join(pointer, name)
            fix = ({"op": "remove", "path": where},)
            message = f"`{name}` counts only in the mode {mode!r}, not in {step.loop_mode!r}."
            yield Problem("unused_field", "warning", where, message, fix=fix)
    if step.max_concurrency > 1 and step.break_condition is not None:
        where = join(pointer, "break_condition")
        message = "Iterations that run at the same time can't be broken off by a condition."
        yield _conflict(where, message, remove=join(pointer, "max_concurrency"))
    if step.max_concurrency > 1 and step.loop_mode == "until":
        where = join(pointer, "max_concurrency")
        message = "A loop that runs until something holds runs one iteration after another."
        yield _conflict(where, message, remove=where)
