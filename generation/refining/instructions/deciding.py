"""Shapes of instructions that hang on something: conditions, errors, and how often."""

import re

from generation.refining.instructions.phrases import COUNT, Shape, number, shape
from generation.refining.instructions.wishes import (
    Decide,
    Failing,
    ForEach,
    Setting,
    Until,
    Wish,
)

_IF = r"(?:if|when|whenever|in case|where|provided(?: that)?|as long as)"
_FAILS = r"(?:fails?|has failed|goes wrong|go wrong|breaks?|crashes|errors? out|does not work|doesn't work|is not possible|isn't possible|times out|is unsuccessful|throws an error|error|should fail)"
_WRONG = r"(?:something|anything|it|an error|there is an error|there's an error|a problem|there is a problem|things?) ?(?:goes wrong|go wrong|fails|happens|occurs|breaks)?"
_TIMES = (
    rf"(?:,? (?:but )?(?:at most|up to|no more than|max(?:imum)?\.?) {COUNT}(?: times| rounds)?)?"
)
_ALL = r"(?:this|it|that|everything|all(?: of)? (?:this|that|it)|the whole (?:thing|workflow)|the (?:entire )?workflow|all (?:the )?steps)"
_AGAIN = re.compile(
    r"^(?:please )?(?:(?P<a>.+?) (?:it )?(?:again|once more|one more time|anew|another time)|(?:repeat|redo) (?P<b>.+)|re-?(?P<c>draft|write|do|run|generate|create) (?P<d>.+))$",
    re.IGNORECASE,
)
_NOT = re.compile(r"^(?:do not|don't|never|skip) (?P<act>.+)$", re.IGNORECASE)
_TRY_AGAIN = re.compile(
    rf"^(?:re-?)?try (?:it )?(?:again)?(?: ?(?:up to |at most )?{COUNT}(?: more)?(?: times?)?)?$|^retry(?: it)?$",
    re.IGNORECASE,
)


def _decide(match: re.Match[str]) -> Wish | None:
    condition, act = match["condition"].strip(), match["act"].strip()
    groups = match.groupdict()
    otherwise = (groups.get("otherwise") or "").strip()
    if (negated := _NOT.match(act)) is not None:
        return None if otherwise else Decide(condition, "", negated["act"], is_limit=True)
    again = _AGAIN.match(act)
    if again is not None:
        what = again["a"] or again["b"] or again["d"]
        return Until(what, condition, is_negated=True)
    return Decide(condition, act, otherwise)


def _only(match: re.Match[str]) -> Wish:
    return Decide(match["condition"], match["act"], is_limit=True)


def _unless(match: re.Match[str]) -> Wish:
    if (negated := _NOT.match(match["act"])) is not None:
        return Decide(match["condition"], negated["act"], is_limit=True)
    return Decide(match["condition"], "", match["act"])


def _not_if(match: re.Match[str]) -> Wish:
    return Decide(match["condition"], "", match["act"], is_limit=True)


def _failing(match: re.Match[str]) -> Wish:
    groups = match.groupdict()
    what = f"{match['what']} is {groups['done']}" if groups.get("done") else match["what"]
    again = _TRY_AGAIN.match(match["act"].strip())
    if again is not None:
        return Setting(what, "retries", str(number(again["count"]) if again["count"] else 1))
    return Failing(what, match["act"])


def _until(match: re.Match[str]) -> Wish:
    return Until(match["what"], match["phrase"], number(match["count"]) if match["count"] else 0)


ERRORS: tuple[Shape, ...] = (
    shape(r"(?:on|upon) (?:the )?(?:failure|error)s? (?:of|in|with|while) (?P<what>[^,]+), (?:then )?(?P<act>.+)", _failing),
    shape(r"in case of (?:an? )?(?:failure|error|problem)s? (?:of|in|with|while) (?P<what>[^,]+), (?:then )?(?P<act>.+)", _failing),
    shape(r"ignore (?:all )?(?:errors?|failures?|problems?) (?:in|of|with|from|when|while|during) (?P<what>.+)", lambda m: Failing(m["what"], "go on")),
    shape(rf"(?:{_IF}|should) (?:the )?(?P<what>[^,]+?) (?:can't|cannot|can not|could not|couldn't) be (?P<done>\w+),? (?:then )?(?P<act>.+)", _failing),
    shape(rf"{_IF} {_WRONG} (?:with|in|while|during|when|at) (?P<what>[^,]+), (?:then )?(?P<act>.+)", _failing),
    shape(rf"(?:{_IF}|should) (?:the )?(?P<what>[^,]+?) {_FAILS}, (?:then )?(?P<act>.+)", _failing),
    shape(rf"(?P<act>.+?),? {_IF} (?:the )?(?P<what>[^,]+?) {_FAILS}", _failing),
    shape(rf"(?P<act>.+?),? {_IF} (?:the )?(?P<what>[^,]+?) (?:can't|cannot|can not|could not|couldn't) be (?P<done>\w+)", _failing),
    shape(rf"(?P<act>.+?),? {_IF} {_WRONG} (?:with|in|while|during|at) (?P<what>[^,]+)", _failing),
)  # fmt: skip

