"""What a clause silently presupposes: a tool that reads what it works on, or an agent that makes what it hands on."""

import re
from dataclasses import dataclass, field, replace

from generation.plan import AgentUse, Leaf, ToolUse
from generation.planning.language.verbs import actions, leading_verb
from generation.planning.language.words import concepts, plain_verbs, stem, units, word_set
from generation.planning.matching.agreement import BUILT_IN
from generation.planning.matching.asked import LISTING, WORK
from generation.planning.matching.entries import Entry
from generation.planning.matching.index import Index, Match

# Below this score, or this share of the clause's meaning, a match is a guess.
MIN_SCORE, MIN_COVERAGE = 2.2, 0.18
# Above this score the entry is meant, however much else the clause says.
CLEAR_SCORE = 6.0
# The weight of a word in a name (matching.NAME_WEIGHT); words of descriptions weigh less.
NAMED = 2.0
# What agents write or work out: "post a summary" presupposes that somebody summarises.
PRODUCTS = word_set("products")
# How near an agent has to be to a new thing that is handed on, and a tool to the new place of one.
MAKER, KEEPER = 0.28, 0.15
# What it counts that a tool lists, where many things are to be read.
LISTED = 4.0
# How near in meaning a tool has to be that shares but the verb.
BY_CHANCE = 0.05
# How near what reads a thing has to be to its name, where it is not called by it.
KEPT = 0.15
# How near a tool that lists has to be to what a loop goes through, if they share no word.
LISTS = 0.2
# 'take a list of reviews': they tell nothing of what is listed.
_HOW_MANY = frozenset(f"={stem(word)}" for word in ("list", "set", "number", "batch", "series"))
_NEW_THING = re.compile(r"\b(?:an?|another|some) (?:[\w'-]+ ){0,20}[\w'-]+ ?$", re.IGNORECASE)
_NEW_PLACE = re.compile(r"\b(?:in|into|to|as|on|onto) (?:an?|another) .+$", re.IGNORECASE)
_PREPOSITION = re.compile(
    r"\b(?:to|into|in|on|via|by|onto|over|through|using|at|within|inside|of|about|for|from|with)\b",
    re.IGNORECASE,
)
_SOURCE = re.compile(
    r"\b(?:from|in|of|out of|on|inside|within|using|stored in|saved in|with)\s+"
    r"(?:our |the |my |an? )?(.+)$",
    re.IGNORECASE,
)
_OUT_OF = re.compile(r"\b(?:from|out of)\s+(?:our |the |my |an? )?(.+)$", re.IGNORECASE)
# What nobody brings along: 'the last 20 commits', 'yesterday's tickets'
_OF_LATE = re.compile(
    r"\b(?:(?:the |our |my |all )?(?:last|latest|most recent|recent|newest|open|unread|new|pending|overdue)|all(?: of)? (?:the|our)|"
    r"(?:yesterday|today|(?:this|last) (?:week|month))'s) (?:\d+ )?(?P<things>(?:[\w-]+ ){0,2}?[\w-]+s)\b",
    re.IGNORECASE,
)
_HELD_IN = re.compile(r"\b(?:in|from) (?:our|the|my) (\w+(?: \w+)?)$", re.IGNORECASE)
_ACCOUNT = re.compile(
    r"\b(?:taking|considering|using|with)\s+(.+?)\s*(?:into account|into consideration)?$",
    re.IGNORECASE,
)


_IN_A_MESSAGE = re.compile(
    r"\bto .+ (?:in|by|via|per) ((?:an? )?(?:e-?mail|mail|text message|sms|letter|direct message))$",
    re.IGNORECASE,
)
_TO_PEOPLE = frozenset(
    stem(verb) for verb in ("tell", "inform", "notify", "alert", "warn", "remind", "page", "ping", "invite", "thank")
)  # fmt: skip


_KEPT_IN = re.compile(r"\b(?:in|from|on) (?:an?|the|our|my) (\w+(?: \w+)?)$", re.IGNORECASE)
_ONE = re.compile(r"\b(?:the|this|that|an?) (\w+)", re.IGNORECASE)


@dataclass
class Memory:
    """What is forbidden (ids of entries and servers) and what was used so far (keys of uses)."""

    banned: frozenset[str] = frozenset()
    used: list[str] = field(default_factory=list)

    def servers(self) -> frozenset[str]:
        """The servers whose tools were used so far."""
        return frozenset(key.split(":")[1] for key in self.used if key.startswith("tool:"))

    def near(self) -> str:
        """The server of the step before, '-' for none."""
        last = self.used[-1] if self.used else ""
        return last.split(":")[1] if last.startswith("tool:") else "-"

    def previous(self) -> str:
        """The agent of the step before, '-' for none."""
        last = self.used[-1] if self.used else ""
        return last.partition(":")[2] if last.startswith("agent:") else "-"


