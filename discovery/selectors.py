"""What a caller may use: every read of agents, MCP servers and tools starts here."""

from django.db.models import Q, QuerySet

from common.ownership import Caller, visible_rows
from discovery.models import Agent, McpServer, McpTool

# Rows of nobody belong to the installation: everyone may use them.
OF_THE_INSTALLATION = Q(created_by=None)


def agents_for(caller: Caller) -> QuerySet[Agent]:
    """Agents that the caller owns, that are shared with them, or that belong to the installation."""
    return visible_rows(Agent.objects.all(), caller, also=OF_THE_INSTALLATION)


def mcp_servers_for(caller: Caller) -> QuerySet[McpServer]:
    """MCP servers that the caller owns, that are shared with them, or that belong to the installation."""
    return visible_rows(McpServer.objects.all(), caller, also=OF_THE_INSTALLATION)


def mcp_tools_for(caller: Caller) -> QuerySet[McpTool]:
    """Tools of the servers that the caller may use, those no longer offered included."""
    return McpTool.objects.filter(server__in=mcp_servers_for(caller).values("pk"))
