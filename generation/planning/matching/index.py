"""Finds the tool or agent that a clause means: BM25 over words and concepts, weighed by the kind of action."""

import heapq
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from generation.planning.language.words import (
    STOP,
    Unit,
    known_products,
    tokens,
    units,
)
from generation.planning.matching.agreement import BUILT_IN
from generation.planning.matching.asked import LISTING, SEARCHING, SINGLE, Asked, asked_for
from generation.planning.matching.entries import NAME_WEIGHT, Entry, agent_entry, tool_entry
from generation.planning.matching.fit import fit
from generation.planning.matching.meanings import Meanings, Nearness, nearest
from workflows.definition.catalogue import Catalogue

K1, B = 1.2, 0.2
# What a shared concept counts against the very word, and what the nearness in meaning counts.
CONCEPT, MEANING = 0.85, 10.0
# Without a word in common, an entry has to be that near.
NEAR_ALONE = 0.2
# What it counts that an agent's trade is the verb of the clause, and that a tool brings as many things as are asked for.
TRADE, NUMBER = 1.0, 2.0
# What it counts that a tool searches, where something is to be searched.
SEARCHED = 2.0
# What it costs that a tool tells of a thing what nobody asks for: 'get_call_log' for 'a call'.
OTHER_ASPECT = 3.0
# What it costs that a tool sends in another way than by the one that is asked for.
OTHER_WAY = 8.0
# What it costs that a tool searches where all are wanted, and that it creates what is spoken of as being there.
UNSEARCHED, THERE_ALREADY = 1.5, 4.0
# What it costs a built-in tool that it is plain.
PLAIN = 3.0
# How many entries are looked at closely for one clause.
CANDIDATES = 60
# What the words around a clause count, against its own.
CONTEXT = 0.3
# What a name costs of which the clause says nothing.
FOREIGN_TRADE = 0.5
# How well an agent suits that is called after the verb.
NAMESAKE = 0.6


@dataclass(frozen=True)
class Match:
    """How well an entry answers a clause: `coverage` is the share (0 to 1) of the clause's meaning that it explains."""

    entry: Entry
    score: float
    coverage: float
    shared: frozenset[str] = frozenset()
    # How much nearer in meaning it is than most (0 to 1).
    nearness: float = 0.0


@dataclass(frozen=True)
class Weighed:
    """A word of a clause: how much it counts there, how telling it is in this catalogue, and what it is found by."""

    weight: float
    importance: float
    terms: tuple[str, ...]
    is_phrase: bool


