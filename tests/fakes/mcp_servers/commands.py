"""The fakes as entries of an `mcp.json`."""

import json
import sys
from pathlib import Path
from typing import Any

from discovery.mcp.addresses import StdioAddress, pairs

PROJECT = Path(__file__).resolve().parents[3]
MISBEHAVING = Path(__file__).with_name("misbehaving.py")
WELL_BEHAVED = ["-m", "tests.fakes.mcp_servers.well_behaved"]


def misbehaving(way: str, file: str = "", env: dict[str, str] | None = None) -> StdioAddress:
    """The address of the server that misbehaves in this way."""
    args = (str(MISBEHAVING), way, *([file] if file else []))
    return StdioAddress(sys.executable, args, str(PROJECT), pairs(env))


def well_behaved() -> StdioAddress:
    """The address of the SDK's server over stdio."""
    return StdioAddress(sys.executable, tuple(WELL_BEHAVED), str(PROJECT))


def entry(way: str, *more: str, **fields: Any) -> dict[str, Any]:
    """An entry of `mcpServers` for the misbehaving server."""
    return {"command": "python", "args": [str(MISBEHAVING), way, *more], **fields}


def write_config(path: Path, **servers: dict[str, Any]) -> Path:
    """An `mcp.json` with these servers."""
    path.write_text(json.dumps({"mcpServers": servers}))
    return path
