"""Approvals: what a run asks people, who may answer, and what each of them decided."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models

from common.json_field import JSONField


class Approval(models.Model):
    """One question of one run, asked by an `approval` step."""

    class Status(models.TextChoices):
        """Where the question stands; all but the first are final."""

        OPEN = "OPEN"
        APPROVED = "APPROVED"
        REJECTED = "REJECTED"
        EXPIRED = "EXPIRED"
        CANCELLED = "CANCELLED"

    execution = models.ForeignKey(
        "executions.WorkflowExecution", on_delete=models.CASCADE, related_name="approvals"
    )
    path = models.CharField(max_length=2000, help_text="Path of the step that asks.")
    step_id = models.CharField(max_length=100)
    message = models.TextField(blank=True)
    content_json = JSONField(
        null=True, blank=True, help_text="What may be edited, as the run gave it."
    )
    edited_json = JSONField(
        null=True, blank=True, help_text="Its form after the last edit; null before the first."
    )
    approvers = JSONField(
        default=list, help_text="Who may decide, as the step names them; nobody: the run's owner."
    )
    users = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="approvals", editable=False
    )
    groups = models.ManyToManyField(Group, blank=True, related_name="approvals", editable=False)
    required_approvals = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.OPEN)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(
        null=True, blank=True, help_text="When Temporal took the decision for the run."
    )

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["execution", "path"], name="approval_path_unique"),
            models.CheckConstraint(
                name="approval_closed_has_end",
                condition=models.Q(closed_at__isnull=False) ^ models.Q(status="OPEN"),
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-created_at", "id"], name="approval_status_created")
        ]

    def __str__(self) -> str:
        return f"{self.execution_id} {self.path}"

    @property
    def was_decided(self) -> bool:
        """Whether people ended it, not time or the run's end."""
        return self.status in (self.Status.APPROVED, self.Status.REJECTED)

    @property
    def is_delivered(self) -> bool:
        """Whether the run knows of the decision."""
        return self.delivered_at is not None


class ApprovalDecision(models.Model):
    """What one person decided; nobody decides twice."""

    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="decisions")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="approval_decisions"
    )
    approved = models.BooleanField()
    comment = models.TextField(blank=True)
    edited_json = JSONField(
        null=True, blank=True, help_text="The content as this person left it; null: untouched."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["approval_id", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["approval", "user"], name="approval_decision_user_unique"
            ),
        ]

    def __str__(self) -> str:
        verb = "approved" if self.approved else "rejected"
        return f"{self.user} {verb} {self.approval}"
