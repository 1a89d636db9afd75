"""One clause to what it uses: the matching tool or agent, what it silently presupposes, or a suggestion."""

import re
from dataclasses import dataclass, field, replace

from generation.plan import NewAgent, NewTool, Node, Parallel, key, leaves
from generation.planning.language.verbs import actions, leading_verb
from generation.planning.language.words import STOP, stem, tokens, units
from generation.planning.matching import sources, suggesting
from generation.planning.matching.agreement import agrees
from generation.planning.matching.asked import WORK
from generation.planning.matching.choosing import Chooser
from generation.planning.matching.companions import Companions
from generation.planning.matching.entries import Entry
from generation.planning.matching.index import Index, Match
from generation.planning.matching.pages import page_reader
from generation.planning.matching.sources import Memory, accepts, is_its_verb, use
from generation.planning.matching.titles import agent_title
from generation.planning.matching.wording import (
    PRONOUN,
    is_bare,
    is_called,
    parts_of,
    without_place,
)
from generation.planning.matching.zones import tasks_by_zone
from generation.planning.reading.tree import Act, is_about_it
from workflows.definition.catalogue import Catalogue

TOOL_ACTIONS = frozenset({"read", "create", "update", "delete", "send", "run"})
SEND = frozenset({"send"})
_ASKED = re.compile(r"(?:have|let|ask|get) (?:the|our|my|an?) ", re.IGNORECASE)
LONGEST_NAME = 4
_AGENT_SAID = re.compile(r"\b(?:agent|bot|assistant|expert|specialist)\b", re.IGNORECASE)
# It tells that an agent is meant, not which.
_AGENT_WORD = re.compile(r"\s(?:agent|bot|assistant)$", re.IGNORECASE)
# How much is too much tells nothing about what is judged.
_THRESHOLD = re.compile(
    r"\b(?:(?:at least|at most|more than|less than|over|above|below|under|higher than|lower than|greater than|exceeds?|"
    r"than)\s+)?[$€£]?\d[\d.,]*\s?(?:%|percent|pages|words|euros?|dollars?|usd|eur|k\b)?",
    re.IGNORECASE,
)
# 'check on it every five minutes': how often tells nothing about what is used.
_HOW_OFTEN = re.compile(
    r",?\s+(?:(?:each|every) (?:\w+ )?(?:second|minute|hour)s?|over and over(?: again)?|again and again|repeatedly|regularly)\b",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"\b(?:it|them|this|that|these|those|ones?|any(?:thing)?|everything|something|what|which|whether|how)\b",
    re.IGNORECASE,
)
# 'take a list of reviews', 'take my notes'
_TAKEN = re.compile(
    r"^(?:please |first |then )*(?:take|accept|receive) (?:an?|my|the|this|these|some|any|our|whatever) ",
    re.IGNORECASE,
)
# 'the chapter that is in Drive', but not 'in a document on Drive', which is to be made.
_STORED = re.compile(
    r" (?:(?:that|which) (?:is|are) (?:stored |saved |kept )?|stored |saved |kept )?(?:in|on|from) (?:our |the |my )?[\w -]+$",
    re.IGNORECASE,
)


# How near words without a verb have to be to what they mean, and an agent that is added behind a tool to its task.
CLEAR, WORKER = 0.2, 0.1
# How near one of several objects has to be that are said to be handled at the same time.
SPLIT = 0.1
# How near an agent has to be to a trade that is asked for by its name.
TRADE_NEAR = 0.05
# How near what finds something out has to be to a condition that nothing before speaks of.
FINDS = 0.3


