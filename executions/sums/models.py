"""What the runs of a workflow that have ended, and their steps, came to: one row for each span of time.

Each run is added once, after its end (`executions.sums.adding`), to a quarter of an hour, a day and a month (UTC) of
the moment at which it was asked for. Runs that are not added yet are counted by their own rows.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from workflows.models import Workflow


class Span(models.TextChoices):
    """For how long a row holds; every period is made of some of each."""

    QUARTER = "quarter"
    DAY = "day"
    MONTH = "month"


class Sums(models.Model):
    """What both tables have."""

    span = models.CharField(max_length=10, choices=Span.choices)
    begins_at = models.DateTimeField(help_text="When the span begins.")
    input_tokens = models.PositiveBigIntegerField()
    output_tokens = models.PositiveBigIntegerField()
    cost_usd = models.DecimalField(
        max_digits=20, decimal_places=6, null=True, help_text="Of those whose cost is known."
    )
    unpriced = models.PositiveIntegerField(help_text="Those that used tokens at no known price.")
    places = ArrayField(
        models.SmallIntegerField(),
        help_text="Durations of those that completed or failed: places in a histogram.",
    )
    counts = ArrayField(models.PositiveIntegerField(), help_text="How many there are at each.")

    class Meta:
        abstract = True


class RunSums(Sums):
    """Of the runs of one version that one person started."""

    # The constraint begins with the workflow: an index of its own would only cost time.
    workflow = models.ForeignKey(
        Workflow, on_delete=models.CASCADE, related_name="run_sums", db_index=False
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    workflow_version = models.PositiveIntegerField()
    completed = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    cancelled = models.PositiveIntegerField()
    model_calls = models.PositiveBigIntegerField()
    tool_calls = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "span", "begins_at", "created_by", "workflow_version"],
                name="run_sums_unique",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id} v{self.workflow_version}, {self.span} of {self.begins_at}"


class StepSums(Sums):
    """Of one step in the runs that one person started."""

    workflow = models.ForeignKey(
        Workflow, on_delete=models.CASCADE, related_name="step_sums", db_index=False
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    step_id = models.CharField(max_length=100)
    runs = models.PositiveIntegerField(help_text="Without those that were skipped.")
    skipped = models.PositiveIntegerField()
    failures = models.PositiveIntegerField()
    attempts = models.PositiveBigIntegerField()
    retries = models.PositiveBigIntegerField()
    newest = models.PositiveBigIntegerField(help_text="The key of the newest step run.")
    first = models.PositiveBigIntegerField(help_text="The least position among the step runs.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "span", "begins_at", "created_by", "step_id"],
                name="step_sums_unique",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id} {self.step_id}, {self.span} of {self.begins_at}"
