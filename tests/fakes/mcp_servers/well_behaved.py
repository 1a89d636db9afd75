"""A server made with the SDK; over stdio: `python -m tests.fakes.mcp_servers.well_behaved`."""

import asyncio
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import BaseModel

READS = ToolAnnotations(read_only_hint=True)


class Sum(BaseModel):
    """The result of `add`."""

    total: int


def build(told: list[str] | None = None) -> MCPServer:
    """A server with a few honest tools; `told` gets when `sleep` begins and when it is cancelled."""
    heard = [] if told is None else told
    server = MCPServer("well-behaved")

    @server.tool(annotations=READS)
    def add(a: int, b: int) -> Sum:
        """Adds two numbers."""
        return Sum(total=a + b)

    @server.tool(structured_output=False)
    def shout(text: str) -> str:
        """Says it in upper case."""
        return text.upper()

    @server.tool(structured_output=False)
    def fail(reason: str) -> str:
        """Always fails."""
        raise ToolError(reason)

    @server.tool(structured_output=False)
    async def sleep(seconds: float) -> str:
        """Takes its time."""
        heard.append("sleep began")
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            heard.append("sleep was cancelled")
            raise
        return "awake"

    @server.tool(structured_output=False)
    def large(size: int) -> str:
        """Answers with that many characters."""
        return "x" * size

    @server.tool(structured_output=False)
    def meta(context: Context[Any]) -> str:
        """Shows the `_meta` of the call."""
        sent = context.request_context.meta or {}
        return str(dict(sent).get("workflow-builder/idempotency-key"))

    return server


if __name__ == "__main__":
    build().run("stdio")
