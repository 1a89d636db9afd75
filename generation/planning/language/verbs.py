"""What kind of action a clause or a tool stands for, told by its verb."""

import re
from collections.abc import Iterable
from contextvars import ContextVar
from functools import cache

from generation.planning.language.words import STOP, stem, stems, tokens, vocabulary_lines, word_set

LONGEST_VERB = 3
# A word that is as often a noun acts as a verb before one of these.
DETERMINERS = word_set("determiners")
_OBJECT_STARTS = frozenset(
    {"the", "a", "an", "it", "its", "them", "all", "each", "every", "our", "my", "this", "those", "their", "these", "your"}
)  # fmt: skip
# Words that a verb may follow at the start of a clause.
FILLERS = word_set("fillers")

# Fillers that are the verb itself before an object.
_ALSO_VERBS = frozenset({"start", "keep"})
# "have it translated", "let the team know", "keep improving it"
CAUSATIVES = frozenset({"have", "let", "get", "ask"})

# Kinds of action by which something goes to others, or is kept or changed elsewhere.
HANDING_ON = frozenset({"send", "create", "update", "delete"})

# Verbs that only the catalogue at hand knows ('reproduces', 'geocode'): stem to kinds of action.
_LEARNED: ContextVar[dict[str, frozenset[str]]] = ContextVar("learned_verbs")


def learn(verbs: Iterable[tuple[str, frozenset[str]]]) -> None:
    """Take `verbs` (word, kinds of action) for verbs, in this context; known ones keep their own meaning."""
    found = {stem(word): kinds for word, kinds in verbs if word.isalpha() and len(word) > 3}
    _LEARNED.set({root: kinds for root, kinds in found.items() if (root,) not in _forms()})


@cache
def _forms() -> dict[tuple[str, ...], tuple[frozenset[str], bool]]:
    found: dict[tuple[str, ...], tuple[set[str], bool]] = {}
    for line in vocabulary_lines("verbs.txt"):
        kind, _, forms = line.partition(":")
        for form in forms.split(","):
            is_noun_too = form.strip().endswith("~")
            kinds, before = found.setdefault(stems(form), (set(), False))
            kinds.add(kind)
            found[stems(form)] = (kinds, before or is_noun_too)
    return {form: (frozenset(kinds), noun) for form, (kinds, noun) in found.items()}


@cache
def _base_forms() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in vocabulary_lines("verbs.txt"):
        for form in line.partition(":")[2].split(","):
            plain = form.strip().rstrip("~")
            if " " not in plain:
                found.setdefault(stem(plain), plain)
    return found


def base_form(root: str) -> str:
    """The verb that a stem belongs to ('estimat' → 'estimate'), '' for an unknown one."""
    return _base_forms().get(root, "")


def infinitive(participle: str, following: str | None = None) -> str:
    """'working' before 'out' → 'work', 'writing' → 'write'; '' for what is no form of a known verb."""
    root = stem(participle)
    if known := base_form(root):
        return known
    is_in_two_parts = following is not None and (root, stem(following)) in _forms()
    if not is_in_two_parts and root not in _LEARNED.get({}):
        return ""
    bare = participle.removesuffix("ing").removesuffix("ed")
    is_doubled = len(bare) > 3 and bare[-1] == bare[-2]
    forms = (bare[:-1] if is_doubled else bare, bare, f"{bare}e")
    return next((form for form in forms if stem(form) == root), "")


def verb_words() -> set[str]:
    """Every single word that is a verb here, as it is written."""
    return set(_base_forms().values())


def verb_at(roots: list[str], position: int) -> tuple[int, frozenset[str], bool]:
    """The longest verb at `position`: (words, kinds of action, whether it is as often a noun); (0, …) for none."""
    for length in range(min(LONGEST_VERB, len(roots) - position), 0, -1):
        found = _forms().get(tuple(roots[position : position + length]))
        if found:
            return length, found[0], found[1]
    learned = _LEARNED.get({}).get(roots[position]) if position < len(roots) else None
    return (1, learned, True) if learned else (0, frozenset(), False)


