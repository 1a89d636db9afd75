"""An HTTP transport that ends: every answer has a size cap and one deadline for all of it.

Read time-outs alone are defeated by a server that sends a byte a second, and a cap on the compressed size by a
decompression bomb; so the deadline is total, and compressed answers, which nobody asked for, are refused.
"""

import asyncio
from collections.abc import AsyncIterator

import httpx2


class AnswerTooLarge(httpx2.ReadError):
    """The server sent more bytes than allowed, or compressed ones."""


class BoundedTransport(httpx2.AsyncBaseTransport):
    """Wraps a transport; each request, its answer's last byte included, takes at most `timeout_seconds`.

    Without them whoever sends the request has to bound it.
    """

    def __init__(
        self, inner: httpx2.AsyncBaseTransport, *, timeout_seconds: float | None, max_bytes: int
    ) -> None:
        self._inner = inner
        self._timeout_seconds = timeout_seconds
        self._max_bytes = max_bytes

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        deadline = self._deadline()
        request.headers["accept-encoding"] = "identity"
        try:
            async with asyncio.timeout_at(deadline):
                response = await self._inner.handle_async_request(request)
        except TimeoutError as error:
            raise httpx2.ReadTimeout("No answer in time.", request=request) from error
        try:
            _refuse_encoded(response)
        except AnswerTooLarge:
            await response.aclose()
            raise
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _BoundedStream(response.stream, deadline, self._max_bytes)
        return response

    def _deadline(self) -> float | None:
        if self._timeout_seconds is None:
            return None
        return asyncio.get_running_loop().time() + self._timeout_seconds

    async def aclose(self) -> None:
        await self._inner.aclose()


class _BoundedStream(httpx2.AsyncByteStream):
    """Counts the bytes and watches the clock of one answer."""

    def __init__(
        self, inner: httpx2.AsyncByteStream, deadline: float | None, max_bytes: int
    ) -> None:
        self._inner = inner
        self._deadline = deadline
        self._max_bytes = max_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        received = 0
        parts = aiter(self._inner)
        while True:
            try:
                async with asyncio.timeout_at(self._deadline):
                    part = await anext(parts, None)
            except TimeoutError as error:
                raise httpx2.ReadTimeout("The answer did not end in time.") from error
            if part is None:
                return
            received += len(part)
            if received > self._max_bytes:
                raise AnswerTooLarge(f"The answer is larger than {self._max_bytes} bytes.")
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()


def _refuse_encoded(response: httpx2.Response) -> None:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise AnswerTooLarge("The server sent a compressed answer although none was asked for.")
