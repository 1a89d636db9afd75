"""One step run as JSON, with all that explains it: values, tries, an agent's messages, tool calls and their schemas."""

from dataclasses import asdict
from typing import Any

from django.urls import reverse
from rest_framework import serializers

from discovery.calling import UsableTool, describe_tools
from discovery.past_tools import schemas_of
from executions.api.step_serializers import OF_ALL_INSIDE
from executions.models import ModelCall, StepRun, ToolCall, WorkflowExecution
from executions.reading.explaining import model_calls_of, tool_calls_of, tries_of
from executions.reading.previews import is_cut, shown

SHOWN = "Over 32 KiB: {preview, size_bytes, truncated, link}."


def value_link(execution_id: str, path: str, name: str) -> str:
    """The address of a step run's whole input, output or messages."""
    return reverse(f"execution-step-{name}", kwargs={"execution_id": execution_id, "path": path})


class TrySerializer(serializers.Serializer[Any]):
    """One try of a model or tool call."""

    kind = serializers.ChoiceField(choices=["model", "tool"])
    turn = serializers.IntegerField(help_text="0 in a tool step.")
    call_id = serializers.CharField(allow_blank=True)
    number = serializers.IntegerField(help_text="Of this call, from 1.")
    status = serializers.ChoiceField(choices=["running", "completed", "failed", "unfinished"])
    started_at = serializers.DateTimeField(allow_null=True)
    duration_ms = serializers.IntegerField(allow_null=True)
    error = serializers.JSONField(allow_null=True, help_text="{kind, code, message}")


class ModelCallSerializer(serializers.ModelSerializer[ModelCall]):
    """One turn of an agent, or one of its tries that was paid for without a usable answer, which has an `error`."""

    error = serializers.JSONField(
        source="error_json",
        allow_null=True,
        read_only=True,
        help_text="{kind, code, message} of a try without a usable answer; null for an answer.",
    )
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
            "error",
            "created_at",
        )
        read_only_fields = fields


class ToolCallSerializer(serializers.ModelSerializer[ToolCall]):
    """One call of a tool; a row of `explaining.tool_calls_of`."""

    arguments = serializers.SerializerMethodField(help_text=SHOWN)
    result = serializers.SerializerMethodField(help_text=SHOWN)
    error = serializers.JSONField(source="error_json", allow_null=True, read_only=True)
    published_fingerprint = serializers.SerializerMethodField(
        help_text="The `schema_hash` that was approved when the run's version was published; null: none was."
    )
    tool_schema = serializers.SerializerMethodField(
        help_text="{input_schema, output_schema} that the call was made under, also where the tool has others today "
        "or is gone; null where they are not known any more."
    )
    has_schema_changed = serializers.SerializerMethodField(
        help_text="Null where the tool is none that you may use today."
    )

    class Meta:
        model = ToolCall
        fields = (
            "turn",
            "call_id",
            "tool",
            "schema_hash",
            "published_fingerprint",
            "has_schema_changed",
            "tool_schema",
            "arguments",
            "result",
            "error",
            "attempts",
            "duration_ms",
            "created_at",
        )
        read_only_fields = fields

    def get_arguments(self, row: ToolCall) -> Any:
        """Whole or their beginning."""
        return shown(row, "arguments", _call_link(row, "arguments"))

    def get_result(self, row: ToolCall) -> Any:
        """Whole or its beginning."""
        return shown(row, "result", _call_link(row, "result"))

    def get_published_fingerprint(self, row: ToolCall) -> str | None:
        """As the run's row keeps it."""
        approved: dict[str, list[str]] = self.context["approved_tools"] or {}
        return approved[row.tool][0] if row.tool in approved else None

    def get_has_schema_changed(self, row: ToolCall) -> bool | None:
        """Whether the tool's definition is another today."""
        tool = self._tools.get(row.tool)
        return None if tool is None or not row.schema_hash else tool.schema_hash != row.schema_hash

    def get_tool_schema(self, row: ToolCall) -> dict[str, Any] | None:
        """The schemas of then."""
        if self.get_has_schema_changed(row) is False:
            tool = self._tools[row.tool]
            return {"input_schema": tool.input_schema, "output_schema": tool.output_schema}
        schemas: dict[str, Any] | None = self.context["past_schemas"].get(
            (row.tool, row.schema_hash)
        )
        return schemas

    @property
    def _tools(self) -> dict[str, UsableTool]:
        tools: dict[str, UsableTool] = self.context["tools"]
        return tools


