"""What happens to workflows that other apps, which workflows know nothing of, may want to hear."""

from django.dispatch import Signal

# Sent inside the transaction that archives; `workflow` is the row.
workflow_archived = Signal()
