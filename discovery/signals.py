"""What happens to agents and tools that the apps above, of which discovery knows nothing, may want to hear."""

from collections.abc import Iterable

from django.db import transaction
from django.dispatch import Signal

from discovery.models import ResourceChange

# Sent after the commit; `kind` is one of `ResourceChange`, `ids` names the rows that are, or may be, others now. Who
# has heard deletes the rows of `ResourceChange`: what is left there nobody has heard of yet.
resources_changed = Signal()


def tell_of_change(kind: ResourceChange.Kind, ids: Iterable[str]) -> None:
    """Note the change in its own transaction, and send `resources_changed` when that is committed.

    Who can't hear it does not fail the change.
    """
    named = sorted(ids)
    if named:
        ResourceChange.objects.bulk_create(ResourceChange(kind=kind, resource=one) for one in named)
        transaction.on_commit(
            lambda: resources_changed.send_robust(None, kind=kind, ids=named), robust=True
        )
