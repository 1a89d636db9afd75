"""Clauses to a tree: sequence, parallel, conditional, loop, and what must not be done."""

import re
from dataclasses import replace

from generation.planning.language.verbs import actions
from generation.planning.language.words import STOP, stem, tokens, with_joined_particles
from generation.planning.reading.clauses import Chunk, sentences
from generation.planning.reading.cues import is_of_item, speaks_of_item
from generation.planning.reading.decisions import merged
from generation.planning.reading.earlier import goes_back, put_before
from generation.planning.reading.implied import with_decisions
from generation.planning.reading.paraphrase import in_plain_words
from generation.planning.reading.passives import pieces_of, text_of
from generation.planning.reading.sentence import Sentence
from generation.planning.reading.tracks import tracks_in
from generation.planning.reading.tree import Act, Choose, Node, Repeat, Together, together

# A decision behind a loop is made for each thing, unless it speaks of them together.
_ABOUT_ALL = re.compile(
    r"\b(?:(?<!at )all|any|none|both|everything|anything|nothing|at least one|(?:one|some|most) of)\b",
    re.IGNORECASE,
)
_ALL_FITS = re.compile(
    r"(?:everything|nothing|all) (?:fits|matches|agrees|differs|is (?:fine|right|ok|okay|correct|clean|in order))$",
    re.IGNORECASE,
)
_AND = re.compile(r"\band\b", re.IGNORECASE)


def read_structure(text: str) -> list[Node]:
    """The tree of what `text` asks for, in the order in which it is to happen."""
    if tracks := tracks_in(text):
        strands = [tuple(read_structure(strand)) for strand in tracks.strands]
        branches = tuple(strand for strand in strands if strand)
        return [*read_structure(tracks.before), Together(branches), *read_structure(tracks.after)]
    nodes: list[Node] = []
    spoken = text_of(with_decisions(pieces_of(with_joined_particles(in_plain_words(text)))))
    start = 0
    for sentence in sentences(spoken):
        before, chunks = goes_back(sentence)
        if before:
            put_before(nodes, Sentence(chunks=chunks).read(), before, start)
            continue
        start = len(nodes)
        found = Sentence(chunks=chunks, earlier=nodes).read()
        if found:
            nodes.extend(_joined(nodes, found, chunks[0]))
    return [_plain(node) for node in nodes]


def _plain(node: Node) -> Node:
    """A loop without loops in it that go through the same things: 'for each product … save the results of each product'."""
    if not isinstance(node, Repeat) or node.mode != "foreach":
        return node
    things = _things(node.phrase)
    body: list[Node] = []
    for inner in node.body:
        is_same = isinstance(inner, Repeat) and inner.mode == "foreach" and inner.body
        if is_same and isinstance(inner, Repeat) and _things(inner.phrase) <= things:
            body.extend(inner.body)
        else:
            body.append(inner)
    return replace(node, body=tuple(body))


def _things(phrase: str) -> frozenset[str]:
    return frozenset(stem(word) for word in tokens(phrase) if word not in STOP)


def _joined(nodes: list[Node], found: list[Node], first: Chunk) -> list[Node]:
    """What of a sentence remains after its head joined the node before: a further case, a loop's body, 'meanwhile'."""
    last, head = nodes[-1] if nodes else None, found[0]
    if isinstance(last, Choose) and isinstance(head, Choose) and last.otherwise is None:
        nodes[-1] = merged(last, head)
    elif isinstance(last, Repeat) and _is_about_item(last, head, first):
        nodes[-1] = replace(last, body=_with_head(last.body, head))
        return _behind_item(nodes, found[1:])
    elif last is not None and isinstance(head, Act) and _is_meanwhile(head, first):
        nodes[-1] = together([last, replace(head, wants_split=False)])
    else:
        return found
    return found[1:]


def _behind_item(nodes: list[Node], found: list[Node]) -> list[Node]:
    """What remains of a sentence that began with the item of a loop: what goes on with 'it' stays in the loop too."""
    for at, node in enumerate(found):
        loop = nodes[-1]
        if not (isinstance(loop, Repeat) and isinstance(node, Act) and is_of_item(node.text, loop)):
            return found[at:]
        nodes[-1] = replace(loop, body=(*loop.body, node))
    return []


def _is_meanwhile(head: Act, first: Chunk) -> bool:
    """'Meanwhile read the logs' is done beside what was told before; 'read the logs and the metrics in parallel' is not."""
    is_own = first.parallel == "trailing" and bool(_AND.search(head.text))
    return bool(first.parallel) and head.wants_split and not is_own


def _with_head(body: tuple[Node, ...], head: Node) -> tuple[Node, ...]:
    """The body of a loop with one more node, which may be a further case of its last decision."""
    last = body[-1] if body else None
    if isinstance(last, Choose) and isinstance(head, Choose) and last.otherwise is None:
        return (*body[:-1], merged(last, head))
    return (*body, head)


def _is_about_item(last: Repeat, head: Node, first: Chunk) -> bool:
    """'For each ticket: … If it is urgent, …': the second sentence still speaks of the item."""
    if last.mode != "foreach" or first.is_closing:
        return False
    if isinstance(head, Choose):
        return _is_of_each(head.arms[0][0], last)
    return isinstance(head, Act) and not head.is_negated and speaks_of_item(head.text, last)


def _is_of_each(condition: str, last: Repeat) -> bool:
    """Whether a condition is one of each thing; where each was examined, 'everything fits' is."""
    is_examined = any(isinstance(act, Act) and "analyse" in actions(act.text) for act in last.body)
    if is_examined and _ALL_FITS.match(condition):
        return True
    return not _ABOUT_ALL.search(condition)
