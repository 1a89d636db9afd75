"""What differs between two states of a row, small enough to be kept and without what must not be kept."""

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from audit.models import AuditEntry

Action = AuditEntry.Action
Changes = dict[str, dict[str, Any]]

# Of one value, as JSON. What is longer is better looked at where it is.
MAX_BYTES_SHOWN = 300
CHANGED: dict[str, Any] = {"changed": True}

# What a mixed change is called: by the first of these that changed, since that is what somebody will look for.
_BY_FIELD: tuple[tuple[str, Action, Action], ...] = (
    ("shared_with", Action.SHARED, Action.SHARED),
    ("published_version", Action.PUBLISHED, Action.UNPUBLISHED),
    ("is_published", Action.PUBLISHED, Action.UNPUBLISHED),
    ("is_active", Action.ACTIVATED, Action.DEACTIVATED),
)


def compared(
    before: Mapping[str, Any], after: Mapping[str, Any], *, hidden: Collection[str] = ()
) -> Changes:
    """The fields whose values differ; of those that are `hidden`, or long, only that they do."""
    differing = [name for name, value in after.items() if before.get(name) != value]
    return {
        name: dict(CHANGED) if name in hidden else shown(before.get(name), after[name])
        for name in differing
    }


def shown(before: Any, after: Any) -> dict[str, Any]:
    """Both values where both are short."""
    if _is_short(before) and _is_short(after):
        return {"before": before, "after": after}
    return dict(CHANGED)


def regrouped(shared: tuple[list[str], list[str]] | None) -> Changes:
    """The change of the groups that something is shared with, as `common.sharing.share` tells it; long ones too."""
    return {} if shared is None else {"shared_with": {"before": shared[0], "after": shared[1]}}


def named(changes: Changes, *, secret: Collection[str] = ()) -> Action:
    """What to call a change of these fields; one that touches a secret is always called that."""
    if any(name in changes for name in secret):
        return Action.SECRET_CHANGED
    for name, set_to, unset_to in _BY_FIELD:
        if name in changes:
            return set_to if changes[name].get("after") else unset_to
    return Action.UPDATED


def _is_short(value: Any) -> bool:
    return len(orjson.dumps(value, default=str)) <= MAX_BYTES_SHOWN
