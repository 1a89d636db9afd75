"""Finds the tool or agent that a clause means: BM25 over words and concepts, weighed by the kind of action."""

import math
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise

from generation.planning.verbs import DETERMINERS, actions, leading_verb, verb_at
from generation.planning.words import (
    STOP,
    Unit,
    concepts,
    known_products,
    stem,
    tokens,
    units,
)
from workflows.definition.catalogue import AgentEntry, Catalogue, ToolEntry

K1, B = 1.2, 0.2
NAME_WEIGHT, TEXT_WEIGHT, SERVER_WEIGHT, SERVER_TEXT_WEIGHT = 2.0, 1.4, 1.6, 0.7

# How well an action asked for (first) goes with what a tool does (second); missing pairs get the default.
_TOOL_FIT = {
    ("read", "read"): 1.0, ("create", "create"): 1.0, ("update", "update"): 1.0, ("delete", "delete"): 1.2,
    ("send", "send"): 1.0, ("run", "run"): 1.0, ("make", "make"): 1.0, ("analyse", "analyse"): 0.8,
    ("send", "create"): 0.5, ("create", "send"): 0.4, ("create", "update"): 0.2, ("update", "create"): 0.1,
    ("analyse", "read"): 0.4, ("make", "create"): 0.3, ("create", "make"): 0.4, ("compose", "create"): 0.3,
    ("compose", "make"): 0.4, ("update", "run"): 0.3, ("run", "update"): 0.4, ("run", "create"): 0.3,
    ("make", "read"): 0.1, ("read", "make"): 0.4, ("read", "analyse"): 0.4, ("send", "run"): 0.2,
    ("run", "send"): 0.3, ("delete", "update"): 0.2, ("send", "update"): 0.0, ("run", "read"): -0.2,
    ("analyse", "make"): 0.2, ("make", "send"): -0.3, ("compose", "send"): -0.6, ("analyse", "run"): -0.2,
}  # fmt: skip
_TOOL_DEFAULT = -1.0
# Where nothing else decides, the plain way in is meant rather than a look around.
_PRIOR = {"get": 0.3, "read": 0.3, "query": 0.3, "run": 0.3, "fetch": 0.3, "send": 0.3, "post": 0.5,
          "create": 0.2, "append": 0.25, "publish": 0.2, "upload": 0.2, "search": 0.1, "describ": -0.3}  # fmt: skip
_AGENT_FIT = {
    "analyse": 0.6, "compose": 0.7, "make": 0.6, "read": -0.3, "create": -0.3, "update": -0.5, "send": -1.0,
    "delete": -1.2, "run": -0.6,
}  # fmt: skip

# Words of agents' names that say nothing of what they do.
_ROLES = frozenset(
    f"={stem(w)}"
    for w in (
        "agent",
        "assistant",
        "bot",
        "expert",
        "specialist",
        "helper",
        "writer",
        "maker",
        "checker",
        "ai",
    )
)
# What a name costs of which the clause says nothing.
FOREIGN_TRADE = 0.5

_PURPOSE = re.compile(r"\b[Uu]se (?:it|this|this tool) (?:to|for)\b([^.]*)")


@dataclass(frozen=True)
class Entry:
    """A tool or agent as the index sees it: weighted concepts, its kinds of action, and its server."""

    id: str
    is_agent: bool
    weights: dict[str, float]
    length: float
    kinds: frozenset[str]
    server_id: str = ""
    prior: float = 0.0
    verb: str = ""
    # The words of an agent's name: what it is for, and for nothing else.
    trade: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Match:
    """How well an entry answers a clause: `coverage` is the share (0 to 1) of the clause's meaning that it explains."""

    entry: Entry
    score: float
    coverage: float
    shared: frozenset[str] = frozenset()


