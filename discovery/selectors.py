"""What a caller may use: every read of agents, MCP servers and tools starts here."""

from django.db.models import Q, QuerySet

from common.found_rows import found_row
from common.ownership import Caller, is_visible, visible_rows
from discovery.models import Agent, McpServer, McpTool

# Rows of nobody belong to the installation: everyone may use them.
OF_THE_INSTALLATION = Q(created_by=None)


def agents_for(caller: Caller) -> QuerySet[Agent]:
    """Agents that the caller owns, that are shared with them, or that belong to the installation."""
    return visible_rows(Agent.objects.all(), caller, also=OF_THE_INSTALLATION)


def agent_for(caller: Caller, agent_id: str) -> Agent | None:
    """One of `agents_for`; turns ask for it often, by a small query."""
    row = found_row(Agent, id=agent_id)
    if row is None:
        return None
    of_the_installation = row.created_by_id is None
    return row if is_visible(row, caller, also=of_the_installation) else None


def mcp_servers_for(caller: Caller) -> QuerySet[McpServer]:
    """MCP servers that the caller owns, that are shared with them, or that belong to the installation.

    Their headers are deferred: few readers need the secrets, and decrypting takes time. `.defer(None)` loads them.
    """
    rows = visible_rows(McpServer.objects.all(), caller, also=OF_THE_INSTALLATION)
    return rows.defer("headers")


def mcp_tools_for(caller: Caller) -> QuerySet[McpTool]:
    """Tools of the servers that the caller may use, those no longer offered included; each with its server."""
    rows = McpTool.objects.filter(server__in=mcp_servers_for(caller).values("pk"))
    return rows.select_related("server").defer("server__headers")


def callable_tools_for(caller: Caller) -> QuerySet[McpTool]:
    """Those of the caller's tools that can be called: still offered, by a server that is not disabled."""
    return (
        mcp_tools_for(caller)
        .filter(is_available=True)
        .exclude(server__status=McpServer.Status.DISABLED)
    )


def callable_tool_for(caller: Caller, server_id: str, name: str) -> McpTool | None:
    """One of `callable_tools_for` with its server, headers included; calls ask for it often, by a small query."""
    row = found_row(McpTool, server_id=server_id, name=name, related="server")
    if row is None or not (row.is_available and row.server.is_active):
        return None
    of_the_installation = row.server.created_by_id is None
    return row if is_visible(row.server, caller, also=of_the_installation) else None
