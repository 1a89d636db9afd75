"""How each operation of the OpenAPI file refuses: one shape, and only the statuses that can come of it."""

from collections.abc import Iterator
from typing import Any

READING = {"GET", "HEAD", "OPTIONS"}
REFUSALS = {
    "400": "The request can't be understood; `errors` says where.",
    "401": "Log in first, or the token is not valid any more.",
    "403": "You may see it, but not change it.",
    "404": "It does not exist, or it is not yours to see.",
    "409": "Its state, or another row, does not allow this.",
    "412": "The `If-Match` no longer holds; says what changed since.",
    "413": "The body is larger than 2 MiB.",
    "415": "Send application/json.",
    "422": "The Idempotency-Key was used for another request.",
    "429": "Too often or too much; see Retry-After.",
    "503": "A service that this needs does not answer; see Retry-After where it is known.",
}
RETRY_AFTER = {
    "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds, where they are known."}
}


def refusals(
    method: str, path: str, operation: dict[str, Any], *, is_limited: bool
) -> dict[str, str]:
    """Status to description. `operation` has its parameters, body and security; `is_limited`: its rate is counted."""
    return {status: REFUSALS[status] for status in _statuses(method, path, operation, is_limited)}


def _statuses(method: str, path: str, operation: dict[str, Any], is_limited: bool) -> Iterator[str]:
    names = {one["name"] for one in operation.get("parameters", ())}
    is_writing = method not in READING
    needs_log_in = {} not in operation.get("security", [{}])
    yield "400"
    if needs_log_in:
        yield "401"
    if needs_log_in and is_writing:
        yield "403"
    if "{" in path or "cursor" in names:
        yield "404"
    if is_writing and needs_log_in:
        yield "409"
    if "If-Match" in names:
        yield "412"
    if "requestBody" in operation:
        yield from ("413", "415")
    if "Idempotency-Key" in names:
        yield "422"
    if is_limited:
        yield "429"
    yield "503"
