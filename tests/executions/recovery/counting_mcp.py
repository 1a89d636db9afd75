"""A stdio MCP server that writes down each call's key and time: `python -m tests.executions.recovery.counting_mcp FILE`."""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import ToolAnnotations


def build(log: Path) -> MCPServer:
    """A server with one tool, which may be called again."""
    server = MCPServer("counting")

    @server.tool(
        annotations=ToolAnnotations(read_only_hint=False, idempotent_hint=True),
        structured_output=False,
    )
    async def count(seconds: float, context: Context[Any]) -> str:
        """Takes its time and remembers that it was called."""
        key = dict(context.request_context.meta or {}).get("workflow-builder/idempotency-key")
        with log.open("a") as file:
            file.write(json.dumps([key, time.time()]) + "\n")
        await asyncio.sleep(seconds)
        return "counted"

    return server


if __name__ == "__main__":
    build(Path(sys.argv[1])).run("stdio")
