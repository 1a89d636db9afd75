"""Reading a document: what is there already is used, what is missing is made or told, nothing is overwritten."""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.contrib.auth.models import User
from django.db import transaction

from audit.recording import Action
from common import strict_json
from common.errors import Invalid, NotFound
from discovery import services as discovery
from discovery.agent_rules import check_tools
from discovery.models import Agent
from discovery.selectors import agents_for, mcp_servers_for
from workflows.checking import check, checked
from workflows.definition.validate import Report
from workflows.identifiers import free_id
from workflows.models import Workflow
from workflows.portable.document import Document, ExportedAgent, read_document
from workflows.selectors import catalogue_for, templates_for, workflows_for
from workflows.services import create_workflow
from workflows.uses import used_agents, used_servers, used_workflows, with_replaced

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImportRequest:
    """A document and what to do with it: `agents` and `servers` map its ids to the importer's own."""

    document: Any
    id: str | None = None
    agents: Mapping[str, str] = field(default_factory=dict)
    servers: Mapping[str, str] = field(default_factory=dict)
    is_dry_run: bool = False


@dataclass
class Imported:
    """What came of it. `agents_created` and `agents_mapped` by the document's ids; `warnings` are sentences."""

    workflow: Workflow | None = None
    workflow_id: str = ""
    is_new: bool = True
    agents_created: dict[str, str] = field(default_factory=dict)
    agents_mapped: dict[str, str] = field(default_factory=dict)
    servers_mapped: dict[str, str] = field(default_factory=dict)
    missing_agents: list[str] = field(default_factory=list)
    missing_servers: list[dict[str, Any]] = field(default_factory=list)
    missing_workflows: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    report: Report | None = None


def import_workflow(request: ImportRequest, *, by: User) -> Imported:
    """Make the document's workflow, and the agents that the importer lacks, in one transaction; or only tell (dry run).

    The same request again gives the workflow of the first one, unless that was archived. Raises `Invalid`,
    `InvalidDefinition`, `NotFound` (an id to map to) and `Conflict` (the wished id is taken).
    """
    document = _document(request.document)
    key = _key(request)
    with transaction.atomic():
        # One import of a user at a time, so that the same one sent twice at once makes its agents once.
        User.objects.select_for_update(no_key=True).get(pk=by.pk)
        made = _Import(request, document, by).carried_out(key)
        if request.is_dry_run:
            # What would be made was made, so that it was checked by the same rules.
            transaction.set_rollback(True)
    if request.is_dry_run:
        made.workflow = None
    else:
        logger.info("workflow %s imported by %s", made.workflow_id, by.pk)
    return made


def _document(raw: Any) -> Document:
    try:
        strict_json.check(raw)
    except strict_json.RefusedJson as error:
        raise Invalid(error.detail, code=error.code, pointer=error.pointer) from error
    return read_document(raw)


def _key(request: ImportRequest) -> str:
    """Names the request, so that a repeated one finds what the first one made."""
    content = [request.document, request.id, dict(request.agents), dict(request.servers)]
    text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return f"import:{hashlib.sha256(text).hexdigest()}"


