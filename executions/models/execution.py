"""Runs of workflows."""

from django.conf import settings
from django.db import models

from common.json_field import JSONField
from executions.models.durations import duration_ms
from executions.triggers.models import Schedule, Webhook
from workflows.models import Workflow


class WorkflowExecution(models.Model):
    """One run of one version of a workflow."""

    class Status(models.TextChoices):
        """Where the run stands; the last three are final."""

        PENDING = "PENDING"
        RUNNING = "RUNNING"
        WAITING = "WAITING"
        COMPLETED = "COMPLETED"
        FAILED = "FAILED"
        CANCELLED = "CANCELLED"

    class Trigger(models.TextChoices):
        """Who or what started the run."""

        USER = "user"
        API = "api"
        SCHEDULE = "schedule"
        WEBHOOK = "webhook"
        WORKFLOW = "workflow"
        MCP = "mcp"

    FINAL = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)

    id = models.CharField(
        primary_key=True,
        max_length=60,
        help_text="'execution-' and a UUID; also Temporal's workflow id.",
    )
    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="executions")
    workflow_version = models.PositiveIntegerField()
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    triggered_by = models.CharField(max_length=20, choices=Trigger.choices, default=Trigger.API)
    simulated = models.BooleanField(
        default=False, help_text="Every model and tool answer was a marked stand-in."
    )
    user_input = models.TextField(blank=True)
    input_json = JSONField(null=True, blank=True)
    context_json = JSONField(default=dict, blank=True)
    output_json = JSONField(null=True, blank=True)
    error = models.TextField(blank=True)
    error_kind = models.CharField(max_length=40, blank=True)
    error_code = models.CharField(
        max_length=200, blank=True, help_text="The tool's, the model service's or the engine's own."
    )
    error_hint = models.TextField(blank=True, help_text="What to do about it.")
    failed_step = models.CharField(
        max_length=2000, blank=True, help_text="Path of the step that failed."
    )
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    model_calls = models.PositiveIntegerField(default=0)
    tool_calls = models.PositiveIntegerField(default=0)
    last_sequence = models.PositiveBigIntegerField(
        default=0, help_text="The last recorded batch of the engine; makes recording repeatable."
    )
    last_event_number = models.PositiveBigIntegerField(default=0)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    forked_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="forks"
    )
    forked_at = models.CharField(
        max_length=2000,
        blank=True,
        help_text="Path of the step from which a fork or retry runs again; those before it are reused.",
    )
    is_retry = models.BooleanField(
        default=False, help_text="A fork that goes on where the other run failed or was cancelled."
    )
    retried_children = JSONField(
        default=dict,
        editable=False,
        help_text="Of a retry: runs of the other run's workflow steps that its own go on with, by path.",
    )
    tested_step = models.CharField(
        max_length=100, blank=True, help_text="Only this step was tried, with given surroundings."
    )
    test_json = JSONField(
        null=True, blank=True, help_text="The surroundings of a tried step: {steps, loop, error}."
    )
    approved_tools = JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="Of a run of the published version: fingerprint and contract of each approved tool.",
    )
    drift = JSONField(
        default=list,
        editable=False,
        help_text="Agents and tools that were others at the start than when this was published.",
    )
    schedule = models.ForeignKey(
        Schedule, null=True, blank=True, on_delete=models.SET_NULL, related_name="executions"
    )
    webhook = models.ForeignKey(
        Webhook, null=True, blank=True, on_delete=models.SET_NULL, related_name="executions"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="executions"
    )
    idempotency_key = models.CharField(  # noqa: DJ001 - null is no key, and unique lets nulls be
        max_length=200, null=True, blank=True, editable=False
    )
    request_hash = models.CharField(max_length=64, blank=True, editable=False)
    request_id = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="The web request that started it, or that started the run whose step this is.",
    )
    start_failures = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="How often its start failed by a mistake of ours."
    )
    is_summed = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="Added to `RunSums`."
    )
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["created_by", "idempotency_key"], name="execution_idempotency_key_unique"
            ),
            models.CheckConstraint(
                name="execution_final_has_end",
                condition=models.Q(completed_at__isnull=False)
                ^ models.Q(status__in=["PENDING", "RUNNING", "WAITING"]),
            ),
        ]
        indexes = [
            models.Index(
                fields=["workflow", "-created_at", "id"], name="execution_workflow_created"
            ),
            models.Index(
                fields=["created_by", "-created_at", "id"], name="execution_owner_created"
            ),
            models.Index(fields=["status", "created_at"], name="execution_status_created"),
            models.Index(fields=["-created_at", "id"], name="execution_created"),
            # What the sums lack. `executions.sums.rows.MEANT` says the same of simulations and trials.
            models.Index(
                fields=["workflow", "created_at"],
                name="execution_not_summed",
                condition=models.Q(is_summed=False, simulated=False, tested_step=""),
            ),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def is_finished(self) -> bool:
        """Whether the status is final."""
        return self.status in self.FINAL

    @property
    def duration_ms(self) -> int | None:
        """From the start to the end; null until it has ended, or if it never started."""
        return duration_ms(self.started_at, self.completed_at)
