"""Shapes of instructions that put steps elsewhere, or let them run at the same time."""

import re

from generation.refining.instructions.phrases import (
    ANCHOR,
    AT_ONCE,
    COUNT,
    FLAGS,
    Shape,
    end,
    number,
    several,
    shape,
    side,
)
from generation.refining.instructions.wishes import Add, Again, AtOnce, Move, Rounds, Swap, Wish

ORDERS: tuple[Shape, ...] = (
    shape(
        r"(?:swap|exchange|reverse|switch) (?:the order of )?(?P<a>.+?) (?:and|with) (?P<b>[^,]+?)",
        lambda m: Swap(m["a"], m["b"]),
    ),
    shape(
        rf"(?:handle|process|do|run|work on|go through|take) {COUNT} (?:of (?:the|them) )?(?:\w+ ){{0,2}}(?:{AT_ONCE}|at a time)",
        lambda m: Rounds(number(m["count"]), at_once=True),
    ),
    shape(
        rf"(?:handle|process|do|go through|take|work on|read) (?:at most|up to|no more than|a maximum of|not more than|only) {COUNT} [\w-]+(?: [\w-]+)?",
        lambda m: Rounds(number(m["count"]), at_once=False),
    ),
    shape(
        rf"(?:only )?(?:handle|process|do|go through|take|work on|read|look at|use) (?:only )?the first {COUNT} [\w-]+",
        lambda m: Rounds(number(m["count"]), at_once=False),
    ),
    shape(
        rf"(?P<a>.+?) (?:should|must|has to|can|may) (?:run|happen|be done) {AT_ONCE} (?:as|with|to) (?P<b>.+)",
        lambda m: AtOnce((m["a"], m["b"])),
    ),
    shape(
        rf"(?:run|do|execute|let|have|make|start|put)\s+(?P<what>.+?)(?: run| happen)? {AT_ONCE}",
        lambda m: AtOnce(several(m["what"])) if len(several(m["what"])) > 1 else None,
    ),
    shape(
        r"(?:run|do|execute|start) (?P<a>.+?) (?:while|during) (?:it is |you are )?(?P<b>.+)",
        lambda m: AtOnce((m["a"], m["b"])),
    ),
    shape(
        rf"(?P<what>[^,]+ and [^,]+?) {AT_ONCE}",
        lambda m: AtOnce(several(m["what"])),
    ),
    shape(
        rf"(?:repeat|run|do|loop) (?P<what>.+?) (?:exactly )?{COUNT}(?: times)",
        lambda m: Again(several(m["what"]), number(m["count"])),
    ),
)  # fmt: skip


def _moved(match: re.Match[str]) -> Wish:
    """'put the approval before it' moves a step, 'put an approval before it' brings one in."""
    what, where = match["what"], side(match["side"])
    if re.match(r"(?:an?|another|one more)\s", what, FLAGS):
        return Add(what, where, match["anchor"])
    return Move(what, where, match["anchor"])


MOVES: tuple[Shape, ...] = (
    shape(rf"(?:move|put|shift|run|do|execute) (?P<what>.+?)\s+{ANCHOR}", _moved),
    shape(rf"let (?P<what>.+?) (?:come|run|happen)\s+{ANCHOR}", _moved),
    shape(
        rf"(?P<what>.+?) (?:should|must|has to|needs to|is to) (?:come|run|be|happen|go|be done)\s+(?:only )?{ANCHOR}",
        _moved,
    ),
    shape(
        r"(?P<what>.+?) (?:should|must|has to|needs to|is to) (?:come|run|be|happen|go|be done) (?:the )?(?P<side>first|last)(?: step)?",
        lambda m: Move(m["what"], end(m["side"])),
    ),
    shape(
        r"make (?P<what>.+?) the (?P<side>first|last)(?: step)?",
        lambda m: Move(m["what"], end(m["side"])),
    ),
    shape(
        r"(?:move|put|shift) (?P<what>(?!an? |another ).+?) between (?P<first>.+?) and (?P<anchor>.+)",
        lambda m: Move(m["what"], "before", m["anchor"]),
    ),
    shape(
        r"(?:move|put|shift) (?P<what>.+?) (?:to|at) the (?:very )?(?P<side>start|beginning|front|top|end|bottom)",
        lambda m: Move(m["what"], end(m["side"])),
    ),
    shape(
        r"(?:move|put|shift|run) (?P<what>.+?) (?P<side>first|last)",
        lambda m: Move(m["what"], end(m["side"])),
    ),
)  # fmt: skip
