"""The closed grammar of templates: `${…}` is a lookup over plain JSON, never code.

template   = text with any number of expressions; `$${` stands for a literal `${`
expression = "${" reference ("??" reference)* ("??" JSON literal)? "}"
reference  = root ("." key | "[" index "]")*
"""

import difflib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

from workflows.definition.plain_json import compact, copied
from workflows.definition.problems import DefinitionError

MAX_EXPRESSION = 4_000
# Longer texts are parsed each time, so that the cache stays small whatever is sent.
MAX_CACHED = 2_000
MAX_INDEX_DIGITS = 9


@dataclass(frozen=True)
class Reference:
    """One path, such as `steps.a-b.output.items[0]`: root `steps`, path `("a-b", "output", "items", 0)`."""

    root: str
    path: tuple[str | int, ...]
    text: str


@dataclass(frozen=True)
class Expression:
    """What stands between `${` and `}`; `literal` counts only with `has_literal`."""

    references: tuple[Reference, ...]
    text: str
    has_literal: bool = False
    # Compact JSON, since a value that can change must not live in a cached object.
    literal: str = "null"


Template = tuple[str | Expression, ...]

_OPENING = re.compile(r"\$?\$\{")
_SPACE = re.compile(r"[ \t\r\n]*")
_KEY = re.compile(r"[\w-]+")
_STEP = re.compile(r"\.([\w-]+)|\[([0-9]+)\]")
_DECODER = json.JSONDecoder()

_RECORD = ("output", "status", "error")
_LOOP = ("item", "index", "iteration", "last", "parent")
# What may follow each root; None: nothing has to.
_FORMS = {
    "user_input": "user_input",
    "input": "input.KEY",
    "steps": "steps.ID.output, steps.ID.status, steps.ID.error or steps.ID.branches.ID.output",
    "context": "context.KEY",
    "loop": "loop.item, loop.index, loop.iteration, loop.last or loop.parent",
    "execution": "execution.id or execution.started_at",
    "error": "error, error.kind, error.code, error.message or error.step",
}


class TemplateSyntaxError(ValueError):
    """Text that is no template; `offset` counts characters from its start."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


def parse_template(text: str) -> Template:
    """The parts of `text`: plain strings and expressions. Raises `TemplateSyntaxError`; linear in its length."""
    return _parse_cached(text) if len(text) <= MAX_CACHED else _parse(text)


@lru_cache(maxsize=4_096)
def _parse_cached(text: str) -> Template:
    return _parse(text)


def _parse(text: str) -> Template:
    parts: list[str | Expression] = []
    plain: list[str] = []
    position = 0
    while opening := _OPENING.search(text, position):
        plain.append(text[position : opening.start()])
        if opening.group() == "$${":
            plain.append("${")
            position = opening.end()
            continue
        if before := "".join(plain):
            parts.append(before)
        plain = []
        expression, position = parse_expression(text, opening.start())
        parts.append(expression)
    plain.append(text[position:])
    if after := "".join(plain):
        parts.append(after)
    return tuple(parts)


def parse_expression(text: str, start: int) -> tuple[Expression, int]:
    """The expression whose `${` stands at `start`, and the offset behind its `}`. Raises `TemplateSyntaxError`."""
    limit = min(len(text), start + MAX_EXPRESSION)
    references: list[Reference] = []
    literal: str | None = None
    position = start + 2
    while True:
        position = _skip_space(text, position)
        key = _KEY.match(text, position, limit)
        if key and key.group() not in ("true", "false", "null") and not _is_number(key.group()):
            reference, position = _parse_reference(text, key, limit)
            references.append(reference)
        elif references:
            literal, position = _parse_literal(text, position, limit)
        else:
            _fail("Expected a reference such as ${user_input} or ${steps.ID.output}", text, start)
        position = _skip_space(text, position)
        if text.startswith("}", position):
            break
        if literal is not None or not text.startswith("??", position):
            _fail("Expected } or ?? (nothing else may stand in a reference)", text, position)
        position += 2
    source = text[start + 2 : position].strip()
    has_literal = literal is not None
    return Expression(tuple(references), source, has_literal, literal or "null"), position + 1


def replace_expression(text: str, old: Expression, new: str) -> str:
    """`text`, a template or condition that parses, with each `old` written as `${new}`."""
    parts: list[str] = []
    position = 0
    while opening := _OPENING.search(text, position):
        if opening.group() == "$${":
            parts.append(text[position : opening.end()])
            position = opening.end()
            continue
        expression, end = parse_expression(text, opening.start())
        parts.append(text[position : opening.start()])
        parts.append(f"${{{new}}}" if expression == old else text[opening.start() : end])
        position = end
    return "".join([*parts, text[position:]])


def _parse_reference(text: str, key: re.Match[str], limit: int) -> tuple[Reference, int]:
    position = key.end()
    path: list[str | int] = []
    while step := _STEP.match(text, position, limit):
        name, index = step.groups()
        if index is not None and len(index) > MAX_INDEX_DIGITS:
            _fail("This index is too large", text, position)
        path.append(name if index is None else int(index))
        position = step.end()
    reference = Reference(key.group(), tuple(path), text[key.start() : position])
    if complaint := _form_complaint(reference):
        raise TemplateSyntaxError(complaint, key.start())
    return reference, position


def _form_complaint(reference: Reference) -> str:
    """Why this is none of the forms a reference can have; empty if it is one."""
    forms = _FORMS.get(reference.root)
    if forms is None:
        near = difflib.get_close_matches(reference.root[:50], _FORMS, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        return f"{_short(reference.text)!r} starts with none of the known roots: {', '.join(_FORMS)}.{hint}"
    if _has_known_form(reference.root, reference.path):
        return ""
    return f"{_short(reference.text)!r} is no known reference; write {forms}."


def _has_known_form(root: str, path: tuple[str | int, ...]) -> bool:
    first = path[0] if path else None
    match root:
        case "user_input" | "error":
            return True
        case "input" | "context":
            return isinstance(first, str)
        case "execution":
            return first in ("id", "started_at")
        case "loop":
            while path and path[0] == "parent":
                path = path[1:]
            return (not path and first == "parent") or bool(path and path[0] in _LOOP)
        case _:
            if len(path) > 3 and path[1] == "branches":
                return isinstance(first, str) and isinstance(path[2], str) and path[3] in _RECORD
            return isinstance(first, str) and len(path) > 1 and path[1] in _RECORD


def _parse_literal(text: str, position: int, limit: int) -> tuple[str, int]:
    """The JSON literal at `position` as compact JSON, and the offset behind it."""
    try:
        value, length = _DECODER.raw_decode(text[position:limit])
        return compact(copied(value)), position + length
    except (ValueError, RecursionError) as error:
        if isinstance(error, DefinitionError):
            _fail("This value after ?? can't be stored", text, position)
        _fail("Expected a reference or a JSON value after ??", text, position)


def _is_number(text: str) -> bool:
    return text[0].isdecimal() or text[0] == "-"


def _skip_space(text: str, position: int) -> int:
    space = _SPACE.match(text, position)
    return space.end() if space else position


def _fail(message: str, text: str, position: int) -> NoReturn:
    raise TemplateSyntaxError(f"{message}: {_short(text[position:])!r}.", position)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"
