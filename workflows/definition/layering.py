"""Which step of a list stands in which layer of a drawing: one more than the lowest of those before it."""

from collections.abc import Iterator, Mapping, Sequence

from workflows.definition.routes import Exit
from workflows.definition.steps import END


def layers_of(ways: Mapping[str, Sequence[Exit]], entry: str | None) -> list[list[str]]:
    """The steps by layer, in each layer in declared order; the end is alone in the last one.

    `ways` maps each step of one list, in document order, to its exits within the list. Ways back up don't count.
    """
    forward, order = _forward(ways, entry)
    layer = dict.fromkeys(order, 0)
    # Reverse postorder: every step comes after all that lead to it.
    for key in order:
        for target in forward[key]:
            layer[target] = max(layer[target], layer[key] + 1)
    layers: list[list[str]] = [[] for _ in range(max(layer.values()) + 1)]
    for key in order:
        layers[layer[key]].append(key)
    if any(way.target == END for exits in ways.values() for way in exits):
        layers.append([END])
    return layers


def _forward(
    ways: Mapping[str, Sequence[Exit]], entry: str | None
) -> tuple[dict[str, list[str]], list[str]]:
    """The ways that don't lead back up, and the steps in reverse postorder, first arms first."""
    forward: dict[str, list[str]] = {key: [] for key in ways}
    state: dict[str, str] = {}
    finished: list[str] = []
    roots = [entry, *ways] if entry is not None and entry in ways else list(ways)
    for root in roots:
        if root not in state:
            _visit(root, ways, forward, state, finished)
    return forward, finished[::-1]


def _visit(
    root: str,
    ways: Mapping[str, Sequence[Exit]],
    forward: dict[str, list[str]],
    state: dict[str, str],
    finished: list[str],
) -> None:
    """Depth-first with an own stack: a list of 1,000 steps must not exhaust Python's."""
    stack: list[tuple[str, Iterator[Exit]]] = [(root, _last_arm_first(ways[root]))]
    state[root] = "open"
    while stack:
        key, rest = stack[-1]
        way = next(rest, None)
        if way is None:
            state[key] = "done"
            finished.append(key)
            stack.pop()
        elif way.target in ways and state.get(way.target) != "open":
            forward[key].append(way.target)
            if way.target not in state:
                state[way.target] = "open"
                stack.append((way.target, _last_arm_first(ways[way.target])))


def _last_arm_first(exits: Sequence[Exit]) -> Iterator[Exit]:
    # Reverse postorder turns the order round once more.
    return reversed(exits)
