"""Operations as somebody wrote them, a model above all, to typed ones: the strict gate, the shape, known fields."""

from collections.abc import Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator

from common import strict_json
from generation.refining.operations import (
    MAX_OPERATIONS,
    OPERATION_SCHEMA,
    OPERATIONS_SCHEMA,
    AddStep,
    Connect,
    Disconnect,
    MoveStep,
    Operation,
    Place,
    RemoveStep,
    Repeat,
    SetSetting,
    SuggestAgent,
    Together,
    UpdateStep,
)

MAX_ANSWER_BYTES = 256 * 1024
MAX_VALUE_BYTES = 64 * 1024
_ANSWER = Draft202012Validator(OPERATIONS_SCHEMA)
_LIST = Draft202012Validator({"type": "array", "items": OPERATION_SCHEMA})
# Their values are mostly bare words, so a forgotten pair of quotes is forgiven.
_TEXT_FIELDS = frozenset(
    {
        "name", "description", "agent_id", "tool", "judge_agent_id", "workflow_id", "input", "condition_source",
        "exit_condition", "break_condition", "approval_message", "until", "error", "loop_mode", "aggregation",
        "on_exhausted", "on_error", "on_reject", "status", "scope", "over", "content", "output", "default",
    }
)  # fmt: skip
_NAMING_FIELDS = frozenset({"agent_id", "judge_agent_id", "tool", "tools"})


class UnreadableOperations(ValueError):
    """Something that gives no operations; `problems` are sentences for whoever wrote it."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems[:3]))
        self.problems = list(problems)


def read_answer(
    text: str, *, aliases: Mapping[str, str] | None = None
) -> tuple[tuple[Operation, ...], dict[str, Any]]:
    """The operations of a model's answer in the shape of `OPERATIONS_SCHEMA`, and the answer itself.

    `aliases` are the short ids under which agents and tools were offered. Raises `UnreadableOperations`, nothing else.
    """
    try:
        answer = strict_json.loads(text, max_bytes=MAX_ANSWER_BYTES)
    except strict_json.RefusedJson as error:
        raise UnreadableOperations([f"The answer is no acceptable JSON: {error.detail}"]) from error
    _require_shape(_ANSWER, answer, "The answer")
    return _read(answer["operations"], aliases or {}), answer


def read_operations(
    raw: object, *, aliases: Mapping[str, str] | None = None
) -> tuple[Operation, ...]:
    """As `read_answer`, for a list of operations that was stored or sent as JSON values."""
    try:
        strict_json.check(raw)
    except strict_json.RefusedJson as error:
        raise UnreadableOperations([error.detail]) from error
    _require_shape(_LIST, raw, "The list of operations")
    return _read(raw, aliases or {})


def _require_shape(shape: Draft202012Validator, value: object, what: str) -> None:
    wrong = next(iter(shape.iter_errors(value)), None)
    if wrong is not None:
        place = "/".join(str(part) for part in wrong.absolute_path)[:200]
        raise UnreadableOperations([f"{what} does not have the wanted shape at /{place}."])


def _read(raw: Any, aliases: Mapping[str, str]) -> tuple[Operation, ...]:
    if len(raw) > MAX_OPERATIONS:
        raise UnreadableOperations(
            [f"There are {len(raw)} operations; at most {MAX_OPERATIONS} are allowed."]
        )
    reader = _Reader(aliases)
    found = tuple(reader.operation(entry, number) for number, entry in enumerate(raw, start=1))
    if reader.problems:
        raise UnreadableOperations(reader.problems[:20])
    return found


class _Reader:
    """Reads entries of the right shape and collects what is wrong with the values in them."""

    def __init__(self, aliases: Mapping[str, str]) -> None:
        self.aliases = aliases
        self.problems: list[str] = []

    def operation(self, raw: Mapping[str, Any], number: int) -> Operation:
        """One operation; `number` counts from 1, for messages."""
        match raw:
            case {"add": str() as step}:
                fields = self._fields(raw["fields"], number)
                return AddStep(step, raw["type"], fields, _place(raw))
            case {"update": str() as step}:
                return UpdateStep(step, self._fields(raw["fields"], number))
            case {"remove": str() as step}:
                return RemoveStep(step)
            case {"move": str() as step}:
                return MoveStep(step, _place(raw))
            case {"connect": str() as step}:
                return Connect(step, raw["branch"], raw["to"])
            case {"disconnect": str() as step}:
                return Disconnect(step, raw["branch"])
            case {"together": str() as step}:
                return Together(step, tuple(raw["steps"]))
            case {"repeat": str() as step}:
                return Repeat(step, tuple(raw["steps"]), self._fields(raw["fields"], number))
            case {"set": str() as name}:
                return SetSetting(name, self._value(name, raw["value_json"], number))
            case _:
                return SuggestAgent(
                    raw["new_agent"], raw["name"], raw["description"], raw["instructions"]
                )

    def _fields(self, raw: Sequence[Mapping[str, str]], number: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for entry in raw:
            name = entry["field"]
            if name in found:
                self.problems.append(f"Operation {number} gives the field {name[:60]!r} twice.")
            found[name] = self._named(name, self._value(name, entry["value_json"], number))
        return found

    def _value(self, name: str, text: str, number: int) -> Any:
        try:
            return strict_json.loads(text, max_bytes=MAX_VALUE_BYTES)
        except strict_json.RefusedJson as error:
            if name in _TEXT_FIELDS and not text.lstrip().startswith(("{", "[", '"')):
                return text
            self.problems.append(
                f"Operation {number}: the value of {name[:60]!r} is no acceptable JSON text: {error.detail}"
            )
            return None

    def _named(self, name: str, value: Any) -> Any:
        """`value` with aliases replaced by the ids they stand for, in nested steps too."""
        if name in _NAMING_FIELDS:
            return self._unaliased(value)
        if name in ("steps", "branches", "agent"):
            return self._inside(value)
        return value

    def _unaliased(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._unaliased(item) for item in value]
        return self.aliases.get(value, value) if isinstance(value, str) else value

    def _inside(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._inside(item) for item in value]
        if isinstance(value, dict):
            return {key: self._named(key, item) for key, item in value.items()}
        return value


def _place(raw: Mapping[str, Any]) -> Place:
    return Place(raw["place"], raw["of"], raw["branch"])
