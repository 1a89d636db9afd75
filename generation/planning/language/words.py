"""Text to comparable words: tokens, stems, and the concepts that different words share."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

VOCABULARY = Path(__file__).parent / "vocabulary"
LONGEST_PHRASE = 5
# Texts up to this length (names, descriptions, clauses) are taken apart once.
CACHED = 250


def vocabulary_lines(name: str) -> Iterator[str]:
    """The lines of a vocabulary file without comments."""
    for line in (VOCABULARY / name).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line


@cache
def word_set(name: str) -> frozenset[str]:
    """A closed set of words, by its name in `function_words.txt`."""
    for line in vocabulary_lines("function_words.txt"):
        found, _, words = line.partition(":")
        if found == name:
            return frozenset(words.split())
    raise KeyError(name)


# Function words: they carry no meaning for finding a tool.
STOP = word_set("stop")
_WORD = re.compile(r"[^\W_]+(?:['\u2019&][^\W_]+)*")
# 'createIssue' is two words, 'GitHub' is a name.
_CAMEL = re.compile(r"\b[a-z][a-z0-9]*(?:[A-Z][a-z0-9]*)+\b")
_URL = re.compile(r"https?://\S+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_PLURAL = frozenset({"news", "sms", "aws", "gas", "bus"})
# Where things run; what is made is another word.
_WHOLE = frozenset({"production"})
_IRREGULAR = {
    "written": "write", "wrote": "write", "sent": "send", "found": "find", "made": "make",
    "read": "read", "put": "put", "kept": "keep", "told": "tell", "got": "get", "taken": "take",
    "took": "take", "rewritten": "rewrite", "rewrote": "rewrite", "spoken": "speak", "wrong": "wrong", "given": "give", "chosen": "choose", "built": "build", "left": "leave",
    "withdrawn": "withdraw", "sold": "sell", "frozen": "freeze", "froze": "freeze", "hidden": "hide", "thrown": "throw", "drawn": "draw",
    "shown": "show", "rebuilt": "rebuild", "lent": "lend", "spent": "spend", "caught": "catch", "overwritten": "overwrite", "broken": "break",
    "undone": "undo", "redone": "redo", "driven": "drive", "begun": "begin", "understood": "understand", "woken": "wake",
    "bought": "buy", "paid": "pay", "held": "hold", "brought": "bring", "analyses": "analys",
    "analysis": "analys", "analyst": "analys", "criticism": "criticis", "mails": "mail",
}  # fmt: skip


def tokens(text: str) -> list[str]:
    """The words of `text` in lower case; snake_case, camelCase and hyphens are taken apart, names like
    'GitHub' and 'e-mail' are one word, and so is an address of the web."""
    return list(_short_tokens(text)) if len(text) <= CACHED else _tokens(text)


@lru_cache(maxsize=30_000)
def _short_tokens(text: str) -> tuple[str, ...]:
    return tuple(_tokens(text))


def _tokens(text: str) -> list[str]:
    text = _URL.sub(" url ", text)
    text = re.sub(r"\b[eE]-?[mM]ail", "email", text)
    text = _CAMEL.sub(lambda match: _HUMP.sub(" ", match.group()), text)
    return [word.lower().replace("\u2019", "'") for word in _WORD.findall(text)]


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A light English stem: the same for 'translate', 'translates', 'translator' and 'translation'."""
    word = _IRREGULAR.get(word, word)
    if len(word) <= 3 or not word.isalpha() or word in _NO_PLURAL or word in _WHOLE:
        return word
    word = word.removesuffix("'s")
    word = singular(word)
    for ending in ("ational", "ization", "isation"):
        if word.endswith(ending):
            return word[: -len(ending)] + ("at" if ending == "ational" else "is")
    for ending in ("ations", "ation", "ators", "ator"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word[: -len(ending)] + "at"
    for ending in ("ing", "ed", "er", "or", "ion", "ly"):
        root = word[: -len(ending)]
        if word.endswith(ending) and len(root) >= 3 and re.search(r"[aeiouy]", root):
            word = _undoubled(root)
            if ending in ("ing", "ed") and word.endswith(("er", "or", "ion")) and len(word) > 4:
                # 'ordering' as 'order'
                word = word[: -len("ion" if word.endswith("ion") else "er")]
            break
    word = word[:-1] if word.endswith("e") and len(word) > 3 else word
    word = word[:-1] + "i" if word.endswith("y") else word
    return word.replace("iz", "is") if word.endswith("iz") else word


def singular(word: str) -> str:
    """'stories' → 'story', 'boxes' → 'box'; a word in small letters that is no plural stays."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _undoubled(root: str) -> str:
    if len(root) > 3 and root[-1] == root[-2] and root[-1] not in "lsz":
        return root[:-1]
    return root


def stems(text: str) -> tuple[str, ...]:
    """The stems of all words of `text`, in order."""
    return tuple(stem(word) for word in tokens(text))


@cache
def _concept_phrases() -> dict[tuple[str, ...], tuple[str, ...]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for line in vocabulary_lines("nouns.txt"):
        concept, _, forms = line.partition(":")
        for form in forms.split(","):
            key = stems(form)
            if key and concept not in found.setdefault(key, []):
                found[key].append(concept)
    return {key: tuple(concepts) for key, concepts in found.items()}


def noun_words() -> set[str]:
    """Every word of the known concepts, as it is written."""
    lines = vocabulary_lines("nouns.txt")
    return {word for line in lines for word in tokens(line.partition(":")[2]) if word.isalpha()}


Unit = tuple[float, tuple[str, ...]]


def concepts(text: str) -> dict[str, float]:
    """What `text` is about: concept, or stem with a leading '=', to weight."""
    found: dict[str, float] = {}
    for weight, terms in units(text):
        for term in terms:
            found[term] = max(found.get(term, 0.0), weight)
    return found


def units(text: str) -> tuple[Unit, ...]:
    """The meaningful words and phrases of `text`: each with its weight and the terms it can be found by.

    The longest known phrase wins. A word stands for its concepts and, as its last term, for its own stem.
    """
    return _units(tuple(tokens(text)))


@lru_cache(maxsize=5_000)
def _units(words: tuple[str, ...]) -> tuple[Unit, ...]:
    phrases, found = _concept_phrases(), list[Unit]()
    roots = [stem(word) for word in words]
    position = 0
    while position < len(roots):
        length, meanings = _longest(phrases, roots, position)
        if length == 1 and words[position] in _misread():
            meanings = ()
        length = max(length, 1)
        own = [
            f"={roots[at]}"
            for at in range(position, position + length)
            if words[at] not in STOP and len(words[at]) > 1
        ]
        is_plain = not meanings and roots[position] in plain_verbs()
        if meanings and length > 1 and len(own) == 1:
            own *= 2
        if meanings or own:
            found.append((0.25 if is_plain else 1.0, (*meanings, *own)))
        position += length
    return tuple(dict.fromkeys(found))


@cache
def _misread() -> frozenset[str]:
    """Function words that only share the stem of a noun: 'not' (note), 'off' (offer)."""
    return STOP - noun_words()


@cache
def plain_verbs() -> frozenset[str]:
    """Stems of 'get', 'write', 'send' and the like: nearly every description has one, so they tell little."""
    found: set[str] = set()
    for line in vocabulary_lines("verbs.txt"):
        kind, _, forms = line.partition(":")
        if kind in ("read", "create", "update", "delete", "send", "run", "compose"):
            found |= {
                stem(form.strip()) for form in forms.split(",") if not form.strip().endswith("~")
            }
    return frozenset(found)


_PARTICLE = re.compile(
    r"\b(put|bring|pull|pick|read|roll|fill|look|write|sum|tidy|clean|boil|take|turn|back|join|merge)(s|ing)?\s+"
    r"(it|them|both|everything|this|that|these|those|all(?: of (?:it|them|this|that))?|(?:the|our|a|an|all)\s+\w+)\s+"
    r"(together|up|out|back|down|off)\b",
    re.IGNORECASE,
)


def with_joined_particles(text: str) -> str:
    """'put both together in a report' → 'put together both in a report'."""
    return _PARTICLE.sub(r"\1\2 \4 \3", text)


def is_phrase(roots: tuple[str, ...]) -> bool:
    """Whether these stems together are a known phrase ('pull', 'request')."""
    return roots in _concept_phrases()


def _longest(
    phrases: dict[tuple[str, ...], tuple[str, ...]], roots: list[str], position: int
) -> tuple[int, tuple[str, ...]]:
    for length in range(min(LONGEST_PHRASE, len(roots) - position), 0, -1):
        meanings = phrases.get(tuple(roots[position : position + length]))
        if meanings:
            return length, meanings
    return 0, ()


@cache
def known_products() -> dict[tuple[str, ...], tuple[str, str]]:
    """Well-known services: the words of a spelling → (name, what it is)."""
    found: dict[tuple[str, ...], tuple[str, str]] = {}
    for line in vocabulary_lines("products.txt"):
        name, spellings, about = (part.strip() for part in line.split("|"))
        for spelling in (name, *spellings.split(",")):
            if spelling.strip():
                found[tuple(tokens(spelling))] = (name, about)
    return found
