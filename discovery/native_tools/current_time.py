"""native:current_time: what time it is, somewhere."""

from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from discovery.native_tools.tool import Arguments, NativeTool, closed_object
from discovery.tool_errors import ToolCallFailed


def current_time(arguments: Arguments) -> JsonValue:
    """The present moment in a time zone. Within a run it is asked once: the step's outcome is recorded."""
    name = arguments.get("timezone", "UTC")
    now = datetime.now(_zone(name)).replace(microsecond=0)
    return {
        "iso": now.isoformat(),
        "date": now.date().isoformat(),
        "time": now.time().isoformat(),
        "weekday": now.strftime("%A"),
        "timezone": name,
        "utc_offset": now.isoformat()[-6:],
        "unix": int(now.timestamp()),
    }


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    # ValueError: a path out of the time zone database; OSError: a folder of it.
    except (KeyError, ValueError, OSError):
        raise ToolCallFailed(
            f"There is no time zone {name!r}.",
            code="unknown_timezone",
            hint="Use a name of the IANA database, such as 'Europe/Berlin' or 'UTC'.",
        ) from None


TOOL = NativeTool(
    name="current_time",
    description=(
        "Tell the current date and time, today's weekday and the UTC offset in a time zone. "
        "Use it to timestamp a report, get today's date or compare deadlines with now."
    ),
    input_schema=closed_object(
        {
            "timezone": {
                "type": "string",
                "description": "IANA time zone name such as 'Europe/Berlin'.",
                "default": "UTC",
                "minLength": 1,
                "maxLength": 100,
            }
        }
    ),
    output_schema=closed_object(
        {
            "iso": {"type": "string", "description": "ISO 8601 with UTC offset, to the second."},
            "date": {"type": "string", "description": "YYYY-MM-DD"},
            "time": {"type": "string", "description": "HH:MM:SS"},
            "weekday": {"type": "string", "description": "English name of the day."},
            "timezone": {"type": "string"},
            "utc_offset": {"type": "string", "description": "Such as +02:00."},
            "unix": {"type": "integer", "description": "Seconds since 1970-01-01 UTC."},
        },
        required=("iso", "date", "time", "weekday", "timezone", "utc_offset", "unix"),
    ),
    compute=current_time,
)
