"""Versions that schedules and webhooks named before their uses were kept: what stands there at this moment counts."""

from importlib import import_module
from typing import Any

from django.db import migrations

# What is kept of a published version, as it was kept first.
_kept = import_module("workflows.migrations.0006_record_published_uses")


def _pinned(apps: Any) -> set[tuple[str, int]]:
    found: set[tuple[str, int]] = set()
    for name in ("Schedule", "Webhook"):
        rows = apps.get_model("executions", name).objects.exclude(version=None)
        found.update(rows.values_list("workflow_id", "version"))
    return found


def record(apps: Any, schema_editor: Any) -> None:
    """Of each such version that is not the published one, its agents, their tools and its own."""
    agents = apps.get_model("discovery", "Agent").objects
    tools = apps.get_model("discovery", "McpTool").objects.select_related("server")
    versions = apps.get_model("workflows", "WorkflowVersion").objects
    published_use = apps.get_model("workflows", "PublishedUse")
    workflows = apps.get_model("workflows", "Workflow").objects
    for workflow_id, number in sorted(_pinned(apps)):
        version = versions.filter(workflow_id=workflow_id, number=number).first()
        is_published = workflows.filter(pk=workflow_id, published_version=number).exists()
        if version is None or is_published:
            continue
        used, named = _kept._used(version.definition_json)
        rows = [_kept._agent(row) for row in agents.filter(pk__in=used)]
        named |= {tool for row in rows for tool in row["content_json"]["tools"]}
        for server, _, name in [tool.partition(":") for tool in sorted(named)]:
            if server != "native":
                rows += [_kept._tool(row) for row in tools.filter(server_id=server, name=name)]
            elif name in _kept.NATIVE_TOOLS:
                rows.append(_kept._native(name))
        published_use.objects.bulk_create(
            published_use(workflow_id=workflow_id, version=number, **row) for row in rows
        )


class Migration(migrations.Migration):
    dependencies = [
        ("executions", "0012_approved_tools"),
        ("workflows", "0009_drifted_and_pinned_uses"),
        ("discovery", "0003_resource_change"),
    ]

    operations = [migrations.RunPython(record, migrations.RunPython.noop)]
