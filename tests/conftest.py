"""People and clients that every test may ask for. Servers come from `tests/stack.py`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from knox.models import AuthToken
from rest_framework.test import APIClient

from tests.emptying import empty_instead_of_flushing
from tests.fakes.fixtures import model_server

__all__ = ["model_server"]

empty_instead_of_flushing()

ClientFor = Callable[[User], APIClient]


def client_of(user: User) -> APIClient:
    """An API client that sends a real token of the user."""
    _, token = AuthToken.objects.create(user)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    return client


@pytest.fixture(scope="session", autouse=True)
def _folder_for_static_files() -> None:
    """WhiteNoise warns where there is none, and warnings are errors here."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture
def alice(db: None) -> User:
    """An ordinary user."""
    return User.objects.create_user("alice")


@pytest.fixture
def bob(db: None) -> User:
    """Another ordinary user, who shares no group with anyone."""
    return User.objects.create_user("bob")


@pytest.fixture
def staff(db: None) -> User:
    """Someone who sees and changes everything."""
    return User.objects.create_user("staff", is_staff=True, is_superuser=True)


@pytest.fixture
def team(alice: User) -> Group:
    """A group that alice and carol are in."""
    group = Group.objects.create(name="team")
    alice.groups.add(group)
    return group


@pytest.fixture
def carol(team: Group) -> User:
    """A user in alice's group."""
    user = User.objects.create_user("carol")
    user.groups.add(team)
    return user


@pytest.fixture
def client_for() -> ClientFor:
    """Makes an API client that sends a real token of the given user."""

    return client_of


@pytest.fixture
def anonymous() -> APIClient:
    """An API client of nobody."""
    return APIClient()


@pytest.fixture
def api(alice: User, client_for: ClientFor) -> APIClient:
    """Alice's API client."""
    return client_for(alice)
