"""A row's status in the admin's lists, as a coloured label (pages of one row show no labels)."""

from typing import Any

from unfold.decorators import display

# Unfold's names for its colours.
COLOURS = {
    "PENDING": "info",
    "RUNNING": "info",
    "OPEN": "warning",
    "WAITING": "warning",
    "SKIPPED": "warning",
    "CANCELLED": "warning",
    "EXPIRED": "warning",
    "DUPLICATE": "warning",
    "COMPLETED": "success",
    "APPROVED": "success",
    "ACCEPTED": "success",
    "FAILED": "danger",
    "REJECTED": "danger",
    "REFUSED": "danger",
}


@display(description="status", ordering="status", label=COLOURS)  # type: ignore[untyped-decorator]
def status_label(row: Any) -> tuple[str, str]:
    """The value that decides the colour, and the words."""
    return row.status, row.get_status_display()
