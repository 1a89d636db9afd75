"""What tests of discovery need: rows, servers, an operator's file of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from discovery.models import Agent, McpServer, McpTool
from tests.fakes.mcp_servers.commands import write_config
from tests.fakes.mcp_servers.http import McpHttpServer

WriteConfig = Callable[..., Path]
MakeServer = Callable[..., McpServer]
MakeTool = Callable[..., McpTool]
MakeAgent = Callable[..., Agent]


@pytest.fixture
def operators_file(tmp_path: Path, settings: Settings) -> WriteConfig:
    """Writes an `mcp.json` and makes it the installation's: `operators_file(name={entry})`."""

    def write(**servers: dict[str, Any]) -> Path:
        settings.MCP_CONFIG = write_config(tmp_path / "mcp.json", **servers)
        return tmp_path / "mcp.json"

    write()
    return write


@pytest.fixture
def local_servers_allowed(settings: Settings) -> None:
    """The outbound guard lets loopback through, as an operator may decide."""
    settings.OUTBOUND_ALLOWLIST = ["127.0.0.1/32"]


@pytest.fixture
def http_server(local_servers_allowed: None) -> Iterator[McpHttpServer]:
    """A real MCP server over streamable HTTP."""
    with McpHttpServer() as server:
        yield server


@pytest.fixture
def make_server(db: None) -> MakeServer:
    """Makes the row of an HTTP server: `make_server("crm", owner)`."""

    def make(pk: str, owner: User | None = None, **fields: Any) -> McpServer:
        values = {
            "name": pk.title(),
            "transport": "streamable_http",
            "url": "https://mcp.example.org/mcp",
            **fields,
        }
        return McpServer.objects.create(pk=pk, created_by=owner, **values)

    return make


@pytest.fixture
def make_tool() -> MakeTool:
    """Makes the row of a tool: `make_tool(server, "find")`."""

    def make(server: McpServer, name: str, **fields: Any) -> McpTool:
        values = {
            "description": f"Does {name}.",
            "input_schema": {"type": "object"},
            "schema_hash": "0" * 64,
            "last_seen_at": timezone.now(),
            **fields,
        }
        return McpTool.objects.create(server=server, name=name, **values)

    return make


@pytest.fixture
def make_agent(db: None) -> MakeAgent:
    """Makes an agent: `make_agent("writer", owner)`."""

    def make(pk: str, owner: User | None = None, **fields: Any) -> Agent:
        return Agent.objects.create(pk=pk, name=pk.title(), created_by=owner, **fields)

    return make
