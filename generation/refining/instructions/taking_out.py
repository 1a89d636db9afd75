"""Shapes of instructions that take something out, or put something else in its place."""

import re

from generation.refining.instructions.phrases import THE, Shape, shape
from generation.refining.instructions.wishes import Duplicate, Remove, Replace, Wish

_ANY_MORE = r"(?: any ?more| any longer)?"
_EDITS = re.compile(
    r"^(?:remove|delete|drop|skip|add|insert|change|move|replace|rename|touch|set|swap|put|alter|edit|modify|forget|worry|keep|leave|cut|"
    r"get rid|take out|leave out|omit|duplicate|copy|repeat|want|need|think|know|ask|stop)\b",
    re.IGNORECASE,
)


def _not_done(match: re.Match[str]) -> Wish | None:
    """'don't score the tone': but 'don't remove it' forbids a change."""
    return None if _EDITS.match(match["what"]) else Remove(match["what"])


def _remove(match: re.Match[str]) -> Wish:
    return Remove(match["what"])


def _replace(match: re.Match[str]) -> Wish:
    return Replace(match["old"], match["new"])


REMOVALS: tuple[Shape, ...] = (
    shape(
        r"(?:keep only|only keep|leave only|only leave|just keep|keep just|keep nothing but) (?P<what>.+)",
        lambda m: Remove(f"everything except {m['what']}"),
    ),
    shape(
        rf"(?:remove|delete|drop|scrap|ditch|lose|disable|deactivate|turn off|switch off|get rid of|take out|leave out|skip|omit|cut out|cut|kick out|throw out|eliminate|do without|erase) {THE}(?P<what>.+?){_ANY_MORE}",
        _remove,
    ),
    shape(
        rf"(?:take|leave|throw|cut|kick|pull) {THE}(?P<what>.+?) (?:out|away)(?: of (?:it|the workflow|this))?",
        _remove,
    ),
    shape(
        rf"(?:(?:i|we|you) )?(?:no longer|don't|do not) (?:need|want|require) (?!to\b){THE}(?P<what>.+?){_ANY_MORE}",
        _remove,
    ),
    shape(
        rf"{THE}(?P<what>.+?) (?:is|are) (?:no longer|not) (?:needed|necessary|required|wanted){_ANY_MORE}",
        _remove,
    ),
    shape(
        rf"{THE}(?P<what>.+?) (?:is|are) (?:unnecessary|superfluous|unneeded|obsolete)",
        _remove,
    ),
    shape(rf"(?:i|we) want {THE}(?P<what>.+?) (?:gone|removed|out)", _remove),
    shape(rf"{THE}(?P<what>.+?) (?:isn't|aren't) (?:needed|necessary|required|wanted){_ANY_MORE}", _remove),
    shape(rf"{THE}(?P<what>.+?) can (?:go|be removed|be dropped|be skipped)", _remove),
    shape(
        rf"(?:do not|don't|no longer|never|stop) (?P<what>.+?){_ANY_MORE}",
        _not_done,
    ),
    shape(rf"(?:duplicate|copy|clone) {THE}(?P<what>.+)", lambda m: Duplicate(m["what"])),
)  # fmt: skip

REPLACEMENTS: tuple[Shape, ...] = (
    shape(
        r"(?:replace|exchange|substitute|swap out) (?P<old>.+?) (?:with|by|for) (?P<new>.+)",
        _replace,
    ),
    shape(
        r"switch from (?P<old>.+?) to (?P<new>.+)",
        _replace,
    ),
    shape(
        r"(?:instead of|rather than) (?P<old>[^,]+), (?P<new>.+)",
        _replace,
    ),
    shape(
        r"(?:use |take )?(?P<new>.+?),? (?:instead of|rather than|in place of) (?P<old>.+)",
        _replace,
    ),
    shape(
        r"(?:change|turn|convert) (?P<old>the .+?) (?:to|into) (?P<new>an? .+)",
        _replace,
    ),
    shape(
        r"(?P<new>[^,]+),? (?:and )?not (?P<old>(?:by|via|in|on) .+)",
        _replace,
    ),
    shape(
        r"(?:do not|don't) (?P<old>.+?)(?:,| but)(?: rather)? (?P<new>.+?) instead",
        _replace,
    ),
)  # fmt: skip