@dataclass
class Index:
    """All usable entries of a catalogue, ready to be searched."""

    entries: list[Entry] = field(default_factory=list)
    rarity: dict[str, float] = field(default_factory=dict)
    average_length: float = 1.0
    # The words that name a server ('jira'), and the one they name.
    server_names: dict[str, str] = field(default_factory=dict)
    # Where each term is found, as positions in `entries`; and the terms of servers' tools alone.
    holders: dict[str, list[int]] = field(default_factory=dict)
    tool_terms: frozenset[str] = frozenset()
    meanings: Meanings = field(default_factory=Meanings)
    # What was asked before, with the verbs known then: an index lives for one request.
    _answers: dict[tuple[object, ...], list[Match]] = field(default_factory=dict)

    @property
    def is_blind(self) -> bool:
        """Whether it knows words only, no meanings."""
        return not self.meanings.is_ready

    def rank(
        self,
        text: str,
        *,
        banned: frozenset[str] = frozenset(),
        kinds: frozenset[str] | None = None,
        near: str = "-",
        previous: str = "-",
        context: str = "",
    ) -> list[Match]:
        """The entries that share meaning with `text`, best first; ties in the catalogue's order.

        `banned` holds ids of entries and servers; `kinds` replaces the kinds of action read from the text; `near` is
        the server of the step before, which 'send it' most likely means; `previous` is the agent of the step before;
        `context` is what everything here is about ('each review'), which settles what the text leaves open.
        """
        question = (text, banned, kinds, near, previous, context)
        if question not in self._answers:
            self._answers[question] = self._rank(*question)
        return list(self._answers[question])

    def _rank(
        self,
        text: str,
        banned: frozenset[str],
        kinds: frozenset[str] | None,
        near: str,
        previous: str,
        context: str,
    ) -> list[Match]:
        asked = self._with_a_way(asked_for(text, kinds))
        wanted = [self._weigh(weight, terms) for weight, terms in asked.said]
        named = self.servers_named(text)
        around = [self._weigh(*unit) for unit in units(context)] if context else []
        is_bare = all(weight < 1 for weight, _ in asked.said)
        near_by = self.meanings.nearness(text)
        found = []
        for at in self._candidates(asked.said, near_by):
            entry = self.entries[at]
            if entry.id in banned or entry.server_id in banned:
                continue
            nearness = float(near_by[at]) if near_by is not None else 0.0
            match = self._match(entry, wanted, asked, named, nearness)
            if match is None:
                continue
            if is_bare and entry.server_id == near:
                match = replace(match, score=match.score + 2.0)
            if entry.id == previous and asked.kinds & {"create", "send", "update"}:
                # 'write the advice to a sheet' behind the adviser means the sheet.
                match = replace(match, score=match.score - 3.0)
            found.append(self._in_context(match, around))
        return sorted(found, key=lambda match: -match.score)

    def _with_a_way(self, asked: Asked) -> Asked:
        """`asked`, of which the way to send is forgotten that nothing here goes."""
        holders = [self.entries[at] for at in self.holders.get(asked.way, ())]
        is_there = any("send" in entry.kinds for entry in holders if not entry.is_agent)
        return asked if is_there else replace(asked, way="")

    def _candidates(self, said: tuple[Unit, ...], near_by: Nearness | None) -> list[int]:
        """The positions of the entries that have any of the words or are nearest in meaning, in the catalogue's order."""
        places = {at for _, terms in said for term in terms for at in self.holders.get(term, ())}
        likely = self._likeliest(places, said, near_by) if len(places) > CANDIDATES else places
        return sorted(likely if near_by is None else likely | set(nearest(near_by)))

    def _likeliest(
        self, places: set[int], said: tuple[Unit, ...], near_by: Nearness | None
    ) -> set[int]:
        """The `CANDIDATES` of `places` that share the most telling words, or are near: looked at closely, the rest not."""
        shared = dict.fromkeys(places, 0.0)
        for weight, terms in said:
            for at, value in self._by_word(terms):
                shared[at] += weight * value
        if near_by is not None:
            for at in shared:
                shared[at] += MEANING * float(near_by[at])
        return set(heapq.nsmallest(CANDIDATES, shared, key=lambda at: (-shared[at], at)))

    def _by_word(self, terms: tuple[str, ...]) -> Iterator[tuple[int, float]]:
        """The entries that have a word, each once, with how telling it is."""
        found: dict[int, float] = {}
        for term in terms:
            for at in self.holders.get(term, ()):
                found[at] = max(found.get(at, 0.0), self.rarity[term])
        return iter(found.items())

    def _in_context(self, match: Match, around: list[Weighed]) -> Match:
        if match.entry.kinds <= {"read"} and not match.entry.is_agent:
            # It brings what is gone through.
            return match
        norm = K1 * (1 - B + B * match.entry.length / self.average_length)
        gain = sum(word.weight * _gain(match.entry, word, norm)[0] for word in around)
        return replace(match, score=match.score + CONTEXT * gain) if gain else match

    def servers_named(self, text: str) -> frozenset[str]:
        """The servers of the catalogue whose name stands in `text`."""
        words = tokens(text)
        pairs = {"".join(pair) for pair in pairwise(words)}
        return frozenset(
            self.server_names[word] for word in {*words, *pairs} if word in self.server_names
        )

    def _match(
        self,
        entry: Entry,
        wanted: list[Weighed],
        asked: Asked,
        named: frozenset[str],
        nearness: float,
    ) -> Match | None:
        score, covered, total = 0.0, 0.0, 0.0
        shared: set[str] = set()
        norm = K1 * (1 - B + B * entry.length / self.average_length)
        for word in wanted:
            total += word.weight * word.importance
            gain, term = _gain(entry, word, norm)
            if gain:
                score += word.weight * gain
                covered += word.weight * word.importance
                shared.add(term)
        if not shared and nearness < NEAR_ALONE:
            return None
        suits = fit(entry, asked.kinds)
        if not (_is_work(asked) and entry.kinds == {"read"} and not entry.is_agent):
            # However near, what only brings a thing does not do the work on it.
            score += MEANING * max(nearness, 0.0)
        if entry.is_agent and _is_namesake(entry, asked):
            # The editor edits, the reader reads, whatever kind of action that is.
            suits = max(suits, NAMESAKE)
        score *= 1 + 0.45 * suits
        score += 1.2 * suits + _habit(entry, asked, shared)
        if entry.server_id in named:
            score += 3.0
        elif named and not entry.is_agent:
            score -= 2.0
        coverage = max(covered / total if total else 0.0, min(1.0, nearness))
        return Match(entry, round(score, 6), coverage, frozenset(shared), nearness)

    def _weigh(self, weight: float, terms: tuple[str, ...]) -> Weighed:
        known = [self.rarity[term] for term in terms if term in self.rarity]
        importance = min(known) if known else self.rarity.get("", 1.0)
        return Weighed(weight, importance, terms, sum(term.startswith("=") for term in terms) > 1)


def _gain(entry: Entry, word: Weighed, norm: float) -> tuple[float, str]:
    """What one word adds (BM25), by the best of its terms."""
    best, found, total = 0.0, "", 0.0
    for term in word.terms:
        frequency = entry.weights.get(term)
        if not frequency:
            continue
        gain = word.importance * frequency * (K1 + 1) / (frequency + norm)
        # The very word counts more than a synonym; one word of a phrase ('as pdf') counts less than its meaning.
        if term[0] == "=":
            gain *= 0.6 if word.is_phrase else 1.15
        else:
            gain *= CONCEPT
        total += gain
        if gain > best:
            best, found = gain, term
    # Further terms of the same word confirm it a little.
    return best + 0.15 * (total - best), found


