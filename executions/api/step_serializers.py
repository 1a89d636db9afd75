"""Steps of runs as JSON: results, rows of a list, and one step with all that it said and called."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from executions.models import ModelCall, StepRun, ToolCall, duration_ms
from executions.selectors import model_calls_of, shown_output, tool_calls_of


def step_link(execution_id: str, path: str) -> str:
    """The address of a step run."""
    return reverse("execution-step", kwargs={"execution_id": execution_id, "path": path})


class StepResultSerializer(serializers.Serializer[Any]):
    """What came of a step, in a loop of its last iteration."""

    status = serializers.ChoiceField(choices=StepRun.Status.choices)
    output = serializers.JSONField(
        allow_null=True, help_text="Over 32 KiB: {preview, size_bytes, truncated, link}."
    )
    error = serializers.JSONField(allow_null=True, help_text="{kind, code, message, hint}")
    path = serializers.CharField()
    iteration = serializers.IntegerField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)


class StepRunSerializer(serializers.Serializer[Any]):
    """A step run in a list; a row of `selectors.with_previews`."""

    path = serializers.CharField()
    step_id = serializers.CharField()
    step_type = serializers.CharField()
    name = serializers.CharField()
    iteration = serializers.IntegerField(allow_null=True)
    position = serializers.IntegerField(help_text="Order of starting.")
    status = serializers.ChoiceField(choices=StepRun.Status.choices)
    attempts = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    started_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    duration_ms = serializers.IntegerField(allow_null=True)
    output = serializers.JSONField(
        allow_null=True, help_text="Over 32 KiB: {preview, size_bytes, truncated, link}."
    )
    error = serializers.JSONField(allow_null=True)
    link = serializers.CharField()

    def to_representation(self, instance: dict[str, Any]) -> dict[str, Any]:
        """The row with its output or preview, its duration and its address."""
        execution_id = self.context["execution_id"]
        row = {name: value for name, value in instance.items() if name in self.fields}
        return row | {
            "output": shown_output(instance, lambda path: step_link(execution_id, path)),
            "duration_ms": duration_ms(instance["started_at"], instance["completed_at"]),
            "link": step_link(execution_id, instance["path"]),
        }


class ModelCallSerializer(serializers.ModelSerializer[ModelCall]):
    """One turn of an agent."""

    cost_usd = serializers.FloatField(allow_null=True, read_only=True)

    class Meta:
        model = ModelCall
        fields = (
            "turn",
            "agent_id",
            "agent_version",
            "model",
            "input_tokens",
            "output_tokens",
            "cost_usd",
            "duration_ms",
            "created_at",
        )
        read_only_fields = fields


class ToolCallSerializer(serializers.ModelSerializer[ToolCall]):
    """One call of a tool."""

    error = serializers.JSONField(source="error_json", allow_null=True, read_only=True)

    class Meta:
        model = ToolCall
        fields = (
            "turn",
            "call_id",
            "tool",
            "arguments",
            "result",
            "error",
            "attempts",
            "duration_ms",
            "created_at",
        )
        read_only_fields = fields


class StepDetailSerializer(serializers.ModelSerializer[StepRun]):
    """A step run with all of its values, an agent's messages, and its calls."""

    duration_ms = serializers.IntegerField(allow_null=True, read_only=True)
    input = serializers.JSONField(source="input_json", allow_null=True, read_only=True)
    output = serializers.JSONField(source="output_json", allow_null=True, read_only=True)
    error = serializers.JSONField(source="error_json", allow_null=True, read_only=True)
    messages = serializers.SerializerMethodField(help_text="An agent's conversation, in order.")
    model_calls = serializers.SerializerMethodField()
    tool_calls = serializers.SerializerMethodField()

    class Meta:
        model = StepRun
        fields = (
            "path",
            "step_id",
            "step_type",
            "name",
            "iteration",
            "position",
            "status",
            "attempts",
            "input_tokens",
            "output_tokens",
            "started_at",
            "completed_at",
            "duration_ms",
            "input",
            "output",
            "error",
            "messages",
            "model_calls",
            "tool_calls",
        )
        read_only_fields = fields

    def to_representation(self, instance: StepRun) -> dict[str, Any]:
        """The row and its calls, read once."""
        self._turns = list(model_calls_of(instance))
        return super().to_representation(instance)

    def get_messages(self, row: StepRun) -> list[dict[str, Any]]:
        """What was said to the model and what it answered."""
        conversation: list[dict[str, Any]] = []
        for turn in self._turns:
            conversation += turn.new_messages
            if turn.answer is not None:
                conversation.append(turn.answer)
        return conversation

    def get_model_calls(self, row: StepRun) -> list[dict[str, Any]]:
        """The turns without their messages."""
        return [dict(ModelCallSerializer(turn).data) for turn in self._turns]

    def get_tool_calls(self, row: StepRun) -> list[dict[str, Any]]:
        """The calls with arguments and results."""
        return [dict(ToolCallSerializer(call).data) for call in tool_calls_of(row)]
