"""The guard that every outgoing call passes whose address a user, a model or a server can influence.

A host name is resolved once, every address must be public or allowed by the operator (OUTBOUND_ALLOWLIST), and the
connection goes to the very address that was checked: a name that changes its mind in between changes nothing.
No redirects, no proxy or credentials from the environment, one total deadline, a cap on the bytes.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cache

import httpcore2
import httpx2
from django.conf import settings

from common.errors import Invalid
from discovery.outbound.addresses import Address, AllowList, is_public, parse_address
from discovery.outbound.bounded_transport import BoundedTransport

# Host name and port to the addresses as text; raises OSError where there are none.
Resolver = Callable[[str, int], Awaitable[list[str]]]
_SocketOption = httpcore2.SOCKET_OPTION

MAX_URL_LENGTH = 2_000
_MAX_PORT = 65535
_PORTS = {"http": 80, "https": 443}
# Parsers disagree about these, which is how a check and a connection come to see different hosts.
_AMBIGUOUS = re.compile(r"[\x00-\x20\x7f\\]")


class AddressRefused(httpx2.ConnectError):
    """An address that outgoing calls may not reach; the text may be shown to the caller."""


async def resolve(host: str, port: int) -> list[str]:
    """Every address of the host, by the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def guarded_client(
    *,
    timeout_seconds: float | None = None,
    max_bytes: int | None = None,
    headers: Mapping[str, str] | None = None,
    resolver: Resolver = resolve,
) -> httpx2.AsyncClient:
    """An HTTP client for addresses that are not ours; also what the MCP SDK takes as `http_client`.

    Limits default to OUTBOUND_TIMEOUT_SECONDS (for one request with its whole answer) and OUTBOUND_MAX_BYTES. It
    raises `AddressRefused`, `AnswerTooLarge` and httpx2's own errors.
    """
    seconds = timeout_seconds or settings.OUTBOUND_TIMEOUT_SECONDS
    transport = BoundedTransport(
        _GuardedTransport(resolver),
        timeout_seconds=seconds,
        max_bytes=max_bytes or settings.OUTBOUND_MAX_BYTES,
    )
    return httpx2.AsyncClient(
        transport=transport,
        headers=dict(headers or {}),
        timeout=seconds,
        trust_env=False,
        follow_redirects=False,
    )


def check_url(url: str) -> None:
    """Refuse an address that could never be called: for registration, in ordinary (sync) code.

    Raises `Invalid` with code `url_refused`. A name that does not resolve today passes, because each call checks
    again; so does anything that changes later.
    """
    try:
        parsed = parse_url(url)
        host, port = _bare(parsed.raw_host.decode("ascii")), _port_of(parsed)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        check_addresses(host, port, (str(entry[4][0]) for entry in found))
    except AddressRefused as refusal:
        raise Invalid(str(refusal), code="url_refused") from None


def parse_url(url: str) -> httpx2.URL:
    """An http(s) address without credentials in it; raises `AddressRefused`."""
    if len(url) > MAX_URL_LENGTH:
        raise AddressRefused(f"The address is longer than {MAX_URL_LENGTH} characters.")
    if _AMBIGUOUS.search(url):
        raise AddressRefused("The address contains a space, a backslash or a control character.")
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError):
        raise AddressRefused(
            "The address can't be read. Write it like https://example.org/path."
        ) from None
    if parsed.scheme not in _PORTS:
        raise AddressRefused("Only http:// and https:// addresses can be called.")
    if parsed.userinfo:
        raise AddressRefused("Put no user name or password into the address; use a header.")
    if not parsed.raw_host:
        raise AddressRefused("The address names no host.")
    if not 0 < _port_of(parsed) <= _MAX_PORT:
        raise AddressRefused("The address has no port from 1 to 65535.")
    return parsed


def check_addresses(host: str, port: int, texts: Iterable[str]) -> list[Address]:
    """All addresses that the host resolved to, each public or allowed; raises `AddressRefused`.

    One that is not allowed refuses them all: a host with a public and a private address is an attack or a mistake.
    """
    addresses = [parse_address(text) for text in dict.fromkeys(texts)]
    if not addresses:
        raise AddressRefused(f"The host {host!r} has no address.")
    allowed = _allow_list()
    for address in addresses:
        if not (is_public(address) or allowed.allows(host, address, port)):
            raise AddressRefused(
                f"The host {host!r} is not in the public internet. The operator can allow it in OUTBOUND_ALLOWLIST."
            )
    return addresses


def _allow_list() -> AllowList:
    try:
        return AllowList.parse(settings.OUTBOUND_ALLOWLIST)
    except ValueError as error:
        raise AddressRefused(f"OUTBOUND_ALLOWLIST must be corrected: {error}") from None


def _port_of(url: httpx2.URL) -> int:
    return _PORTS[url.scheme] if url.port is None else url.port


def _bare(host: str) -> str:
    """Without the final dot, which some resolvers take as part of 'localhost.' and '127.0.0.1.' and others not."""
    return host.rstrip(".")


class _GuardedTransport(httpx2.AsyncHTTPTransport):
    """httpx2's own transport over a connection pool that opens connections through the guard."""

    def __init__(self, resolver: Resolver) -> None:
        super().__init__(verify=_tls_context(), trust_env=False)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_tls_context(),
            network_backend=_GuardedBackend(resolver),
            max_connections=20,
            retries=0,
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        parse_url(str(request.url))
        return await super().handle_async_request(request)


class _GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Opens TCP connections to addresses it has checked, and no Unix sockets."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore2's signature
        local_address: str | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Resolve once, check every address, connect to the first that answers."""
        try:
            found = await self._resolver(_bare(host), port)
        except (OSError, UnicodeError):
            raise httpcore2.ConnectError(f"The host {host!r} can't be resolved.") from None
        addresses = check_addresses(host, port, found)
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._inner.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        assert failure is not None
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore2's signature
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Never: a Unix socket is on this machine."""
        raise AddressRefused("Unix sockets can't be called.")

    async def sleep(self, seconds: float) -> None:
        """httpcore2 asks its backend to wait."""
        await asyncio.sleep(seconds)


@cache
def _tls_context() -> ssl.SSLContext:
    """Loading the certificates takes longer than building all the rest of a client."""
    return httpx2.create_ssl_context(trust_env=False)
