"""One call of a language model while designing: set aside before, counted after."""

from django.conf import settings
from django.db import models

from generation.models.generation import Generation


class GenerationCall(models.Model):
    """Written before the vendor is asked, so that neither a limit nor a bill depends on the answer coming back."""

    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="calls")
    number = models.PositiveIntegerField(help_text="1, 2, … within the generation.")
    purpose = models.CharField(max_length=40)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    day = models.DateField(help_text="The day (UTC) whose limit it counts against.")
    model = models.CharField(max_length=100)
    tokens_counted = models.PositiveBigIntegerField(
        help_text="Against the limits: an estimate until the vendor has told the true number."
    )
    cost_counted = models.DecimalField(
        max_digits=18, decimal_places=9, null=True, blank=True, help_text="As tokens_counted."
    )
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    cost_usd = models.DecimalField(
        max_digits=18, decimal_places=9, null=True, blank=True, help_text="Empty: not known."
    )
    answer = models.TextField(blank=True, help_text="What the model answered, word for word.")
    error = models.CharField(
        max_length=40, blank=True, help_text="Why there is no answer: the error's code."
    )
    started_at = models.DateTimeField(auto_now_add=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["generation_id", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["generation", "number"], name="generation_call_number_unique"
            ),
        ]
        indexes = [models.Index(fields=["user", "day"], name="generation_call_user_day")]

    def __str__(self) -> str:
        return f"{self.generation_id} call {self.number}"
