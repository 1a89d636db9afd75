"""What a caller may read: workflows, their definitions, and the catalogue that a definition is checked against."""

from collections.abc import Iterator
from itertools import chain

from django.db.models import Q, QuerySet

from common.errors import NotFound
from common.ownership import Caller, visible_rows
from discovery import selectors as discovery
from discovery.fingerprints import native_hashes
from discovery.models import Agent, McpServer, McpTool
from discovery.native_tools import NATIVE_TOOLS
from workflows.called import finder
from workflows.definition.catalogue import AgentEntry, Catalogue, ServerEntry, ToolEntry
from workflows.definition.steps import Definition
from workflows.models import Workflow, WorkflowVersion

# Everyone may see and copy these; only their owner or staff change them.
PUBLISHED_TEMPLATES = Q(is_template=True, is_published=True, is_active=True)


def workflows_for(caller: Caller) -> QuerySet[Workflow]:
    """Workflows that the caller owns, that are shared with them, and published templates; archived ones included."""
    return visible_rows(Workflow.objects.all(), caller, also=PUBLISHED_TEMPLATES)


def templates_for(caller: Caller) -> QuerySet[Workflow]:
    """Templates that the caller may copy."""
    return workflows_for(caller).filter(is_template=True, is_active=True)


def version_of(workflow: Workflow, number: int) -> WorkflowVersion:
    """Version `number` of `workflow`; raises `NotFound`."""
    # Beyond PostgreSQL's integer there can be no version, and the query would fail.
    row = workflow.versions.filter(number=number).first() if number < 2**31 else None
    if row is None:
        raise NotFound(
            f"{workflow.id!r} has no version {number}; its newest is {workflow.version}."
        )
    return row


def definition_of(workflow: Workflow, version: int | None = None) -> tuple[int, Definition]:
    """The number and definition of `version` (null: the current one); raises `NotFound`."""
    if version is None or version == workflow.version:
        return workflow.version, Definition.model_validate(workflow.definition_json)
    return version, Definition.model_validate(version_of(workflow, version).definition_json)


def catalogue_for(caller: Caller) -> Catalogue:
    """Everything that the caller may use, in three queries, and two more once workflows are looked up."""
    return _catalogue(
        workflows_for(caller),
        discovery.agents_for(caller),
        discovery.mcp_servers_for(caller),
        discovery.mcp_tools_for(caller),
    )


def catalogue_of_the_installation() -> Catalogue:
    """What everyone may use, in three queries: the agents and servers of nobody, and the native tools."""
    return _catalogue(
        Workflow.objects.filter(created_by=None),
        Agent.objects.filter(created_by=None),
        McpServer.objects.filter(created_by=None),
        McpTool.objects.filter(server__created_by=None),
    )


def _catalogue(
    workflows: QuerySet[Workflow],
    agents: QuerySet[Agent],
    servers: QuerySet[McpServer],
    tools: QuerySet[McpTool],
) -> Catalogue:
    mcp_tools = map(_tool_entry, tools.select_related("server").defer("server__headers"))
    return Catalogue(
        agents={row.id: _agent_entry(row) for row in agents},
        tools={tool.id: tool for tool in chain(_native_tools(), mcp_tools)},
        servers={row.id: _server_entry(row) for row in servers.defer("headers")},
        find_workflows=finder(workflows),
    )


def _native_tools() -> Iterator[ToolEntry]:
    for name, native in NATIVE_TOOLS.items():
        yield ToolEntry(
            id=f"native:{name}",
            name=name,
            description=native.description,
            input_schema=native.input_schema,
            output_schema=native.output_schema,
            read_only=native.read_only,
            destructive=native.destructive,
            idempotent=native.idempotent,
            schema_hash=native_hashes()[native.id],
        )


def _tool_entry(row: McpTool) -> ToolEntry:
    return ToolEntry(
        id=f"{row.server_id}:{row.name}",
        name=row.name,
        description=row.description,
        server_id=row.server_id,
        input_schema=row.input_schema,
        output_schema=row.output_schema,
        read_only=row.read_only,
        destructive=row.destructive,
        idempotent=row.idempotent,
        is_available=row.is_available and row.server.status != McpServer.Status.DISABLED,
        schema_hash=row.schema_hash,
    )


def _agent_entry(row: Agent) -> AgentEntry:
    return AgentEntry(
        id=row.id,
        name=row.name,
        description=row.description,
        is_active=row.is_active,
        tools=tuple(row.tools),
        output_schema=row.output_schema,
        fingerprint=row.fingerprint,
    )


def _server_entry(row: McpServer) -> ServerEntry:
    return ServerEntry(id=row.id, name=row.name, description=row.description, status=row.status)
