"""Tools and agents as the planner sees them: weighed words, kinds of action, and the server."""

import re
from dataclasses import dataclass
from functools import lru_cache

from generation.planning.language.verbs import actions, leading_verb, verb_at
from generation.planning.language.words import concepts, plain_verbs, stem, tokens, units
from workflows.definition.catalogue import AgentEntry, Catalogue, ToolEntry

NAME_WEIGHT, TEXT_WEIGHT, SERVER_WEIGHT, SERVER_TEXT_WEIGHT = 2.0, 1.4, 1.6, 0.7
# Where nothing else decides, the plain way in is meant rather than a look around.
_PRIOR = {"get": 0.3, "read": 0.3, "query": 0.3, "run": 0.3, "fetch": 0.3, "send": 0.3, "post": 0.5,
          "create": 0.2, "append": 0.25, "publish": 0.2, "upload": 0.2, "search": 0.1, "describ": -0.3}  # fmt: skip
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
    # The terms of what a tool tells about a thing, where it brings no more than that ('status').
    aspect: frozenset[str] = frozenset()
    # The stem of the last word of a tool's name: the thing that it is about.
    thing: str = ""
    # What it is and does, as a text whose meaning can be compared.
    about: str = ""


def agent_entry(agent: AgentEntry) -> Entry:
    """An agent, by its name and description."""
    weights = _weights(
        ((f"{agent.id} {agent.name}", NAME_WEIGHT), (agent.description, TEXT_WEIGHT))
    )
    trade = tuple(terms for _, terms in units(agent.name or agent.id) if not set(terms) & _ROLES)
    kinds = actions(agent.description)
    verb = leading_verb(agent.description).partition(" ")[0]
    # 'Writes …' tells what 'write' means here; verbs that name a trade count as words.
    verb = verb if verb in plain_verbs() else ""
    about = f"{agent.name or agent.id}: {agent.description}"
    return Entry(
        agent.id, True, weights, sum(weights.values()), kinds, verb=verb, trade=trade, about=about
    )


def tool_entry(tool: ToolEntry, catalogue: Catalogue) -> Entry:
    """A tool, by its name, its description and its server."""
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
    own = _own_words(tool)
    verb = next((stem(word) for word in own), "")
    is_aspect = len(own) > 1 and stem(own[-1]) in _TELLS | _RECORDS
    return Entry(
        id=tool.id,
        is_agent=False,
        weights=weights,
        length=sum(weights.values()),
        kinds=tool_kinds(tool),
        server_id=tool.server_id or "native",
        prior=_PRIOR.get(verb, 0.0),
        verb=verb,
        thing=stem(own[-1]) if len(own) > 1 else "",
        aspect=frozenset(concepts(own[-1])) if is_aspect else frozenset(),
        about=f"{' '.join(tokens(name))}: {tool.description}",
    )


# What a tool is called that only tells something: 'run_status', 'van_location'.
_TELLS = frozenset(
    stem(word)
    for word in ("status", "state", "info", "details", "position", "location", "level", "history", "balance", "price", "stats", "count", "progress")
)  # fmt: skip

# What else tells about things without being one of them: 'call_log', 'episode_stats'.
_RECORDS = frozenset(
    stem(word) for word in ("log", "logs", "statistics", "schema", "report", "metrics")
)


# 'How many seats are left for a show'
_QUESTION = re.compile(r"(?:how|whether|where|when|which|what|who|if)\b", re.IGNORECASE)


def tool_kinds(tool: ToolEntry) -> frozenset[str]:
    """What a tool does: the verb in its name (after 'run': the next one too), else that of its description.

    A name's word that is as often a noun ('git_log') counts only where the description names no action.
    """
    told = _core(actions(tool.description)) | _purposes(tool.description)
    roots = [stem(word) for word in _own_words(tool)]
    if _QUESTION.match(tool.description):
        return frozenset({"read"})
    if _is_unknown_verb(roots, tool.description):
        return told | {"update", "run"}
    changes = verb_at(roots, 0)[1] & {"create", "update", "delete", "send"}
    if len(roots) == 2 and roots[1] in _TELLS and not changes:
        return frozenset({"read"})
    for position in range(len(roots)):
        length, kinds, is_noun_too = verb_at(roots, position)
        if not length:
            continue
        is_own = position == 0 and (kinds & told or not leading_verb(tool.description))
        if is_noun_too and told and not is_own:
            return told
        after = verb_at(roots, position + 1)[1] if "run" in kinds else frozenset()
        asks = _ASKING & {*roots, *(stem(word) for word in tokens(tool.description))}
        if "run" in kinds and asks:
            after = frozenset({"read"})
        return _core(kinds) | (after & {"read"})
    return told or frozenset({"read"})


# What is run to be told something.
_ASKING = frozenset({"sql", "queri", "search", "lookup"})


def _is_unknown_verb(roots: list[str], description: str) -> bool:
    """'deny_claim: Deny a claim': name and description begin with one word, a verb that no vocabulary knows."""
    said = tokens(description)
    is_verb = len(roots) > 1 and said[1:2] != [] and said[1] in ("a", "an", "the", "one", "some")
    return is_verb and roots[0] == stem(said[0]) and not verb_at(roots, 0)[0]


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


# Catalogues hardly change between requests: their texts are read once.
@lru_cache(maxsize=10_000)
def _weights(fields: tuple[tuple[str, float], ...]) -> dict[str, float]:
    found: dict[str, float] = {}
    for text, weight in fields:
        for term, value in concepts(text).items():
            found[term] = max(found.get(term, 0.0), weight * value) + (
                0.3 * min(found.get(term, 0.0), weight * value)
            )
    return found
