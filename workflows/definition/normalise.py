"""Lenient in, canonical out: the only way from what people send to a `Definition`."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from workflows.definition.expansion import MAX_PROBLEMS, Expansion, Sources, expand
from workflows.definition.plain_json import compact, split
from workflows.definition.problems import DefinitionError, Problem
from workflows.definition.shape import shape_problems
from workflows.definition.steps import MAX_CANONICAL_BYTES, Definition
from workflows.definition.texts import text_problems


@dataclass(frozen=True)
class Attempt:
    """What became of an input: the definition, null if its shape is broken, and where each of its parts came from.

    Errors say why the input can't be stored; warnings tell of guesses. Their pointers lead into the input.
    """

    definition: Definition | None
    sources: Sources
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def normalise(raw: object) -> Definition:
    """The canonical definition that `raw` stands for; normalising its JSON again changes nothing.

    Raises `DefinitionError`, with all problems in document order, and nothing else.
    """
    result = attempt(raw)
    if result.errors or result.definition is None:
        problems = in_document_order(result.errors, result.sources.raw)
        raise DefinitionError(problems[:MAX_PROBLEMS])
    return result.definition


def attempt(raw: object) -> Attempt:
    """As `normalise`, but goes on past what it can. Raises `DefinitionError` where nothing is left to look at."""
    expansion = expand(raw)
    errors = [*expansion.errors, *_located(text_problems(expansion.canonical), expansion)]
    definition: Definition | None = None
    try:
        definition = Definition.model_validate(expansion.canonical)
    except ValidationError as error:
        errors += _located(shape_problems(error, expansion.canonical), expansion)
    if definition is not None:
        errors += _size_problems(definition)
    return Attempt(definition, expansion.sources, tuple(errors), tuple(expansion.warnings))


def content_hash(definition: Definition) -> str:
    """The sha256, in hexadecimal, of the canonical JSON with sorted keys and without spaces."""
    text = json.dumps(
        definition.to_json(), sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return hashlib.sha256(text.encode()).hexdigest()


def in_document_order(problems: Iterable[Problem], raw: object) -> list[Problem]:
    """Each problem once, by where its `path` stands in `raw`."""
    order = _Order()
    unique = {(problem.path, problem.code, problem.message): problem for problem in problems}
    return sorted(unique.values(), key=lambda problem: order.of(problem.path, raw))


def locate(problem: Problem, sources: Sources) -> Problem:
    """`problem`, whose pointers lead into the canonical form, with pointers into what the caller sent."""
    fix = None
    if problem.fix is not None:
        fix = tuple(_located_operation(operation, sources) for operation in problem.fix)
    return replace(problem, path=sources.nearest(problem.path), fix=fix)


def _located_operation(operation: dict[str, Any], sources: Sources) -> dict[str, Any]:
    """The operation on what was sent: what a default stood for is added, with the objects around it."""
    located = operation | {
        key: sources.pointer(operation[key]) for key in ("path", "from") if key in operation
    }
    if operation["op"] not in ("add", "replace"):
        return located
    parent = located["path"].rsplit("/", 1)[0]
    existing = sources.existing(located["path"])
    if existing == located["path"]:
        return located
    value = operation["value"]
    while parent != existing and len(parent) > len(existing):
        name = split(located["path"])[-1]
        located["path"], value = parent, {name: value}
        parent = parent.rsplit("/", 1)[0]
    return located | {"op": "add", "value": value}


def _located(problems: Iterable[Problem], expansion: Expansion) -> list[Problem]:
    """Those of `problems` that are not about a place that was already found broken."""
    return [
        locate(problem, expansion.sources)
        for problem in problems
        if not _is_within(problem.path, expansion.broken)
    ]


def _is_within(pointer: str, places: set[str]) -> bool:
    if not places:
        return False
    head = pointer
    while head:
        if head in places:
            return True
        head = head[: head.rfind("/")]
    return False


def _size_problems(definition: Definition) -> list[Problem]:
    # Written by pydantic it takes a moment, and nearly as many bytes: it only writes numbers otherwise.
    if 2 * len(definition.model_dump_json()) < MAX_CANONICAL_BYTES:
        return []
    size = len(compact(definition.to_json()).encode())
    if size <= MAX_CANONICAL_BYTES:
        return []
    message = f"The definition takes {size} bytes; at most {MAX_CANONICAL_BYTES} are allowed."
    return [Problem("too_large", "error", "", message, "Move long texts into agents or inputs.")]


class _Order:
    """Document positions of pointers; remembers each object's keys, so that many problems cost no more than one."""

    def __init__(self) -> None:
        self._keys: dict[int, dict[str, int]] = {}

    def of(self, pointer: str, raw: object) -> tuple[int, ...]:
        position: list[int] = []
        value = raw
        for key in split(pointer):
            if isinstance(value, dict) and key in value:
                keys = self._keys.get(id(value))
                if keys is None:
                    keys = self._keys[id(value)] = {name: n for n, name in enumerate(value)}
                position.append(keys[key])
                value = value[key]
            elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
                position.append(int(key))
                value = value[int(key)]
            else:
                break
        return tuple(position)
