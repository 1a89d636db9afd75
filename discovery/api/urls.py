from typing import Any

from django.urls import URLPattern, path, register_converter

from discovery.api.converters import IdConverter
from discovery.api.history import AgentHistoryView, McpServerHistoryView
from discovery.api.resources import ResourceAgents, ResourceServers, ResourceTools
from discovery.api.views import AgentViewSet, McpServerViewSet

register_converter(IdConverter, "resource_id")

_list: dict[str, Any] = {"get": "list", "post": "create"}
_one: dict[str, Any] = {
    "get": "retrieve",
    "put": "update",
    "patch": "partial_update",
    "delete": "destroy",
}
_server = "mcp-servers/<resource_id:pk>"

urlpatterns: list[URLPattern] = [
    path("workflows/resources/agents", ResourceAgents.as_view(), name="resource-agents"),
    path("workflows/resources/mcps", ResourceServers.as_view(), name="resource-mcps"),
    path("workflows/resources/tools", ResourceTools.as_view(), name="resource-tools"),
    path("agents", AgentViewSet.as_view(_list), name="agent-list"),
    path("agents/<resource_id:pk>", AgentViewSet.as_view(_one), name="agent-detail"),
    path("agents/<resource_id:pk>/history", AgentHistoryView.as_view(), name="agent-history"),
    path("mcp-servers", McpServerViewSet.as_view(_list), name="mcp-server-list"),
    path(_server, McpServerViewSet.as_view(_one), name="mcp-server-detail"),
    path(f"{_server}/history", McpServerHistoryView.as_view(), name="mcp-server-history"),
    path(
        f"{_server}/refresh",
        McpServerViewSet.as_view({"post": "refresh"}),
        name="mcp-server-refresh",
    ),
    path(
        f"{_server}/tools/<path:tool>/try",
        McpServerViewSet.as_view({"post": "try_tool"}),
        name="mcp-server-try-tool",
    ),
]
