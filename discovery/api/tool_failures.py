"""A failed tool call as an answer of the API."""

from common.errors import DomainError, Invalid, NotFound, UpstreamFailed
from discovery.tool_errors import ToolCallFailed


def as_refusal(failure: ToolCallFailed) -> DomainError:
    """404 for a tool that is not there, 400 for wrong arguments, 502 for what went wrong on the other side."""
    detail = f"{failure.message} {failure.hint}".strip()
    if failure.kind == "tool_missing":
        return NotFound(detail, code="tool_missing")
    if failure.code == "invalid_arguments":
        return Invalid(detail, code=failure.code, pointer="/arguments")
    return UpstreamFailed(detail, code=failure.kind, extra={"tool_code": failure.code})
