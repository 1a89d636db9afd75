"""What an instruction asks for, as far as it can be read from its words; which steps are meant is looked up later."""

import re
from dataclasses import dataclass
from typing import Literal

from generation.planning.reading.holding import hold

_FLAGS = re.IGNORECASE
_SPLIT = re.compile(
    r"\s*(?:;|(?<=[\w)'\"])[.!](?=\s|$)|\n)\s*|,?\s+(?:and then|then|and also|and|but)\s+(?=(?:please\s+)?(?:add|insert|append|"
    r"remove|delete|drop|replace|rename|move|swap|set|change|ask me|wait|retry|run|put)\b)",
    _FLAGS,
)
_POLITE = re.compile(
    r"^(?:please|can you|could you|would you|i want you to|i(?:'d| would) like(?: you)? to|also|now|then|and|make sure to)\s+",
    _FLAGS,
)
_UNITS = {
    "second": 1,
    "sec": 1,
    "s": 1,
    "minute": 60,
    "min": 60,
    "hour": 3_600,
    "h": 3_600,
    "day": 86_400,
}
_NUMBERS = {
    "once": 1,
    "twice": 2,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "ten": 10,
}
_COUNT = rf"(?P<count>\d{{1,6}}|{'|'.join(_NUMBERS)})"
_UNIT = r"(?P<unit>seconds?|secs?|minutes?|mins?|hours?|days?|s|h)"
_VERB_ADD = r"(?:add|insert|include|append|put in|introduce|create)"
_ANCHOR = r"(?P<side>before|after|behind|ahead of|following)\s+(?P<anchor>.+?)"


@dataclass(frozen=True)
class Add:
    """New steps for `what`, beside the step that `anchor` means, or at the 'start' or 'end'."""

    what: str
    side: Literal["before", "after", "start", "end", "with"]
    anchor: str = ""


@dataclass(frozen=True)
class Remove:
    """The step that `what` means goes."""

    what: str


@dataclass(frozen=True)
class Replace:
    """What is used as `old` is to be `new`: an agent, a tool, or a step's work."""

    old: str
    new: str


@dataclass(frozen=True)
class Rename:
    """Another name for a step, or for the workflow (`what` is '')."""

    what: str
    name: str


@dataclass(frozen=True)
class Describe:
    """Another description of the workflow."""

    text: str


@dataclass(frozen=True)
class Move:
    """A step goes before or after another, or to the 'start' or 'end'."""

    what: str
    side: Literal["before", "after", "start", "end"]
    anchor: str = ""


@dataclass(frozen=True)
class Swap:
    """Two steps change places."""

    first: str
    second: str


@dataclass(frozen=True)
class AtOnce:
    """Steps run at the same time."""

    what: tuple[str, ...]


@dataclass(frozen=True)
class Again:
    """Steps repeat so many times."""

    what: tuple[str, ...]
    times: int


@dataclass(frozen=True)
class Setting:
    """A field of a step: 'timeout' (seconds), 'retries', or an argument of its tool."""

    what: str
    name: str
    value: str


Wish = Add | Remove | Replace | Rename | Describe | Move | Swap | AtOnce | Again | Setting