@dataclass
class Resolver:
    """Turns acts into uses; remembers what is forbidden, what was used, what each run is given and what could not be placed."""

    catalogue: Catalogue
    index: Index
    is_translated: bool = False
    memory: Memory = field(default_factory=Memory)
    unplaced: list[str] = field(default_factory=list)
    # What speaks of the run's input.
    given: list[str] = field(default_factory=list)
    # What each clause of the request means best: it is used there, and nowhere else by guess.
    expected: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chooser = Chooser(self.catalogue, self.index, self.memory)

    def expect(self, texts: list[str]) -> None:
        """Look ahead at all clauses of the request."""
        for text in texts:
            for match in self.index.rank(text)[:1]:
                self.expected[text] = match.entry.id

    def forbid(self, text: str) -> None:
        """Never use what `text` names: a server, else the tool it means best. Agents are too easily meant by chance."""
        servers = self.index.servers_named(text)
        tools = [match for match in self.index.rank(text) if not match.entry.is_agent]
        entries = frozenset(match.entry.id for match in tools[:1] if accepts(match))
        self.memory.banned |= servers or entries

    def resolve(self, act: Act, *, position: str = "", about: str = "") -> list[Node]:
        """What `act` uses, in order; [] when it is none of a workflow's business or could not be placed.

        `about` is the condition it hangs on, which may say what its 'it' is.
        """
        nodes = self._split(act)
        if not nodes:
            nodes = self._whole(act.text, position=position, about=about)
            nodes = self._companions(act.text).around(act.text, nodes)
            nodes = _each_by_one(act, nodes)
        found = [key(leaf) for leaf in leaves(tuple(nodes))]
        if act.is_backward and set(found) <= set(self.memory.used):
            return []
        self.memory.used += found
        handed = sources.handed_on(act.text)
        self.chooser.topic = (
            handed if handed and not PRONOUN.fullmatch(handed) else self.chooser.topic
        )
        return nodes

    def _companions(self, text: str) -> Companions:
        others = {entry_id for other, entry_id in self.expected.items() if other != text}
        return Companions(self.index, self.memory, frozenset(others))

    def judge(self, condition: str) -> list[Node]:
        """The agent that finds out what `condition` asks, where no step before does: 'if the sentiment is negative'."""
        kinds = frozenset({"analyse"})
        subject = _THRESHOLD.sub(" ", condition)
        ranked = self.index.rank(subject, banned=self.memory.banned, kinds=kinds)
        for match in ranked[:1]:
            entry = match.entry
            is_clear = match.coverage >= 0.5 or is_called(entry, subject)
            is_meant = sources.is_named(entry, match.shared) and is_clear
            if entry.is_agent and is_meant and accepts(match):
                if f"agent:{entry.id}" in self.memory.used:
                    return []
                self.memory.used.append(f"agent:{entry.id}")
                return [use(entry, f"Determine: {condition}")]
        return self._judging_expert(condition) or self._finding_out(subject)

    def _judging_expert(self, condition: str) -> list[Node]:
        """'until the producer agent is happy': who has to be asked, and is yet to be made, where nobody of that trade is there."""
        if not _AGENT_SAID.search(condition) or not (expert := suggesting.named_expert(condition)):
            return []
        found = self._expert(expert, f"Determine: {condition}")
        used = [key(leaf) for leaf in leaves(tuple(found))]
        if set(used) <= set(self.memory.used):
            return []
        self.memory.used += used
        return found

    def _finding_out(self, condition: str) -> list[Node]:
        """'if the money has come in': what looks for it, where the condition has a subject of its own and nothing looked yet."""
        if is_about_it(condition) or self.index.is_blind:
            return []
        kinds = frozenset({"read", "analyse"})
        for match in self.index.rank(condition, banned=self.memory.banned, kinds=kinds)[:1]:
            found = use(match.entry, f"Determine: {condition}")
            is_meant = match.nearness >= FINDS and accepts(match) and match.entry.kinds & kinds
            if is_meant and key(found) not in self.memory.used:
                self.memory.used.append(key(found))
                return [found]
        return []

    def is_clear(self, text: str) -> bool:
        """Whether words without a verb still mean one entry: 'a text message for everybody else'."""
        ranked = self.index.rank(text, banned=self.memory.banned)
        return any(match.nearness >= CLEAR and accepts(match) for match in ranked[:1])

    def reading(self, text: str, *, servers: frozenset[str], many: bool = False) -> list[Node]:
        """The tool that best reads what `text` names; with `servers`, one of theirs."""
        found = sources.reading(self.index, self.memory, text, servers=servers, many=many)
        self.memory.used += [key(leaf) for leaf in found]
        return list(found)

    def listed(self, phrase: str) -> list[Node]:
        """The tool that reads the place where the things of a loop are kept ('leads in a sheet')."""
        found = sources.kept_in(self.index, self.memory, phrase)
        self.memory.used += [key(leaf) for leaf in found]
        return list(found)

    def _split(self, act: Act) -> list[Node]:
        """Several objects of one verb that different entries answer: at the same time if told so, else in turn."""
        parts = parts_of(without_place(act.text))
        chosen = self._chosen(act, parts) if len(parts) > 1 else []
        if len(chosen) < 2:
            return []
        uses = [
            [found] if isinstance(found, NewTool) else self._with_source(found, part)
            for part, found in chosen
        ]
        if act.wants_split:
            # What one of them reads first is there for all.
            before = [node for branch in uses for node in branch[:-1]]
            return [*before, Parallel(branches=tuple((branch[-1],) for branch in uses))]
        return [node for branch in uses for node in branch]

    def _chosen(self, act: Act, parts: list[str]) -> list[tuple[str, Match | NewTool]]:
        """Each part with its own entry, or the service that is missing for it; [] as soon as one part is no clear case
        and nothing asked for a split."""
        whole = self.chooser.best(act.text)
        found: dict[str, tuple[str, Match | NewTool]] = {}
        for part in parts:
            for name, told in self._outside(part, actions(act.text)):
                found[f"new {name}"] = (part, self._missing(name, told, part))
            if found and list(found.values())[-1][0] == part:
                continue
            best = self.chooser.best(part)
            is_weak = best is None or (
                best.coverage < 0.3 and (not act.wants_split or best.nearness < SPLIT)
            )
            is_odd = whole and best and best.entry.id != whole.entry.id and best.coverage < 0.5
            if not act.wants_split and (is_weak or is_odd):
                return []
            if best is not None and not is_weak:
                # 'translate it to German and French at the same time': one agent may do both.
                again = f" {part}" if act.wants_split and best.entry.is_agent else ""
                found.setdefault(best.entry.id + again, (part, best))
        chosen = list(found.values())
        is_clear = act.wants_split or all(
            isinstance(match, NewTool) or match.coverage >= 0.5 for _, match in chosen
        )
        return chosen if is_clear else []

    def _whole(self, text: str, *, position: str, about: str) -> list[Node]:
        text = _HOW_OFTEN.sub("", without_place(text))
        asked = actions(text)
        outside = self._outside(text, asked)
        if outside:
            before = self._presupposed(text, chosen=None)
            return [*before, *(self._missing(name, told, text) for name, told in outside)]
        doer = self._called(text)
        if doer is not None:
            return [*sources.reader(self.index, self.memory, text, doer), use(doer, text)]
        expert = suggesting.named_expert(text)
        if expert:
            return self._expert(expert, text)
        best = self._stored(text) or self.chooser.best(text, position=position)
        if is_bare(text) and (best is None or not self._is_near(best)):
            best = self.chooser.meant(text, about) or best
        if best is not None and best.entry.is_agent and asked == SEND:
            # 'mail a report': what sends is missing, and no agent takes its place.
            best = None if suggesting.plain_need(text, self.index) else best
        if _TAKEN.match(text) and not self._fetches(best, text):
            self.given.append(text)
            return []
        if best is not None:
            return self._with_source(best, text) + self._behind(best.entry, text)
        found = self._by_topic(text, asked)
        return [use(found.entry, text)] if found is not None else self._nothing(text, asked)

    def _fetches(self, best: Match | None, text: str) -> bool:
        """Whether what is taken is brought by what was found: else it is what a run is given."""
        return best is not None and ("read" in best.entry.kinds or is_its_verb(best, text))

    def _called(self, text: str) -> Entry | None:
        """'have the reviewer look at it': the agent that is called so, whatever else the clause says."""
        asked = _ASKED.match(text)
        words = [stem(word) for word in tokens(text[asked.end() :])[:LONGEST_NAME]] if asked else []
        agents = {entry.id: entry for entry in self.index.entries if entry.is_agent}
        for length in range(len(words), 0, -1):
            for agent_id, entry in agents.items():
                name = self.catalogue.agents[agent_id].name or agent_id
                is_its_name = [stem(word) for word in tokens(name)] == words[:length]
                if is_its_name and agent_id not in self.memory.banned:
                    return entry
        return None

    def _outside(self, text: str, asked: frozenset[str]) -> list[tuple[str, str]]:
        """The services that `text` names and that are not configured, where a tool is asked for: (name, what it is)."""
        if asked and not asked & TOOL_ACTIONS:
            return []
        found = suggesting.unconfigured_products(text, self.index, is_translated=self.is_translated)
        way = suggesting.missing_channel(text, self.index) if not found else None
        return [way] if way else found

    def _stored(self, text: str) -> Match | None:
        """'sum up the chapter that is in Drive': the agent that sums up; where it is stored is read from."""
        place = _STORED.search(text)
        asked = actions(text)
        if place is None or not asked or not asked <= WORK:
            return None
        if not self.index.servers_named(place.group()):
            return None
        best = self.chooser.best(text[: place.start()])
        return best if best is not None and best.entry.is_agent else None

    def _by_topic(self, text: str, asked: frozenset[str]) -> Match | None:
        """'tell me which ones are off' speaks of the lab values of the clause before: the agent for those, once."""
        if not asked & WORK or not self.chooser.topic or not _VAGUE.search(text):
            return None
        ranked = self.index.rank(self.chooser.topic, banned=self.memory.banned, kinds=asked & WORK)
        agents = [m for m in ranked if m.entry.is_agent and agrees(m.entry, text)]
        fresh = [m for m in agents if f"agent:{m.entry.id}" not in self.memory.used]
        return fresh[0] if fresh and accepts(fresh[0]) else None

    def _behind(self, entry: Entry, text: str) -> list[Node]:
        """What a clause asks for behind what it means best."""
        if entry.is_agent:
            kept = sources.keeper(self.index, self.memory, text)
            return list(kept or sources.carrier(self.index, self.memory, text))
        return self._worker(entry, text)

    def _worker(self, entry: Entry, text: str) -> list[Node]:
        """'summarise the responses' found the tool that lists them: the agent that does what the verb says comes behind."""
        verb = leading_verb(text)
        if entry.is_agent or entry.kinds - {"read"} or not verb or actions(text) - WORK:
            return []
        meanings = {term for _, terms in units(verb) for term in terms}
        if meanings & set(entry.weights):
            return []
        for match in self.index.rank(text, banned=self.memory.banned)[:8]:
            is_near = self.index.is_blind or match.nearness >= WORKER
            if match.entry.is_agent and meanings & match.shared and match.score > 0 and is_near:
                return [use(match.entry, text)]
        return []

    def _is_near(self, match: Match) -> bool:
        return match.entry.server_id == self.memory.near()

    def _with_source(self, match: Match, text: str) -> list[Node]:
        """The entry, after what it presupposes: the place it reads from, or the thing it is to hand on."""
        page = page_reader(self.catalogue, self.index, self.memory, text, match.entry)
        before = page or self._presupposed(text, chosen=match.entry)
        tool = self.catalogue.tools.get(match.entry.id)
        calls = tasks_by_zone(tool.input_schema, text) if tool is not None else []
        if calls:
            return [*before, Parallel(tuple((use(match.entry, call),) for call in calls))]
        return [*before, use(match.entry, text)]

    def _presupposed(self, text: str, *, chosen: Entry | None) -> list[Node]:
        asked = actions(text)
        if chosen is not None and chosen.is_agent:
            return list(sources.reader(self.index, self.memory, text, chosen))
        if asked & {"send", "create"} and not (asked & {"compose"} and chosen is None):
            read = sources.recent(self.index, self.memory, text, chosen)
            return [*read, *sources.maker(self.index, self.memory, text, chosen)]
        return []

    def _expert(self, expert: str, text: str) -> list[Node]:
        """An agent asked for by its trade: one that covers it, else a new one."""
        told = _AGENT_WORD.sub("", expert).strip() or expert
        ranked = self.index.rank(told, banned=self.memory.banned, kinds=WORK)
        agents = [match for match in ranked if match.entry.is_agent]
        words = tokens(expert)
        trade = {f"={stem(w)}" for w in words[: max(len(words) - 1, 1)] if w not in STOP}
        before: list[Node] = list(sources.reader(self.index, self.memory, text, None))
        is_known = bool(agents) and bool(trade) and trade <= set(agents[0].entry.weights)
        enough = 0.45 if told == expert else 0.75
        is_there = not suggesting.is_lacking(text)
        # Words in common are not enough for a trade: 'draw' in the task of who judges photos.
        is_near = self.index.is_blind or (bool(agents) and agents[0].nearness >= TRADE_NEAR)
        if agents and is_there and ((agents[0].coverage >= enough and is_near) or is_known):
            return [*before, use(agents[0].entry, text)]
        return [*before, suggesting.suggested_agent(expert, text, self.catalogue)]

    def _missing(self, name: str, about: str, text: str) -> NewTool:
        return suggesting.suggested_tool(name, about, text, self.catalogue)

    def _nothing(self, text: str, asked: frozenset[str]) -> list[Node]:
        need = suggesting.plain_need(text, self.index)
        if need and asked & TOOL_ACTIONS:
            return [*self._presupposed(text, chosen=None), self._missing(*need, text)]
        verb = leading_verb(text).split()
        objects = [w for w in tokens(text) if w not in STOP and stem(w) not in verb]
        if asked & WORK and not asked & {"read", "send"} and objects:
            title = agent_title(text)
            return [suggesting.suggested_agent(title, text, self.catalogue)]
        if objects and asked:
            self.unplaced.append(text)
        return []


def _each_by_one(act: Act, nodes: list[Node]) -> list[Node]:
    """'translate it to German and French at the same time': the agent that is still to be created does each of them."""
    made = nodes[-1] if nodes else None
    parts = parts_of(without_place(act.text)) if act.wants_split else []
    if len(parts) < 2 or not isinstance(made, NewAgent):
        return nodes
    return [*nodes[:-1], Parallel(tuple((replace(made, task=part),) for part in parts))]
