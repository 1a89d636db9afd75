"""One part of an instruction to the wish that its words are; what its shapes leave open has to be free of further conditions."""

import re
from dataclasses import fields

from generation.refining.instructions.adding import (
    ADDITIONS,
    ALSO,
    APPROVALS,
    HOLDS,
    JUDGED,
    MOMENTS,
    PLAIN_ADDITIONS,
    added_too,
    said_too,
)
from generation.refining.instructions.deciding import (
    ERRORS,
    LEADING_CONDITIONS,
    LOOPS,
    TRAILING_CONDITIONS,
)
from generation.refining.instructions.ordering import MOVES, ORDERS
from generation.refining.instructions.phrases import Shape
from generation.refining.instructions.settings import NAMES, SETTINGS, VALUES
from generation.refining.instructions.taking_out import REMOVALS, REPLACEMENTS
from generation.refining.instructions.wishes import (
    Describe,
    Remove,
    Rename,
    Send,
    Setting,
    Tell,
    Wish,
)

# Those that say more go before those that say less.
_SHAPES = (
    *NAMES, *JUDGED, *APPROVALS, *ERRORS, *LOOPS, *SETTINGS, *ORDERS, *REPLACEMENTS, *MOVES, *HOLDS, *MOMENTS,
    *LEADING_CONDITIONS, *REMOVALS, *ADDITIONS, *TRAILING_CONDITIONS, *PLAIN_ADDITIONS,
)  # fmt: skip
# Words that turn or bind what is said: where one is left over, the instruction says more than was read.
_LEFT_OVER = re.compile(
    r"\b(?:not|never|nothing|nobody|no longer|don't|doesn't|isn't|won't|shouldn't|cannot|can't|without|unless|until|except|instead|"
    r"rather than|otherwise|else|only|if|whenever|maybe|perhaps|possibly|between|for (?:each|every|all))\b",
    re.IGNORECASE,
)
# What is said to an agent, and names, may say anything.
_FREE = {Tell: {"text"}, Rename: {"name"}, Describe: {"text"}, Setting: {"value"}, Send: {"text"}}


def read(part: str) -> Wish | None:
    """The wish of one instruction; null where it is not understood, or only half."""
    if part.endswith("?"):
        return None
    too = ALSO.match(part)
    if too is not None:
        return _read(said_too(too), _SHAPES) or _whole(added_too(too))
    return _read(part, _SHAPES) or _read(part, VALUES)


def _read(part: str, shapes: tuple[Shape, ...]) -> Wish | None:
    for pattern, make in shapes:
        match = pattern.match(part)
        wish = _whole(make(match)) if match is not None else None
        if wish is not None:
            return wish
    return None


def _whole(wish: Wish | None) -> Wish | None:
    """`wish` unless some of its words say more than it does."""
    if wish is None:
        return None
    free = _FREE.get(type(wish), set[str]())
    for field in fields(wish):
        value = getattr(wish, field.name)
        texts = value if isinstance(value, tuple) else (value,)
        for text in texts:
            if field.name in free or not isinstance(text, str) or field.name in ("side", "phrase"):
                continue
            if _LEFT_OVER.search(
                _without_allowed(text, field.name, removes=isinstance(wish, Remove))
            ):
                return None
    return wish


def _without_allowed(text: str, name: str, *, removes: bool) -> str:
    """'everything except the draft' says which steps, and a condition may be a negative one."""
    if name == "condition":
        return re.sub(r"\b(?:not|isn't|doesn't|no longer|nothing|nobody)\b", " ", text)
    if name == "what":
        # Which steps these words mean is looked up as a whole.
        return re.sub(r"\b(?:except|but|between(?=.* and ))\b", " ", text) if removes else text
    return text