def _habit(entry: Entry, asked: Asked, shared: set[str]) -> float:
    """What the entry's own verb, name and number speak for or against it, whatever it is about."""
    found = entry.prior - FOREIGN_TRADE * _foreign(entry, asked.said)
    found += 1.0 if asked.verb and asked.verb == entry.verb else 0.0
    if entry.is_agent:
        is_its_trade = asked.is_work and asked.verb and shared & set(asked.said[0][1])
        return found + (TRADE if is_its_trade else 0.0)
    if asked.way and asked.way not in entry.weights:
        found -= OTHER_WAY
    if entry.aspect and _is_about_more(asked, entry.aspect):
        found -= OTHER_ASPECT
    if asked.is_work and entry.server_id == BUILT_IN:
        # What is built in and plain gives way to an agent that was made for it.
        found -= PLAIN
    if asked.verb in SEARCHING and entry.verb in SEARCHING:
        found += SEARCHED
    if asked.number > 0 and entry.verb in SEARCHING and asked.verb not in SEARCHING:
        found -= UNSEARCHED
    if entry.verb == "creat" and any(place.endswith(entry.thing) for place in asked.places):
        found -= THERE_ALREADY
    number = int(entry.verb in LISTING) - int(entry.verb in SINGLE)
    return found + NUMBER * number * asked.number


def _is_namesake(entry: Entry, asked: Asked) -> bool:
    """Whether an agent is called after the verb, and after nothing that the clause does not speak of: a grant finder
    finds no mail."""
    if entry.weights.get(f"={asked.verb}", 0.0) < NAME_WEIGHT:
        return False
    others = [word for word in entry.trade if f"={asked.verb}" not in word]
    said = {term for _, terms in asked.said for term in terms}
    is_trade = "read" not in asked.kinds
    return is_trade or not others or any(said & set(word) for word in others)


def _is_about_more(asked: Asked, aspect: frozenset[str]) -> bool:
    """Whether the clause asks for a thing itself; 'check the order' may well ask for its status, 'from Meta' for anything."""
    said = {term for _, terms in asked.said for term in terms}
    is_open = "analyse" in asked.kinds or not (asked.kinds or len(asked.said) > 1)
    return not (is_open or said & aspect)


def _foreign(entry: Entry, wanted: tuple[Unit, ...]) -> float:
    """The share of an agent's name that the clause does not speak of: a legal summariser is no summariser."""
    said = {term for _, terms in wanted for term in terms}
    strange = sum(not said & set(word) for word in entry.trade)
    return strange / len(entry.trade) if entry.trade else 0.0


def build_index(catalogue: Catalogue) -> Index:
    """The index of everything in `catalogue` that can be used now."""
    entries = [agent_entry(agent) for agent in catalogue.agents.values() if agent.is_active]
    entries += [
        tool_entry(tool, catalogue) for tool in catalogue.tools.values() if tool.is_available
    ]
    counts = Counter(term for entry in entries for term in entry.weights)
    # As if there were some more: in a small catalogue every word would seem common.
    size = len(entries) + 15
    rarity = {
        term: math.log(1 + (size - count + 0.5) / (count + 0.5)) for term, count in counts.items()
    }
    rarity[""] = math.log(1 + (size + 0.5) / 0.5) * 0.8
    holders: dict[str, list[int]] = {}
    for at, entry in enumerate(entries):
        for term in entry.weights:
            holders.setdefault(term, []).append(at)
    lengths = [entry.length for entry in entries]
    return Index(
        entries=entries,
        rarity=rarity,
        average_length=sum(lengths) / len(lengths) if lengths else 1.0,
        server_names=_server_names(catalogue),
        holders=holders,
        tool_terms=frozenset(
            t for entry in entries if _is_of_service(entry) for t in entry.weights
        ),
        meanings=Meanings(entries),
    )


def _is_of_service(entry: Entry) -> bool:
    """Whether it is a tool of a server; those built in reach no service, whatever they tell of."""
    return not entry.is_agent and entry.server_id != BUILT_IN


def _server_names(catalogue: Catalogue) -> dict[str, str]:
    found: dict[str, str] = {}
    products = known_products()
    for server in catalogue.servers.values():
        words = [w for w in tokens(server.id) if w not in ("server", "mcp", "api", "tool", "tools")]
        if not words or any(word in STOP for word in words):
            continue
        name = "".join(words)
        found[name] = server.id
        about = tokens(f"{server.name} {server.description}")
        for length in (2, 1):
            for start in range(len(about) - length + 1):
                spelling = tuple(about[start : start + length])
                if spelling in products:
                    found.setdefault("".join(spelling), server.id)
    return found


def _is_work(asked: Asked) -> bool:
    """Whether something is to be done to a thing, which what only brings it does not do."""
    return asked.is_work or bool(asked.kinds and not asked.kinds & {"read", "analyse"})
