"""Alice's world and those who look at it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from knox.models import AuthToken
from pytest_django import DjangoDbBlocker, Settings
from rest_framework.test import APIClient

from tests.api.example_world import ExampleWorld, make_example_world
from tests.api.world import Ids, make_world
from tests.executions.conftest import temporal_worker
from tests.fakes.mcp_servers.http import McpHttpServer

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


@pytest.fixture(scope="module")
def mcp_server() -> Iterator[McpHttpServer]:
    """A real MCP server."""
    with McpHttpServer() as running:
        yield running


@pytest.fixture(scope="module")
def _shop(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, mcp_server: McpHttpServer
) -> Iterator[ExampleWorld]:
    """The rows, made once: each test takes back what it did within a transaction of its own."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_example_world(mcp_server.url)
        transaction.set_rollback(True)


@pytest.fixture
def shop(_shop: ExampleWorld, db: None, settings: Settings) -> ExampleWorld:
    """What the examples name."""
    settings.OUTBOUND_ALLOWLIST = ["127.0.0.1/32"]
    return _shop


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
