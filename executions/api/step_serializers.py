"""Steps of runs as JSON: results, rows of a list, and one step with all that it said and called."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from executions.models import StepRun, duration_ms
from executions.selectors import shown_output

OF_ALL_INSIDE = "In a loop or parallel of all that ran inside it, in a workflow step of its child."


def step_link(execution_id: str, path: str) -> str:
    """The address of a step run."""
    return reverse("execution-step", kwargs={"execution_id": execution_id, "path": path})


def output_link(execution_id: str, path: str) -> str:
    """The address of a step run's whole output."""
    return reverse("execution-step-output", kwargs={"execution_id": execution_id, "path": path})


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
    input_tokens = serializers.IntegerField(help_text=OF_ALL_INSIDE)
    output_tokens = serializers.IntegerField(help_text=OF_ALL_INSIDE)
    cost_usd = serializers.FloatField(
        allow_null=True,
        help_text="Null where a model's price is not known, and where none was asked.",
    )
    is_reused = serializers.BooleanField(help_text="Taken over from the run that was forked.")
    is_edited = serializers.BooleanField(help_text="The output was given with the fork.")
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
        named = {name.removeprefix("spent_"): value for name, value in instance.items()}
        row = {name: value for name, value in named.items() if name in self.fields}
        return row | {
            "output": shown_output(instance, lambda path: output_link(execution_id, path)),
            "duration_ms": duration_ms(instance["started_at"], instance["completed_at"]),
            "link": step_link(execution_id, instance["path"]),
        }
