"""Every call of a model and of a tool."""

from django.db import models

from common.json_field import JSONField
from executions.models.execution import WorkflowExecution


class ModelCall(models.Model):
    """One turn of an agent: what was asked and what came back. An agent's conversation is its rows in order.

    A try that was paid for without a usable answer is a row of its own, with an error and without messages
    (decisions/0024): what all rows add up to is what was paid.
    """

    # The constraint below begins with it.
    execution = models.ForeignKey(
        WorkflowExecution, on_delete=models.CASCADE, related_name="model_call_rows", db_index=False
    )
    path = models.CharField(max_length=2000, help_text="Path of the agent's step.")
    turn = models.PositiveIntegerField(help_text="From 1.")
    agent_id = models.CharField(max_length=100, blank=True)
    agent_version = models.PositiveIntegerField(null=True, blank=True)
    model = models.CharField(max_length=100)
    new_messages = JSONField(default=list, help_text="What this turn adds to the conversation.")
    answer = JSONField(null=True, blank=True, help_text="The assistant's message.")
    failed_try = models.CharField(
        max_length=32,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="Which try it was that was paid for without a usable answer; empty for an answer.",
    )
    error_json = JSONField(null=True, blank=True, help_text="Of such a try: {kind, code, message}.")
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    duration_ms = models.PositiveIntegerField(default=0)
    is_reused = models.BooleanField(
        default=False, help_text="Answered and paid for in the run that this one retries."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["execution_id", "path", "turn", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["execution", "path", "turn", "failed_try"], name="model_call_try_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.execution_id} {self.path} turn {self.turn}"


class ToolCall(models.Model):
    """One call of a tool, by a tool step (turn 0) or by an agent's turn."""

    # The constraint below begins with it.
    execution = models.ForeignKey(
        WorkflowExecution, on_delete=models.CASCADE, related_name="tool_call_rows", db_index=False
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
