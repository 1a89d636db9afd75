"""How lists of agents, servers and tools are narrowed."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from common.filters import StrictFilterSet, TrueOrFalse
from discovery.models import Agent, McpServer, McpTool


class SearchFilter(django_filters.CharFilter):  # type: ignore[misc]
    """Every word stands in one of the fields, in upper or lower case."""

    def __init__(self, *fields: str, **options: Any) -> None:
        super().__init__(max_length=200, **options)
        self.fields = fields

    def filter(self, qs: Any, value: str) -> Any:
        """The rows that contain all the words."""
        for word in (value or "").split()[:10]:
            found = Q()
            for field in self.fields:
                found |= Q(**{f"{field}__icontains": word})
            qs = qs.filter(found)
        return qs


class ResourceAgentFilter(StrictFilterSet):
    """Of the agents that a workflow can use."""

    search = SearchFilter("id", "name", "description")
    agent_type = django_filters.ChoiceFilter(choices=Agent.Kind.choices)

    class Meta:
        model = Agent
        fields: list[str] = []


class AgentFilter(ResourceAgentFilter):
    """Of agents."""

    is_active = TrueOrFalse()
    created_by = django_filters.CharFilter(
        field_name="created_by__username", max_length=150, label="A user name."
    )


class McpServerFilter(StrictFilterSet):
    """Of MCP servers."""

    search = SearchFilter("id", "name", "description")
    status = django_filters.ChoiceFilter(choices=McpServer.Status.choices)
    transport = django_filters.ChoiceFilter(choices=McpServer.Transport.choices)

    class Meta:
        model = McpServer
        fields: list[str] = []


class ToolFilter(StrictFilterSet):
    """Of tools, native ones included; see `tool_pages`."""

    search = SearchFilter("name", "description", "server__id")
    source = django_filters.CharFilter(
        max_length=110, method="of_source", label="`native` or `mcp:{server_id}`."
    )
    read_only = TrueOrFalse()

    class Meta:
        model = McpTool
        fields: list[str] = []

    def of_source(self, rows: QuerySet[McpTool], name: str, value: str) -> QuerySet[McpTool]:
        """The tools of one server."""
        kind, _, server_id = value.partition(":")
        return rows.filter(server_id=server_id) if kind == "mcp" else rows.none()
