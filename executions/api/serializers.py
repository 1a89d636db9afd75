"""Runs, their steps and events as JSON."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from common.rest import StrictFieldsMixin
from executions.events import MAX_EVENTS
from executions.models import (
    ExecutionEvent,
    ModelCall,
    StepRun,
    ToolCall,
    WorkflowExecution,
    duration_ms,
)
from executions.run_request import MAX_USER_INPUT_CHARACTERS
from executions.selectors import model_calls_of, shown_output, steps_of, tool_calls_of

MAX_WAIT_SECONDS = 60


class UsageSerializer(serializers.ModelSerializer[WorkflowExecution]):
    """What a run has spent."""

    cost_usd = serializers.FloatField(
        allow_null=True, read_only=True, help_text="Null where a model's price is not known."
    )

    class Meta:
        model = WorkflowExecution
        fields = ("input_tokens", "output_tokens", "cost_usd", "model_calls", "tool_calls")
        read_only_fields = fields


class ExecutionRowSerializer(serializers.ModelSerializer[WorkflowExecution]):
    """A run in a list: everything but its values and steps."""

    workflow_id = serializers.CharField(read_only=True)
    temporal_workflow_id = serializers.CharField(source="id", read_only=True)
    is_finished = serializers.BooleanField(read_only=True)
    duration_ms = serializers.IntegerField(allow_null=True, read_only=True)
    usage = UsageSerializer(source="*", read_only=True)
    parent_id = serializers.CharField(allow_null=True, read_only=True)
    forked_from = serializers.CharField(source="forked_from_id", allow_null=True, read_only=True)

    class Meta:
        model = WorkflowExecution
        fields = (
            "id",
            "workflow_id",
            "workflow_version",
            "temporal_workflow_id",
            "status",
            "is_finished",
            "started_at",
            "completed_at",
            "duration_ms",
            "error",
            "error_kind",
            "failed_step",
            "triggered_by",
            "usage",
            "parent_id",
            "forked_from",
            "simulated",
            "created_at",
        )
        read_only_fields = fields


class PreviewSerializer(serializers.Serializer[Any]):
    """The beginning of an output over 32 KiB."""

    preview = serializers.CharField()
    size_bytes = serializers.IntegerField()
    truncated = serializers.BooleanField()
    link = serializers.CharField()


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


class ExecutionSerializer(ExecutionRowSerializer):
    """A run with its values and what its steps did."""

    input = serializers.JSONField(source="input_json", allow_null=True, read_only=True)
    context = serializers.DictField(  # type: ignore[assignment]
        source="context_json", read_only=True
    )
    output = serializers.JSONField(source="output_json", allow_null=True, read_only=True)
    steps_executed = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="Step ids in the order of their first start.",
    )
    step_results = serializers.DictField(
        child=StepResultSerializer(), read_only=True, help_text="By step id."
    )

    class Meta(ExecutionRowSerializer.Meta):
        fields = (  # type: ignore[assignment]
            *ExecutionRowSerializer.Meta.fields,
            "user_input",
            "input",
            "context",
            "output",
            "steps_executed",
            "step_results",
        )
        read_only_fields = fields  # type: ignore[assignment]

    def to_representation(self, instance: WorkflowExecution) -> dict[str, Any]:
        """The row's own fields and the two that are composed from its step runs."""
        steps = steps_of(instance, lambda path: step_link(instance.pk, path))
        vars(instance).update(vars(steps))
        return super().to_representation(instance)


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


class EventSerializer(serializers.ModelSerializer[ExecutionEvent]):
    """Something that happened in a run."""

    class Meta:
        model = ExecutionEvent
        fields = ("number", "kind", "data", "created_at")
        read_only_fields = fields


class EventsSerializer(serializers.Serializer[Any]):
    """Events after a number; ask again with `after=last` until `is_finished` and nothing more comes."""

    results = EventSerializer(many=True)
    last = serializers.IntegerField(help_text="The number to give as `after` next.")
    is_finished = serializers.BooleanField()


class StartSerializer(StrictFieldsMixin):
    """What a run is started with."""

    user_input = serializers.CharField(
        allow_blank=True,
        trim_whitespace=False,
        default="",
        max_length=MAX_USER_INPUT_CHARACTERS,
    )
    input = serializers.JSONField(  # checked against the workflow's input_schema
        allow_null=True, default=None, help_text="Structured input, seen as ${input.…}."
    )
    context = serializers.DictField(default=dict, help_text="Overrides the definition's context.")  # type: ignore[assignment]
    version = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, allow_null=True, default=None
    )
    simulate = serializers.BooleanField(
        default=False, help_text="Marked stand-ins instead of models and tools."
    )


class WaitSerializer(serializers.Serializer[Any]):
    """`?wait=`: how long the answer may take."""

    wait = serializers.FloatField(
        min_value=0,
        max_value=MAX_WAIT_SECONDS,
        default=0,
        help_text="Seconds to wait for the end; 200 if it came.",
    )


class EventQuerySerializer(serializers.Serializer[Any]):
    """`?after=&limit=&wait=` of the events."""

    after = serializers.IntegerField(min_value=0, max_value=2**63 - 1, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=MAX_EVENTS, default=MAX_EVENTS)
    wait = serializers.FloatField(
        min_value=0,
        max_value=MAX_WAIT_SECONDS,
        default=0,
        help_text="Seconds to wait for the first event.",
    )


def step_link(execution_id: str, path: str) -> str:
    """The address of a step run."""
    return reverse("execution-step", kwargs={"execution_id": execution_id, "path": path})