class _Import:
    """One import inside its transaction."""

    def __init__(self, request: ImportRequest, document: Document, by: User) -> None:
        self.request = request
        self.document = document
        self.by = by
        self.catalogue = catalogue_for(by)
        self.definition, _ = checked(document.workflow.definition, self.catalogue)
        self.made = Imported()

    def carried_out(self, key: str) -> Imported:
        """Everything in order; raises what `import_workflow` raises."""
        earlier = Workflow.objects.filter(created_by=self.by, idempotency_key=key)
        # What was archived since is not what the importer wants back: it gives the key to a new one.
        earlier.filter(is_active=False).update(idempotency_key=None)
        known = earlier.first()
        self._map_servers()
        self._map_agents()
        if known is None:
            self._create_agents()
        self._note_missing_workflows()
        workflow = known or self._create_workflow(key)
        self.made.is_new = known is None
        self.made.workflow, self.made.workflow_id = workflow, workflow.pk
        self.made.report = check(workflow.definition_json, catalogue_for(self.by))
        return self.made

    def _map_servers(self) -> None:
        wanted = dict.fromkeys(
            [*sorted(used_servers(self.definition)), *(s.id for s in self.document.mcp_servers)]
        )
        _require_used(self.request.servers, wanted, "/mcps", "MCP server")
        targets = {server: self.request.servers.get(server, server) for server in wanted}
        known = set(
            mcp_servers_for(self.by).filter(pk__in=targets.values()).values_list("pk", flat=True)
        )
        _require_there(self.request.servers, known, "MCP server")
        stubs = {server.id: server for server in self.document.mcp_servers}
        for server, target in targets.items():
            if target in known:
                self.made.servers_mapped[server] = target
            else:
                stub = stubs.get(server)
                told = stub.model_dump() if stub else {"id": server}
                self.made.missing_servers.append(told)

    def _map_agents(self) -> None:
        used = used_agents(self.definition)
        _require_used(self.request.agents, used, "/agents", "agent")
        targets = {agent: self.request.agents.get(agent, agent) for agent in sorted(used)}
        known = set(
            agents_for(self.by).filter(pk__in=targets.values()).values_list("pk", flat=True)
        )
        _require_there(self.request.agents, known, "agent")
        self.made.agents_mapped = {
            agent: target for agent, target in targets.items() if target in known
        }

    def _create_agents(self) -> None:
        brought = {agent.id: agent for agent in self.document.agents}
        for agent_id in sorted(used_agents(self.definition) - set(self.made.agents_mapped)):
            if agent_id in brought:
                self.made.agents_created[agent_id] = self._create_agent(brought[agent_id])
            else:
                self.made.missing_agents.append(agent_id)

    def _create_agent(self, agent: ExportedAgent) -> str:
        fields: Any = agent.model_dump(exclude={"id", "tools"})
        is_taken = Agent.objects.filter(pk=agent.id).exists()
        tools = [tool for tool in map(self._own_tool, agent.tools) if self._may_use(tool, agent)]
        row = discovery.create_agent(
            by=self.by,
            id=None if is_taken else agent.id,
            tools=tools,
            recorded_as=Action.IMPORTED,
            **fields,
        )
        return row.pk

    def _own_tool(self, tool: str) -> str:
        server, colon, name = tool.partition(":")
        return f"{self.made.servers_mapped.get(server, server)}{colon}{name}"

    def _may_use(self, tool: str, agent: ExportedAgent) -> bool:
        try:
            check_tools([tool], by=self.by)
        except Invalid:
            self.made.warnings.append(
                f"The agent {agent.id!r} lost the tool {tool[:250]!r}, which you don't have."
            )
            return False
        return True

    def _note_missing_workflows(self) -> None:
        wanted = used_workflows(self.definition)
        known = set(workflows_for(self.by).filter(pk__in=wanted).values_list("pk", flat=True))
        self.made.missing_workflows = sorted(wanted - known)

    def _create_workflow(self, key: str) -> Workflow:
        agents = {**self.made.agents_mapped, **self.made.agents_created}
        raw = with_replaced(self.definition, agents=agents, servers=self.made.servers_mapped)
        given = self.document.workflow
        return create_workflow(
            by=self.by,
            definition={**raw, "id": self.request.id or free_id(self.definition.id)},
            source_template=self._template(),
            category=given.category,
            tags=given.tags,
            layout={step: place.model_dump() for step, place in given.layout.items()},
            message=f"Imported {self.definition.id}, version {given.version}",
            idempotency_key=key,
            recorded_as=Action.IMPORTED,
            details={"from": self.definition.id, "version": given.version},
        )

    def _template(self) -> Workflow | None:
        origin = self.document.workflow.source_template
        return templates_for(self.by).filter(pk=origin.id).first() if origin else None


def _require_used(mapping: Mapping[str, str], used: Any, pointer: str, what: str) -> None:
    for theirs in mapping:
        if theirs not in used:
            raise Invalid(
                f"The document uses no {what} {theirs[:100]!r}.", code="not_used", pointer=pointer
            )


def _require_there(mapping: Mapping[str, str], known: set[str], what: str) -> None:
    for mine in mapping.values():
        if mine not in known:
            raise NotFound(f"There is no {what} {mine[:100]!r}.")
