"""Two users: neither can read, run, change or even learn of what the other has. Every route, every method."""

import re
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.api.conftest import World
from tests.api.routes import MORE_THINGS, ROUTES, Route, found_routes
from tests.api.world import ABSENT, MARK, Ids, everything

Sent = tuple[int, dict[str, str], str]

THINGS = {f"{method} {pattern}": (method, route) for (method, pattern), route in ROUTES.items()}
ONE = {name: entry for name, entry in THINGS.items() if entry[1].kind == "thing"} | MORE_THINGS
LISTS = {name: entry[1] for name, entry in THINGS.items() if entry[1].kind == "list"}
CLOSED = {name: entry for name, entry in THINGS.items() if entry[1].needs_log_in}


def send(client: APIClient, method: str, route: Route, ids: Ids) -> Any:
    """The answer to the route's request."""
    call = getattr(client, method)
    return call(route.url(ids)) if route.body is None else call(route.url(ids), route.body)


def comparable(answer: Any) -> Sent:
    """Status, headers and body without what differs between any two requests and without the id that was asked for."""
    text = re.sub(r'"request_id":"[^"]*"', "", answer.content.decode())
    headers = {
        k: v for k, v in answer.headers.items() if k not in ("X-Request-ID", "Content-Length")
    }
    return answer.status_code, headers, text.replace(ABSENT, MARK)


def test_the_table_holds_every_route() -> None:
    assert found_routes() == set(ROUTES)


@pytest.mark.parametrize("name", CLOSED)
def test_without_log_in_nothing_is_told_or_changed(
    world: World, anonymous: APIClient, name: str
) -> None:
    method, route = CLOSED[name]
    before = everything()
    answer = send(anonymous, method, route, world.ids)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "WWW-Authenticate" in answer.headers
    assert comparable(answer) == comparable(send(anonymous, method, route, world.absent))
    assert everything() == before


@pytest.mark.parametrize("name", ONE)
def test_what_belongs_to_another_looks_absent_and_stays_as_it_is(world: World, name: str) -> None:
    method, route = ONE[name]
    before = everything()
    denied = send(world.outsider, method, route, world.ids)
    assert denied.status_code == 404, denied.content
    assert denied.headers["Content-Type"] == "application/problem+json"
    assert comparable(denied) == comparable(send(world.outsider, method, route, world.absent))
    assert everything() == before


@pytest.mark.parametrize("name", LISTS)
def test_lists_hold_nothing_of_another(world: World, name: str) -> None:
    answer = send(world.outsider, "get", LISTS[name], world.ids)
    assert answer.status_code == 200
    assert MARK not in answer.content.decode()


@pytest.mark.parametrize("name", LISTS)
def test_lists_hold_what_is_ones_own(world: World, name: str) -> None:
    """The counterpart: had the lists been empty for everyone, the test above would prove nothing."""
    answer = send(world.owner, "get", LISTS[name], world.ids)
    assert MARK[:8] in answer.content.decode()


@pytest.mark.parametrize("name", LISTS)
def test_a_group_sees_what_is_shared_with_it_and_nothing_else(world: World, name: str) -> None:
    route = LISTS[name]
    answer = send(world.member, "get", route, world.ids)
    assert (MARK[:8] in answer.content.decode()) == (route.reader == "group")


@pytest.mark.parametrize("name", [name for name, (method, _) in ONE.items() if method == "get"])
def test_a_group_reads_what_is_shared_with_it(world: World, name: str) -> None:
    _, route = ONE[name]
    mine = send(world.owner, "get", route, world.ids)
    theirs = send(world.member, "get", route, world.ids)
    assert theirs.status_code == (mine.status_code if route.reader == "group" else 404)


def test_asking_for_the_options_of_an_address_tells_nothing(world: World) -> None:
    for route in ROUTES.values():
        there, absent = (
            world.outsider.options(route.url(ids)) for ids in (world.ids, world.absent)
        )
        assert there.status_code == 405, (route, there.content)
        assert comparable(there) == comparable(absent)
