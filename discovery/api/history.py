"""Who changed an agent or an MCP server, over REST."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from audit.api.serializers import HistoryEntrySerializer
from audit.api.views import HistoryView
from audit.models import AuditEntry
from discovery.selectors import agents_for, mcp_servers_for


class AgentHistoryView(HistoryView):
    """The history of an agent."""

    object_kind = AuditEntry.ObjectKind.AGENT

    def found(self) -> Any:
        """An agent that the caller may use."""
        return get_object_or_404(agents_for(self.request.user), pk=self.kwargs["pk"])

    @extend_schema(
        operation_id="list_agent_history",
        summary="List who changed an agent",
        tags=["agents"],
        responses={200: HistoryEntrySerializer(many=True)},
    )
    def get(self, request: Request, pk: str) -> Response:
        """Who changed it, when and what; for those who may change it."""
        return self.page_of(request)


class McpServerHistoryView(HistoryView):
    """The history of an MCP server."""

    object_kind = AuditEntry.ObjectKind.MCP_SERVER

    def found(self) -> Any:
        """A server that the caller may use."""
        return get_object_or_404(mcp_servers_for(self.request.user), pk=self.kwargs["pk"])

    @extend_schema(
        operation_id="list_mcp_server_history",
        summary="List who changed an MCP server",
        tags=["mcp-servers"],
        responses={200: HistoryEntrySerializer(many=True)},
    )
    def get(self, request: Request, pk: str) -> Response:
        """Who changed it, when and what, never its secrets; for those who may change it."""
        return self.page_of(request)
