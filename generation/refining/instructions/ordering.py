"""Shapes of instructions that put steps elsewhere, or let them run at the same time."""

from generation.refining.instructions.phrases import (
    ANCHOR,
    AT_ONCE,
    COUNT,
    Shape,
    end,
    number,
    several,
    shape,
    side,
)
from generation.refining.instructions.wishes import Again, AtOnce, Move, Rounds, Swap

ORDERS: tuple[Shape, ...] = (
    shape(
        r"swap (?:the order of )?(?P<a>.+?) (?:and|with) (?P<b>.+)",
        lambda m: Swap(m["a"], m["b"]),
    ),
    shape(
        rf"(?:handle|process|do|run|work on|go through|take) {COUNT} (?:of (?:the|them) )?(?:\w+ ){{0,2}}{AT_ONCE}",
        lambda m: Rounds(number(m["count"]), at_once=True),
    ),
    shape(
        rf"(?:handle|process|do|go through|take|work on|read) (?:at most|up to|no more than|a maximum of|not more than|only) {COUNT} [\w-]+(?: [\w-]+)?",
        lambda m: Rounds(number(m["count"]), at_once=False),
    ),
    shape(
        rf"(?:run|do|execute|let|have|make|start|put)\s+(?P<what>.+?)(?: run| happen)? {AT_ONCE}",
        lambda m: AtOnce(several(m["what"])) if len(several(m["what"])) > 1 else None,
    ),
    shape(
        rf"(?:repeat|run|do|loop) (?P<what>.+?) (?:exactly )?{COUNT}(?: times)",
        lambda m: Again(several(m["what"]), number(m["count"])),
    ),
)  # fmt: skip

MOVES: tuple[Shape, ...] = (
    shape(
        rf"(?:move|put|shift|run|do|execute) (?P<what>.+?)\s+{ANCHOR}",
        lambda m: Move(m["what"], side(m["side"]), m["anchor"]),
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