LOOPS: tuple[Shape, ...] = (
    shape(rf"(?:do|run|repeat|execute) {_ALL} for (?:each|every|all(?: the| of the)?) (?P<phrase>.+)", lambda m: ForEach(m["phrase"])),
    shape(rf"for (?:each|every|all(?: the| of the)?) (?P<phrase>[^,]+?),? (?:do|run|repeat|execute) {_ALL}", lambda m: ForEach(m["phrase"])),
    shape(r"(?:loop over|go through|process|handle) (?:each|every|all(?: the| of the)?) (?P<phrase>[^,]+?) instead of (?:just |only )?(?:one|a single one)", lambda m: ForEach(m["phrase"])),
    shape(r"loop over (?:each|every|all(?: the| of the)?) (?P<phrase>[^,]+)", lambda m: ForEach(m["phrase"])),
    shape(rf"(?:make|let|have) {_ALL} (?:run|be done|happen|repeat) for (?:each|every|all(?: the| of the)?) (?P<phrase>.+)", lambda m: ForEach(m["phrase"])),
    shape(rf"(?:try|do) (?P<what>.+?) (?:again|over|over again) until (?P<phrase>.+?){_TIMES}", _until),
    shape(rf"(?:keep (?:on )?)?(?:revis|rewrit|improv|redraft|repeat|redo)ing (?P<what>.+?) until (?P<phrase>.+?){_TIMES}", _until),
    shape(rf"(?:repeat|redo|loop|do|run|keep|revise|rewrite|improve|redraft) (?P<what>.+?) until (?P<phrase>.+?){_TIMES}", _until),
)  # fmt: skip

# 'If …, …', and the condition behind what hangs on it.
LEADING_CONDITIONS: tuple[Shape, ...] = (
    shape(rf"(?P<act>[^,;]+?) (?:should|may|must|shall|can|is to) only (?:go out|happen|run|be \w+) {_IF} (?P<condition>.+)", _only),
    shape(rf"{_IF} (?P<condition>[^,;]+), (?:then )?(?P<act>[^;]+?)[,;.]? (?:and )?(?:otherwise|else|if not),? (?P<otherwise>.+)", _decide),
    shape(r"only (?:if|when) (?P<condition>[^,;]+?) (?:should|may|shall|must|can|is to) (?P<act>.+)", _only),
    shape(r"only (?:if|when) (?P<condition>[^,;]+), (?:then )?(?P<act>.+)", _only),
    shape(rf"{_IF} (?P<condition>[^,;]+), (?:then )?(?P<act>.+)", _decide),
    shape(r"unless (?P<condition>[^,;]+), (?:then )?(?P<act>.+)", _unless),
)  # fmt: skip
TRAILING_CONDITIONS: tuple[Shape, ...] = (
    shape(rf"(?:do not|don't|never|skip) (?P<act>[^,;]+?),? {_IF} (?P<condition>.+)", _not_if),
    shape(r"(?:do not|don't|never) (?P<act>[^,;]+?),? unless (?P<condition>.+)", _only),
    shape(rf"only (?P<act>[^,;]+?),? {_IF} (?P<condition>.+)", _only),
    shape(rf"(?:only )?(?P<act>[^,;]+?),? (?:but )?(?:only )?{_IF} (?P<condition>[^,;]+?)[,;.] ?(?:otherwise|else|if not),? (?P<otherwise>.+)", _decide),
    shape(rf"(?P<act>[^,;]+?),? (?:but )?only {_IF} (?P<condition>.+)", _only),
    shape(r"(?P<act>[^,;]+?),? unless (?P<condition>.+)", _unless),
    shape(rf"(?P<act>[^,;]+?),? {_IF} (?P<condition>.+)", _decide),
)  # fmt: skip
