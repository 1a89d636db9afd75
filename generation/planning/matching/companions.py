"""What a clause asks for beside what it means best, told by likeness of meaning: who works on it, what is read first."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from generation.plan import AgentUse, Leaf, Node, ToolUse
from generation.planning.matching.index import Index, Match
from generation.planning.matching.sources import Memory, handed_on, use
from generation.planning.matching.wording import PRONOUN

# How near (Match.nearness) and how well matched something has to be that no word of the clause asks for by itself.
# Measured over all development sets, with the like result in each of them: at these values three of four are right.
WORKER_NEAR, WORKER_SCORE = 0.25, 2.0
READER_NEAR, READER_SCORE = 0.2, 5.0
MAKER_NEAR, MAKER_SCORE = 0.25, 2.0
# A clause that is much nearer to the tool asks for nothing else: 'check whether it is in stock'.
WORKER_BEHIND = 0.12
# How near the agent itself has to be: where only words in common tell of it, likeness tells nothing of the rest.
MEANT = 0.1
# How many entries are looked at.
LOOKED_AT = 8

_ALONG_WITH = re.compile(r"\b(?:with|and) (?:an?|some|our|the) ", re.IGNORECASE)
# Who only judges makes nothing that could be sent.
MAKES = frozenset({"make", "compose", "create"})


def _hands_on_what_is_there(text: str) -> bool:
    """'e-mail it to him', but not 'e-mail it along with a letter': what is handed on was there before."""
    return bool(PRONOUN.fullmatch(handed_on(text))) and not _ALONG_WITH.search(text)


@dataclass(frozen=True)
class Companions:
    """`others`: ids of what the other clauses of the request mean best; they will be used there."""

    index: Index
    memory: Memory
    others: frozenset[str]

    def around(self, text: str, found: list[Node]) -> list[Node]:
        """`found`, with the agent that works behind a tool that reads, the agent that makes what a tool hands on, or the
        tool that reads what the first agent works on."""
        entries = {entry.id: entry for entry in self.index.entries}
        agents = [leaf for leaf in found if isinstance(leaf, AgentUse)]
        tools = [leaf for leaf in found if isinstance(leaf, ToolUse)]
        if (
            self.index.is_blind
            or bool(agents) == bool(tools)
            or len(agents) + len(tools) < len(found)
        ):
            return found
        if agents:
            is_first = not self.memory.used and self._nearness(text, agents) >= MEANT
            return [*self._reader(text), *found] if is_first else found
        kinds = {kind for tool in tools for kind in entries[tool.tool_id].kinds}
        if kinds == {"read"}:
            near = max(WORKER_NEAR, self._nearness(text, tools) - WORKER_BEHIND)
            return [*found, *self._agent(text, near, WORKER_SCORE)]
        if kinds & {"send", "create"} and not _hands_on_what_is_there(text):
            return [*self._agent(text, MAKER_NEAR, MAKER_SCORE, MAKES), *found]
        return found

    def _nearness(self, text: str, found: Sequence[AgentUse | ToolUse]) -> float:
        used = {leaf.agent_id if isinstance(leaf, AgentUse) else leaf.tool_id for leaf in found}
        ranked = self.index.rank(text, banned=self.memory.banned)
        return max((match.nearness for match in ranked if match.entry.id in used), default=0.0)

    def _reader(self, text: str) -> list[Leaf]:
        for match in self._near(text, READER_NEAR, READER_SCORE):
            if not match.entry.is_agent and match.entry.kinds == {"read"}:
                return [use(match.entry, text)]
        return []

    def _agent(
        self, text: str, near: float, score: float, kinds: frozenset[str] = frozenset()
    ) -> list[Leaf]:
        for match in self._near(text, near, score):
            is_able = not kinds or match.entry.kinds & kinds
            if (
                match.entry.is_agent
                and is_able
                and f"agent:{match.entry.id}" not in self.memory.used
            ):
                return [use(match.entry, text)]
        return []

    def _near(self, text: str, near: float, score: float) -> list[Match]:
        ranked = self.index.rank(text, banned=self.memory.banned)[:LOOKED_AT]
        return [
            match
            for match in ranked
            if match.nearness >= near and match.score >= score and match.entry.id not in self.others
        ]
