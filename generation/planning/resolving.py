"""One clause to what it uses: the matching tool or agent, what it silently presupposes, or a suggestion."""

import re
from dataclasses import dataclass, field

from generation.plan import AgentUse, Leaf, Node, Parallel, ToolUse, key, leaves
from generation.planning import suggesting
from generation.planning.clauses import inner_instruction
from generation.planning.matching import Entry, Index, Match
from generation.planning.tree import Act
from generation.planning.verbs import actions, leading_verb
from generation.planning.words import STOP, concepts, stem, tokens, word_set
from workflows.definition.catalogue import Catalogue

# Below this score, or this share of the clause's meaning, a match is a guess.
MIN_SCORE, MIN_COVERAGE = 2.2, 0.18
# Above this score the entry is meant, however much else the clause says.
CLEAR_SCORE = 6.0
TOOL_ACTIONS = frozenset({"read", "create", "update", "delete", "send", "run"})
AGENT_ACTIONS = frozenset({"analyse", "compose", "make"})
# What agents write or work out: "post a summary" presupposes that somebody summarises.
PRODUCTS = word_set("products")
_PREPOSITION = re.compile(
    r"\b(?:to|into|in|on|via|by|onto|over|through|using|at|within|inside|of|about|for|from|with)\b",
    re.IGNORECASE,
)
_SOURCE = re.compile(
    r"\b(?:from|in|of|out of|on|inside|within|using|stored in|saved in|with)\s+(?:our |the |my |an? )?(.+)$",
    re.IGNORECASE,
)
_LIST = re.compile(r",\s*(?:and |or |plus )?|\s+(?:and|plus|as well as)\s+", re.IGNORECASE)


