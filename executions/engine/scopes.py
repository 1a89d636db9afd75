"""What references see: the surrounding lists' records, the loop, the error path, and what the run was given."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field

from pydantic import JsonValue

from executions.engine.messages.outcomes import ErrorInfo, Outcome
from executions.engine.messages.values import Binding, Value
from executions.engine.run import Run
from workflows.definition.references import MISSING, Missing, Reference
from workflows.definition.steps import Step

# Runs a list of steps to its end; handed to the containers, which sit below it.
RunList = Callable[[Run, "Scope"], Awaitable[Value]]


@dataclass(frozen=True)
class Place:
    """A value, or a path inside a stored one."""

    value: Value
    path: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class LoopView:
    """What `loop` means in an iteration; `item` is null unless it walks a list, `last` null in the first."""

    item: Place
    iteration: int
    last: Value
    parent: "LoopView | None"


@dataclass
class Scope:
    """One list of steps while it runs; `path` is '' for the run, else that of its branch or iteration.

    Each list writes to a `context` of its own, over those of the lists around it: so branches and iterations have
    copies without anything being copied. `before` is what earlier iterations of its loop wrote.
    """

    path: str
    steps: list[Step]
    entry_step: str | None
    output: JsonValue
    parent: "Scope | None" = None
    loop: LoopView | None = None
    iteration: int | None = None
    error: ErrorInfo | None = None
    records: dict[str, Outcome] = field(default_factory=dict)
    writes: dict[str, Value] = field(default_factory=dict)
    before: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_id = {step.id: step for step in self.steps}

    def step_path(self, step_id: str, visit: int) -> str:
        """Where a step runs; from the second visit on it says which."""
        name = step_id if visit == 1 else f"{step_id}@{visit}"
        return f"{self.path}/{name}" if self.path else name

    def record(self, step_id: str) -> Outcome | None:
        """How the step ended last, as seen from here."""
        if step_id in self.by_id:
            return self.records.get(step_id)
        return None if self.parent is None else self.parent.record(step_id)

    def written(self, key: str) -> Value | None:
        """What was written last to this key of the `context`, as seen from here; null if nothing was."""
        scope: Scope | None = self
        while scope is not None:
            for writes in (scope.writes, scope.before):
                if key in writes:
                    return writes[key]
            scope = scope.parent
        return None

    def current_error(self) -> ErrorInfo | None:
        """The error that the innermost error path around is about."""
        scope: Scope | None = self
        while scope is not None:
            if scope.error is not None:
                return scope.error
            scope = scope.parent
        return None


def error_json(error: ErrorInfo) -> JsonValue:
    """The error as definitions see it."""
    return {
        "kind": error.kind,
        "code": error.code,
        "message": error.message,
        "step": error.step,
    }


def bind(reference: Reference, scope: Scope, run: Run) -> Binding | None:
    """What the reference leads to, or null if nothing; inside a stored value the rest of the path is left open."""
    place = _place(reference, scope, run)
    if isinstance(place, Missing):
        return None
    return Binding(reference.text, place.value, place.path)


def _place(reference: Reference, scope: Scope, run: Run) -> Place | Missing:
    path = reference.path
    match reference.root:
        case "user_input":
            return Place(run.input.user_input, path)
        case "input":
            return Place(run.input.input, path)
        case "context":
            key = str(path[0])
            value = scope.written(key) or run.state.context.get(key)
            return MISSING if value is None else Place(value, path[1:])
        case "execution":
            return _execution(run, path)
        case "error":
            error = scope.current_error()
            return MISSING if error is None else Place(Value(error_json(error)), path)
        case "loop":
            return MISSING if scope.loop is None else _in_loop(scope.loop, path)
        case _:
            return _in_record(scope.record(str(path[0])), path[1:])


def _execution(run: Run, path: tuple[str | int, ...]) -> Place:
    known: dict[str, JsonValue] = {
        "id": run.input.execution_id,
        "started_at": run.state.started_at.isoformat(),
    }
    return Place(Value(known), path)


def _in_loop(loop: LoopView, path: tuple[str | int, ...]) -> Place | Missing:
    match path[0]:
        case "item":
            return Place(loop.item.value, loop.item.path + path[1:])
        case "index":
            return Place(Value(loop.iteration - 1), path[1:])
        case "iteration":
            return Place(Value(loop.iteration), path[1:])
        case "last":
            return Place(loop.last, path[1:])
        case _ if loop.parent is None:
            return MISSING
        case _ if len(path) == 1:
            return Place(
                Value({"index": loop.parent.iteration - 1, "iteration": loop.parent.iteration})
            )
        case _:
            return _in_loop(loop.parent, path[1:])


def _in_record(record: Outcome | None, path: tuple[str | int, ...]) -> Place | Missing:
    if record is None or not path:
        return MISSING
    match path[0]:
        case "status":
            return Place(Value(record.status), path[1:])
        case "error":
            if record.error is None:
                return MISSING
            return Place(Value(error_json(record.error)), path[1:])
        case "output":
            # A failed step has an error and no output.
            has_output = record.status in ("COMPLETED", "SKIPPED")
            return Place(record.output, path[1:]) if has_output else MISSING
        case _:
            branches = record.branches or {}
            return _in_record(branches.get(str(path[1])), path[2:])


def as_json(error: ErrorInfo) -> dict[str, JsonValue]:
    """The whole error, for Temporal's details."""
    return asdict(error)
