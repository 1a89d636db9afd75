"""Which entry a clause means: the best of those that are more than a guess, and what an 'it' stands for."""

import re
from dataclasses import dataclass

from generation.planning.data import wants_rules
from generation.planning.language.verbs import HANDING_ON, actions, leading_verb
from generation.planning.matching.agreement import agrees
from generation.planning.matching.asked import WORK
from generation.planning.matching.entries import Entry
from generation.planning.matching.fit import fit
from generation.planning.matching.index import Index, Match
from generation.planning.matching.sources import Memory, accepts, is_by_chance, is_its_verb
from workflows.definition.catalogue import Catalogue

# Who writes, and who only judges.
COMPOSE, ANALYSE = frozenset({"compose"}), frozenset({"analyse"})
# How near something has to be that need not know the trade which the verb names.
CERTAIN = 0.3
# Two services offer the like where the second best scores that share of the best, and fits that well.
ALIKE, FITTING = 0.6, 0.3
_WRITES = re.compile(
    r"^(?:please |then |also )*write (?!(?:it|them|this|that|down)\b)(?!.*\b(?:to|into|in|on) (?:the|an?|our|my)\b)",
    re.IGNORECASE,
)
_BY_CHANNEL = re.compile(
    r"\b(?:by|via|per) (?:e-?mail|mail|sms|text(?: message)?|phone|fax)\b", re.IGNORECASE
)


@dataclass
class Chooser:
    """Chooses among what is there, by the clause, what was used so far, and what the request is about."""

    catalogue: Catalogue
    index: Index
    memory: Memory
    # What the clause before was about: the meaning of an 'it'.
    topic: str = ""
    # What the loop around goes through.
    context: str = ""

    def best(self, text: str, *, position: str = "") -> Match | None:
        """What `text` means; `position` ('first', 'middle', 'last' of its list) tells what a bare noun asks for."""
        kinds = None
        if not actions(text) and position:
            # A bare noun ('sql question -> postgres -> slack') tells no action, only where it stands.
            last = frozenset({"send", "create", "compose"})
            middle = frozenset({"read", "make", "compose", "create"})
            kinds = (
                last
                if position == "last"
                else middle
                if position == "middle"
                else middle - {"create"}
            )
        if _WRITES.match(text) and not self.index.servers_named(text):
            # Who writes is an agent, unless a place is named that holds what is written.
            kinds = kinds or COMPOSE
        if _BY_CHANNEL.search(text) and (
            actions(text) <= HANDING_ON or leading_verb(text) == "ask"
        ):
            # 'drop them a line by e-mail' sends, whatever its verb.
            kinds = frozenset({"send"})
        return self._first(text, kinds)

    def meant(self, text: str, about: str) -> Match | None:
        """'issue it', 'write it': what 'it' is was said before; the step before is not meant again."""
        asked = actions(text)
        if asked and asked <= {"read", "analyse"} and (found := self._looked_at()):
            return found
        for topic in (about, self.topic):
            found = self._first(f"{text} {topic}", asked) if topic else None
            if found is not None and found.entry.id != self.memory.previous():
                return found
        return None

    def _looked_at(self) -> Match | None:
        """'check on it' behind 'start the run': what tells how that goes, of the same server."""
        near = self.memory.near()
        if near == "-" or not self.topic:
            return None
        ranked = self.index.rank(f"status of {self.topic}", kinds=frozenset({"read"}), near=near)
        return next(
            (
                match
                for match in ranked
                if match.entry.server_id == near
                and match.entry.kinds == {"read"}
                and f"tool:{match.entry.id}" not in self.memory.used
                and accepts(match)
            ),
            None,
        )

    def _first(self, text: str, kinds: frozenset[str] | None) -> Match | None:
        ranked = self.index.rank(
            text,
            banned=self.memory.banned,
            kinds=kinds,
            near=self.memory.near(),
            previous=self.memory.previous(),
            context=self.context,
        )
        fitting = [
            match
            for match in ranked[:5]
            if (accepts(match) or is_its_verb(match, text))
            and (agrees(match.entry, text) or match.nearness >= CERTAIN)
            and not is_by_chance(match, text)
            and not self._was_read(match.entry, text)
            and not (kinds == COMPOSE and _only_judges(match.entry))
            and not (_is_making(text) and _only_judges(match.entry) and match.nearness < 0)
        ]
        if fitting and self._wants_rules(fitting[0].entry) and actions(text) <= WORK:
            # 'sort it into complaints and questions' tells no rules to sort by: an agent needs none.
            fitting = [match for match in fitting if match.entry.is_agent] or fitting
        return self._where_work_is_done(fitting, text) if fitting else None

    def _where_work_is_done(self, fitting: list[Match], text: str) -> Match:
        """The best of the matches; of two services that offer the like, the one that is used already."""
        best = fitting[0]
        known = self.memory.servers()
        if best.entry.is_agent or best.entry.server_id in known or self.index.servers_named(text):
            return best
        asked = actions(text)
        for match in fitting[1:]:
            is_fresh = f"tool:{match.entry.id}" not in self.memory.used
            is_alike = match.score >= ALIKE * best.score and best.shared <= match.shared
            is_able = fit(match.entry, asked) >= FITTING
            if match.entry.server_id in known and is_fresh and is_alike and is_able:
                return match
        return best

    def _wants_rules(self, entry: Entry) -> bool:
        """Whether a tool needs lists or objects that neither words nor texts can give."""
        tool = self.catalogue.tools.get(entry.id) if not entry.is_agent else None
        properties = tool.input_schema.get("properties") or {} if tool else {}
        required = tool.input_schema.get("required") or () if tool else ()
        return any(wants_rules(properties.get(name)) for name in required)

    def _was_read(self, entry: Entry, text: str) -> bool:
        """'find out what annoys them' behind what brought the reviews does not bring them again."""
        asked = actions(text)
        is_done = f"tool:{entry.id}" in self.memory.used
        return is_done and entry.kinds <= {"read"} and bool(asked) and asked <= WORK


def _is_making(text: str) -> bool:
    """'put both together' makes something; who only judges is no help, whatever words they share."""
    asked = actions(text)
    return bool(asked) and asked <= {"compose", "make"}


def _only_judges(entry: Entry) -> bool:
    return entry.is_agent and entry.kinds == ANALYSE
