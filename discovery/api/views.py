"""Agents and MCP servers over REST: each view names the shapes and calls one service."""

from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from common.rest import caller
from discovery import services
from discovery.api.filters import AgentFilter, McpServerFilter
from discovery.api.rows import shown_agents, shown_servers
from discovery.api.serializers import (
    AgentSerializer,
    McpServerSerializer,
    OutcomeSerializer,
    TrySerializer,
)
from discovery.api.throttling import TryThrottle
from discovery.api.tool_failures import as_refusal
from discovery.calling import call_tool
from discovery.models import Agent, McpServer
from discovery.selectors import agents_for, mcp_servers_for
from discovery.tool_errors import ToolCallFailed

IN_USE = OpenApiResponse(
    description="Workflows use it: `workflows` names yours, `other_workflows` counts the rest."
)
FAILED = OpenApiResponse(
    description="The tool or its server failed; `code` and `tool_code` say how."
)


class AgentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Agent]):
    """Agents that the caller may use."""

    queryset = Agent.objects.none()
    serializer_class = AgentSerializer
    filterset_class = AgentFilter
    ordering = "id"
    ordering_fields = ("id", "name", "created_at", "updated_at")

    def get_queryset(self) -> QuerySet[Agent]:
        """Starts from the caller."""
        return shown_agents(agents_for(self.request.user))

    @extend_schema(operation_id="list_agents", summary="List agents", tags=["agents"])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Agents that you may use, inactive ones included."""
        return super().list(request, *args, **kwargs)

    @extend_schema(operation_id="read_agent", summary="Read an agent", tags=["agents"])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One agent."""
        return super().retrieve(request, *args, **kwargs)

    @extend_schema(operation_id="create_agent", summary="Make an agent", tags=["agents"])
    def create(self, request: Request) -> Response:
        """Make an agent of your own."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        agent = services.create_agent(by=caller(request), **serializer.validated_data)
        return self._answer(agent, 201)

    @extend_schema(operation_id="replace_agent", summary="Replace an agent", tags=["agents"])
    def update(self, request: Request, pk: str, *, partial: bool = False) -> Response:
        """Change an agent; what is not given stays."""
        agent = self.get_object()
        serializer = self.get_serializer(agent, data=request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        fields = {**serializer.validated_data}
        fields.pop("id", None)
        return self._answer(services.save_agent(agent, by=caller(request), **fields))

    @extend_schema(operation_id="change_agent", summary="Change an agent", tags=["agents"])
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change some fields of an agent."""
        return self.update(request, pk, partial=True)

    @extend_schema(
        operation_id="delete_agent",
        summary="Delete an agent",
        tags=["agents"],
        responses={204: None, 409: IN_USE},
    )
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete an agent that no workflow uses."""
        services.delete_agent(self.get_object(), by=caller(request))
        return Response(status=204)

    def _answer(self, agent: Agent, status: int = 200) -> Response:
        shown = self.get_queryset().get(pk=agent.pk)
        return Response(self.get_serializer(shown).data, status=status)


class McpServerViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    GenericViewSet[McpServer],
):
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
        operation_id="list_mcp_servers", summary="List MCP servers", tags=["mcp-servers"]
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """MCP servers that you may use, disabled ones included."""
        return super().list(request, *args, **kwargs)

    @extend_schema(
        operation_id="read_mcp_server", summary="Read an MCP server", tags=["mcp-servers"]
    )
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One MCP server with its tools."""
        return super().retrieve(request, *args, **kwargs)

    @extend_schema(
        operation_id="create_mcp_server", summary="Register an MCP server", tags=["mcp-servers"]
    )
    def create(self, request: Request) -> Response:
        """Register an MCP server that speaks streamable HTTP; it is asked for its tools at once."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        server = services.create_mcp_server(by=caller(request), **serializer.validated_data)
        return self._answer(server, 201)

    @extend_schema(
        operation_id="replace_mcp_server", summary="Replace an MCP server", tags=["mcp-servers"]
    )
    def update(self, request: Request, pk: str, *, partial: bool = False) -> Response:
        """Change an MCP server; what is not given stays, the headers too."""
        server = self.get_object()
        serializer = self.get_serializer(server, data=request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        fields = {**serializer.validated_data}
        fields.pop("id", None)
        return self._answer(services.save_mcp_server(server, by=caller(request), **fields))

    @extend_schema(
        operation_id="change_mcp_server", summary="Change an MCP server", tags=["mcp-servers"]
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change some fields of an MCP server."""
        return self.update(request, pk, partial=True)

    @extend_schema(
        operation_id="delete_mcp_server",
        summary="Delete an MCP server",
        tags=["mcp-servers"],
        responses={204: None, 409: IN_USE},
    )
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete an MCP server whose tools no workflow uses."""
        services.delete_mcp_server(self.get_object(), by=caller(request))
        return Response(status=204)

    @extend_schema(
        operation_id="refresh_mcp_server",
        summary="Ask a server for its tools",
        tags=["mcp-servers"],
        request=None,
        responses={202: McpServerSerializer},
    )
    def refresh(self, request: Request, pk: str) -> Response:
        """Have the server asked for its tools; `last_checked_at` grows when it answered, or did not in time."""
        return self._answer(services.request_refresh(self.get_object()), 202)

    @extend_schema(
        operation_id="try_tool",
        summary="Try a tool",
        tags=["mcp-servers"],
        request=TrySerializer,
        responses={200: OutcomeSerializer, 502: FAILED},
    )
    def try_tool(self, request: Request, pk: str, tool: str) -> Response:
        """Call one tool now, for real, and show what it answers."""
        server = self.get_object()
        body = TrySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            outcome = async_to_sync(call_tool)(
                f"{server.pk}:{tool}",
                body.validated_data["arguments"],
                caller=caller(request),
                timeout_seconds=settings.MCP_TIMEOUT_SECONDS,
                idempotency_key="",
            )
        except ToolCallFailed as failure:
            raise as_refusal(failure) from failure
        return Response(OutcomeSerializer(outcome).data)

    def get_throttles(self) -> Any:
        """What calls a tool for real is bounded."""
        return [TryThrottle()] if self.action == "try_tool" else []

    def _answer(self, server: McpServer, status: int = 200) -> Response:
        shown = self.get_queryset().get(pk=server.pk)
        return Response(self.get_serializer(shown).data, status=status)
