"""The errors that services raise; one handler turns them into RFC 9457 problem details."""

from collections.abc import Mapping, Sequence
from typing import Any


class DomainError(Exception):
    """A refusal that a caller can understand and act on.

    `code` is stable and machine-readable, `detail` a sentence that says what to do, `pointer` (RFC 6901) the
    place in the request body, `parameter` the query parameter, `problems` the findings of a definition's validation as
    JSON objects.
    """

    status = 400
    code = "invalid"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        pointer: str | None = None,
        parameter: str | None = None,
        problems: Sequence[Mapping[str, Any]] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.pointer = pointer
        self.parameter = parameter
        self.problems = list(problems)
        self.extra = dict(extra or {})


class Invalid(DomainError):
    """The request can't be taken as it is."""


class InvalidDefinition(DomainError):
    """A definition that can't be stored; `problems` says why."""

    code = "invalid_definition"


class NotFound(DomainError):
    """Absent, or not the caller's to see: the two look exactly alike."""

    status = 404
    code = "not_found"


class Forbidden(DomainError):
    """Visible to the caller, but not theirs to change."""

    status = 403
    code = "permission_denied"


class Conflict(DomainError):
    """The state does not allow this now."""

    status = 409
    code = "conflict"


class NotExecutable(Conflict):
    """A stored definition that can't run now, whatever the request says; `problems` says why."""

    code = "not_executable"


class PreconditionFailed(DomainError):
    """An `If-Match` that no longer holds; `extra` carries the current revision and what changed."""

    status = 412
    code = "precondition_failed"


class Unprocessable(DomainError):
    """Well-formed, but it contradicts an earlier request (an idempotency key used for another body)."""

    status = 422
    code = "unprocessable"


class LimitReached(DomainError):
    """A quota or rate; `extra["retry_after"]` in seconds, where it is known."""

    status = 429
    code = "limit_reached"


class UpstreamFailed(DomainError):
    """A model vendor, MCP server or other service did not answer as it should."""

    status = 502
    code = "upstream_failed"


class Unavailable(DomainError):
    """A service that this installation needs does not answer; `extra` says what was kept."""

    status = 503
    code = "unavailable"
