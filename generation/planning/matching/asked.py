"""What a clause asks for, as its grammar tells it: the words that count, the kind of action, one thing or several."""

import re
from dataclasses import dataclass

from generation.planning.language.verbs import DETERMINERS, actions, leading_verb, verb_at
from generation.planning.language.words import Unit, stem, tokens, units

WORK = frozenset({"analyse", "compose", "make"})
# What the words for who hears it count, in 'mail it to purchasing'.
RECIPIENT = 0.4
# What tools are called that bring several things, and those that bring one.
LISTING = frozenset({"list", "search", "find", "query"})
SINGLE = frozenset({"get", "read", "fetch"})
_RECIPIENT = re.compile(r"\bto ((?:the |our |my |his |her |their |an? )?[\w' -]+)$", re.IGNORECASE)
_BEHIND_OBJECT = re.compile(
    r"\s(?:of|for|from|in|on|at|with|to|by|about|that|which|who|since|between|as)\s|,",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Asked:
    """`number`: 1 for several things, -1 for one, 0 for neither; `is_work`: no fetching or keeping, but work on a thing."""

    said: tuple[Unit, ...]
    kinds: frozenset[str]
    verb: str
    number: int
    is_work: bool


def asked_for(text: str, kinds: frozenset[str] | None) -> Asked:
    """What `text` asks for; `kinds` replaces the kinds of action that are read from it."""
    told = actions(text)
    said = _weighed(text)
    if kinds is None and told == {"send"}:
        said = _without_recipient(said, text)
    found = told if kinds is None else kinds
    verb = leading_verb(text).partition(" ")[0]
    is_work = bool(found) and found <= WORK and (not verb or _is_trade(verb))
    return Asked(said, found, verb, _number(text) if "read" in found else 0, is_work)


def _is_trade(verb: str) -> bool:
    """'classify' tells what work is asked for, 'find out' does not."""
    kinds = verb_at([verb], 0)[1]
    return bool(kinds) and "read" not in kinds


def _number(text: str) -> int:
    """1 for 'the open tickets', -1 for 'the ticket'."""
    named = tokens(_BEHIND_OBJECT.split(text, maxsplit=1)[0])
    words = named[max(len(leading_verb(text).split()), 1) :]
    if not words:
        return 0
    if words[-1].endswith("s") and not words[-1].endswith(("ss", "us", "is", "news")):
        return 1
    return -1 if words[0] in ("the", "a", "an", "this", "that") else 0


def _weighed(text: str) -> tuple[Unit, ...]:
    """The words of a clause; a leading verb that is also a noun ('record it') tells as little as other verbs."""
    wanted = units(text)
    words = tokens(text)
    if len(words) < 2 or words[1] not in DETERMINERS or not wanted:
        return wanted
    length, kinds, _ = verb_at([stem(words[0])], 0)
    is_handling = (
        length and kinds & {"read", "create", "update", "run"} and not kinds & {"make", "analyse"}
    )
    if is_handling and f"={stem(words[0])}" in wanted[0][1]:
        return ((0.3, wanted[0][1]), *wanted[1:])
    return wanted


def _without_recipient(said: tuple[Unit, ...], text: str) -> tuple[Unit, ...]:
    """'mail it to purchasing': who hears it tells little of what is used."""
    to = _RECIPIENT.search(text)
    if to is None:
        return said
    there = {f"={stem(word)}" for word in tokens(to.group(1))}
    return tuple(
        (weight * RECIPIENT if there & set(terms) else weight, terms) for weight, terms in said
    )
