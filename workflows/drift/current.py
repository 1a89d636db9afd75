"""Which published uses are others today: one comparison in the database, so that no answer can be too old."""

from typing import Any

from django.db.models import (
    Case,
    CharField,
    Exists,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from discovery.fingerprints import native_hashes
from discovery.models import Agent, McpServer, McpTool
from workflows.models import PublishedUse, Workflow

Kind = PublishedUse.Kind
GONE = ""


def with_today(uses: QuerySet[PublishedUse]) -> QuerySet[Any]:
    """`uses` with `today`: the fingerprint of the agent or tool as it is now, empty where it can't be used."""
    agents = Agent.objects.filter(pk=OuterRef("resource"), is_active=True)
    tools = McpTool.objects.filter(
        server_id=OuterRef("server"), name=OuterRef("name"), is_available=True
    ).exclude(server__status=McpServer.Status.DISABLED)
    natives = [When(resource=key, then=Value(said)) for key, said in native_hashes().items()]
    found = Case(
        When(kind=Kind.AGENT, then=Subquery(agents.values("fingerprint")[:1])),
        When(server="native", then=Case(*natives, default=Value(GONE))),
        default=Subquery(tools.values("schema_hash")[:1]),
        output_field=CharField(),
    )
    return uses.annotate(today=Coalesce(found, Value(GONE), output_field=CharField()))


def drifted_uses(uses: QuerySet[PublishedUse] | None = None) -> QuerySet[Any]:
    """Those of `uses` (absent: of all) that are not what they were when they were published or accepted."""
    rows = PublishedUse.objects.all() if uses is None else uses
    return with_today(rows).exclude(today=F("fingerprint"))


def is_drifted() -> Exists:
    """The condition on workflows that something their published version uses is another today."""
    return Exists(drifted_uses(PublishedUse.objects.filter(workflow=OuterRef("pk"))))


def drifted_workflows(rows: QuerySet[Workflow]) -> QuerySet[Workflow]:
    """Those of `rows` whose published version uses what is another today."""
    return rows.filter(is_drifted())


def drift_count(workflow_id: str, published_version: int | None) -> int | None:
    """How many agents and tools of the published version are others today; null: none is published."""
    if published_version is None:
        return None
    return drifted_uses(PublishedUse.objects.filter(workflow=workflow_id)).count()


def uses_of_server(*server_ids: str) -> QuerySet[PublishedUse]:
    """The uses that are tools of these servers."""
    return PublishedUse.objects.filter(kind=Kind.TOOL, server__in=server_ids)


def uses_of_agent(*agent_ids: str) -> QuerySet[PublishedUse]:
    """The uses of these agents."""
    return PublishedUse.objects.filter(kind=Kind.AGENT, resource__in=agent_ids)
