"""Approvals and decisions as JSON."""

from rest_framework import serializers

from common.rest import StrictFieldsMixin
from executions.api.step_serializers import step_link
from executions.approvals.opening import MAX_COMMENT_CHARACTERS
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
