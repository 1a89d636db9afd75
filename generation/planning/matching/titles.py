"""What a new agent is called: by the thing and the verb of its task, 'Slogan Generator' for 'generate three slogans'."""

import re

from generation.planning.language.verbs import base_form, leading_verb
from generation.planning.language.words import STOP, singular, tokens

# Those that no rule gives.
_DOERS = {
    "analyse": "analyst", "analyze": "analyst", "write": "writer", "rewrite": "rewriter", "do": "assistant",
    "make": "maker", "sum": "summarizer", "judge": "judge", "forecast": "forecaster", "edit": "editor",
    "coach": "coach", "advise": "advisor", "draft": "drafter", "counsel": "counsellor", "audit": "auditor",
    "invent": "inventor", "sketch": "sketcher", "predict": "predictor", "inspect": "inspector", "extract": "extractor",
    "correct": "corrector", "collect": "collector", "select": "selector", "illustrate": "illustrator",
}  # fmt: skip
# They tell nothing of what an agent is for.
_ANYTHING = frozenset({"text", "texts", "message", "messages", "thing", "things", "result", "results", "input", "output", "content",
                       "one", "ones", "item", "items", "version", "best", "part", "parts"})  # fmt: skip
_ENDS_OBJECT = re.compile(
    r"\b(?:to|into|in|on|via|by|onto|over|through|using|at|within|inside|of|about|for|from|with|that|which|who|whose|as|than|and|or|so|because|when|if|whether)\b|[,;:.]",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"(?:what|how|whether|which|who|why|where|when)\b", re.IGNORECASE)
_VOWELS = "aeiou"


def agent_title(text: str) -> str:
    """A name for an agent that does what `text` says; 'assistant' where that tells nothing."""
    verb = leading_verb(text)
    words = text.split()
    behind = " ".join(words[max(len(verb.split()), 1) :]) if verb else text
    thing = _thing(_ENDS_OBJECT.split(behind, maxsplit=1)[0])
    if " " in verb or not verb:
        # 'work out the fares'
        return f"{thing} specialist" if thing else "assistant"
    doer = _doer(base_form(verb) or verb)
    return f"{thing} {doer}" if thing and thing != doer else doer


def _thing(phrase: str) -> str:
    """The word that names a thing, in the singular: 'three different slogans' → 'slogan'; '' for 'the text'."""
    if _QUESTION.match(phrase.strip()):
        return ""
    said = [word for word in tokens(phrase) if word.isalpha() and word not in STOP]
    if not said or said[-1] in _ANYTHING:
        return ""
    return said[-1] if said[-1].endswith("news") else singular(said[-1])


def _doer(verb: str) -> str:
    """'compare' → 'comparer', 'translate' → 'translator', 'plan' → 'planner'."""
    if verb in _DOERS:
        return _DOERS[verb]
    if verb.endswith(("er", "or")):
        return verb
    if verb.endswith("ate") and len(verb) > 5:
        return f"{verb[:-1]}or"
    if verb.endswith("e"):
        return f"{verb}r"
    if verb.endswith("y") and verb[-2:-1] not in _VOWELS:
        return f"{verb[:-1]}ier"
    is_short = re.fullmatch(rf"[^{_VOWELS}]+[{_VOWELS}][^{_VOWELS}wxy]", verb) is not None
    return f"{verb}{verb[-1]}er" if is_short else f"{verb}er"