class StepDetailSerializer(serializers.ModelSerializer[StepRun]):
    """A step run with its values, tries, an agent's messages, and its calls; a row of `previews.with_shown` and `spent.with_spent`."""

    duration_ms = serializers.IntegerField(allow_null=True, read_only=True)
    input_tokens = serializers.IntegerField(
        source="spent_input_tokens", read_only=True, help_text=OF_ALL_INSIDE
    )
    output_tokens = serializers.IntegerField(
        source="spent_output_tokens", read_only=True, help_text=OF_ALL_INSIDE
    )
    cost_usd = serializers.FloatField(source="spent_cost_usd", allow_null=True, read_only=True)
    input = serializers.SerializerMethodField(help_text=f"As resolved. {SHOWN}")
    output = serializers.SerializerMethodField(help_text=SHOWN)
    error = serializers.JSONField(source="error_json", allow_null=True, read_only=True)
    tries = serializers.SerializerMethodField(
        help_text="Every try of each model and tool call; quick built-in tools only tell their failures."
    )
    reused_from = serializers.CharField(
        source="reused_from_id",
        allow_null=True,
        read_only=True,
        help_text="The run in which a reused step really ran.",
    )
    messages = serializers.SerializerMethodField(
        help_text="An agent's conversation, in order; a turn over 32 KiB as {turn, preview, …}."
    )
    drift = serializers.SerializerMethodField(
        help_text="What of the run's `drift` is about this step."
    )
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
            "cost_usd",
            "is_reused",
            "is_edited",
            "reused_from",
            "started_at",
            "completed_at",
            "duration_ms",
            "input",
            "output",
            "error",
            "tries",
            "drift",
            "messages",
            "model_calls",
            "tool_calls",
        )
        read_only_fields = fields

    def to_representation(self, instance: StepRun) -> dict[str, Any]:
        """The row and its calls, read once."""
        self._turns = list(model_calls_of(instance))
        return super().to_representation(instance)

    def get_input(self, row: StepRun) -> Any:
        """Whole or its beginning."""
        return shown(row, "input_json", value_link(row.execution_id, row.path, "input"))

    def get_output(self, row: StepRun) -> Any:
        """Whole or its beginning."""
        return shown(row, "output_json", value_link(row.execution_id, row.path, "output"))

    def get_tries(self, row: StepRun) -> list[dict[str, Any]]:
        """In order of their starts."""
        return [dict(TrySerializer(asdict(one)).data) for one in tries_of(row)]

    def get_drift(self, row: StepRun) -> list[dict[str, Any]]:
        """As the run's row keeps it."""
        execution: WorkflowExecution = self.context["execution"]
        return [one for one in execution.drift if one["step"] == row.step_id]

    def get_messages(self, row: StepRun) -> list[dict[str, Any]]:
        """What was said to the model and what it answered."""
        link = value_link(row.execution_id, row.path, "messages")
        conversation: list[dict[str, Any]] = []
        for turn in self._turns:
            conversation += _said(turn, link)
        return conversation

    def get_model_calls(self, row: StepRun) -> list[dict[str, Any]]:
        """The turns without their messages."""
        return [dict(ModelCallSerializer(turn).data) for turn in self._turns]

    def get_tool_calls(self, row: StepRun) -> list[dict[str, Any]]:
        """The calls with arguments, results and schemas."""
        calls = list(tool_calls_of(row))
        execution: WorkflowExecution = self.context["execution"]
        tools = self._usable({call.tool for call in calls})
        today = {(tool.id, tool.schema_hash) for tool in tools.values()}
        context = {
            "tools": tools,
            "past_schemas": schemas_of({(call.tool, call.schema_hash) for call in calls} - today),
            "approved_tools": execution.approved_tools,
        }
        return [dict(ToolCallSerializer(call, context=context).data) for call in calls]

    def _usable(self, names: set[str]) -> dict[str, UsableTool]:
        """The tools as they are today, as far as the reader may use them."""
        if not names:
            return {}
        found = describe_tools(sorted(names), self.context["request"].user)
        return {tool.id: tool for tool in found}


def _said(turn: ModelCall, link: str) -> list[dict[str, Any]]:
    said = shown(turn, "new_messages", link)
    answered = shown(turn, "answer", link)
    messages = [{"turn": turn.turn, **said}] if is_cut(turn, "new_messages") else list(said or [])
    if is_cut(turn, "answer"):
        return [*messages, {"turn": turn.turn, "role": "assistant", **answered}]
    return [*messages, answered] if answered is not None else messages


def _call_link(row: ToolCall, name: str) -> str:
    kwargs = {"execution_id": row.execution_id, "call_id": row.pk}
    return reverse(f"execution-tool-call-{name}", kwargs=kwargs)
