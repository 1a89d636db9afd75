"""What happened: executions, their steps, every model and tool call, and the events that tell of them."""

from datetime import datetime

from django.conf import settings
from django.db import models

from common.json_field import JSONField
from executions.approvals.models import Approval, ApprovalDecision
from executions.budgets.models import Budget, Reservation
from executions.triggers.models import Schedule, Webhook, WebhookDelivery
from workflows.models import Workflow

__all__ = [
    "Approval",
    "ApprovalDecision",
    "Budget",
    "ExecutionEvent",
    "ModelCall",
    "Reservation",
    "Schedule",
    "StepRun",
    "StoredValue",
    "ToolCall",
    "Webhook",
    "WebhookDelivery",
    "WorkflowExecution",
    "duration_ms",
]


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
    start_failures = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="How often its start failed by a mistake of ours."
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


class StepRun(models.Model):
    """One run of one step: a step in a loop has one for every iteration."""

    class Status(models.TextChoices):
        """Where the step stands; the last four are final."""

        PENDING = "PENDING"
        RUNNING = "RUNNING"
        WAITING = "WAITING"
        COMPLETED = "COMPLETED"
        FAILED = "FAILED"
        SKIPPED = "SKIPPED"
        CANCELLED = "CANCELLED"

    # The constraint and the index below begin with it: two more indexes would only cost each step time.
    execution = models.ForeignKey(
        WorkflowExecution, on_delete=models.CASCADE, related_name="step_runs", db_index=False
    )
    path = models.CharField(
        max_length=2000,
        help_text="Where it ran: 'draft', 'refine/2/draft' (second iteration), 'fan/news/search' "
        "(branch), 'draft@2' (second visit through a back edge).",
    )
    step_id = models.CharField(max_length=100)
    step_type = models.CharField(max_length=20)
    name = models.CharField(max_length=200, blank=True)
    iteration = models.PositiveIntegerField(
        null=True, blank=True, help_text="From 1, inside a loop."
    )
    position = models.PositiveBigIntegerField(
        help_text="Order of starting within the execution, from 1."
    )
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    input_json = JSONField(null=True, blank=True)
    output_json = JSONField(null=True, blank=True)
    error_json = JSONField(null=True, blank=True, help_text="{kind, code, message, hint}")
    writes_json = JSONField(
        null=True, blank=True, help_text="What the step wrote to the run's `context`, by key."
    )
    next_step = models.CharField(
        max_length=100,
        blank=True,
        help_text="Where the flow went on: a step of its list, or 'end'.",
    )
    is_reused = models.BooleanField(
        default=False, help_text="Taken over from the run that this one was forked from."
    )
    is_edited = models.BooleanField(
        default=False, help_text="The output was given with the fork instead of what the step gave."
    )
    reused_from = models.ForeignKey(
        WorkflowExecution,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        help_text="The run in which a reused step really ran; its calls are found there.",
    )
    attempts = models.PositiveIntegerField(default=0)
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["execution_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["execution", "path"], name="step_run_path_unique"),
        ]
        indexes = [
            models.Index(fields=["execution", "position"], name="step_run_position"),
            models.Index(
                fields=["reused_from"],
                name="step_run_reused_from",
                condition=models.Q(reused_from__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.execution_id} {self.path}"

    @property
    def origin_id(self) -> str:
        """The run in which the step really ran: where its calls are found."""
        return self.reused_from_id or self.execution_id

    @property
    def duration_ms(self) -> int | None:
        """From the start to the end; null until it has ended."""
        return duration_ms(self.started_at, self.completed_at)


class ModelCall(models.Model):
    """One turn of an agent: what was asked and what came back. An agent's conversation is its rows in order."""

    execution = models.ForeignKey(
        WorkflowExecution, on_delete=models.CASCADE, related_name="model_call_rows"
    )
    path = models.CharField(max_length=2000, help_text="Path of the agent's step.")
    turn = models.PositiveIntegerField(help_text="From 1.")
    agent_id = models.CharField(max_length=100, blank=True)
    agent_version = models.PositiveIntegerField(null=True, blank=True)
    model = models.CharField(max_length=100)
    new_messages = JSONField(default=list, help_text="What this turn adds to the conversation.")
    answer = JSONField(null=True, blank=True, help_text="The assistant's message.")
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    duration_ms = models.PositiveIntegerField(default=0)
    is_reused = models.BooleanField(
        default=False, help_text="Answered and paid for in the run that this one retries."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["execution_id", "path", "turn"]
        constraints = [
            models.UniqueConstraint(
                fields=["execution", "path", "turn"], name="model_call_turn_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.execution_id} {self.path} turn {self.turn}"


class ToolCall(models.Model):
    """One call of a tool, by a tool step (turn 0) or by an agent's turn."""

    execution = models.ForeignKey(
        WorkflowExecution, on_delete=models.CASCADE, related_name="tool_call_rows"
    )
    path = models.CharField(max_length=2000)
    turn = models.PositiveIntegerField(default=0)
    call_id = models.CharField(max_length=200, blank=True, help_text="The model's id of the call.")
    tool = models.CharField(max_length=230)
    schema_hash = models.CharField(max_length=64, blank=True)
    arguments = JSONField(default=dict)
    result = JSONField(null=True, blank=True)
    error_json = JSONField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=1)
    duration_ms = models.PositiveIntegerField(default=0)
    is_reused = models.BooleanField(
        default=False, help_text="Made in the run that this one retries; its result is used again."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["execution_id", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["execution", "path", "turn", "call_id"], name="tool_call_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.execution_id} {self.path} {self.tool}"


class ExecutionEvent(models.Model):
    """A change that viewers follow; numbers grow without gaps within an execution."""

    # The constraint below begins with it.
    execution = models.ForeignKey(
        WorkflowExecution, on_delete=models.CASCADE, related_name="events", db_index=False
    )
    number = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=40)
    data = JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["execution_id", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["execution", "number"], name="execution_event_number_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.execution_id} #{self.number} {self.kind}"


class StoredValue(models.Model):
    """A value too big for Temporal's history; the engine carries its key instead."""

    execution = models.ForeignKey(
        WorkflowExecution, on_delete=models.CASCADE, related_name="stored_values"
    )
    key = models.CharField(
        max_length=64, help_text="SHA-256 of the JSON: storing twice is storing once."
    )
    value = JSONField()
    size_bytes = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["execution", "key"], name="stored_value_key_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.execution_id} {self.key[:12]}"


def duration_ms(started_at: datetime | None, completed_at: datetime | None) -> int | None:
    """Milliseconds between two moments, or null while one is missing."""
    if started_at is None or completed_at is None:
        return None
    return round((completed_at - started_at).total_seconds() * 1000)
