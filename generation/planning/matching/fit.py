"""How well what is asked for goes with what an entry does."""

from generation.planning.matching.entries import Entry

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
_AGENT_FIT = {
    "analyse": 0.6, "compose": 0.7, "make": 0.6, "read": -0.3, "create": -0.3, "update": -0.5, "send": -1.0,
    "delete": -1.2, "run": -0.6,
}  # fmt: skip


def fit(entry: Entry, asked: frozenset[str]) -> float:
    """-1.2 (does something else) to 1.2, for the kinds of action that were asked for."""
    if not asked:
        return 0.2
    if entry.is_agent:
        return max(_AGENT_FIT[kind] for kind in asked)
    return max(
        (_TOOL_FIT.get((a, b), _TOOL_DEFAULT) for a in asked for b in entry.kinds), default=0.0
    )
