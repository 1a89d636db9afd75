"""Values too big for Temporal's history, kept in PostgreSQL under the hash of their JSON."""

import hashlib
import json

from pydantic import JsonValue

from executions.engine.messages import MAX_INLINE_BYTES, Value
from executions.models import StoredValue, WorkflowExecution


def kept_value(execution: WorkflowExecution, value: JsonValue) -> Value:
    """`value` itself, or the key under which it is stored if its JSON is over 64 KiB."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    if len(text) <= MAX_INLINE_BYTES:
        return Value(json=value)
    key = hashlib.sha256(text).hexdigest()
    StoredValue.objects.get_or_create(
        execution=execution, key=key, defaults={"value": value, "size_bytes": len(text)}
    )
    return Value(key=key, size=len(text), length=len(value) if isinstance(value, list) else None)
