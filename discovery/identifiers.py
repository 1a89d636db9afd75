"""Ids of agents and servers: made from a name where none is given."""

import re
import unicodedata
import uuid

from common.errors import Conflict
from discovery.models import Agent, McpServer
from discovery.reserved import RESERVED_SERVER_IDS

SUFFIXES_TRIED = 100


def id_from_name(model: type[Agent] | type[McpServer], name: str) -> str:
    """A free id that reads like `name`: 'Release notes' becomes 'release-notes', or 'release-notes-2'.

    Another request may take it before it is stored; then storing answers with a conflict.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-").lstrip("0123456789-")[:80].rstrip("-")
    stem = stem or ("agent" if model is Agent else "server")
    taken = set(model._default_manager.filter(pk__startswith=stem).values_list("pk", flat=True))
    candidates = [stem, *(f"{stem}-{number}" for number in range(2, SUFFIXES_TRIED))]
    free = (one for one in candidates if one not in taken and one not in RESERVED_SERVER_IDS)
    return next(free, f"{stem}-{uuid.uuid4().hex[:12]}")


def id_taken(taken: str) -> Conflict:
    """The refusal of an id that is in use; it does not say whose it is."""
    return Conflict(f"The id {taken!r} is taken; choose another.", code="id_taken", pointer="/id")
