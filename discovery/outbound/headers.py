"""Which headers may be sent to an MCP server."""

import re
from collections.abc import Mapping

from httpx2 import URL

from common.errors import Invalid

MAX_HEADERS = 20
MAX_VALUE = 4_000

# RFC 9110, section 5.6.2 (token) and 5.5 (field values; a line break would start another header).
_NAME = re.compile(r"\A[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}\Z")
_VALUE = re.compile(r"\A[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?\Z")
# The connection's and the protocol's own.
_RESERVED = re.compile(
    r"\A(host|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-.*"
    r"|accept|accept-encoding|mcp-.*|last-event-id)\Z",
    re.IGNORECASE,
)


def check_headers(headers: Mapping[str, str]) -> None:
    """Raise `Invalid` that names the header, never its value."""
    if len(headers) > MAX_HEADERS:
        raise _refusal(f"At most {MAX_HEADERS} headers can be sent.")
    if len({name.lower() for name in headers}) < len(headers):
        raise _refusal("Two headers have the same name; upper and lower case are alike.")
    for name, value in headers.items():
        if not _NAME.search(name):
            raise _refusal(f"{name[:100]!r} is no header name.")
        if _RESERVED.search(name):
            raise _refusal(f"The header {name!r} is set by the connection itself.")
        if len(value) > MAX_VALUE or not _VALUE.search(value):
            raise _refusal(
                f"The value of {name!r} must be 1 to {MAX_VALUE} printable ASCII characters."
            )


def require_same_origin(headers: Mapping[str, str] | None, *, before: str, after: str) -> None:
    """Refuse to keep `headers` when the address moves to another server; raises `Invalid`.

    Whoever may change the address must not be able to have the owner's secrets sent to a host of theirs. Both
    addresses must have passed the outbound guard.
    """
    old, new = URL(before), URL(after)
    if headers and (old.scheme, old.host, old.port) != (new.scheme, new.host, new.port):
        raise _refusal(
            "The address leads to another server; give the headers for that one too, or none.",
            code="headers_required",
        )


def _refusal(detail: str, *, code: str = "invalid_headers") -> Invalid:
    return Invalid(detail, code=code, pointer="/headers")
