"""Alice's world and those who look at it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from knox.models import AuthToken
from pytest_django import DjangoDbBlocker
from rest_framework.test import APIClient

from tests.api.world import Ids, make_world
from tests.executions.conftest import temporal_worker

__all__ = ["temporal_worker"]


@dataclass(frozen=True)
class World:
    """Ids of what alice has, ids that nobody has, and who looks."""

    ids: Ids
    absent: Ids
    owner: APIClient
    member: APIClient
    outsider: APIClient
    bob: User


@pytest.fixture(scope="module")
def _world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """The rows, made once for a module: each test takes back what it did within a transaction of its own."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield _made()
        transaction.set_rollback(True)


@pytest.fixture
def world(_world: World, db: None) -> World:
    """Alice with one of everything, carol in a group it is shared with, bob outside."""
    return _world


def _made() -> World:
    ids = Ids()
    alice = make_world(ids)
    carol, bob = (User.objects.create_user(name) for name in ("carol", "bob"))
    carol.groups.add(Group.objects.get(name=ids.group))
    return World(ids, ids.absent(), _client(alice), _client(carol), _client(bob), bob)


def _client(user: User) -> APIClient:
    _, token = AuthToken.objects.create(user)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    return client
