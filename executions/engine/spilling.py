"""Keeps small what travels when a run continues as new: large values, and a large state itself, move to PostgreSQL."""

import base64
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import to_json

from executions.engine.messages.run_input import RunInput
from executions.engine.messages.state import Position, RunState
from executions.engine.messages.values import Value
from executions.engine.run import Run
from executions.engine.sizes import size_of

# Temporal refuses payloads over 2 MB; the definition, at most 1 MiB, travels beside the state.
MAX_STATE_BYTES = 128 * 1024
# What is left are paths, keys and counters: thousands of iterations have many.
MAX_TRAVELLING_BYTES = 384 * 1024
# A key costs about this much itself.
MIN_SPILLED_BYTES = 256
# Of a state's text; each part comes back in a message of its own.
PART_CHARACTERS = 512 * 1024

_STATE = TypeAdapter(RunState)


async def handed_on(run: Run) -> RunInput:
    """The input of the next Temporal run, small enough for one message, whatever the run remembers."""
    await _spill(run)
    # The state has the whole context: what the run was given would travel twice.
    following = replace(run.input, context={}, state=run.state)
    if run.input.engine < 2 or size_of_state(run.state) <= MAX_TRAVELLING_BYTES:
        return following
    parts = await run.calls.store_values(list(packed(run.state)))
    return replace(following, state=None, state_parts=parts)


def size_of_state(state: RunState) -> int:
    """Bytes of the state's JSON."""
    return len(to_json(state))


def packed(state: RunState) -> list[str]:
    """The state as texts of at most 512 KiB; `unpacked` makes it of them again."""
    text = base64.b64encode(zlib.compress(to_json(state), 1)).decode()
    return [text[at : at + PART_CHARACTERS] for at in range(0, len(text), PART_CHARACTERS)]


def unpacked(parts: list[str]) -> RunState:
    """The state that `packed` made the texts of."""
    return _STATE.validate_json(zlib.decompress(base64.b64decode("".join(parts))))


async def _spill(run: Run) -> None:
    """Store values of the state, the largest first, until the others fit."""
    chosen = _largest(run)
    if not chosen:
        return
    keys = await run.calls.store_values([value.json for value in chosen])
    by_identity = {id(value): key for value, key in zip(chosen, keys, strict=True)}
    for name in _places(run):
        setattr(run.state, name, _swapped(getattr(run.state, name), by_identity))


def _places(run: Run) -> list[str]:
    """Runs of the first engine only ever moved the outputs of steps."""
    if run.input.engine < 2:
        return ["outcomes"]
    return [field.name for field in fields(RunState)]


def _largest(run: Run) -> list[Value]:
    found = [value for name in _places(run) for value in _inline(getattr(run.state, name))]
    sizes = {id(value): size_of(value.json) for value in found}
    total = sum(sizes[id(value)] for value in found)
    chosen: dict[int, Value] = {}
    for value in sorted(found, key=lambda value: -sizes[id(value)]):
        if total <= MAX_STATE_BYTES or sizes[id(value)] < MIN_SPILLED_BYTES:
            break
        total -= sizes[id(value)]
        chosen[id(value)] = value
    return list(chosen.values())


def _inline(thing: Any) -> Iterator[Value]:
    """All values in there that are at hand."""
    match thing:
        case Value():
            if not thing.is_stored:
                yield thing
        case dict():
            for inner in thing.values():
                yield from _inline(inner)
        case list() | tuple():
            for inner in thing:
                yield from _inline(inner)
        case _ if is_dataclass(thing):
            for field in fields(thing):
                yield from _inline(getattr(thing, field.name))


def _swapped(thing: Any, keys: Mapping[int, Value]) -> Any:
    """The thing with other values. Positions are changed in place: the steps that wait hold them."""
    match thing:
        case Value():
            return keys.get(id(thing), thing)
        case dict():
            return {key: _swapped(inner, keys) for key, inner in thing.items()}
        case list() | tuple():
            return type(thing)(_swapped(inner, keys) for inner in thing)
        case Position():
            thing.writes.update(_swapped(thing.writes, keys))
            return thing
        case _ if is_dataclass(thing) and not isinstance(thing, type):
            inner = {field.name: getattr(thing, field.name) for field in fields(thing)}
            return replace(thing, **{name: _swapped(old, keys) for name, old in inner.items()})
        case _:
            return thing
