"""The steps of a run."""

from django.db import models

from common.json_field import JSONField
from executions.models.durations import duration_ms
from executions.models.execution import WorkflowExecution


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

    # The constraint and the index below begin with it: two more indexes would only cost each step time. The run's row
    # is held by whoever writes a step, and never deleted (decisions/0023).
    execution = models.ForeignKey(
        WorkflowExecution,
        on_delete=models.CASCADE,
        related_name="step_runs",
        db_index=False,
        db_constraint=False,
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
