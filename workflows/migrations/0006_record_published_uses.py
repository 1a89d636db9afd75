"""What was published before uses were kept: what stands there at this moment counts as what was approved."""

from collections.abc import Iterator
from typing import Any

from django.db import migrations

from discovery.fingerprints import contract_hash, native_hashes
from discovery.native_tools import NATIVE_TOOLS

_ROWS = 200


def _steps(steps: list[Any]) -> Iterator[dict[str, Any]]:
    for step in steps:
        yield step
        for held in (step, *step.get("branches", ())):
            yield from _steps(held.get("steps", []))


def _used(definition: dict[str, Any]) -> tuple[set[str], set[str]]:
    agents: set[str] = set()
    tools: set[str] = set()
    for step in _steps(definition.get("steps", [])):
        agents |= {step[key] for key in ("agent_id", "judge_agent_id") if step.get(key)}
        tools |= {step["tool"]} if step.get("tool") else set()
        tools |= {*(step.get("tools") or ()), *(step.get("agent") or {}).get("tools", ())}
    return agents, tools


def _agent(row: Any) -> dict[str, Any]:
    content = {
        name: getattr(row, name)
        for name in (
            *("goal", "instructions", "model", "tools", "output_schema"),
            *("temperature", "max_turns", "is_active"),
        )
    }
    return {
        "kind": "agent",
        "resource": row.pk,
        "fingerprint": row.fingerprint if row.is_active else "",
        "told_fingerprint": row.fingerprint if row.is_active else "",
        "content_json": {"role": row.role or row.name, **content},
    }


def _tool(row: Any) -> dict[str, Any]:
    names = ("description", "input_schema", "output_schema", "read_only", "destructive")
    is_usable = row.is_available and row.server.status != "disabled"
    return {
        "kind": "tool",
        "resource": f"{row.server_id}:{row.name}",
        "server": row.server_id,
        "name": row.name,
        "fingerprint": row.schema_hash if is_usable else "",
        "contract_hash": contract_hash(row),
        "told_fingerprint": row.schema_hash if is_usable else "",
        "content_json": {name: getattr(row, name) for name in (*names, "idempotent")},
    }


def _native(name: str) -> dict[str, Any]:
    tool = NATIVE_TOOLS[name]
    names = ("description", "input_schema", "output_schema", "read_only", "destructive")
    return {
        "kind": "tool",
        "resource": tool.id,
        "server": "native",
        "name": name,
        "fingerprint": native_hashes()[tool.id],
        "contract_hash": contract_hash(tool),
        "told_fingerprint": native_hashes()[tool.id],
        "content_json": {name: getattr(tool, name) for name in (*names, "idempotent")},
    }


def record(apps: Any, schema_editor: Any) -> None:
    """Of each published version, its agents, their tools and its own."""
    agents = apps.get_model("discovery", "Agent").objects
    tools = apps.get_model("discovery", "McpTool").objects.select_related("server")
    versions = apps.get_model("workflows", "WorkflowVersion").objects
    published_use = apps.get_model("workflows", "PublishedUse")
    published = apps.get_model("workflows", "Workflow").objects.filter(
        published_version__isnull=False
    )
    for workflow_id, number in published.values_list("pk", "published_version").iterator(_ROWS):
        version = versions.filter(workflow_id=workflow_id, number=number).first()
        if version is None:
            continue
        used, named = _used(version.definition_json)
        rows = [_agent(row) for row in agents.filter(pk__in=used)]
        named |= {tool for row in rows for tool in row["content_json"]["tools"]}
        for server, _, name in [tool.partition(":") for tool in sorted(named)]:
            if server != "native":
                rows += [_tool(row) for row in tools.filter(server_id=server, name=name)]
            elif name in NATIVE_TOOLS:
                rows.append(_native(name))
        published_use.objects.bulk_create(
            published_use(workflow_id=workflow_id, version=number, **row) for row in rows
        )


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0005_published_use"),
        ("discovery", "0002_agent_fingerprint"),
    ]

    operations = [migrations.RunPython(record, migrations.RunPython.noop)]
