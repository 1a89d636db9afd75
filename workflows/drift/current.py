"""Which published uses are others today.

Of one workflow, server or agent they are compared, so that no answer is too old; of all by what `telling` has marked.
"""

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
from workflows.models import PublishedUse

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


def drifted_uses(uses: QuerySet[PublishedUse]) -> QuerySet[Any]:
    """Those of `uses` that are not what they were when they were published or accepted."""
    return with_today(uses).exclude(today=F("fingerprint"))


def is_drifted() -> Exists:
    """The condition on workflows that something they use as published, or as triggers name it, became another."""
    marked = PublishedUse.objects.filter(workflow=OuterRef("pk"), drifted_at__isnull=False)
    return Exists(marked)


def drift_count(workflow_id: str, published_version: int | None) -> int | None:
    """How many agents and tools of the published version are others today; null: none is published."""
    if published_version is None:
        return None
    uses = PublishedUse.objects.filter(workflow=workflow_id, version=published_version)
    return drifted_uses(uses).count()


def uses_of_server(*server_ids: str) -> QuerySet[PublishedUse]:
    """The uses that are tools of these servers."""
    return PublishedUse.objects.filter(kind=Kind.TOOL, server__in=server_ids)


def uses_of_agent(*agent_ids: str) -> QuerySet[PublishedUse]:
    """The uses of these agents."""
    return PublishedUse.objects.filter(kind=Kind.AGENT, resource__in=agent_ids)
