"""Which limits a call counts against: those of its run, of the steps around it, and of the runs that started it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from executions.engine.messages.budgets import BudgetScope
from executions.engine.messages.run_input import RunInput
from workflows.definition.steps import (
    AgentStep,
    Definition,
    Limits,
    LoopStep,
    ParallelStep,
    Step,
    StepLimits,
    ToolStep,
    WorkflowStep,
)

# Runs that started before counted what they had spent inside the workflow, after each call.
FIRST_ENGINE = 2
WITH_LIMITS = (AgentStep, ToolStep, ParallelStep, LoopStep, WorkflowStep)
NO_LIMITS = nullcontext()


class Budgets:
    """The limits of one run, as far as there are any; a run without costs nothing."""

    def __init__(self, run_input: RunInput, definition: Definition) -> None:
        self._execution_id = run_input.execution_id
        self._of_run = [*run_input.budgets, *self._scopes("", definition.limits)]
        self._of_steps: dict[str, list[BudgetScope]] = {}
        self._is_counted = run_input.engine >= FIRST_ENGINE and not run_input.simulate

    def inside(self, step: Step, path: str) -> AbstractContextManager[None]:
        """While the step runs, its limits hold for all that runs in it."""
        scopes = self._scopes(path, step.limits) if isinstance(step, WITH_LIMITS) else []
        return self._held(path, scopes) if scopes else NO_LIMITS

    @contextmanager
    def _held(self, path: str, scopes: list[BudgetScope]) -> Iterator[None]:
        self._of_steps[path] = scopes
        try:
            yield
        finally:
            self._of_steps.pop(path, None)

    def around(self, path: str) -> list[BudgetScope]:
        """Every limit that holds at `path`, the outermost first; a child run inherits them."""
        if not self._is_counted:
            return []
        inner = [
            scope
            for step_path, scopes in self._of_steps.items()
            if path == step_path or path.startswith(f"{step_path}/")
            for scope in scopes
        ]
        return [*self._of_run, *inner]

    def of_model_call(self, path: str) -> list[BudgetScope]:
        """Those that a model call counts against."""
        return [
            scope
            for scope in self.around(path)
            if scope.max_tokens is not None or scope.max_cost_usd is not None
        ]

    def of_tool_call(self, path: str) -> list[BudgetScope]:
        """Those that a tool call counts against."""
        return [scope for scope in self.around(path) if scope.max_tool_calls is not None]

    def _scopes(self, path: str, limits: Limits | StepLimits | None) -> list[BudgetScope]:
        if limits is None:
            return []
        bounds = (limits.max_tokens, limits.max_cost_usd, limits.max_tool_calls)
        if bounds == (None, None, None):
            return []
        return [BudgetScope(self._execution_id, path, *bounds)]
