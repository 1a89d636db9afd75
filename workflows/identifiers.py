"""Ids of workflows: which are reserved, and how one is made from a name."""

import re
import unicodedata
import uuid

from common.errors import Conflict, Invalid
from workflows.models import Workflow

# They are routes below /workflows/, and `end` is a word of the language.
RESERVED_IDS = frozenset(
    {"new", "templates", "executions", "resources", "generate", "validate", "import", "bulk", "end"}
)


def require_usable(workflow_id: str) -> None:
    """Raise `Invalid` for a reserved id."""
    if workflow_id in RESERVED_IDS:
        raise Invalid(
            f"{workflow_id!r} is reserved; take another id.",
            code="reserved_id",
            pointer="/id",
        )


def id_from_name(name: str) -> str:
    """A free id that reads like `name`: 'Triage a ticket' becomes 'triage-a-ticket', or 'triage-a-ticket-2'.

    Another request may take it before it is stored; then storing answers with a conflict.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-").lstrip("0123456789-")[:80].rstrip("-")
    stem = stem or "workflow"
    taken = set(Workflow.objects.filter(id__startswith=stem).values_list("id", flat=True))
    candidates = [stem, *(f"{stem}-{number}" for number in range(2, 100))]
    free = (one for one in candidates if one not in taken and one not in RESERVED_IDS)
    return next(free, f"{stem}-{uuid.uuid4().hex[:12]}")


def free_id(wanted: str) -> str:
    """`wanted`, or a free id like it where somebody has that; as with `id_from_name` another request may be faster."""
    is_taken = Workflow.objects.filter(pk=wanted).exists()
    return id_from_name(wanted) if is_taken else wanted


def id_taken(workflow_id: str) -> Conflict:
    """The refusal of an id that a workflow has; it does not say whose."""
    return Conflict(
        f"The id {workflow_id!r} is taken; choose another.", code="id_taken", pointer="/id"
    )


def require_same_id(workflow: Workflow, given: object, *, pointer: str) -> None:
    """Raise `Invalid` for an id (null: none was given) that is not the workflow's."""
    if given not in (None, workflow.pk):
        raise Invalid(
            f"The id of a workflow never changes; this one is {workflow.pk!r}.",
            code="id_changed",
            pointer=pointer,
        )