def accepts(match: Match) -> bool:
    """Whether a match is more than a guess."""
    is_said = match.nearness > 0 or any(term.startswith("=") for term in match.shared)
    is_clear = match.coverage >= MIN_COVERAGE or (match.score >= CLEAR_SCORE and is_said)
    return match.score >= MIN_SCORE and is_clear


def is_its_verb(match: Match, text: str) -> bool:
    """'print the list' and a tool that is called print_…: what is printed does not matter, nor what a 'writer' writes."""
    verb = leading_verb(text).partition(" ")[0]
    is_for_all = match.entry.is_agent and not match.entry.trade
    return bool(verb) and match.entry.verb == verb and (is_for_all or verb not in plain_verbs())


def is_by_chance(match: Match, text: str) -> bool:
    """'compare their prices' and a clock whose description says 'to compare': nothing but the verb is shared.

    Built-in tools tell of many things in passing, so they have to be near or named.
    """
    entry, asked = match.entry, actions(text)
    if entry.is_agent or match.nearness >= BY_CHANCE or is_named(entry, match.shared):
        return False
    does_it = asked & {"read", "run"} & entry.kinds
    if entry.server_id == BUILT_IN and asked and (asked <= WORK or not does_it):
        return True
    verb = leading_verb(text).partition(" ")[0]
    the_verb = {f"={verb}", *concepts(verb)}
    is_all_there_is = all(the_verb & set(terms) for _, terms in units(text))
    if is_all_there_is and entry.kinds & asked:
        # 'fetch each one'
        return False
    return match.shared <= the_verb | _HOW_MANY


def use(entry: Entry, text: str) -> Leaf:
    """The entry for the task `text`."""
    return AgentUse(entry.id, text) if entry.is_agent else ToolUse(entry.id, text)


def is_named(entry: Entry, terms: frozenset[str] | set[str]) -> bool:
    """Whether one of the terms stands in the entry's name."""
    return any(entry.weights.get(term, 0.0) >= NAMED for term in terms)


def maker(index: Index, memory: Memory, text: str, chosen: Entry | None) -> list[Leaf]:
    """'post a summary to Slack': the agent that makes the summary, unless something made it already."""
    thing = handed_on(text)
    if leading_verb(text) in _TO_PEOPLE:
        # 'tell the class': what stands behind the verb is who hears it.
        return []
    wanted = PRODUCTS & set(concepts(thing))
    if chosen is not None:
        wanted -= {c for c in wanted if chosen.weights.get(c, 0) >= 1.0}
    if not wanted:
        return _writer(index, memory, thing, chosen)
    ranked = index.rank(thing, banned=memory.banned, kinds=frozenset({"make", "compose"}))
    for match in ranked[:3]:
        is_its_trade = match.entry.is_agent and is_named(match.entry, match.shared & wanted)
        if is_its_trade and match.coverage >= 0.5:
            was_made = f"agent:{match.entry.id}" in memory.used or _was_made(index, memory, wanted)
            return [] if was_made else [use(match.entry, thing)]
    return _writer(index, memory, thing, chosen)


def _writer(index: Index, memory: Memory, thing: str, chosen: Entry | None) -> list[Leaf]:
    """'mail them a friendly reminder': something new is handed on, so the agent that makes such things makes it."""
    new = _NEW_THING.search(thing)
    if new is None:
        return []
    ranked = index.rank(new.group(), banned=memory.banned, kinds=frozenset({"make", "compose"}))
    for match in ranked[:2]:
        if match.entry.is_agent and match.nearness >= MAKER:
            used = f"agent:{match.entry.id}" in memory.used
            return [] if used else [use(match.entry, thing)]
    return []


def carrier(index: Index, memory: Memory, text: str) -> list[Leaf]:
    """'explain it to him in an e-mail': behind the agent that explains, the tool that sends e-mails."""
    channel = _IN_A_MESSAGE.search(text)
    if channel is None:
        return []
    asked = f"send {channel.group(1)}"
    for match in index.rank(asked, banned=memory.banned, kinds=frozenset({"send"}))[:1]:
        if not match.entry.is_agent and "send" in match.entry.kinds and match.coverage >= 0.5:
            return [use(match.entry, text)]
    return []


def keeper(index: Index, memory: Memory, text: str) -> list[Leaf]:
    """'sum it up in a document on Drive': behind the agent that sums up, the tool that makes the document."""
    place = _NEW_PLACE.search(text)
    servers = index.servers_named(place.group()) if place else frozenset()
    if place is None or not servers:
        return []
    for match in index.rank(place.group(), banned=memory.banned, kinds=frozenset({"create"})):
        entry = match.entry
        if (
            entry.server_id in servers
            and entry.kinds & {"create", "send"}
            and match.nearness >= KEEPER
        ):
            return [use(entry, text)]
    return []


