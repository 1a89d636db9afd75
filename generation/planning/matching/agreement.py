"""Whether a thing that shares words with a clause also does what the clause asks for."""

from generation.planning.language.verbs import leading_verb
from generation.planning.language.words import concepts, tokens
from generation.planning.matching.entries import Entry

# Verbs that say by themselves which trade is asked for, by the concept that they stand in.
_TELLING = frozenset(
    {"translation", "summary", "transcript", "forecast", "sentiment", "triage", "interview", "outline"}
)  # fmt: skip
# Tools of a service may well do what their words don't tell; ours tell all that they do.
BUILT_IN = "native"


def agrees(entry: Entry, text: str) -> bool:
    """False where the verb names a trade ('translate') that neither the entry's name nor its description knows."""
    verb = leading_verb(text)
    words = tokens(text)
    if not verb or (not entry.is_agent and entry.server_id != BUILT_IN):
        return True
    spoken = " ".join(words[: len(verb.split()) + _fillers(words, verb)])
    trade = _TELLING & set(concepts(spoken))
    return not trade or any(entry.weights.get(concept) for concept in trade)


def _fillers(words: list[str], verb: str) -> int:
    """How many words stand before the verb."""
    first = verb.split()[0]
    return next((n for n, word in enumerate(words) if word.startswith(first[:4])), 0)
