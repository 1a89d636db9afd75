"""What became of a published version since it was published, over REST; and who is affected by a server or agent."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.definition_problems import DefinitionProblemSerializer
from common.live.rest import (
    LAST_EVENT_ID,
    EventQuerySerializer,
    EventStreamRenderer,
    answer_events,
    event_responses,
)
from common.rest import StrictFieldsMixin, caller
from discovery.selectors import agents_for, mcp_servers_for
from workflows.api import conditional
from workflows.api.conditional import etag, expected_revision
from workflows.api.views import STALE, WorkflowScopedView
from workflows.drift.accepting import accept_drift
from workflows.drift.affected import affected_by
from workflows.drift.current import uses_of_agent, uses_of_server
from workflows.drift.events import source_of, state_of
from workflows.drift.pinning import pinned_drift
from workflows.drift.reading import DriftReport, drift_of
from workflows.models import PublishedUse, Workflow, WorkflowEvent
from workflows.selectors import workflows_for


class ChangedResourceSerializer(serializers.Serializer[Any]):
    """An agent or tool that is another than when it was published or accepted."""

    kind = serializers.ChoiceField(["agent", "tool"])
    id = serializers.CharField()
    change = serializers.ChoiceField(["changed", "gone"])
    fields = serializers.ListField(  # type: ignore[assignment]
        child=serializers.CharField(), help_text="What of it differs; of what is gone, all."
    )
    published_fingerprint = serializers.CharField()
    fingerprint = serializers.CharField(help_text="Today's; empty: it can't be used.")
    since = serializers.DateTimeField(
        allow_null=True, help_text="When it was noticed; null: within the last minute."
    )


class DriftFindingSerializer(DefinitionProblemSerializer):
    """What a change means for a step; `severity` error: it breaks, warning: it may do something else, note: it goes on."""

    step = serializers.CharField(help_text="Its id; empty: the definition's own output.")
    kind = serializers.ChoiceField(["agent", "tool"])
    resource = serializers.CharField()
    is_held = serializers.BooleanField(
        help_text="Runs of the published version are refused until it is accepted."
    )


class VersionDriftSerializer(serializers.Serializer[Any]):
    """What became of a version since it was published or named, or since changes were accepted."""

    version = serializers.IntegerField(allow_null=True, help_text="Null: none is published.")
    is_drifted = serializers.BooleanField()
    is_held = serializers.BooleanField()
    state = serializers.CharField(help_text="Say it when you accept: it names what you saw.")
    recorded_at = serializers.DateTimeField(allow_null=True)
    recorded_by = serializers.CharField(allow_null=True)
    resources = ChangedResourceSerializer(many=True)
    broken_steps = serializers.ListField(child=serializers.CharField())
    held_steps = serializers.ListField(child=serializers.CharField())
    findings = DriftFindingSerializer(many=True)
    patch = serializers.ListField(
        child=serializers.DictField(),
        help_text="RFC 6902, on the definition of `version`; empty: nothing is certain enough.",
    )


class TriggerSerializer(serializers.Serializer[Any]):
    """A schedule or webhook that names the version."""

    kind = serializers.ChoiceField(["schedule", "webhook"])
    id = serializers.CharField()
    name = serializers.CharField()


class PinnedDriftSerializer(VersionDriftSerializer):
    """What became of a version that is not the published one since schedules or webhooks name it."""

    triggers = TriggerSerializer(many=True)


class DriftSerializer(VersionDriftSerializer):
    """What became of the published version, and of those that schedules and webhooks name instead."""

    pinned = PinnedDriftSerializer(
        many=True, help_text="Those that drifted, the newest first, at most 20."
    )


class AcceptSerializer(StrictFieldsMixin):
    """What was seen."""

    version = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="One of `pinned`. Absent: the published one.",
    )
    state = serializers.CharField(max_length=64, help_text="Of the report that was read.")


class WorkflowEventSerializer(serializers.ModelSerializer[WorkflowEvent]):
    """Something that happened to a published workflow."""

    class Meta:
        model = WorkflowEvent
        fields = ("number", "kind", "data", "created_at")
        read_only_fields = fields


class WorkflowEventsSerializer(serializers.Serializer[Any]):
    """Events after a number; ask again with `after=last`."""

    results = WorkflowEventSerializer(many=True)
    last = serializers.IntegerField(help_text="The number to give as `after` next.")
    is_finished = serializers.BooleanField(help_text="Never.")


class AffectedVersionSerializer(serializers.Serializer[Any]):
    """What of a version is affected."""

    resources = serializers.ListField(
        child=serializers.CharField(), help_text="The agents or tools that are others or gone."
    )
    steps = serializers.ListField(
        child=serializers.CharField(), help_text="The steps that work with them."
    )


class PinnedAffectedSerializer(AffectedVersionSerializer):
    """A version that schedules or webhooks name, and how many of them."""

    version = serializers.IntegerField()
    schedules = serializers.IntegerField()
    webhooks = serializers.IntegerField()


class AffectedWorkflowSerializer(AffectedVersionSerializer):
    """A workflow that uses what is another today: its published version, or one that triggers name."""

    id = serializers.CharField()
    name = serializers.CharField()
    published_version = serializers.IntegerField(allow_null=True)
    pinned = PinnedAffectedSerializer(
        many=True, help_text="Versions that schedules and webhooks name instead."
    )


class AffectedSerializer(serializers.Serializer[Any]):
    """Those that the caller may see, at most 200 in the order of their ids, and how many others there are."""

    workflows = AffectedWorkflowSerializer(many=True)
    total = serializers.IntegerField(help_text="Of those that you may see.")
    other_workflows = serializers.IntegerField(help_text="Those of others.")


def _answer(workflow: Workflow, user: User) -> Response:
    pinned = [
        {**_shown(one.report), "triggers": one.triggers} for one in pinned_drift(workflow, user)
    ]
    answer = {**_shown(drift_of(workflow, user)), "pinned": pinned}
    return Response(DriftSerializer(answer).data, headers={"ETag": etag(workflow.revision)})


def _shown(report: DriftReport) -> dict[str, Any]:
    found = report.drift
    return {
        **vars(report),
        "is_drifted": report.is_drifted,
        "is_held": report.is_held,
        "broken_steps": found.broken_steps,
        "held_steps": found.held_steps,
        "findings": [one.to_json() for one in found.findings],
        "patch": found.patch,
    }


class DriftView(WorkflowScopedView):
    """The published version of a workflow, against today."""

    @extend_schema(
        operation_id="read_drift",
        summary="Read what changed since publishing",
        tags=["versions"],
        responses={200: DriftSerializer},
    )
    def get(self, request: Request, workflow_id: str) -> Response:
        """What its agents and tools became, which steps break, and a patch for what is certain."""
        return _answer(self.workflow(), caller(request))


class DriftAcceptView(WorkflowScopedView):
    """The changes that were looked at."""

    serializer_class = AcceptSerializer

    @extend_schema(
        operation_id="accept_drift",
        summary="Accept what changed since publishing",
        tags=["versions"],
        request=AcceptSerializer,
        parameters=conditional.HEADERS,
        responses={200: DriftSerializer, 412: STALE},
    )
    def post(self, request: Request, workflow_id: str) -> Response:
        """Go on with agents and tools as they are; refused (409) if they moved on meanwhile, or if steps break."""
        body = self.body()
        workflow = accept_drift(
            self.workflow(),
            by=caller(request),
            state=body["state"],
            version=body.get("version"),
            expected_revision=expected_revision(request),
        )
        return _answer(workflow, caller(request))


class WorkflowEventsView(WorkflowScopedView):
    """What happens to a published workflow."""

    serializer_class = WorkflowEventsSerializer
    renderer_classes = (*WorkflowScopedView.renderer_classes, EventStreamRenderer)
    filter_backends = ()

    @extend_schema(
        operation_id="follow_workflow",
        summary="Follow a published workflow",
        tags=["versions"],
        parameters=[EventQuerySerializer, LAST_EVENT_ID],
        responses=event_responses(WorkflowEventsSerializer, "Server-sent events, without an end."),
        filters=False,
    )
    def get(self, request: Request, workflow_id: str) -> HttpResponseBase:
        """`published`, `drift` (an agent or tool is another, gone or back) and `drift_accepted` after event `after`.

        With `Accept: text/event-stream` the answer is a stream of server-sent events.
        """
        workflow = self.workflow()
        return answer_events(
            request,
            source_of(workflow.pk),
            state_of(workflow.pk),
            serializer=WorkflowEventsSerializer,
            may_see=lambda user: workflows_for(user).filter(pk=workflow.pk).exists(),
        )


class AffectedView(APIView):
    """Whom the changes of an agent, or of a server's tools, affect."""

    def _answer(self, request: Request, uses: QuerySet[PublishedUse]) -> Response:
        return Response(AffectedSerializer(affected_by(uses, caller(request))).data)


class AffectedByServerView(AffectedView):
    """A server whose tools may be others."""

    @extend_schema(
        operation_id="read_affected_by_server",
        summary="Read whom a server's changes affect",
        tags=["mcp-servers"],
        responses={200: AffectedSerializer},
    )
    def get(self, request: Request, pk: str) -> Response:
        """Published workflows whose version was published with other tools of this server than there are now."""
        server = get_object_or_404(mcp_servers_for(caller(request)), pk=pk)
        return self._answer(request, uses_of_server(server.pk))


class AffectedByAgentView(AffectedView):
    """An agent that may be another."""

    @extend_schema(
        operation_id="read_affected_by_agent",
        summary="Read whom an agent's changes affect",
        tags=["agents"],
        responses={200: AffectedSerializer},
    )
    def get(self, request: Request, pk: str) -> Response:
        """Published workflows whose version was published with this agent as it was before."""
        agent = get_object_or_404(agents_for(caller(request)), pk=pk)
        return self._answer(request, uses_of_agent(agent.pk))
