"""What of a request went lost: every clause is in a step, in a warning, or told what happened before."""

from collections.abc import Iterable, Iterator

from generation.plan import Choice, Loop, Node, Parallel
from generation.planning.language.words import STOP, stem, tokens
from generation.planning.reading.tree import Act, Choose, Repeat, Together
from generation.planning.reading.tree import Node as Spoken


def acts(nodes: Iterable[Spoken]) -> Iterator[Act]:
    """Every act of a tree that is to be done, in order."""
    for node in nodes:
        match node:
            case Act():
                if not node.is_negated:
                    yield node
            case Together():
                for branch in node.branches:
                    yield from acts(branch)
            case Choose():
                for _, body in node.arms:
                    yield from acts(body)
                yield from acts(node.otherwise or ())
            case Repeat():
                # A loop with nothing in it: what it was to do stands in its phrase.
                yield from acts(node.body or (Act(node.phrase),))


def tasks(nodes: Iterable[Node]) -> Iterator[str]:
    """What the steps of a plan are told to do, and what its loops and choices ask."""
    for node in nodes:
        match node:
            case Parallel():
                for branch in node.branches:
                    yield from tasks(branch)
            case Choice():
                for case in node.cases:
                    yield case.condition
                    yield from tasks(case.body)
                yield from tasks(node.otherwise)
            case Loop():
                yield node.phrase
                yield from tasks(node.body)
            case _:
                yield node.task


def lost(spoken: Iterable[Spoken], nodes: Iterable[Node], known: Iterable[str]) -> list[str]:
    """The acts whose words are in no task and in none of the texts `known`; acts that speak of the past are not."""
    placed = [_content(text) for text in (*tasks(nodes), *known)]
    found: list[str] = []
    for act in acts(spoken):
        words = _content(act.text)
        is_placed = any(len(words & other) * 2 >= len(words) for other in placed)
        if words and not is_placed and not act.is_backward:
            found.append(act.text)
    return list(dict.fromkeys(found))


def _content(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in tokens(text) if word not in STOP)
