"""How long something took."""

from datetime import datetime


def duration_ms(started_at: datetime | None, completed_at: datetime | None) -> int | None:
    """Milliseconds between two moments, or null while one is missing."""
    if started_at is None or completed_at is None:
        return None
    return round((completed_at - started_at).total_seconds() * 1000)
