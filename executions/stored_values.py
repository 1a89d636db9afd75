"""Values too big for Temporal's history, kept in PostgreSQL under the hash of their JSON."""

import hashlib
import json
from collections.abc import Iterable

from pydantic import JsonValue

from executions.engine.messages.limits import MAX_INLINE_BYTES
from executions.engine.messages.values import Binding, Loaded, Value
from executions.models import StoredValue, WorkflowExecution
from workflows.definition.references import MISSING, Missing, follow


def kept_value(execution: WorkflowExecution, value: JsonValue) -> Value:
    """`value` itself, or the key under which it is stored if its JSON is over 64 KiB."""
    return keep(execution.pk, value)


def keep(execution_id: str, value: JsonValue, *, max_inline_bytes: int = MAX_INLINE_BYTES) -> Value:
    """`value` itself, or the key under which it is stored if its JSON is over `max_inline_bytes`."""
    if value is None or isinstance(value, bool | int | float):
        return Value(value)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    if len(text) <= max_inline_bytes:
        return Value(value)
    key = hashlib.sha256(text).hexdigest()
    StoredValue.objects.bulk_create(
        [StoredValue(execution_id=execution_id, key=key, value=value, size_bytes=len(text))],
        ignore_conflicts=True,
    )
    return Value(key=key, size=len(text), length=len(value) if isinstance(value, list) else None)


def load(execution_id: str, value: Value) -> JsonValue:
    """The JSON itself. Raises `StoredValue.DoesNotExist` for a key of another execution."""
    return load_all(execution_id, [value])[0]


def load_all(execution_id: str, values: Iterable[Value]) -> list[JsonValue]:
    """The JSON of each, with one query for all that are stored."""
    wanted = list(values)
    keys = {value.key for value in wanted if value.is_stored}
    rows = StoredValue.objects.filter(execution_id=execution_id, key__in=keys) if keys else ()
    found = {row.key: row.value for row in rows}
    if missing := keys - found.keys():
        raise StoredValue.DoesNotExist(f"{execution_id} has no stored value {missing.pop()!r}.")
    return [found[value.key] if value.is_stored else value.json for value in wanted]


def follow_all(execution_id: str, bindings: list[Binding]) -> list[JsonValue | Missing]:
    """What each binding leads to, its path followed inside the loaded value."""
    loaded = load_all(execution_id, [binding.value for binding in bindings])
    return [follow(value, binding.path) for value, binding in zip(loaded, bindings, strict=True)]


def as_loaded(value: JsonValue | Missing) -> Loaded:
    """A value as a condition may look at it: nothing over 64 KiB."""
    if value is MISSING:
        return Loaded(is_missing=True)
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    return Loaded(is_too_large=True) if size > MAX_INLINE_BYTES else Loaded(value)
