"""Hooks of schemathesis: nothing waits long for work that nobody does here."""

from typing import Any

import schemathesis

LONGEST_WAIT_SECONDS = 1


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """A valid `wait` is shortened; an invalid one stays as it is."""
    query = case.query
    if not isinstance(query, dict) or "wait" not in query:
        return
    try:
        seconds = float(query["wait"])
    except (TypeError, ValueError):
        return
    if LONGEST_WAIT_SECONDS < seconds <= 60:
        query["wait"] = LONGEST_WAIT_SECONDS
