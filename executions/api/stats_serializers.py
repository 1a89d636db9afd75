"""Statistics of a workflow as JSON."""

from typing import Any
from zoneinfo import ZoneInfo

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from common.errors import Invalid
from common.rest import unknown_field
from executions.models import WorkflowExecution
from executions.reading.stats import zone_of_the_installation
from executions.triggers.rules import zone_of

MOST_DAYS = 365
DEFAULT_DAYS = 30
OF_ENDED = "Of those that completed or failed; at most 1% off; null where none has."
KNOWN_COST = "The sum of what is known; null where nothing is."


class WholeNumberField(serializers.IntegerField):
    """Digits and nothing else: no sign, no blank, no fraction."""

    def to_internal_value(self, data: Any) -> int:
        """The number."""
        text = str(data)
        if not (text.isascii() and text.isdigit()):
            self.fail("invalid")
        return super().to_internal_value(text)


class StatsQuerySerializer(serializers.Serializer[Any]):
    """`?days=&tz=` of the statistics."""

    days = WholeNumberField(
        min_value=1,
        max_value=MOST_DAYS,
        default=DEFAULT_DAYS,
        help_text="Whole days, today included.",
    )
    tz = serializers.CharField(
        max_length=100,
        required=False,
        help_text="IANA time zone in which days begin; default: the installation's.",
    )

    def validate_tz(self, name: str) -> ZoneInfo:
        """The zone of that name."""
        try:
            return zone_of(name)
        except Invalid as error:
            raise serializers.ValidationError(error.detail, code=error.code) from error

    def to_internal_value(self, data: Any) -> Any:
        """The parameters; raises `ValidationError` for one that there is not."""
        refused = {
            name: [ErrorDetail(unknown_field(name, self.fields), "unknown_parameter")]
            for name in data
            if name not in self.fields
        }
        if refused:
            raise serializers.ValidationError(refused)
        return {"tz": zone_of_the_installation(), **super().to_internal_value(data)}


class DurationSerializer(serializers.Serializer[Any]):
    """How long it took."""

    p50_ms = serializers.IntegerField(allow_null=True, help_text=f"Median. {OF_ENDED}")
    p95_ms = serializers.IntegerField(allow_null=True, help_text=f"95th percentile. {OF_ENDED}")


class SpentSerializer(serializers.Serializer[Any]):
    """Tokens, and what they cost."""

    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cost_usd = serializers.FloatField(allow_null=True, help_text=KNOWN_COST)
    unpriced_steps = serializers.IntegerField(
        help_text="Step runs that used tokens of a model without a known price."
    )


class WorkflowUsageSerializer(SpentSerializer):
    """What the runs have spent."""

    model_calls = serializers.IntegerField()
    tool_calls = serializers.IntegerField()
    unpriced_runs = serializers.IntegerField(
        help_text="Runs that used tokens and of whose cost nothing is known."
    )


class OutcomesSerializer(serializers.Serializer[Any]):
    """How runs ended."""

    runs = serializers.IntegerField()
    completed = serializers.IntegerField()
    failed = serializers.IntegerField()


class DayStatsSerializer(OutcomesSerializer):
    """The runs that were started on one day."""

    date = serializers.DateField()


class VersionStatsSerializer(OutcomesSerializer, DurationSerializer):
    """The runs of one version."""

    version = serializers.IntegerField()


class StepStatsSerializer(SpentSerializer, DurationSerializer):
    """What one step did; every iteration of a loop counts."""

    step_id = serializers.CharField()
    type = serializers.CharField(help_text="As in its newest run.")
    name = serializers.CharField(help_text="As in its newest run.")
    runs = serializers.IntegerField(help_text="Without those that were skipped.")
    failures = serializers.IntegerField()
    skipped = serializers.IntegerField()
    attempts = serializers.IntegerField()
    retries = serializers.IntegerField(help_text="Attempts after the first of a step run.")


class StatsSerializer(DurationSerializer):
    """What the runs of a workflow came to."""

    workflow_id = serializers.CharField()
    days = serializers.IntegerField()
    time_zone = serializers.CharField()
    since = serializers.DateTimeField(help_text="When the first day begins.")
    drift = serializers.IntegerField(
        allow_null=True,
        help_text="How many agents and tools of the published version are others today; null: none is published.",
    )
    runs = serializers.IntegerField()
    by_status = serializers.DictField(
        child=serializers.IntegerField(),
        help_text=f"{', '.join(WorkflowExecution.Status.values)}.",
    )
    success_rate = serializers.FloatField(
        allow_null=True, help_text="Completed of those that completed or failed; null without any."
    )
    usage = WorkflowUsageSerializer()
    per_day = DayStatsSerializer(many=True)
    per_version = VersionStatsSerializer(many=True)
    per_step = StepStatsSerializer(many=True)
