"""What went wrong with an MCP server, in words that a person can act on."""

from collections.abc import Iterator

import httpx2
from pydantic import ValidationError

from discovery.mcp.addresses import Address, HttpAddress, StdioAddress
from discovery.outbound.bounded_transport import AnswerTooLarge
from discovery.outbound.network import AddressRefused

_BY_STATUS = {
    401: "The server refuses access (HTTP 401): give it the right headers.",
    403: "The server refuses access (HTTP 403): give it the right headers.",
    404: "There is no MCP endpoint at this path (HTTP 404): check the address, it often ends in /mcp.",
    405: "There is no MCP endpoint at this path (HTTP 405): check the address, it often ends in /mcp.",
    429: "The server is asked too often (HTTP 429): try again later.",
}


class ServerUnreachable(Exception):
    """No working connection to an MCP server; `reason` says why and what to do, without secrets.

    `is_refused`: nothing reached the server, or it answered that it does not take it.
    """

    def __init__(self, reason: str, *, is_refused: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_refused = is_refused


def causes(error: Exception) -> Iterator[Exception]:
    """The errors inside groups, at any depth."""
    if isinstance(error, ExceptionGroup):
        for inner in error.exceptions:
            yield from causes(inner)
    else:
        yield error


def is_refused(error: Exception, http_status: int | None) -> bool:
    """Whether nothing reached the server, or it answered with an error; `http_status` is the last one seen."""
    has_refused = http_status is not None and http_status >= 400
    return has_refused or any(
        isinstance(cause, (AddressRefused, httpx2.ConnectError)) for cause in causes(error)
    )


def explain(
    error: Exception, address: Address, *, http_status: int | None = None, last_words: str = ""
) -> str:
    """One or two sentences; `http_status` is the last one seen, `last_words` the last line of a command's stderr."""
    found = list(causes(error))
    for cause in found:
        if isinstance(cause, AddressRefused):
            return str(cause)
    if isinstance(address, HttpAddress):
        return _explain_http(found, http_status)
    return _explain_stdio(found, address, last_words)


def _explain_http(found: list[Exception], http_status: int | None) -> str:
    for cause in found:
        match cause:
            case AnswerTooLarge():
                return "The server's answer is too large."
            case httpx2.TimeoutException():
                return "The server did not answer in time."
            case httpx2.ConnectError():
                return (
                    "No connection: check the address and that the server is running there "
                    "(with a valid certificate, for https)."
                )
    if http_status is not None and http_status >= 400:
        return _BY_STATUS.get(
            http_status, f"The server answers with an error (HTTP {http_status})."
        )
    if any(isinstance(cause, httpx2.HTTPError) for cause in found):
        return "The connection broke off: try again, or look at the server's own log."
    return _NO_MCP


def _explain_stdio(found: list[Exception], address: StdioAddress, last_words: str) -> str:
    for cause in found:
        match cause:
            case FileNotFoundError() | NotADirectoryError() if cause.filename == address.cwd:
                return f"The folder {address.cwd!r} does not exist: correct cwd in mcp.json."
            case FileNotFoundError():
                return f"The command {address.command!r} was not found: install it or correct mcp.json."
            case PermissionError():
                return f"The command {address.command!r} may not be executed by this user."
            case ValidationError():
                return _NO_MCP
    said = f" Its last words: {last_words}" if last_words else ""
    return f"The command ended or closed its output before it answered.{said}"


_NO_MCP = (
    "What answers there does not speak MCP as expected: check the address and the server's version."
)
