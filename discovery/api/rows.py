"""Rows with what the serializers show of them, in a fixed number of queries."""

from django.db.models import Prefetch, QuerySet

from discovery.models import Agent, McpServer, McpTool


def shown_agents(rows: QuerySet[Agent]) -> QuerySet[Agent]:
    """With owner and groups."""
    return rows.select_related("created_by").prefetch_related("shared_with")


def shown_servers(rows: QuerySet[McpServer]) -> QuerySet[McpServer]:
    """With owner, groups, the names of the headers, and the tools without their schemas."""
    tools = McpTool.objects.defer("input_schema", "output_schema")
    return (
        rows.defer(None)
        .select_related("created_by")
        .prefetch_related("shared_with", Prefetch("tools", tools))
    )