@dataclass
class Resolver:
    """Turns acts into uses; remembers what is forbidden, what was used and what could not be placed."""

    catalogue: Catalogue
    index: Index
    is_translated: bool = False
    banned: frozenset[str] = frozenset()
    used: list[str] = field(default_factory=list)
    unplaced: list[str] = field(default_factory=list)

    def forbid(self, text: str) -> None:
        """Never use what `text` names: a server, else the entry it means best."""
        servers = self.index.servers_named(text)
        ranked = self.index.rank(text)
        entries = frozenset(match.entry.id for match in ranked[:1] if _accepts(match))
        self.banned |= servers or entries

    def resolve(self, act: Act, *, position: str = "") -> list[Node]:
        """What `act` uses, in order; [] when it is none of a workflow's business or could not be placed."""
        nodes = self._split(act) or self._whole(act.text, position=position)
        self.used += [key(leaf) for leaf in leaves(tuple(nodes))]
        return nodes

    def _split(self, act: Act) -> list[Node]:
        """Several objects of one verb that different entries answer: at the same time if told so, else in turn."""
        parts = _parts(_without_place(act.text))
        if len(parts) < 2:
            return []
        chosen = self._chosen(act, parts)
        if len(chosen) < 2:
            return []
        uses = [self._with_source(match, part) for part, match in chosen]
        if act.wants_split:
            return [Parallel(branches=tuple(tuple(branch) for branch in uses))]
        return [node for branch in uses for node in branch]

    def _chosen(self, act: Act, parts: list[str]) -> list[tuple[str, Match]]:
        """Each part with its own entry; [] as soon as one part is no clear case and nothing asked for a split."""
        whole = self._best(act.text)
        found: list[tuple[str, Match]] = []
        for part in parts:
            best = self._best(part)
            is_weak = best is None or best.coverage < 0.3
            is_odd = whole and best and best.entry.id != whole.entry.id and best.coverage < 0.5
            if not act.wants_split and (is_weak or is_odd):
                return []
            if (
                best is not None
                and not is_weak
                and best.entry.id not in [m.entry.id for _, m in found]
            ):
                found.append((part, best))
        if not act.wants_split and not all(match.coverage >= 0.5 for _, match in found):
            return []
        return found

    def _whole(self, text: str, *, position: str) -> list[Node]:
        text = _without_place(text)
        outside = suggesting.unconfigured_products(
            text, self.index, is_translated=self.is_translated
        )
        asked = actions(text)
        if outside and (not asked or asked & TOOL_ACTIONS):
            before = self._presupposed(text, chosen=None)
            return [*before, *(self._missing(name, about, text) for name, about in outside)]
        expert = suggesting.named_expert(text)
        if expert:
            return self._expert(expert, text)
        best = self._best(text, position=position)
        if best is not None:
            return self._with_source(best, text)
        return self._nothing(text, asked)

    def _best(self, text: str, *, position: str = "") -> Match | None:
        kinds = None
        if not actions(text) and position:
            # A bare noun ('sql question -> postgres -> slack') tells no action, only where it stands.
            kinds = frozenset(
                {"send", "create", "compose"} if position == "last" else {"read", "make", "compose"}
            )
        ranked = self.index.rank(
            text, banned=self.banned, kinds=kinds, near=self._near(), previous=self._previous()
        )
        accepted = [match for match in ranked[:5] if _accepts(match)]
        return accepted[0] if accepted else None

    def _near(self) -> str:
        return (
            self.used[-1].split(":")[1] if self.used and self.used[-1].startswith("tool:") else "-"
        )

    def _previous(self) -> str:
        return (
            self.used[-1].partition(":")[2]
            if self.used and self.used[-1].startswith("agent:")
            else "-"
        )

    def judge(self, condition: str) -> list[Node]:
        """The agent that finds out what `condition` asks, where no step before does: 'if the sentiment is negative'."""
        ranked = self.index.rank(condition, banned=self.banned, kinds=frozenset({"analyse"}))
        for match in ranked[:1]:
            entry = match.entry
            is_named = any(entry.weights.get(term, 0.0) >= 2.0 for term in match.shared)
            if entry.is_agent and is_named and match.coverage >= 0.5 and _accepts(match):
                if f"agent:{entry.id}" in self.used:
                    return []
                self.used.append(f"agent:{entry.id}")
                return [_use(entry, f"Determine: {condition}")]
        return []

    def _with_source(self, match: Match, text: str) -> list[Node]:
        """The entry, after what it presupposes: the place it reads from, or the thing it is to hand on."""
        return [*self._presupposed(text, chosen=match.entry), _use(match.entry, text)]

    def _presupposed(self, text: str, *, chosen: Entry | None) -> list[Node]:
        asked = actions(text)
        if chosen is None or not chosen.is_agent:
            if asked & {"send", "create"} and not (asked & {"compose"} and chosen is None):
                return self._maker(text, chosen)
            return []
        return self._reader(text)

    def _maker(self, text: str, chosen: Entry | None) -> list[Node]:
        """'post a summary to Slack': the agent that makes the summary, unless something made it already."""
        thing = _object(text)
        wanted = PRODUCTS & set(concepts(thing))
        if chosen is not None:
            wanted -= {c for c in wanted if chosen.weights.get(c, 0) >= 1.0}
        if not wanted:
            return []
        ranked = self.index.rank(thing, banned=self.banned, kinds=frozenset({"make", "compose"}))
        for match in ranked[:3]:
            is_its_trade = any(
                match.entry.weights.get(c, 0.0) >= 2.0 for c in match.shared & wanted
            )
            if match.entry.is_agent and is_its_trade and match.coverage >= 0.5:
                if f"agent:{match.entry.id}" in self.used or self._was_made(wanted):
                    return []
                return [_use(match.entry, thing)]
        return []

    def _was_made(self, wanted: frozenset[str] | set[str]) -> bool:
        entries = {entry.id: entry for entry in self.index.entries}
        for name in self.used:
            entry = entries.get(name.partition(":")[2])
            if entry and entry.is_agent and any(entry.weights.get(c, 0) >= 1.0 for c in wanted):
                return True
        return False

    def _reader(self, text: str) -> list[Node]:
        """'summarise the file from Drive': the tool that reads it, unless something of that server ran before."""
        match = _SOURCE.search(text)
        if not match:
            return []
        servers = self.index.servers_named(match.group(1))
        if not servers and not self.used:
            return self._plain_source(match.group(1))
        if not servers or any(
            name.startswith(f"tool:{server}:") for server in servers for name in self.used
        ):
            return []
        return self.reading(text, servers=servers)

    def _plain_source(self, phrase: str) -> list[Node]:
        """'from the commits since …': a tool that reads just that, by its very name."""
        for match in self.index.rank(phrase, banned=self.banned, kinds=frozenset({"read"}))[:2]:
            entry = match.entry
            is_named = any(
                t.startswith("=") and entry.weights.get(t, 0.0) >= 2.0 for t in match.shared
            )
            if not entry.is_agent and "read" in entry.kinds and is_named and match.coverage >= 0.4:
                return [_use(entry, phrase)]
        return []

    def reading(self, text: str, *, servers: frozenset[str]) -> list[Node]:
        """The tool that best reads what `text` names; with `servers`, one of theirs."""
        ranked = self.index.rank(text, banned=self.banned, kinds=frozenset({"read"}))
        for match in ranked:
            entry = match.entry
            if entry.is_agent or "read" not in entry.kinds:
                continue
            if servers and entry.server_id not in servers:
                continue
            if servers or (_accepts(match) and match.coverage >= 0.3):
                return [_use(entry, text)]
            return []
        return []

    def _expert(self, expert: str, text: str) -> list[Node]:
        """An agent asked for by its trade: one that covers it, else a new one."""
        ranked = [
            m
            for m in self.index.rank(expert, banned=self.banned, kinds=AGENT_ACTIONS)
            if m.entry.is_agent
        ]
        trade = {f"={stem(w)}" for w in tokens(expert)[:-1] if w not in STOP}
        if ranked and (ranked[0].coverage >= 0.45 or trade <= set(ranked[0].entry.weights)):
            return [*self._reader(text), _use(ranked[0].entry, text)]
        return [*self._reader(text), suggesting.suggested_agent(expert, text, self.catalogue)]

    def _missing(self, name: str, about: str, text: str) -> Node:
        return suggesting.suggested_tool(name, about, text, self.catalogue)

    def _nothing(self, text: str, asked: frozenset[str]) -> list[Node]:
        need = suggesting.plain_need(text, self.index)
        if need and asked & TOOL_ACTIONS:
            return [self._missing(*need, text)]
        objects = [
            w for w in tokens(text) if w not in STOP and stem(w) not in leading_verb(text).split()
        ]
        if asked & {"compose", "make", "analyse"} and not asked & {"read", "send"} and objects:
            title = suggesting.agent_title(text)
            return [suggesting.suggested_agent(title, text, self.catalogue)]
        if objects and asked:
            self.unplaced.append(text)
        return []


