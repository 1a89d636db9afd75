"""What runs, steps and users have spent of what they may spend, and what is set aside for calls on their way."""

from django.db import models

from common.json_field import JSONField


class Budget(models.Model):
    """The account of one limit's owner: a run, a step of it, or a user's day.

    The limits themselves stand in the definition and the settings. Open calls are in the `reserved` columns.
    """

    key = models.CharField(
        primary_key=True,
        max_length=2100,
        help_text="'EXECUTION', 'EXECUTION/step/path' or 'user:ID:DAY'.",
    )
    execution = models.ForeignKey(
        "executions.WorkflowExecution",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="budgets",
    )
    tokens_spent = models.PositiveBigIntegerField(default=0)
    tokens_reserved = models.PositiveBigIntegerField(default=0)
    cost_spent = models.DecimalField(max_digits=18, decimal_places=9, default=0)
    cost_reserved = models.DecimalField(max_digits=18, decimal_places=9, default=0)
    tool_calls = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key


class Reservation(models.Model):
    """One model or tool call that counts against budgets; a repeat of the same call takes its place.

    While it is open the amounts are estimates that are set aside, afterwards they are what was spent.
    """

    execution = models.ForeignKey(
        "executions.WorkflowExecution", on_delete=models.CASCADE, related_name="reservations"
    )
    path = models.CharField(max_length=2000)
    turn = models.PositiveIntegerField(default=0)
    call_id = models.CharField(max_length=200, blank=True)
    budgets = JSONField(default=list, help_text="Keys of the budgets that it counts against.")
    tokens = models.PositiveBigIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=18, decimal_places=9, default=0)
    is_open = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["execution_id", "path", "turn", "call_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["execution", "path", "turn", "call_id"], name="reservation_call_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.execution_id} {self.path} {self.turn} {self.call_id}"