@dataclass
class Index:
    """All usable entries of a catalogue, ready to be searched."""

    entries: list[Entry] = field(default_factory=list)
    rarity: dict[str, float] = field(default_factory=dict)
    average_length: float = 1.0
    # The words that name a server ('jira'), and the one they name.
    server_names: dict[str, str] = field(default_factory=dict)

    def rank(
        self,
        text: str,
        *,
        banned: frozenset[str] = frozenset(),
        kinds: frozenset[str] | None = None,
        near: str = "-",
        previous: str = "-",
    ) -> list[Match]:
        """The entries that share meaning with `text`, best first; ties in the catalogue's order.

        `banned` holds ids of entries and servers; `kinds` replaces the kinds of action read from the text; `near` is
        the server of the step before, which 'send it' most likely means; `previous` is the agent of the step before.
        """
        wanted = _weighed(text)
        asked = actions(text) if kinds is None else kinds
        named = self.servers_named(text)
        verb = leading_verb(text).partition(" ")[0]
        is_bare = all(weight < 1 for weight, _ in wanted)
        found = []
        for entry in self.entries:
            if entry.id in banned or entry.server_id in banned:
                continue
            match = self._match(entry, wanted, asked, named, verb)
            if match is not None and is_bare and entry.server_id == near:
                match = replace(match, score=match.score + 2.0)
            if match is not None and entry.id == previous and asked & {"create", "send", "update"}:
                # 'write the advice to a sheet' behind the adviser means the sheet.
                match = replace(match, score=match.score - 3.0)
            if match is not None:
                found.append(match)
        return sorted(found, key=lambda match: -match.score)

    def servers_named(self, text: str) -> frozenset[str]:
        """The servers of the catalogue whose name stands in `text`."""
        words = tokens(text)
        pairs = {"".join(pair) for pair in pairwise(words)}
        return frozenset(
            self.server_names[word] for word in {*words, *pairs} if word in self.server_names
        )

    def idf(self, term: str) -> float:
        """How telling a term is here; terms that no entry has are as telling as the rarest."""
        return self.rarity.get(term, self.rarity.get("", 1.0))

    def _match(
        self,
        entry: Entry,
        wanted: tuple[Unit, ...],
        asked: frozenset[str],
        named: frozenset[str],
        verb: str,
    ) -> Match | None:
        score, covered, total = 0.0, 0.0, 0.0
        shared: set[str] = set()
        norm = K1 * (1 - B + B * entry.length / self.average_length)
        for weight, terms in wanted:
            total += weight * self._importance(terms)
            gain, term = self._gain(entry, terms, norm)
            if gain:
                score += weight * gain
                covered += weight * self._importance(terms)
                shared.add(term)
        if not shared:
            return None
        fit = _fit(entry, asked)
        score *= 1 + 0.45 * fit
        score += 1.2 * fit + entry.prior + (1.0 if verb and verb == entry.verb else 0.0)
        score -= FOREIGN_TRADE * _foreign(entry, wanted)
        if entry.server_id in named:
            score += 3.0
        elif named and not entry.is_agent:
            score -= 2.0
        return Match(entry, round(score, 6), covered / total if total else 0.0, frozenset(shared))

    def _importance(self, terms: tuple[str, ...]) -> float:
        """How telling a word is: as its most common meaning here."""
        known = [self.rarity[term] for term in terms if term in self.rarity]
        return min(known) if known else self.rarity.get("", 1.0)

    def _gain(self, entry: Entry, terms: tuple[str, ...], norm: float) -> tuple[float, str]:
        """What one word adds (BM25), by the best of its terms."""
        best, found, total, importance = 0.0, "", 0.0, self._importance(terms)
        # The very word counts more than a synonym; one word of a phrase ('as pdf') counts less than its meaning.
        is_phrase = sum(term.startswith("=") for term in terms) > 1
        for term in terms:
            frequency = entry.weights.get(term, 0.0)
            gain = importance * frequency * (K1 + 1) / (frequency + norm) if frequency else 0.0
            if term.startswith("="):
                gain *= 0.6 if is_phrase else 1.15
            total += gain
            if gain > best:
                best, found = gain, term
        # Further terms of the same word confirm it a little.
        best += 0.15 * (total - best)
        return best, found


def _foreign(entry: Entry, wanted: tuple[Unit, ...]) -> float:
    """The share of an agent's name that the clause does not speak of: a legal summariser is no summariser."""
    said = {term for _, terms in wanted for term in terms}
    strange = sum(not said & set(word) for word in entry.trade)
    return strange / len(entry.trade) if entry.trade else 0.0


def _fit(entry: Entry, asked: frozenset[str]) -> float:
    if not asked:
        return 0.2
    if entry.is_agent:
        return max(_AGENT_FIT[kind] for kind in asked)
    return max(
        (_TOOL_FIT.get((a, b), _TOOL_DEFAULT) for a in asked for b in entry.kinds), default=0.0
    )


def build_index(catalogue: Catalogue) -> Index:
    """The index of everything in `catalogue` that can be used now."""
    entries = [_agent_entry(agent) for agent in catalogue.agents.values() if agent.is_active]
    entries += [
        _tool_entry(tool, catalogue) for tool in catalogue.tools.values() if tool.is_available
    ]
    counts = Counter(term for entry in entries for term in entry.weights)
    # As if there were some more: in a small catalogue every word would seem common.
    size = len(entries) + 15
    rarity = {
        term: math.log(1 + (size - count + 0.5) / (count + 0.5)) for term, count in counts.items()
    }
    rarity[""] = math.log(1 + (size + 0.5) / 0.5) * 0.8
    lengths = [entry.length for entry in entries]
    return Index(
        entries=entries,
        rarity=rarity,
        average_length=sum(lengths) / len(lengths) if lengths else 1.0,
        server_names=_server_names(catalogue),
    )


