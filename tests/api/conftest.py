"""Alice's world and those who look at it."""

from dataclasses import dataclass

import pytest
from django.contrib.auth.models import Group, User
from rest_framework.test import APIClient

from tests.api.world import Ids, make_world
from tests.conftest import ClientFor


@dataclass(frozen=True)
class World:
    """Ids of what alice has, ids that nobody has, and who looks."""

    ids: Ids
    absent: Ids
    owner: APIClient
    member: APIClient
    outsider: APIClient
    bob: User


@pytest.fixture
def world(db: None, bob: User, client_for: ClientFor) -> World:
    """Alice with one of everything, carol in a group it is shared with, bob outside."""
    ids = Ids()
    owner = make_world(ids)
    carol = User.objects.create_user("carol")
    carol.groups.add(Group.objects.get(name=ids.group))
    return World(ids, ids.absent(), client_for(owner), client_for(carol), client_for(bob), bob)
