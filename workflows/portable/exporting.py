"""Writing a workflow as a document: what the exporting user may see of what it uses, and no secret."""

from urllib.parse import urlsplit, urlunsplit

from django.contrib.auth.models import User

from discovery.models import Agent, McpServer
from discovery.selectors import agents_for, mcp_servers_for
from discovery.shown_addresses import HIDDEN, shown_origin
from workflows.definition.steps import Definition
from workflows.models import Workflow
from workflows.portable.document import (
    Document,
    ExportedAgent,
    ExportedPlace,
    ExportedServer,
    ExportedTemplate,
    ExportedWorkflow,
)
from workflows.selectors import definition_of
from workflows.uses import used_agents, used_servers, used_tools, used_workflows

# What endpoints of MCP servers are usually called; anything else in a path may be a key.
PATH_WORDS = frozenset(
    {"mcp", "sse", "api", "rpc", "server", "servers", "stream", "http", "public", "messages"}
    | {f"v{number}" for number in range(1, 10)}
)


def export_workflow(workflow: Workflow, *, by: User, version: int | None = None) -> Document:
    """The document of a version (null: the current one); raises `NotFound`."""
    number, definition = definition_of(workflow, version)
    agents = list(agents_for(by).filter(pk__in=used_agents(definition)).order_by("pk"))
    tools = used_tools(definition).union(*(agent.tools for agent in agents))
    return Document(
        workflow=ExportedWorkflow(
            category=workflow.category,
            tags=list(workflow.tags),
            version=number,
            definition=definition.to_json(),
            layout=_layout(workflow) if number == workflow.version else {},
            source_template=_template(workflow),
        ),
        agents=[_agent(agent) for agent in agents],
        mcp_servers=_servers(definition, tools, by),
        workflows=sorted(used_workflows(definition)),
    )


def _layout(workflow: Workflow) -> dict[str, ExportedPlace]:
    return {step: ExportedPlace(**place) for step, place in workflow.layout.items()}


def _agent(agent: Agent) -> ExportedAgent:
    return ExportedAgent(
        **{name: getattr(agent, name) for name in ExportedAgent.model_fields if name != "id"},
        id=agent.pk,
    )


def _servers(definition: Definition, tools: set[str], by: User) -> list[ExportedServer]:
    called: dict[str, list[str]] = {server: [] for server in used_servers(definition)}
    for tool in sorted(tools):
        server, _, name = tool.partition(":")
        if server != "native":
            called.setdefault(server, []).append(name)
    rows = mcp_servers_for(by).filter(pk__in=called).defer("headers").in_bulk()
    return [_server(key, rows.get(key), names) for key, names in sorted(called.items())]


def _server(key: str, row: McpServer | None, tools: list[str]) -> ExportedServer:
    if row is None:
        return ExportedServer(id=key, tools=tools)
    return ExportedServer(
        id=key,
        name=row.name,
        description=row.description,
        transport=row.transport,
        url=_without_secrets(row.url),
        tools=tools,
    )


def _without_secrets(url: str) -> str:
    """Where the server is: names and passwords, what follows a '?', and host and path may be what opens it.

    Many services put a key into the path. No pattern tells a key from a word, so a path is kept only where each of its
    parts is a word that endpoints are called by; else nothing of it is. Of a host that seems to hold a key nothing is.
    """
    parts = urlsplit(url)
    if HIDDEN in shown_origin(url):
        return ""
    words = [part for part in parts.path.lower().split("/") if part]
    path = parts.path if all(word in PATH_WORDS for word in words) else ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, "", ""))


def _template(workflow: Workflow) -> ExportedTemplate | None:
    template = workflow.source_template
    return ExportedTemplate(id=template.pk, name=template.name) if template else None
