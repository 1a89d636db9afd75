"""Addresses lead where Django itself, trying one route after the other, would lead them."""

import re
from collections.abc import Iterator

import pytest
from django.urls import Resolver404, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from workflowsite.rest.routes import RoutesByShape

PREFIX = "api/v1/"
# For each converter what it takes; a step's path takes several parts.
VALUES = {"int": ["7", "x"], "step_path": ["a", "a/0/b", "a/b"], "path": ["a", "a/b"]}
OTHERS = ["a", "workflows", "templates", "executions", "a b", "7", "end"]
STRANGE = ["", "/", "workflows/", "workflows//steps", "nothing", "workflows/a/b/c/d/e/f/g/h/i", "Agents", "agents"]  # fmt: skip


def ours() -> RoutesByShape:
    (found,) = [one for one in get_resolver().url_patterns if isinstance(one, RoutesByShape)]
    return found


def addresses() -> Iterator[str]:
    """Each route with values of all kinds in it."""
    for route in (str(one.pattern) for one in ours().url_patterns):
        for number in range(len(OTHERS)):

            def value(found: re.Match[str], number: int = number) -> str:
                values = VALUES.get(found[1], OTHERS)
                return values[number % len(values)]

            yield re.sub(r"<(\w+):\w+>", value, route)
            yield re.sub(r"<(\w+):\w+>", value, route) + "/more"


def found(resolver: URLResolver, address: str) -> object:
    try:
        match = resolver.resolve(PREFIX + address)
    except Resolver404:
        return None
    return match.func, match.args, match.kwargs, match.route, match.url_name


def test_each_address_leads_where_it_always_led() -> None:
    plain = URLResolver(RoutePattern(PREFIX), list(ours().url_patterns))
    asked = [*STRANGE, *addresses()]
    led = [found(plain, address) for address in asked]
    assert [found(ours(), address) for address in asked] == led
    assert len([one for one in led if one is not None]) > len(ours().url_patterns)


def test_addresses_of_any_length_take_no_memory() -> None:
    one = ours()
    for slashes in range(50):
        with pytest.raises(Resolver404):
            one.resolve(f"{PREFIX}nothing{'/x' * slashes}")
    assert len(one._groups) <= 20 * len(
        {str(p.pattern).partition("/")[0] for p in one.url_patterns}
    )
