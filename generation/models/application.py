"""That a result was applied: kept, so that a repeated request gets the same answer."""

from django.conf import settings
from django.db import models

from common.json_field import JSONField
from workflows.models import Workflow


class Application(models.Model):
    """A result that was applied under an `Idempotency-Key`, so that the same request gets the same answer."""

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    idempotency_key = models.CharField(max_length=200, editable=False)
    request_hash = models.CharField(max_length=64, editable=False)
    workflow = models.ForeignKey(
        Workflow,
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="Empty only within the transaction that applies.",
    )
    agents_created = JSONField(default=list, help_text="Ids of the agents made for it.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["created_by", "idempotency_key"], name="application_idempotency_key_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.idempotency_key} of {self.created_by_id}"
