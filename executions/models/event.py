"""The events that tell viewers of a run."""

from django.db import models

from common.json_field import JSONField
from executions.models.execution import WorkflowExecution

# The kinds that tell of a call's start and end.
MODEL_CALL = "model_call"
TOOL_CALL = "tool_call"


class ExecutionEvent(models.Model):
    """A change that viewers follow; numbers grow without gaps within an execution."""

    # The constraint below begins with it. Whoever writes an event changes the run's row in the same statement, so
    # that PostgreSQL need not look for it once more (decisions/0023).
    execution = models.ForeignKey(
        WorkflowExecution,
        on_delete=models.CASCADE,
        related_name="events",
        db_index=False,
        db_constraint=False,
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
