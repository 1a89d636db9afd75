"""What a schedule may say; whatever breaks a rule is named with its place."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from common.errors import Invalid, NotFound
from executions.starts.run_request import require_acceptable, require_executable
from executions.triggers import cron
from executions.triggers.models import Schedule
from workflows.selectors import catalogue_for, definition_of

DAY = 24 * 3600
LONGEST_INTERVAL_SECONDS = 366 * DAY
LONGEST_JITTER_SECONDS = DAY
# Temporal's own least.
SHORTEST_CATCHUP_SECONDS = 10
LONGEST_CATCHUP_SECONDS = 366 * DAY


def require_times(row: Schedule, *, shortest_seconds: int) -> None:
    """Raise `Invalid` unless it is clear when the schedule fires."""
    if bool(row.cron) == (row.interval_seconds is not None):
        raise Invalid(
            "Give either 'cron' or 'interval_seconds'.", code="cron_or_interval", pointer="/cron"
        )
    if row.cron:
        _require_cron(row)
    else:
        _require_between(row, "interval_seconds", shortest_seconds, LONGEST_INTERVAL_SECONDS)
    longest = min(LONGEST_JITTER_SECONDS, row.interval_seconds or LONGEST_JITTER_SECONDS)
    _require_between(row, "jitter_seconds", 0, longest)
    _require_between(
        row, "catchup_window_seconds", SHORTEST_CATCHUP_SECONDS, LONGEST_CATCHUP_SECONDS
    )


def require_runnable(row: Schedule) -> None:
    """Raise what a start would raise now: `Invalid` for the version or the input, `NotExecutable`."""
    version = row.version or row.workflow.published_version
    try:
        _, definition = definition_of(row.workflow, version)
    except NotFound as error:
        raise Invalid(error.detail, code="unknown_version", pointer="/version") from error
    require_acceptable(
        user_input=row.user_input,
        input=row.input_json,
        context=row.context_json,
        definition=definition,
    )
    require_executable(definition, catalogue_for(row.created_by), simulate=False)


def zone_of(name: str) -> ZoneInfo:
    """The time zone; raises `Invalid` for a name that is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(
            f"{name[:100]!r} is no IANA time zone, such as 'Europe/Berlin' or 'UTC'.",
            code="invalid_time_zone",
            pointer="/time_zone",
        ) from error


def _require_cron(row: Schedule) -> None:
    zone_of(row.time_zone)
    try:
        cron.parse(row.cron)
    except cron.InvalidCron as error:
        raise Invalid(str(error), code="invalid_cron", pointer="/cron") from error


def _require_between(row: Schedule, field: str, least: int, most: int) -> None:
    value = getattr(row, field)
    if not least <= value <= most:
        raise Invalid(
            f"{field} is from {least} to {most}, not {value}.",
            code="out_of_range",
            pointer=f"/{field}",
        )
