"""Addresses of the API, resolved among those of the same first word and number of parts: Django tries all, one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.urls import URLPattern, URLResolver
from django.urls.resolvers import ResolverMatch, RoutePattern

# What of a converter's expression could match a slash, apart from a class that excludes it.
_PERHAPS_SLASHES = frozenset("/.^\\")


@dataclass(frozen=True)
class _Shape:
    """What an address must have to be matched: its first word and how many slashes; null: any."""

    word: str | None
    slashes: int | None

    def fits(self, word: str, slashes: int) -> bool:
        return self.word in (None, word) and self.slashes in (None, slashes)


class RoutesByShape(URLResolver):
    """As `path(prefix, include(routes))`, for routes that all are endpoints. It finds what that would find."""

    def __init__(self, prefix: str, routes: Sequence[URLPattern]) -> None:
        super().__init__(RoutePattern(prefix), list(routes))
        self._prefix, self._routes = prefix, routes
        self._groups: dict[tuple[str, int], URLResolver] = {}

    def resolve(self, path: str) -> ResolverMatch:
        """The view and its arguments; raises `Resolver404`."""
        path = str(path)
        word, slash, rest = path.removeprefix(self._prefix).partition("/")
        key = (word if word in self._words else "", len(slash) + rest.count("/"))
        group = self._groups.get(key)
        return (group or self._group(*key)).resolve(path)

    @cached_property
    def _shapes(self) -> list[tuple[_Shape, URLPattern]]:
        return [(_shape(one), one) for one in self._routes]

    @cached_property
    def _words(self) -> set[str | None]:
        return {shape.word for shape, _ in self._shapes}

    @cached_property
    def _most_slashes(self) -> int:
        return max(shape.slashes or 0 for shape, _ in self._shapes)

    def _group(self, word: str, slashes: int) -> URLResolver:
        found = [one for shape, one in self._shapes if shape.fits(word, slashes)]
        group = URLResolver(self.pattern, found)
        # Anybody can send addresses with any number of slashes.
        if slashes <= self._most_slashes:
            self._groups[word, slashes] = group
        return group


def _shape(one: URLPattern) -> _Shape:
    route = str(one.pattern)
    word, _, _ = route.partition("/")
    converters = getattr(one.pattern, "converters", {}).values()
    is_fixed = not any(_may_match_slashes(converter.regex) for converter in converters)
    return _Shape(None if "<" in word else word, route.count("/") if is_fixed else None)


def _may_match_slashes(expression: str) -> bool:
    return not _PERHAPS_SLASHES.isdisjoint(expression.replace("[^/]", ""))