def catalogue_verbs(catalogue: Catalogue) -> list[tuple[str, frozenset[str]]]:
    """The first word of each description and tool name, which is most often the verb of what it does."""
    agents = [tokens(agent.description)[:1] for agent in catalogue.agents.values()]
    tools = [
        words[:1]
        for tool in catalogue.tools.values()
        for words in (_own_words(tool), tokens(tool.description))
    ]
    does, works = frozenset({"run", "read"}), frozenset({"make", "analyse", "compose"})
    return [(words[0], works) for words in agents if words] + [
        (words[0], does) for words in tools if words
    ]


def _agent_entry(agent: AgentEntry) -> Entry:
    weights = _weights(
        ((f"{agent.id} {agent.name}", NAME_WEIGHT), (agent.description, TEXT_WEIGHT))
    )
    trade = tuple(terms for _, terms in units(agent.name or agent.id) if not set(terms) & _ROLES)
    kinds = actions(agent.description)
    return Entry(agent.id, True, weights, sum(weights.values()), kinds, trade=trade)


def _tool_entry(tool: ToolEntry, catalogue: Catalogue) -> Entry:
    name = tool.id.partition(":")[2]
    server = catalogue.servers.get(tool.server_id or "")
    server_words = f"{server.id} {server.name}" if server else tool.server_id or ""
    server_words = re.sub(r"(?i)\b(?:server|mcp|api)\b", " ", " ".join(tokens(server_words)))
    weights = _weights(
        (
            (f"{name} {tool.name}", NAME_WEIGHT),
            (tool.description, TEXT_WEIGHT),
            (server_words, SERVER_WEIGHT),
            (server.description if server else "", SERVER_TEXT_WEIGHT),
        )
    )
    verb = next((stem(word) for word in _own_words(tool)), "")
    return Entry(
        id=tool.id,
        is_agent=False,
        weights=weights,
        length=sum(weights.values()),
        kinds=tool_kinds(tool),
        server_id=tool.server_id or "native",
        prior=_PRIOR.get(verb, 0.0),
        verb=verb,
    )


def _weighed(text: str) -> tuple[Unit, ...]:
    """The words of a clause; a leading verb that is also a noun ('record it') tells as little as other verbs."""
    wanted = units(text)
    words = tokens(text)
    if len(words) < 2 or words[1] not in DETERMINERS or not wanted:
        return wanted
    length, kinds, _ = verb_at([stem(words[0])], 0)
    is_handling = (
        length and kinds & {"read", "create", "update", "run"} and not kinds & {"make", "analyse"}
    )
    if is_handling and f"={stem(words[0])}" in wanted[0][1]:
        return ((0.3, wanted[0][1]), *wanted[1:])
    return wanted


def tool_kinds(tool: ToolEntry) -> frozenset[str]:
    """What a tool does: the verb in its name (after 'run': the next one too), else that of its description.

    A name's word that is as often a noun ('git_log') counts only where the description names no action.
    """
    told = _core(actions(tool.description)) | _purposes(tool.description)
    roots = [stem(word) for word in _own_words(tool)]
    for position in range(len(roots)):
        length, kinds, is_noun_too = verb_at(roots, position)
        if not length:
            continue
        if is_noun_too and told and not (kinds & told and position == 0):
            return told
        after = verb_at(roots, position + 1)[1] if "run" in kinds else frozenset()
        return _core(kinds) | (after & {"read"})
    return told or frozenset({"read"})


def _purposes(description: str) -> frozenset[str]:
    """What the tool is for, where its description says so: 'Use it to fetch a page or call an API.'"""
    said = _PURPOSE.search(description)
    if not said:
        return frozenset()
    roots = [stem(word) for word in tokens(said.group(1))]
    verbs = (verb_at(roots, position) for position in range(len(roots)))
    return frozenset(kind for _, kinds, is_noun_too in verbs if not is_noun_too for kind in kinds)


def _own_words(tool: ToolEntry) -> list[str]:
    """The words of the tool's name without its server's, which many servers put before each."""
    words = tokens(tool.id.partition(":")[2])
    server = tokens(tool.server_id or "")
    return words[1:] if len(words) > 1 and words[0] in server else words


def _core(kinds: frozenset[str]) -> frozenset[str]:
    """A tool called 'create…' stores; it does not write or turn things into others."""
    return kinds - {"compose", "make", "analyse"} if kinds & {"create", "read"} else kinds


def _weights(fields: tuple[tuple[str, float], ...]) -> dict[str, float]:
    found: dict[str, float] = {}
    for text, weight in fields:
        for term, value in concepts(text).items():
            found[term] = max(found.get(term, 0.0), weight * value) + (
                0.3 * min(found.get(term, 0.0), weight * value)
            )
    return found


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