def starts_with_verb(text: str, *, is_first: bool = False) -> bool:
    """Whether `text` reads like an instruction of its own; `is_first` at the start of a sentence is more generous."""
    words = tokens(text)
    if len(words) > 2 and words[0] in CAUSATIVES and words[1] not in ("to", "been", "not"):
        return True
    position = _after_fillers(words)
    if position >= len(words):
        return False
    roots = [stem(word) for word in words]
    length, _, is_noun_too = verb_at(roots, position)
    following = words[position + length] if position + length < len(words) else ""
    if length and (not is_noun_too or length > 1):
        return True
    if not length and position and _is_surely_verb(roots, position - 1):
        # 'start' leads to another verb ('start writing it'), or is what is to be done ('start zone 3').
        return True
    if length:
        return is_first or position > 0 or following in DETERMINERS or _separable(words, position)
    # An unknown word before a determiner is most likely a verb: "frobnicate the list".
    return (
        position + 1 < len(words)
        and words[position] not in DETERMINERS
        and words[position].isalpha()
        and words[position + 1] in _OBJECT_STARTS
        and words[position] not in STOP
        and not words[position].endswith(("ly", "s"))
        and len(words[position]) > 3
    )


def _is_surely_verb(roots: list[str], position: int) -> bool:
    length, _, is_noun_too = verb_at(roots, position)
    return bool(length) and not is_noun_too


def _separable(words: list[str], position: int) -> bool:
    """'page on-call', 'label messages', 'e-mail results': a bare object that ends the clause."""
    rest = words[position + 1 :]
    return 1 <= len(rest) <= 3 and words[position] in (
        "email", "page", "label", "post", "notify", "message", "tag", "text", "call", "alert", "flag", "file", "log",
    )  # fmt: skip


def _after_fillers(words: list[str]) -> int:
    position = 0
    while position < len(words) - 1 and words[position] in FILLERS:
        if words[position] in _ALSO_VERBS and words[position + 1] in _OBJECT_STARTS:
            # 'start the pipeline', but 'start comparing'
            return position
        position += 1
    return position


# 'everybody gets an e-mail about it': somebody sends it to them.
_IS_SENT = re.compile(
    r"\b(?:gets?|receives?) (?:an?|one|another) (?:[\w-]+ ){0,3}?"
    r"(?:e-?mail|mail|sms|text|message|call|letter|notification|alert|reminder|invitation)\b(?! (?:from|of)\b)",
    re.IGNORECASE,
)


def actions(text: str) -> frozenset[str]:
    """The kinds of action `text` asks for: those of its leading verb, else of the first verb anywhere, else none."""
    if _IS_SENT.search(text):
        return frozenset({"send"})
    words = tokens(text)
    roots = [stem(word) for word in words]
    start = _after_fillers(words)
    if is_question(text):
        return frozenset({"read", "analyse"})
    is_causative = bool(words[:1]) and (words[0] in CAUSATIVES or words[1:2] == ["having"])
    if is_causative and (told := _caused(words, roots)):
        return told
    for position in (start, *range(len(words))):
        length, kinds, is_noun_too = verb_at(roots, position)
        if length and (position == start or not is_noun_too):
            return kinds
    return frozenset()


def is_question(text: str) -> bool:
    """'What time is it …', 'How many orders …': asks for something to be looked up."""
    return tokens(text)[:1] in (["what"], ["which"], ["how"], ["who"], ["where"])


def _caused(words: list[str], roots: list[str]) -> frozenset[str]:
    """'have an expert examine it', 'get the facts checked', 'let the team know': the verb behind the object."""
    if words[0] == "let" and "know" in words:
        return frozenset({"send"})
    weaker: frozenset[str] = frozenset()
    for position in range(len(words) - 1, 0, -1):
        length, kinds, is_noun_too = verb_at(roots, position)
        following = words[position + length] if position + length < len(words) else ""
        if not length:
            continue
        # 'get the list of registered attendees': what tells of which kind a thing is.
        is_attribute = words[0] == "get" and following != "" and following not in STOP
        if words[0] == "get" and is_noun_too and "to" not in words[1:position]:
            # 'get the orders from the shop': a thing, and nobody is to do it.
            continue
        if (words[position].endswith(("ed", "ten")) and not is_attribute) or (
            following in DETERMINERS and not is_noun_too
        ):
            return kinds
        weaker = kinds if following in DETERMINERS else weaker
    return weaker


def leading_verb(text: str) -> str:
    """The stems of the verb that `text` starts with, '' for none."""
    words = tokens(text)
    roots = [stem(word) for word in words]
    start = _after_fillers(words)
    length, _, _ = verb_at(roots, start)
    return " ".join(roots[start : start + length])
