"""Runs, their steps and events as JSON."""

from typing import Any, cast

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.live.rest import MAX_WAIT_SECONDS
from common.rest import StrictFieldsMixin
from executions.api.step_serializers import StepResultSerializer, output_link
from executions.models import (
    ExecutionEvent,
    WorkflowExecution,
)
from executions.reading.previews import cut
from executions.reading.spent import spent_by
from executions.selectors import forks_of, steps_of
from executions.starts.run_request import MAX_USER_INPUT_CHARACTERS
from executions.step_tests import ErrorBefore, LoopAround

SHOWN_OF_RUN = "Over 256 KiB: {preview, size_bytes, truncated, link}."
MAX_FORKS = 100


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
    hint = serializers.CharField(
        source="error_hint", read_only=True, help_text="What to do about the error."
    )
    parent_id = serializers.CharField(allow_null=True, read_only=True)
    schedule_id = serializers.CharField(
        allow_null=True, read_only=True, help_text="The schedule that started it."
    )
    webhook_id = serializers.CharField(
        allow_null=True, read_only=True, help_text="The webhook that started it."
    )
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
            "error_code",
            "hint",
            "failed_step",
            "triggered_by",
            "schedule_id",
            "webhook_id",
            "usage",
            "parent_id",
            "forked_from",
            "forked_at",
            "tested_step",
            "simulated",
            "created_at",
        )
        read_only_fields = fields


class RunDriftSerializer(serializers.Serializer[Any]):
    """An agent or tool of a step that was another when the run started than when its version was published."""

    step = serializers.CharField()
    kind = serializers.ChoiceField(["agent", "tool"])
    resource = serializers.CharField()
    change = serializers.ChoiceField(
        ["changed", "worded_anew", "gone", "withheld"],
        help_text="worded_anew: only its description; withheld: an agent got it since, and was not given it.",
    )
    published_fingerprint = serializers.CharField(allow_blank=True)
    fingerprint = serializers.CharField(allow_blank=True, help_text="At the start of the run.")
    message = serializers.CharField()


class ExecutionSerializer(ExecutionRowSerializer):
    """A run with its values and what its steps did."""

    input = serializers.JSONField(
        source="input_json", allow_null=True, read_only=True, help_text=SHOWN_OF_RUN
    )
    context = serializers.DictField(  # type: ignore[assignment]
        source="context_json", read_only=True
    )
    output = serializers.JSONField(
        source="output_json", allow_null=True, read_only=True, help_text=SHOWN_OF_RUN
    )
    steps_executed = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="Step ids in the order of their first start.",
    )
    step_results = serializers.DictField(
        child=StepResultSerializer(), read_only=True, help_text="By step id."
    )
    drift = RunDriftSerializer(
        many=True,
        read_only=True,
        help_text="What was another when the run started than when its version was published; "
        "empty where that version was not the published one.",
    )
    forks = serializers.SerializerMethodField(
        help_text="Runs that retry or fork this one, the newest first; at most 100."
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
            "drift",
            "forks",
            "request_id",
        )
        read_only_fields = fields  # type: ignore[assignment]

    def get_forks(self, row: WorkflowExecution) -> list[str]:
        """Those that the caller may see."""
        request = self._context.get("request")
        caller = row.created_by if request is None else request.user
        return list(forks_of(row, caller)[:MAX_FORKS].values_list("pk", flat=True))

    def to_representation(self, instance: WorkflowExecution) -> dict[str, Any]:
        """The row's own fields and the two that are composed from its step runs."""
        steps = steps_of(instance, lambda path: output_link(instance.pk, path))
        vars(instance).update(vars(steps))
        row = super().to_representation(instance)
        row["usage"] = UsageSerializer(cast(Any, spent_by(instance))).data
        for name in ("input", "output"):
            link = reverse(f"execution-{name}", kwargs={"execution_id": instance.pk})
            row[name] = cut(row[name], link)
        return row


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


class ConfirmSerializer(StrictFieldsMixin):
    """The word that calls may be repeated."""

    confirm = serializers.BooleanField(
        default=False, help_text="Calls that were made may be made once more."
    )


class RetrySerializer(ConfirmSerializer):
    """What a retry may say."""

    another = serializers.BooleanField(
        default=False, help_text="Start it although a retry of the run has not ended yet."
    )


class ForkSerializer(ConfirmSerializer):
    """From where a run is forked, and what shall be different."""

    from_step = serializers.CharField(
        max_length=2000, help_text="Path or id of the step that runs first."
    )
    iteration = serializers.IntegerField(
        min_value=1,
        max_value=2**31 - 1,
        allow_null=True,
        default=None,
        help_text="Of the loop, where an id is given.",
    )
    version = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, required=False, help_text="Default: the one that ran."
    )
    outputs = serializers.DictField(
        default=dict, help_text="By path or id of a step that is not run again: its output instead."
    )
    user_input = serializers.CharField(
        allow_blank=True,
        trim_whitespace=False,
        required=False,
        max_length=MAX_USER_INPUT_CHARACTERS,
    )
    input = serializers.JSONField(allow_null=True, required=False)
    context = serializers.DictField(required=False)  # type: ignore[assignment]


@extend_schema_field(LoopAround)  # type: ignore[arg-type]
class LoopField(serializers.DictField):
    """What `loop` means to a step that is tried alone."""


@extend_schema_field(ErrorBefore)  # type: ignore[arg-type]
class ErrorField(serializers.DictField):
    """What `error` means to a step that is tried alone."""


class StepTestSerializer(StrictFieldsMixin):
    """The surroundings in which one step is tried."""

    user_input = serializers.CharField(
        allow_blank=True,
        trim_whitespace=False,
        default="",
        max_length=MAX_USER_INPUT_CHARACTERS,
    )
    input = serializers.JSONField(allow_null=True, default=None)
    context = serializers.DictField(default=dict)  # type: ignore[assignment]
    steps = serializers.DictField(
        default=dict, help_text="Outputs of other steps by id; of a branch by 'parallel/branch'."
    )
    loop = LoopField(required=False, help_text="Of the loop around the step.")
    error = ErrorField(required=False, help_text="For a step of an error path.")
    version = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, allow_null=True, default=None
    )
    simulate = serializers.BooleanField(
        default=True, help_text="False calls models and tools, and costs what they cost."
    )
    confirm = serializers.BooleanField(
        default=False, help_text="Tools that are not safe to call for nothing may be called."
    )


class WaitSerializer(serializers.Serializer[Any]):
    """`?wait=`: how long the answer may take."""

    wait = serializers.FloatField(
        min_value=0,
        max_value=MAX_WAIT_SECONDS,
        default=0,
        help_text="Seconds to wait for the end; 200 if it came.",
    )
