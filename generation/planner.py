"""The offline planner: a request and a catalogue to a plan; deterministic, without a model and without guesses."""

import re
from dataclasses import replace

from generation.plan import (
    AgentUse,
    Case,
    Choice,
    Leaf,
    Loop,
    NewAgent,
    Node,
    Parallel,
    Plan,
    key,
    leaves,
)
from generation.planning.coverage import acts, lost
from generation.planning.language.addresses import with_addresses, without_addresses
from generation.planning.language.languages import to_english
from generation.planning.language.typos import mended
from generation.planning.language.verbs import actions, learn
from generation.planning.matching.entries import catalogue_verbs
from generation.planning.matching.index import Index, build_index
from generation.planning.matching.resolving import Resolver
from generation.planning.matching.suggesting import suggested_agent
from generation.planning.meaning.encoder import encoder
from generation.planning.reading.failing import take_failure
from generation.planning.reading.holding import hold
from generation.planning.reading.schedules import take_recurrences
from generation.planning.reading.structure import read_structure
from generation.planning.reading.tree import Act, Choose, Repeat, Together
from generation.planning.reading.tree import Node as Spoken
from generation.planning.told_lists import told_items
from workflows.definition.catalogue import Catalogue

MAX_NODES = 60


def plan(prompt: str, catalogue: Catalogue) -> Plan:
    """The plan for `prompt`: uses only what `catalogue` holds, everything else is a suggestion. Never raises."""
    # What an earlier request in this context learned is no part of this one.
    learn(())
    index = build_index(catalogue)
    learn(catalogue_verbs(catalogue))
    prompt, addresses = without_addresses(prompt)
    # When it runs is no part of what it does.
    prompt = take_recurrences(prompt)[0]
    english = to_english(prompt)
    is_translated = english != prompt
    english = mended(english, catalogue)
    english, failing = take_failure(english)
    spoken, rescue = read_structure(english), read_structure(failing)
    told = [act.text for act in acts([*spoken, *rescue])]
    index.meanings.read(told, translated_from=prompt if is_translated else "")
    resolver = Resolver(catalogue=catalogue, index=index, is_translated=is_translated)
    resolver.expect(told)
    for act in _forbidden(spoken):
        resolver.forbid(act.text)
    builder = _Builder(resolver, index, is_terse=_is_terse(spoken))
    nodes, on_failure = builder.sequence(spoken), builder.sequence(rescue)
    if not nodes:
        # A request that nothing covers is still one job: for an agent that is to be created.
        nodes = [suggested_agent("Request assistant", prompt.strip() or "Answer", catalogue)]
    known = [*resolver.unplaced, *resolver.given]
    unplaced = [*resolver.unplaced, *lost([*spoken, *rescue], [*nodes, *on_failure], known)]
    warnings = (
        *(
            f"{text[:120]!r} is no step: each run is given that as its input."
            for text in resolver.given
        ),
        *(f"Nothing in the catalogue covers this part: {text[:120]!r}." for text in unplaced),
    )
    found = Plan(
        nodes=tuple(nodes[:MAX_NODES]), warnings=warnings, on_failure=tuple(on_failure[:MAX_NODES])
    )
    return with_addresses(found, addresses)


def warm_up() -> None:
    """Read the vocabularies and the encoder, which happens once in a process and otherwise at somebody's first request."""
    encoder()
    for prompt in (
        "Read it",
        "Lies es und der die das",
        "Lee el texto y la nota",
        "Lis le texte et la note",
    ):
        plan(prompt, Catalogue())


def _forbidden(nodes: list[Spoken] | tuple[Spoken, ...]) -> list[Act]:
    found: list[Act] = []
    for node in nodes:
        match node:
            case Act():
                found += [node] if node.is_negated else []
            case Together():
                found += [act for branch in node.branches for act in _forbidden(branch)]
            case Choose():
                found += [act for _, body in node.arms for act in _forbidden(body)]
                found += _forbidden(node.otherwise or ())
            case Repeat():
                found += _forbidden(node.body)
    return found


def _is_terse(spoken: list[Spoken]) -> bool:
    """'ticket -> triage -> reply': mostly things without verbs."""
    acts = [node for node in spoken if isinstance(node, Act) and not node.is_negated]
    return sum(not actions(act.text) for act in acts) * 2 >= len(acts)


