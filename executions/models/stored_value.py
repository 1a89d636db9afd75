"""Values that are too big to travel."""

from django.db import models

from common.json_field import JSONField
from executions.models.execution import WorkflowExecution


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
