"""Schedules as JSON."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.rest import StrictFieldsMixin
from executions.models import WorkflowExecution
from executions.starts.run_request import MAX_USER_INPUT_CHARACTERS
from executions.triggers import rules
from executions.triggers.models import Schedule
from executions.triggers.timing import SHOWN_RUNS, next_runs

BIGGEST = 2**31 - 1


class FiringTimeSerializer(serializers.Serializer[Any]):
    """One firing time."""

    at = serializers.DateTimeField(help_text="In UTC.")
    local = serializers.CharField(help_text="In the schedule's time zone, with its offset then.")


class TriggeredRunSerializer(serializers.Serializer[Any]):
    """The newest run that a trigger started."""

    execution_id = serializers.CharField()
    status = serializers.ChoiceField(choices=WorkflowExecution.Status.choices)
    created_at = serializers.DateTimeField()


class ScheduleSerializer(StrictFieldsMixin, serializers.ModelSerializer[Schedule]):
    """When runs of a workflow start by themselves."""

    computed = frozenset(
        {
            *("next_runs", "last_run", "error", "failures", "is_synced", "updated_at"),
        }
    )

    workflow_id = serializers.CharField(read_only=True)
    interval_seconds = serializers.IntegerField(
        allow_null=True,
        default=None,
        min_value=1,
        max_value=BIGGEST,
        help_text="Counted from 1970-01-01T00:00Z: 3600 is every full hour.",
    )
    version = serializers.IntegerField(
        allow_null=True,
        default=None,
        min_value=1,
        max_value=BIGGEST,
        help_text="Null: the published version at the time of firing, else the current one.",
    )
    user_input = serializers.CharField(
        allow_blank=True,
        trim_whitespace=False,
        default="",
        max_length=MAX_USER_INPUT_CHARACTERS,
    )
    input = serializers.JSONField(  # checked against the workflow's input_schema
        source="input_json", allow_null=True, default=None
    )
    context = serializers.DictField(source="context_json", default=dict)  # type: ignore[assignment]
    created_by = serializers.CharField(source="created_by.username", read_only=True)
    next_runs = serializers.SerializerMethodField(
        help_text=f"The next {SHOWN_RUNS} firing times, without jitter; none while it is paused."
    )
    last_run = serializers.SerializerMethodField(help_text="The newest run it started.")

    class Meta:
        model = Schedule
        fields = (
            "id",
            "workflow_id",
            "name",
            "cron",
            "time_zone",
            "interval_seconds",
            "jitter_seconds",
            "overlap_policy",
            "catchup_window_seconds",
            "version",
            "user_input",
            "input",
            "context",
            "is_paused",
            "note",
            "next_runs",
            "last_run",
            "error",
            "failures",
            "is_synced",
            "created_by",
            "created_at",
            "updated_at",
        )
        read_only_fields = ("id", "error", "failures", "is_synced", "created_at", "updated_at")
        extra_kwargs = {
            "cron": {"default": ""},
            "time_zone": {"default": "UTC"},
            "jitter_seconds": {"default": 0, "max_value": rules.LONGEST_JITTER_SECONDS},
            "catchup_window_seconds": {
                "default": 3600,
                "min_value": rules.SHORTEST_CATCHUP_SECONDS,
                "max_value": rules.LONGEST_CATCHUP_SECONDS,
            },
            "overlap_policy": {"default": Schedule.Overlap.SKIP},
            "is_paused": {"default": False},
            "note": {"default": ""},
        }

    @extend_schema_field(FiringTimeSerializer(many=True))
    def get_next_runs(self, row: Schedule) -> list[dict[str, Any]]:
        """In UTC and in the schedule's zone."""
        zone = ZoneInfo(row.time_zone)
        times = next_runs(row, timezone.now())
        return [
            {"at": _utc(moment), "local": moment.astimezone(zone).isoformat()} for moment in times
        ]

    @extend_schema_field(TriggeredRunSerializer(allow_null=True))
    def get_last_run(self, row: Schedule) -> Any:
        """As the query brought it; null before the first run."""
        return getattr(row, "last_run", None)


class PauseSerializer(StrictFieldsMixin):
    """Why it is paused or resumed."""

    note = serializers.CharField(allow_blank=True, max_length=500, default="")


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
