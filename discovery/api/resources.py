"""What a workflow can use, read-only: the palette of whoever builds one."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from discovery.api.filters import McpServerFilter, ResourceAgentFilter, ToolFilter
from discovery.api.rows import shown_agents, shown_servers
from discovery.api.serializers import AgentSerializer, McpServerSerializer, ToolSerializer
from discovery.api.tool_pages import ToolPages
from discovery.models import Agent, McpServer, McpTool
from discovery.selectors import agents_for, callable_tools_for, mcp_servers_for

TAGS = ["resources"]


class ResourceAgents(GenericAPIView[Agent]):
    """Active agents that the caller may use."""

    queryset = Agent.objects.none()
    serializer_class = AgentSerializer
    filterset_class = ResourceAgentFilter
    ordering = "id"
    ordering_fields = ("id", "name", "created_at", "updated_at")

    def get_queryset(self) -> QuerySet[Agent]:
        """Starts from the caller."""
        return shown_agents(agents_for(self.request.user).filter(is_active=True))

    @extend_schema(
        operation_id="list_usable_agents",
        summary="List agents for a palette",
        tags=TAGS,
        responses=AgentSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Active agents that you may use."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class ResourceServers(GenericAPIView[McpServer]):
    """MCP servers that the caller may use."""

    queryset = McpServer.objects.none()
    serializer_class = McpServerSerializer
    filterset_class = McpServerFilter
    ordering = "id"
    ordering_fields = ("id", "name", "created_at", "updated_at")

    def get_queryset(self) -> QuerySet[McpServer]:
        """Starts from the caller."""
        return shown_servers(mcp_servers_for(self.request.user))

    @extend_schema(
        operation_id="list_usable_servers",
        summary="List MCP servers for a palette",
        tags=TAGS,
        responses=McpServerSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """MCP servers that you may use, with their tools and what the last check showed."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class ResourceTools(GenericAPIView[McpTool]):
    """Tools that the caller can call now: native ones, then those of MCP servers."""

    queryset = McpTool.objects.none()
    serializer_class = ToolSerializer
    filterset_class = ToolFilter
    pagination_class = ToolPages

    def get_queryset(self) -> QuerySet[McpTool]:
        """Starts from the caller."""
        return callable_tools_for(self.request.user)

    @extend_schema(
        operation_id="list_tools",
        summary="List tools",
        tags=TAGS,
        responses=ToolSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Tools that you can call now: native ones by name, then those of MCP servers by server and name."""
        page: Any = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
