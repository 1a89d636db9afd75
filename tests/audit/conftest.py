"""What tests of the trail need: what was added to it meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from audit.models import AuditEntry

Added = Callable[[], Any]


class Trail:
    """The entries that came since it was made, or since they were last asked for."""

    def __init__(self) -> None:
        self._last = self._newest()

    def added(self) -> list[AuditEntry]:
        """The new ones, in the order in which they came."""
        rows = list(AuditEntry.objects.filter(pk__gt=self._last).order_by("pk"))
        self._last = self._newest()
        return rows

    def one(self) -> AuditEntry:
        """The only new one."""
        rows = self.added()
        assert len(rows) == 1, [str(row) for row in rows]
        return rows[0]

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Nothing is added meanwhile."""
        self.added()
        yield
        assert [str(row) for row in self.added()] == []

    def _newest(self) -> int:
        return AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


@pytest.fixture
def trail(db: None) -> Trail:
    """What is added from now on."""
    return Trail()


@pytest.fixture
def desk(staff: User) -> Client:
    """A browser in which a member of staff is logged in."""
    client = Client()
    client.force_login(staff)
    return client
