"""What happened in a job, for those who follow it."""

from django.db import models

from common.json_field import JSONField
from generation.models.generation import Generation


class GenerationEvent(models.Model):
    """A stage, a model call or the end; numbers grow without gaps within a generation. Never holds texts of either side."""

    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="events")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=40)
    data = JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["generation_id", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["generation", "number"], name="generation_event_number_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.generation_id} #{self.number} {self.kind}"
