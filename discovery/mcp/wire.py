"""Listens in on a connection to an MCP server: sifts its tools, notes why and when it ended."""

import tempfile
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, TextIO, cast

from discovery.mcp.listing import acceptable


class Wire:
    """A transport for the SDK that wraps another; `tools` grows with every raw tool that the server lists."""

    def __init__(self, inner: AbstractAsyncContextManager[tuple[Any, Any]]) -> None:
        self._inner = inner
        self.tools: list[Any] = []
        self.has_ended = False

    async def __aenter__(self) -> tuple[Any, Any]:
        read_stream, write_stream = await self._inner.__aenter__()
        return _Tap(read_stream, self), write_stream

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        self.has_ended = True
        return await self._inner.__aexit__(kind, error, trace)

    def sift(self, item: Any) -> Any:
        """The message, its `tools` replaced by those that the SDK will accept; the raw ones are kept."""
        result = getattr(getattr(item, "message", None), "result", None)
        if isinstance(result, dict) and isinstance(result.get("tools"), list):
            self.tools += result["tools"]
            reduced = [acceptable(entry) for entry in result["tools"]]
            result["tools"] = [entry for entry in reduced if entry is not None]
        return item


class _Tap:
    """The read side of a transport, with `Wire.sift` in between."""

    def __init__(self, inner: Any, wire: Wire) -> None:
        self._inner = inner
        self._wire = wire

    @property
    def last_context(self) -> Any:
        """The sender's context variables, which the SDK restores for its handlers."""
        return getattr(self._inner, "last_context", None)

    async def receive(self) -> Any:
        return self._wire.sift(await self._inner.receive())

    def close(self) -> None:
        self._inner.close()

    async def aclose(self) -> None:
        await self._inner.aclose()

    def __aiter__(self) -> "_Tap":
        return self

    async def __anext__(self) -> Any:
        try:
            return self._wire.sift(await self._inner.__anext__())
        except StopAsyncIteration:
            self._wire.has_ended = True
            raise

    async def __aenter__(self) -> "_Tap":
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        self._wire.has_ended = True
        result: bool | None = await self._inner.__aexit__(kind, error, trace)
        return result


class ErrorOutput:
    """Where a stdio server writes its stderr, so that its last line can explain why it ended."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = [value for value in secrets.values() if value]
        # For appending: the server shares the file's position, which reading moves.
        self.file = cast(TextIO, tempfile.TemporaryFile("a+", errors="replace"))  # noqa: SIM115

    def last_line(self) -> str:
        """The last line that is not empty, without the server's secrets, at most 300 characters."""
        size = self.file.seek(0, 2)
        self.file.seek(max(0, size - 4096))
        lines = [line.strip() for line in self.file.read().splitlines() if line.strip()]
        text = "".join(c for c in lines[-1] if c.isprintable()) if lines else ""
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return text[:300]

    def close(self) -> None:
        """Forget it all."""
        self.file.close()