def _accepts(match: Match) -> bool:
    is_clear = match.coverage >= MIN_COVERAGE or match.score >= CLEAR_SCORE
    return match.score >= MIN_SCORE and is_clear


def _use(entry: Entry, text: str) -> Leaf:
    if entry.is_agent:
        return AgentUse(entry.id, text)
    return ToolUse(entry.id, text)


def _parts(text: str) -> list[str]:
    """'produce posts, a translation and a chart' → the verb with each object."""
    pieces = [
        piece.strip() for piece in _LIST.split(re.sub(r"(?i)\bboth\b", "", text)) if piece.strip()
    ]
    verb = leading_verb(text)
    count = len(verb.split()) if verb else 0
    head = " ".join(text.split()[:count]) if verb else ""
    return (
        [
            pieces[0],
            *(piece if actions(piece) and not head else f"{head} {piece}" for piece in pieces[1:]),
        ]
        if pieces
        else []
    )


def _without_place(text: str) -> str:
    """'From a blog text produce posts' → 'produce posts from a blog text'."""
    if tokens(text)[:1] and tokens(text)[0] in (
        "from",
        "out",
        "based",
        "using",
        "given",
        "with",
        "in",
        "on",
        "for",
    ):
        place, rest = inner_instruction(text)
        if rest:
            return f"{rest} {place[:1].lower()}{place[1:]}" if "," not in rest else rest
    return text


def _object(text: str) -> str:
    """What is handed on: between the verb and the first preposition."""
    words = text.split()
    count = max(len(leading_verb(text).split()), 1)
    return _PREPOSITION.split(" ".join(words[count:]))[0].strip()
