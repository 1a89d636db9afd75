"""Which headers may be sent to an MCP server."""

import re
from collections.abc import Mapping

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


def _refusal(detail: str) -> Invalid:
    return Invalid(detail, code="invalid_headers", pointer="/headers")
