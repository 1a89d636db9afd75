"""The shape that the language allows: no container without content, no nesting beyond its limit."""

from collections.abc import Sequence

from generation.plan import Choice, Loop, Node, Parallel


def within_limits(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Containers without content are left out, whoever made the plan."""
    kept: list[Node] = []
    for node in nodes:
        match node:
            case Parallel():
                full = tuple(b for branch in node.branches if (b := within_limits(branch)))
                kept += [Parallel(full)] if len(full) > 1 else full[0] if full else ()
            case Loop():
                body = within_limits(node.body)
                kept += [Loop(node.mode, node.phrase, body, node.times)] if body else []
            case Choice():
                cases = tuple(type(c)(c.condition, within_limits(c.body)) for c in node.cases)
                kept += [Choice(cases, within_limits(node.otherwise))] if cases else []
            case _:
                kept.append(node)
    return tuple(kept)


def flattened(nodes: Sequence[Node]) -> list[Node]:
    """The nodes without parallels and loops around them, where no further nesting is possible."""
    found: list[Node] = []
    for node in nodes:
        match node:
            case Parallel():
                found += [leaf for branch in node.branches for leaf in flattened(branch)]
            case Loop():
                found += flattened(node.body)
            case _:
                found.append(node)
    return found