def reader(index: Index, memory: Memory, text: str, chosen: Entry | None) -> list[Leaf]:
    """'summarise the file from Drive': the tool that reads it, unless something of that server ran before."""
    place = _SOURCE.search(text)
    servers = index.servers_named(place.group(1)) if place else frozenset()
    if servers:
        return [] if _ran(memory, servers) else reading(index, memory, text, servers=servers)
    out_of = _OUT_OF.search(text) if not memory.used else None
    read = _by_name(index, memory, out_of.group(1)) if out_of else []
    if read:
        return read
    if account := _ACCOUNT.search(text):
        return _by_name(index, memory, account.group(1), chosen)
    if read := recent(index, memory, text, chosen):
        return read
    held = _HELD_IN.search(text)
    return _by_place(index, memory, held.group(1), text, chosen) if held else []


def recent(index: Index, memory: Memory, text: str, chosen: Entry | None) -> list[Leaf]:
    """'sum up the last 20 commits': the tool that reads them, at the beginning of a workflow."""
    late = _OF_LATE.search(text) if not memory.used else None
    if late is None:
        return []
    read = _by_name(index, memory, late.group("things"), chosen)
    return [replace(leaf, task=late.group()) for leaf in read]


def reading(
    index: Index, memory: Memory, text: str, *, servers: frozenset[str], many: bool = False
) -> list[Leaf]:
    """The tool that best reads what `text` names; with `servers`, one of theirs; `many`: rather one that lists."""
    ranked = index.rank(text, banned=memory.banned, kinds=frozenset({"read"}))
    if many:
        ranked.sort(
            key=lambda match: -match.score - (LISTED if match.entry.verb in LISTING else 0.0)
        )
        # 'the open claims' are not what 'open a claim' brings.
        ranked = [match for match in ranked if match.entry.kinds == {"read"}] or ranked
    elif _is_one_thing(text):
        ranked.sort(key=lambda match: -match.score + (2.0 if match.entry.verb in LISTING else 0.0))
    for match in ranked:
        entry = match.entry
        if entry.is_agent or "read" not in entry.kinds:
            continue
        if servers and entry.server_id not in servers:
            continue
        is_meant = accepts(match) and match.coverage >= 0.3 and is_named(entry, match.shared)
        is_list = many and entry.verb in LISTING and match.nearness >= LISTS
        if servers or is_meant or is_list:
            return [use(entry, text)]
        return []
    return []


def _is_one_thing(text: str) -> bool:
    """'the contract in our folder': one thing is to be read, not a list of them."""
    said = _ONE.search(text)
    return said is not None and not said.group(1).lower().endswith("s")


def handed_on(text: str) -> str:
    """What a clause hands on: the words between its verb and the first preposition."""
    words = text.split()
    count = max(len(leading_verb(text).split()), 1)
    return _PREPOSITION.split(" ".join(words[count:]))[0].strip()


def _by_name(index: Index, memory: Memory, phrase: str, chosen: Entry | None = None) -> list[Leaf]:
    """'from the commits since …': a tool that reads just that, by its very name."""
    for match in index.rank(phrase, banned=memory.banned, kinds=frozenset({"read"}))[:2]:
        entry = match.entry
        very_words = {term for term in match.shared if term.startswith("=")}
        if entry.is_agent or "read" not in entry.kinds or match.coverage < 0.4:
            continue
        is_the_agents_own = chosen is not None and match.shared <= set(chosen.weights)
        is_meant = is_named(entry, very_words) or (very_words and match.nearness >= KEPT)
        if is_meant and not is_the_agents_own and not _done(memory, entry):
            return [use(entry, phrase)]
    return []


def kept_in(index: Index, memory: Memory, phrase: str) -> list[Leaf]:
    """'leads in a sheet': what reads the sheet."""
    place = _KEPT_IN.search(phrase)
    if place is None or place.group(1).lower() == "list":
        return []
    return _by_place(index, memory, place.group(1), phrase, None)


def _by_place(
    index: Index, memory: Memory, place: str, text: str, chosen: Entry | None
) -> list[Leaf]:
    """'clean up the list in the sheet': a place that only tools know is read first."""
    ranked = index.rank(place, banned=memory.banned, kinds=frozenset({"read"}))
    if not ranked or ranked[0].entry.is_agent or ranked[0].coverage < 0.6:
        return []
    server = frozenset({ranked[0].entry.server_id})
    is_the_agents_own = chosen is not None and ranked[0].shared & set(chosen.weights)
    if is_the_agents_own or _ran(memory, server):
        return []
    return reading(index, memory, text, servers=server)


def _ran(memory: Memory, servers: frozenset[str]) -> bool:
    return any(key.startswith(f"tool:{server}:") for server in servers for key in memory.used)


def _done(memory: Memory, entry: Entry) -> bool:
    return f"tool:{entry.id}" in memory.used


def _was_made(index: Index, memory: Memory, wanted: frozenset[str] | set[str]) -> bool:
    entries = {entry.id: entry for entry in index.entries}
    for key in memory.used:
        entry = entries.get(key.partition(":")[2])
        if entry and entry.is_agent and any(entry.weights.get(c, 0) >= 1.0 for c in wanted):
            return True
    return False