def parts_of(instruction: str) -> list[str]:
    """The single instructions, in order; what stands in quotes is never cut."""
    kept: list[str] = []

    def hide(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\x01{len(kept) - 1}\x01"

    hidden = re.sub(r"\"[^\"]*\"|“[^”]*”|'[^']*'(?!\w)", hide, instruction)
    found = [_POLITE.sub("", part.strip(" ,.!")) for part in _SPLIT.split(hidden)]
    shown = [re.sub("\x01(\\d+)\x01", lambda m: kept[int(m[1])], part) for part in found]
    return [part.strip() for part in shown if part.strip()]


def read(part: str) -> Wish | None:
    """The wish of one instruction; null where it is not understood."""
    for pattern, make in _PATTERNS:
        match = pattern.match(part)
        if match is not None:
            wish = make(match)
            if wish is not None:
                return wish
    return None


def _side(word: str) -> Literal["before", "after"]:
    return "before" if word.lower() in ("before", "ahead of") else "after"


def _seconds(match: re.Match[str]) -> int:
    unit = match["unit"].lower()
    return _number(match["count"]) * _UNITS[unit if unit in _UNITS else unit.rstrip("s")]


def _number(text: str) -> int:
    return _NUMBERS.get(text.lower()) or int(text)


def _several(text: str) -> tuple[str, ...]:
    text = re.sub(r"^both\s+", "", text.strip(), flags=_FLAGS)
    return tuple(p.strip() for p in re.split(r",\s*(?:and\s+)?|\s+and\s+", text) if p.strip())


def _unquoted(text: str) -> str:
    return text.strip().strip("'\"“”`").strip()


def _held(match: re.Match[str]) -> Wish | None:
    """'ask me before it is sent', 'wait 2 hours before sending': only what holds a run up."""
    what = match["what"].strip()
    return Add(what, _side(match["side"]), match["anchor"]) if hold(what) else None


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(rf"^{text}$", _FLAGS)


_THE = r"(?:the\s+)?"
_PATTERNS = (
    (
        _pattern(r"rename (?:the |this )?workflow (?:to|as|into) (?P<name>.+)"),
        lambda m: Rename("", _unquoted(m["name"])),
    ),
    (
        _pattern(r"(?:call|name) (?:the |this )workflow (?P<name>.+)"),
        lambda m: Rename("", _unquoted(m["name"])),
    ),
    (
        _pattern(r"(?:set|change) the (?:workflow'?s )?(?P<f>name|title|description) (?:of the workflow )?to (?P<v>.+)"),
        lambda m: Describe(_unquoted(m["v"]))
        if m["f"].lower() == "description"
        else Rename("", _unquoted(m["v"])),
    ),
    (
        _pattern(rf"rename {_THE}(?P<what>.+?) (?:to|as|into) (?P<name>.+)"),
        lambda m: Rename(m["what"], _unquoted(m["name"])),
    ),
    (
        _pattern(r"swap (?:the order of )?(?P<a>.+?) (?:and|with) (?P<b>.+)"),
        lambda m: Swap(m["a"], m["b"]),
    ),
    (
        _pattern(r"(?:replace|exchange|substitute|swap out) (?P<old>.+?) (?:with|by|for) (?P<new>.+)"),
        lambda m: Replace(m["old"], m["new"]),
    ),
    (
        _pattern(r"use (?P<new>.+?) instead of (?P<old>.+)"),
        lambda m: Replace(m["old"], m["new"]),
    ),
    (
        _pattern(r"switch from (?P<old>.+?) to (?P<new>.+)"),
        lambda m: Replace(m["old"], m["new"]),
    ),
    (
        _pattern(rf"(?:set|change|raise|lower|increase|reduce) {_THE}time-?\s?(?:out|limit) (?:of|for|on) (?P<what>.+?) to {_COUNT}\s*{_UNIT}"),
        lambda m: Setting(m["what"], "timeout", str(_seconds(m))),
    ),
    (
        _pattern(rf"(?:give|let) (?P<what>.+?) (?:a timeout of|take at most|run for at most|have at most) {_COUNT}\s*{_UNIT}"),
        lambda m: Setting(m["what"], "timeout", str(_seconds(m))),
    ),
    (
        _pattern(rf"(?:set|change|raise|lower|increase|reduce) {_THE}(?:number of )?retries (?:of|for|on) (?P<what>.+?) to {_COUNT}"),
        lambda m: Setting(m["what"], "retries", str(_number(m["count"]))),
    ),
    (
        _pattern(rf"retry (?P<what>.+?) (?:up to |at most )?{_COUNT}(?: times)?(?: if it fails| on failure)?"),
        lambda m: Setting(m["what"], "retries", str(_number(m["count"]))),
    ),
    (
        _pattern(rf"(?:set|change) {_THE}(?:argument )?(?P<name>[\w'\"-]+) (?:of|for|in|on) (?P<what>.+?) to (?P<value>.+)"),
        lambda m: Setting(m["what"], _unquoted(m["name"]), _unquoted(m["value"])),
    ),
    (
        _pattern(r"(?:run|do|execute|let|have|make|start|put)\s+(?P<what>.+?)(?: run| happen)? (?:in parallel|at the same time|simultaneously|concurrently|side by side)"),
        lambda m: AtOnce(_several(m["what"])) if len(_several(m["what"])) > 1 else None,
    ),
    (
        _pattern(rf"(?:repeat|run|do|loop) (?P<what>.+?) (?:exactly )?{_COUNT}(?: times)?"),
        lambda m: Again(_several(m["what"]), _number(m["count"])),
    ),
    (
        _pattern(rf"(?P<what>.+?)\s+{_ANCHOR}"),
        _held,
    ),
    (
        _pattern(r"(?P<side>before|after)\s+(?P<anchor>[^,]+),\s*(?P<what>.+)"),
        _held,
    ),
    (
        _pattern(rf"(?:move|put|shift|run|do|execute) (?P<what>.+?)\s+{_ANCHOR}"),
        lambda m: Move(m["what"], _side(m["side"]), m["anchor"]),
    ),
    (
        _pattern(r"(?:move|put|shift) (?P<what>.+?) (?:to|at) the (?:very )?(?P<side>start|beginning|front|top|end|bottom)"),
        lambda m: Move(m["what"], _end(m["side"])),
    ),
    (
        _pattern(r"(?:move|put|shift|run) (?P<what>.+?) (?P<side>first|last)"),
        lambda m: Move(m["what"], _end(m["side"])),
    ),
    (
        _pattern(rf"(?:remove|delete|drop|get rid of|take out|leave out|skip|omit|cut) {_THE}(?P<what>.+)"),
        lambda m: Remove(m["what"]),
    ),
    (
        _pattern(r"(?:do not|don't|no longer|never|stop) (?P<what>.+?)(?: any ?more| any longer)?"),
        lambda m: Remove(m["what"]),
    ),
    (
        _pattern(rf"{_VERB_ADD}\s+(?P<what>.+?) (?:in parallel (?:to|with)|alongside|at the same time as) (?P<anchor>.+)"),
        lambda m: Add(m["what"], "with", m["anchor"]),
    ),
    (
        _pattern(rf"{_VERB_ADD}\s+(?P<what>.+?)\s+{_ANCHOR}"),
        lambda m: Add(m["what"], _side(m["side"]), m["anchor"]),
    ),
    (
        _pattern(rf"(?:{_VERB_ADD}\s+)?(?P<what>.+?) (?:at|to) the (?:very )?(?P<side>start|beginning|front|top|end|bottom)"),
        lambda m: Add(m["what"], _end(m["side"])),
    ),
    (
        _pattern(rf"(?:at|in) the (?:very )?(?P<side>start|beginning|front|end),?\s+(?:{_VERB_ADD}\s+)?(?P<what>.+)"),
        lambda m: Add(m["what"], _end(m["side"])),
    ),
    (
        _pattern(r"(?P<what>.+?) (?:when|once|as soon as) (?:it|everything|all)?(?: is| has)?\s*(?:been )?(?:done|finished|ready|complete)"),
        lambda m: Add(m["what"], "end"),
    ),
    (
        _pattern(rf"(?P<side>finally|lastly|first),?\s+(?:{_VERB_ADD}\s+)?(?P<what>.+)"),
        lambda m: Add(m["what"], "start" if m["side"].lower() == "first" else "end"),
    ),
    (
        _pattern(rf"(?P<side>before|after)\s+(?P<anchor>.+?),\s*(?:{_VERB_ADD}\s+)?(?P<what>.+)"),
        lambda m: Add(m["what"], _side(m["side"]), m["anchor"]),
    ),
    (
        _pattern(rf"(?P<what>.+?)\s+{_ANCHOR}"),
        lambda m: Add(m["what"], _side(m["side"]), m["anchor"]),
    ),
    (
        _pattern(rf"{_VERB_ADD}\s+(?P<what>.+)"),
        lambda m: Add(m["what"], "end"),
    ),
)  # fmt: skip


def _end(word: str) -> Literal["start", "end"]:
    return "end" if word.lower() in ("end", "bottom", "last") else "start"
