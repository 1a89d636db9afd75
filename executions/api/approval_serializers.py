"""Approvals and decisions as JSON."""

from rest_framework import serializers

from common.rest import StrictFieldsMixin
from executions.api.step_serializers import step_link
from executions.approvals.opening import MAX_COMMENT_CHARACTERS, content_revision_of
from executions.models import Approval, ApprovalDecision


class DecisionSerializer(serializers.ModelSerializer[ApprovalDecision]):
    """What one person decided."""

    user = serializers.CharField(source="user.username", read_only=True)

    class Meta:
        model = ApprovalDecision
        fields = ("user", "approved", "comment", "created_at")
        read_only_fields = fields


class ApprovalSerializer(serializers.ModelSerializer[Approval]):
    """A question of a run. Its content stands at `link`: the input of the step that asks."""

    execution_id = serializers.CharField(read_only=True)
    workflow_id = serializers.CharField(source="execution.workflow_id", read_only=True)
    workflow_name = serializers.CharField(source="execution.workflow.name", read_only=True)
    step = serializers.CharField(source="path", read_only=True, help_text="Path of the step.")
    approvers = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="User names and group:NAME; empty: the run's owner.",
    )
    link = serializers.SerializerMethodField()
    decisions = DecisionSerializer(many=True, read_only=True)
    is_delivered = serializers.BooleanField(
        read_only=True,
        help_text="Whether the run knows of the decision; what Temporal could not take is sent again.",
    )

    class Meta:
        model = Approval
        fields = (
            "id",
            "execution_id",
            "workflow_id",
            "workflow_name",
            "step",
            "step_id",
            "message",
            "link",
            "approvers",
            "required_approvals",
            "status",
            "decisions",
            "is_delivered",
            "expires_at",
            "created_at",
            "closed_at",
        )
        read_only_fields = fields

    def get_link(self, approval: Approval) -> str:
        """Where the question and the whole content stand."""
        return step_link(approval.execution_id, approval.path)


class DecisionDetailSerializer(DecisionSerializer):
    """What one person decided, with the form in which they left the content."""

    edited = serializers.JSONField(
        source="edited_json",
        allow_null=True,
        read_only=True,
        help_text="The content as this person left it; null: untouched.",
    )

    class Meta(DecisionSerializer.Meta):
        fields = (*DecisionSerializer.Meta.fields, "edited")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class ApprovalDetailSerializer(ApprovalSerializer):
    """A question with its content, whether it is open or not: who was asked can look up what was decided."""

    content = serializers.JSONField(
        source="content_json", allow_null=True, read_only=True, help_text="As the run gave it."
    )
    edited = serializers.JSONField(
        source="edited_json",
        allow_null=True,
        read_only=True,
        help_text="Its last form; null where nobody changed it.",
    )
    content_revision = serializers.SerializerMethodField(
        help_text="Which form of the content this is: a decision that brings it along is about this form alone.",
    )
    decisions = DecisionDetailSerializer(many=True, read_only=True)

    class Meta(ApprovalSerializer.Meta):
        fields = (*ApprovalSerializer.Meta.fields, "content", "edited", "content_revision")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]

    def get_content_revision(self, approval: Approval) -> int:
        """Grows with each edit."""
        return content_revision_of(approval)


class DecideSerializer(StrictFieldsMixin):
    """A decision."""

    step = serializers.CharField(max_length=2000, help_text="Path of the step that asks.")
    approved = serializers.BooleanField()
    comment = serializers.CharField(allow_blank=True, default="", max_length=MAX_COMMENT_CHARACTERS)
    edited = serializers.JSONField(  # its kind is compared with the content's
        allow_null=True,
        default=None,
        help_text="The content's new form, with which the run goes on; null leaves it as it is.",
    )
    content_revision = serializers.IntegerField(
        allow_null=True,
        default=None,
        min_value=0,
        max_value=1000,
        help_text="Of the form that the caller saw. If somebody changed it since, the decision is not taken "
        "(409 content_changed); null takes it in any case.",
    )
