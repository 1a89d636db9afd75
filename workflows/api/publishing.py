"""Publishing over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.rest import StrictFieldsMixin, caller
from workflows.api import conditional
from workflows.api.canvas_serializers import DifferenceSerializer
from workflows.api.conditional import etag, expected_revision
from workflows.api.drift import ChangedResourceSerializer
from workflows.api.serializers import ValidationReportSerializer, WorkflowWrittenSerializer
from workflows.api.views import STALE, WorkflowScopedView, written
from workflows.definition.diff import summary
from workflows.publishing import publish, unpublish


class PublishSerializer(StrictFieldsMixin):
    """What is to be published."""

    version = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text="Absent: the current one."
    )
    state = serializers.CharField(
        required=False,
        max_length=64,
        help_text="Of the dry run or the drift report that was read: nothing else is accepted. "
        "Needed where agents and tools changed since they were published.",
    )
    dry_run = serializers.BooleanField(
        required=False, default=False, help_text="Only tell what it would change, and for whom."
    )


class FollowersSerializer(serializers.Serializer[Any]):
    """How many run whatever is published, because they name no version."""

    schedules = serializers.IntegerField()
    webhooks = serializers.IntegerField()
    workflows = serializers.IntegerField()


class PublicationSerializer(serializers.Serializer[Any]):
    """What publishing does, and for whom."""

    published_version = serializers.IntegerField()
    previous_version = serializers.IntegerField(
        help_text="What they ran before; without a published version that is the current one."
    )
    summary = serializers.CharField(help_text="The changes in a line; empty: there are none.")
    changes = DifferenceSerializer()
    followers = FollowersSerializer()
    state = serializers.CharField(help_text="Names all that the version uses, as it is now.")
    accepted = ChangedResourceSerializer(
        many=True, help_text="What it uses that became another since it was published."
    )
    validation = ValidationReportSerializer()
    revision = serializers.IntegerField()


class PublishView(WorkflowScopedView):
    """The published version of a workflow."""

    serializer_class = PublishSerializer

    @extend_schema(
        operation_id="publish_workflow",
        summary="Publish a version",
        tags=["versions"],
        request=PublishSerializer,
        parameters=conditional.HEADERS,
        responses={200: PublicationSerializer, 412: STALE},
    )
    def post(self, request: Request, workflow_id: str) -> Response:
        """Pin what schedules, webhooks and other workflows run; refused (409) for a version with errors.

        Agents and tools that changed since they were published are accepted with it, if `state` says that this was
        seen; else the answer is 409 (`drift_not_seen`, `drift_moved_on`) with the `state` and the `resources`.
        """
        body = self.body()
        made = publish(
            self.workflow(),
            by=caller(request),
            version=body.get("version"),
            state=body.get("state"),
            expected_revision=expected_revision(request),
            is_dry_run=body["dry_run"],
        )
        answer = {
            **vars(made),
            "summary": summary(made.changes),
            "validation": made.report,
            "revision": made.workflow.revision,
        }
        headers = {"ETag": etag(made.workflow.revision)}
        return Response(PublicationSerializer(answer).data, headers=headers)

    @extend_schema(
        operation_id="unpublish_workflow",
        summary="Take a published version back",
        tags=["versions"],
        parameters=conditional.HEADERS,
        responses={200: WorkflowWrittenSerializer, 412: STALE},
    )
    def delete(self, request: Request, workflow_id: str) -> Response:
        """Let everybody run the current version again."""
        row = unpublish(
            self.workflow(), by=caller(request), expected_revision=expected_revision(request)
        )
        return written(row, request)
