"""Chores that mend what a crash left behind: one after the other, in one process of the installation at a time."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string
from pydantic import JsonValue

logger = logging.getLogger(__name__)

# Any number will do, as long as nobody else locks it in this database.
LOCK = 823_475_101

# A chore tells what it did: counts or ids by what was done. It bounds its own time.
Done = Mapping[str, JsonValue]
Chore = Callable[[], Done]


def mend(*, leave_out: Collection[str] = ()) -> dict[str, Done]:
    """Do the chores of `settings.UPKEEP` (name: dotted path); gives what each did, or `{"error": why}`.

    Does nothing, and gives nothing, while another process is at it. Raises what the database raises.
    """
    with _alone() as is_alone:
        if not is_alone:
            return {}
        wanted = {name: path for name, path in settings.UPKEEP.items() if name not in leave_out}
        return {name: _done(name, import_string(path)) for name, path in wanted.items()}


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether this process has the lock, which PostgreSQL gives back by itself if the process dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        row = cursor.fetchone()
        is_alone = bool(row and row[0])
    try:
        yield is_alone
    finally:
        if is_alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _done(name: str, chore: Chore) -> Done:
    try:
        return chore()
    # Whatever is wrong with one chore must not keep the others from being done; the next pass tries it again.
    except Exception as error:
        logger.exception("%s: left for the next pass", name)
        return {"error": str(error) or type(error).__name__}