class _Builder:
    """Walks the spoken tree and puts a plan together."""

    def __init__(self, resolver: Resolver, index: Index, *, is_terse: bool) -> None:
        self.is_terse = is_terse
        self.resolver = resolver
        self.index = index

    def sequence(self, spoken: list[Spoken] | tuple[Spoken, ...], *, about: str = "") -> list[Node]:
        """The plan's nodes for a list of spoken ones; `about` is the condition that the list hangs on."""
        nodes: list[Node] = []
        said = [node for node in spoken if not self._is_idle(node)]
        for number, node in enumerate(said):
            position = "last" if number == len(said) - 1 else "first" if number == 0 else "middle"
            for found in self._one(node, nodes, position, about if number == 0 else ""):
                _append(nodes, found)
        return nodes

    def _is_idle(self, node: Spoken) -> bool:
        """A prohibition, or a mere heading among instructions."""
        if not isinstance(node, Act):
            return False
        if hold(node.text):
            return node.is_negated
        if node.is_negated:
            return True
        is_told = self.is_terse or actions(node.text)
        return not (is_told or self.resolver.is_clear(node.text))

    def _one(self, node: Spoken, before: list[Node], position: str, about: str) -> list[Node]:
        match node:
            case Act() if held := hold(node.text):
                return [held]
            case Act():
                return self.resolver.resolve(node, position=position, about=about)
            case Together():
                branches = [self.sequence(branch) for branch in node.branches]
                full = [tuple(branch) for branch in branches if branch]
                return [Parallel(tuple(full))] if len(full) > 1 else [n for b in full for n in b]
            case Choose():
                is_judged = any(
                    isinstance(leaf, AgentUse | NewAgent) for leaf in leaves(tuple(before))
                )
                judges = (
                    [] if is_judged else self.resolver.judge(node.arms[0][0].partition(": ")[0])
                )
                if not judges and not before and not self.resolver.memory.used:
                    # 'If the stock is low …' and nothing has looked at the stock yet.
                    judges = self.resolver.reading(node.arms[0][0], servers=frozenset())
                return [*judges, *self._choice(node)]
            case Repeat():
                return self._loop(node, before)

    def _choice(self, node: Choose) -> list[Node]:
        cases = [
            Case(condition, tuple(self.sequence(body, about=condition)))
            for condition, body in node.arms
        ]
        otherwise = tuple(self.sequence(node.otherwise or ()))
        cases = [case for case in cases if case.body or len(cases) > 1]
        if not any(case.body for case in cases):
            return list(otherwise)
        return [Choice(tuple(cases), otherwise)]

    def _loop(self, node: Repeat, before: list[Node]) -> list[Node]:
        if node.mode == "foreach":
            source = self._source(node, before)
            chooser = self.resolver.chooser
            around, chooser.context = chooser.context, node.phrase
            body = self.sequence(node.body)
            chooser.context = around
            return (
                [*source, Loop("foreach", node.phrase, tuple(body), node.times)] if body else source
            )
        body = self.sequence(node.body)
        if node.mode == "until":
            body = [*self._with_producer(body, before), *self.resolver.judge(node.phrase)]
        if not body:
            return []
        if node.mode == "until":
            return [Loop("until", node.phrase, tuple(body), node.times)]
        return [Loop("count", node.phrase, tuple(body), node.times)]

    def _source(self, node: Repeat, before: list[Node]) -> list[Node]:
        """What the loop goes through: read first, when the phrase names a place that nothing has read yet."""
        if told_items(node.phrase):
            return []
        servers = self.index.servers_named(node.phrase)
        if servers & {k.split(":")[1] for k in map(key, leaves(tuple(before)))}:
            return []
        if before and not servers:
            return []
        if not servers and (found := self.resolver.listed(node.phrase)):
            return found
        return self.resolver.reading(node.phrase, servers=servers, many=True)

    def _with_producer(self, body: list[Node], before: list[Node]) -> list[Node]:
        """'write it, then have it criticised and rewritten until …': the writer belongs into the loop."""
        revisers = [n for n in body if isinstance(n, AgentUse | NewAgent) and _is_revision(n.task)]
        producer = before[-1] if before and isinstance(before[-1], AgentUse) else None
        writers = [n for n in body if isinstance(n, AgentUse) and n not in revisers]
        if revisers and len(body) == len(revisers) and (made := _writer_and_critic(before)):
            return made
        if producer is not None and revisers and producer not in body:
            before.pop()
            return [producer, *(n for n in body if n not in revisers)]
        if producer is not None and len(body) == 1 and writers and not revisers:
            before.pop()
            return [producer, *body]
        if len(writers) >= 2 and revisers:
            return [n for n in body if n not in revisers]
        return body


def _writer_and_critic(before: list[Node]) -> list[Node]:
    """'Draft it and have the critic check it. Keep revising until …': both are taken into the loop; [] where they do not stand there."""
    pair = before[-2:]
    uses = [node for node in pair if isinstance(node, AgentUse)]
    if (
        len(uses) < 2
        or "analyse" not in actions(uses[1].task)
        or "analyse" in actions(uses[0].task)
    ):
        return []
    del before[-2:]
    return pair


def _is_revision(task: str) -> bool:
    return bool(
        re.search(
            r"\b(?:re-?w|revis|improv|refin|rework|redraft|polish|edit|fix|adjust|correct)",
            task,
            re.IGNORECASE,
        )
    )


def _append(nodes: list[Node], node: Node) -> None:
    """Add `node` unless the step before is the same use: two clauses about one agent are one step."""
    last = nodes[-1] if nodes else None
    if isinstance(last, Leaf) and isinstance(node, Leaf) and key(last) == key(node):
        if node.task != last.task:
            nodes[-1] = replace(last, task=f"{last.task}; {node.task}")
        return
    nodes.append(node)
