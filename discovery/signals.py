"""What happens to agents and tools that the apps above, of which discovery knows nothing, may want to hear."""

from collections.abc import Iterable

from django.db import transaction
from django.dispatch import Signal

# Sent after the commit; `kind` is "agent" or "server", `ids` names the rows that are, or may be, others now.
resources_changed = Signal()


def tell_of_change(kind: str, ids: Iterable[str]) -> None:
    """Send `resources_changed` when this transaction is committed; who can't hear it does not fail the change."""
    named = sorted(ids)
    if named:
        transaction.on_commit(
            lambda: resources_changed.send_robust(None, kind=kind, ids=named), robust=True
        )
