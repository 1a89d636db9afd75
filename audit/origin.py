"""Where a change comes from: told at the edge of the process, read when something is recorded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    # `manage.py` needs this module before Django is set up.
    from django.contrib.auth.models import User

Channel = Literal["rest", "web", "admin", "command", "system"]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The way a change came in. Without any word on it, it comes from the installation itself: a worker, a chore.

    `via` is the public beginning of a token, or the name of a command; `user` who is logged in there, if anybody.
    """

    channel: Channel = "system"
    via: str = ""
    request_id: str = ""
    client_address: str | None = None
    user: "User | None" = None


_origin: ContextVar[Callable[[], Origin]] = ContextVar("audit_origin", default=Origin)


@contextmanager
def coming_from(origin: Callable[[], Origin]) -> Iterator[None]:
    """What is recorded meanwhile comes from there; `origin` is only called when something is."""
    before = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(before)


def current_origin() -> Origin:
    """Where whatever happens now comes from."""
    return _origin.get()()
