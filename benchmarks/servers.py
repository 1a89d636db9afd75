"""The tool server that both sides call."""

import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent


def tool_server() -> dict[str, Any]:
    """How it is started, as `mcp.json` says it."""
    args = ["-m", "tests.fakes.mcp_servers.well_behaved"]
    return {"command": sys.executable, "args": args, "cwd": str(PROJECT)}
