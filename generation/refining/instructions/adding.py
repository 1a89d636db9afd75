"""Shapes of instructions that bring something in."""

import re

from generation.planning.language.verbs import base_form, starts_with_verb
from generation.planning.language.words import stem
from generation.planning.reading.holding import hold
from generation.refining.instructions.phrases import (
    ANCHOR,
    END_WORD,
    FLAGS,
    VERB_ADD,
    Shape,
    end,
    shape,
    side,
)
from generation.refining.instructions.wishes import Add, Approve, Judged, Order, Wish

_WHO = r"(?:me|us|someone|somebody|a human|a person|people|(?:the|my|our|a) (?:boss|manager|team|lead|team lead|editor|lawyer|customer|colleague|supervisor))"
_I = r"(?:i|we|someone|somebody|a human|a person|(?:the|my|our|a) (?:boss|manager|team|lead|team lead|editor|lawyer|colleague|supervisor))"
_LOOK = r"(?:approve|check|review|see|confirm|sign off(?: on)?|look at|look over|read|release|okay|validate|have a look at)"
_LOOKED = r"(?:approved|checked|confirmed|signed off|okayed|released|validated|agreed to|reviewed by (?:a human|a person|someone|somebody|me|us))"
_BEFORE = r"(?:,? (?:before|ahead of) (?P<before>.+?))?"
_FIRST = r"(?: (?:myself|ourselves|first|personally|beforehand|manually|by hand)){0,2}"


def _started(match: re.Match[str]) -> Wish | None:
    """Only what reads like something to do: other words before 'before …' mean anything."""
    what = match["what"].strip()
    is_act = starts_with_verb(what, is_first=True) or hold(what)
    return Add(what, side(match["side"]), match["anchor"], is_told=True) if is_act else None


def _passive(match: re.Match[str]) -> Wish | None:
    """'the reply has to be translated to Polish before it is sent'."""
    verb = base_form(stem(match["verb"].lower()))
    what = f"{verb} {match['what']} {match['rest'] or ''}".strip()
    return Add(what, side(match["side"]), match["anchor"], is_told=True) if verb else None


def _beside(match: re.Match[str]) -> Wish | None:
    what = re.sub(rf"^{VERB_ADD}\s+", "", match["what"].strip(), flags=FLAGS)
    is_act = what != match["what"].strip() or starts_with_verb(what, is_first=True)
    return Add(what, "with", match["anchor"]) if is_act else None


def _held(match: re.Match[str]) -> Wish | None:
    """'ask me before it is sent', 'wait 2 hours before sending': only what holds a run up."""
    what = match["what"].strip()
    return Add(what, side(match["side"]), match["anchor"]) if hold(what) else None


def _at_end(match: re.Match[str]) -> Wish | None:
    what = match["what"].strip()
    return Add(what, "end") if starts_with_verb(what, is_first=True) else None


APPROVALS: tuple[Shape, ...] = (
    shape(r"(?:(?:i|we)(?:'d like| would like| want| need| have)(?: to)? )?be asked before (?P<before>.+)", lambda m: Approve("", m["before"])),
    shape(rf"(?P<before>.+?) (?:should|must|has to|is to) wait (?:until|till) {_I} (?:approve|approves|have approved|has approved|agree|agrees|confirm|confirms)(?: (?:it|this|that))?", lambda m: Approve("", m["before"])),
    shape(r"(?P<before>.+?) (?:should|must|has to|is to) wait for (?:my|our|an|someone's|human) (?:approval|confirmation|ok|okay)", lambda m: Approve("", m["before"])),
    shape(
        rf"(?:let|have|get) {_WHO} (?:to )?{_LOOK} (?P<what>.+?){_FIRST}{_BEFORE}{_FIRST}",
        lambda m: Approve(m["what"], m["before"] or ""),
    ),
    shape(
        rf"{_I} (?:want|wants|would like|need|needs|have|has|must|should|'d like)(?: to)? {_LOOK} (?P<what>.+?){_FIRST}{_BEFORE}{_FIRST}",
        lambda m: Approve(m["what"], m["before"] or ""),
    ),
    shape(
        rf"{_I} {_LOOK}s? (?P<what>.+?){_FIRST},? before (?P<before>.+)",
        lambda m: Approve(m["what"], m["before"]),
    ),
    shape(
        rf"(?P<what>.+?) (?:has to|have to|must|should|needs to|need to) (?:first )?be {_LOOKED}(?: by (?:\w+ ){{0,3}}?\w+)??{_FIRST}{_BEFORE}",
        lambda m: Approve(m["what"], m["before"] or ""),
    ),
    shape(
        rf"(?P<what>.+?) (?:needs?|requires?) (?:my |our |an? |someone's |human )?(?:approval|sign-?off|confirmation|ok|okay)(?: first)?{_BEFORE}",
        lambda m: Approve(m["what"], m["before"] or ""),
    ),
    shape(
        rf"(?:nobody|no ?one|nothing) (?:should|may|must|can|is to|shall) (?P<before>.+?) (?:before|until|unless) (?:i|we|someone|somebody|a human|a person|the manager|my boss) (?:has |have )?(?:{_LOOKED}|agreed|approve|approves|confirm)(?: (?:it|this|that|them))?",
        lambda m: Approve("", m["before"]),
    ),
    shape(
        rf"(?:do not|don't|never) (?P<before>.+?) (?:before|until|unless) (?:i|we|someone|somebody|a human|a person|the manager|my boss) (?:has |have )?(?:{_LOOKED}|agreed|approve|approves|confirm)(?: (?:it|this|that|them))?",
        lambda m: Approve("", m["before"]),
    ),
    shape(
        r"(?:do not|don't|never) (?P<before>.+?) without (?:asking (?:me|us|anyone|anybody)(?: first)?|(?:my|our|an|any|someone's|human) (?:approval|consent|permission|ok|okay|confirmation))",
        lambda m: Approve("", m["before"]),
    ),
    shape(
        r"(?:require|request|get|ask for|obtain|add) (?:my |our |an? |someone's |human |manual )?(?:approval|sign-?off|confirmation|permission)(?: step)? (?:for|before) (?P<before>.+)",
        lambda m: Approve("", m["before"]),
    ),
    shape(
        rf"(?:only )?(?P<before>.+?) (?:only )?(?:after|once|when|as soon as) (?:i|we|someone|somebody|a human|the manager|my boss)(?:'ve| have| has)? (?:{_LOOKED}|agreed)(?: (?:to )?(?:it|this|that|them))?",
        lambda m: Approve("", m["before"]),
    ),
    shape(
        r"(?:only )?(?P<before>.+?) only (?:after|with|upon) (?:my|our|an|someone's|human) (?:approval|consent|permission|ok|okay|confirmation)",
        lambda m: Approve("", m["before"]),
    ),
)  # fmt: skip

JUDGED: tuple[Shape, ...] = (
    shape(
        rf"{VERB_ADD}\s+(?P<what>.+?) (?:after|behind) (?P<anchor>.+?),? and (?:then )?(?:revise|repeat|rewrite|redraft|redo|improve|try again|loop|iterate|keep revising)(?: (?:it|this|them|that|both|the [\w -]+?))? until (?P<phrase>.+)",
        lambda m: Judged(m["what"], m["anchor"], m["phrase"]),
    ),
    shape(
        rf"{VERB_ADD}\s+(?P<what>.+?(?: of| for) (?P<anchor>.+?)),? and (?:then )?(?:revise|repeat|rewrite|redraft|redo|try again|loop)(?: (?:it|this|them|that|both))? until (?P<phrase>.+)",
        lambda m: Judged(m["what"], m["anchor"], m["phrase"]),
    ),
)  # fmt: skip

HOLDS: tuple[Shape, ...] = (
    shape(rf"(?P<what>.+?)\s+{ANCHOR}", _held),
    shape(r"(?P<side>before|after)\s+(?P<anchor>[^,]+),\s*(?P<what>.+)", _held),
)

# 'When the draft is done, …' tells when, not on what it hangs.
_DONE = r"(?:(?:is|are) (?:done|finished|ready|complete|over|written|sent|drafted|read|created|posted|published)|(?:has|have) been \w+)"
MOMENTS: tuple[Shape, ...] = (
    shape(
        rf"(?:when|once|as soon as|after) (?P<anchor>[^,]+? {_DONE}),\s*(?:then )?(?:also )?(?:{VERB_ADD}\s+)?(?P<what>.+)",
        lambda m: Add(m["what"], "after", m["anchor"]),
    ),
    shape(
        rf"(?P<what>.+?),? when (?P<anchor>(?!it\b|everything\b|all\b)[^,]+? {_DONE})",
        lambda m: Add(m["what"], "after", m["anchor"])
        if starts_with_verb(m["what"], is_first=True)
        else None,
    ),
)  # fmt: skip

# Wishes that bring in what they name: 'there should be a summary before …'.
_WANTED = r"(?:(?:it would|it'd) be (?:nice|good|great) to have|(?:i|we) (?:want|need|would like|'d like)(?: to have)?|(?:could|can) (?:i|we) have|there (?:should|must|has to|needs to) be|have)"

ADDITIONS: tuple[Shape, ...] = (
    shape(
        rf"(?P<what>.+?) (?:has to|have to|must|should|needs to) (?:first )?be (?P<verb>\w+)(?: (?P<rest>(?:to|into|in|by|with|for|on) .+?))??\s+{ANCHOR}",
        _passive,
    ),
    shape(
        rf"{_WANTED} (?P<what>(?:an?|another) .+?)\s+{ANCHOR}",
        lambda m: Add(m["what"], side(m["side"]), m["anchor"]),
    ),
    shape(
        rf"{_WANTED} (?P<what>(?:an?|another) .+?) (?:at|to) the (?:very )?(?P<side>{END_WORD})",
        lambda m: Add(m["what"], end(m["side"])),
    ),
    shape(
        r"(?:do|run|execute) (?P<first>.+?) first,? (?:and )?then (?P<then>.+)",
        lambda m: Order(m["first"], m["then"]),
    ),
    shape(
        r"(?P<what>.+?) only (?P<side>after|once) (?P<anchor>.+)",
        _started,
    ),
    shape(
        rf"(?:{VERB_ADD}|put)\s+(?P<what>.+?) between (?P<first>.+?) and (?P<anchor>.+)",
        lambda m: Add(m["what"], "before", m["anchor"]),
    ),
    shape(
        r"(?P<what>.+?),? (?:in parallel (?:to|with)|alongside|at the same time as|beside|next to|while) (?P<anchor>.+)",
        _beside,
    ),
    shape(r"while (?P<anchor>[^,]+),\s*(?P<what>.+)", _beside),
    shape(
        rf"(?:before (?:anything|everything) else|first of all|(?:right )?at the (?:very )?(?:start|beginning|front|top)|to (?:start|begin) with),?\s+(?:{VERB_ADD}\s+)?(?P<what>.+)",
        lambda m: Add(m["what"], "start"),
    ),
    shape(
        rf"(?:after (?:everything|all)(?: (?:else|of that|that))?|in the end|at the very end|as the last step),?\s+(?:{VERB_ADD}\s+)?(?P<what>.+)",
        lambda m: Add(m["what"], "end"),
    ),
    shape(
        rf"{VERB_ADD}\s+(?P<what>.+?)\s+{ANCHOR}",
        lambda m: Add(m["what"], side(m["side"]), m["anchor"]),
    ),
    shape(
        rf"{VERB_ADD}\s+(?P<head>.+?),? (?:at|to) the (?:very )?(?P<side>{END_WORD}),? (?P<tail>(?:that|which|to) .+)",
        lambda m: Add(f"{m['head']} {m['tail']}", end(m["side"])),
    ),
    shape(
        rf"{VERB_ADD}\s+(?P<what>.+?),? (?:at|to) the (?:very )?(?P<side>{END_WORD})",
        lambda m: Add(m["what"], end(m["side"])),
    ),
    shape(
        rf"(?P<what>.+?),? (?:at|in) the (?:very )?(?P<side>{END_WORD})",
        lambda m: Add(m["what"], end(m["side"]))
        if starts_with_verb(m["what"], is_first=True)
        else None,
    ),
    shape(
        rf"(?:at|in) the (?:very )?(?P<side>{END_WORD}),?\s+(?:{VERB_ADD}\s+)?(?P<what>.+)",
        lambda m: Add(m["what"], end(m["side"])),
    ),
    shape(
        r"(?P<what>.+?),? (?:when|once|as soon as|after) (?:(?:it|everything|all(?: of it)?)(?: is| has)?|(?:the )?(?:whole )?workflow is)?\s*(?:been )?(?:done|finished|ready|complete|over)",
        _at_end,
    ),
    shape(
        rf"(?P<side>finally|lastly|first),?\s+(?:{VERB_ADD}\s+)?(?P<what>.+)",
        lambda m: Add(m["what"], "start" if m["side"].lower() == "first" else "end"),
    ),
    shape(
        rf"(?P<side>before|after|once|as soon as)\s+(?P<anchor>.+?),\s*(?:then )?(?:also )?(?:{VERB_ADD}\s+)?(?P<what>.+)",
        lambda m: Add(m["what"], side(m["side"]), m["anchor"]),
    ),
    shape(
        r"(?P<first>.+?)(?: first)?,? (?:and )?(?:only )?then (?:only )?(?P<then>.+)",
        lambda m: Order(m["first"], m["then"])
        if starts_with_verb(m["first"], is_first=True)
        else None,
    ),
    shape(
        r"(?P<what>.+?)\s+(?P<side>before|after|behind|ahead of|in front of|following|once|as soon as)\s+(?P<anchor>.+?)",
        _started,
    ),
)  # fmt: skip
PLAIN_ADDITIONS: tuple[Shape, ...] = (
    shape(
        rf"{VERB_ADD}\s+(?P<what>.+)", lambda m: Add(m["what"], "end", is_guess=True, is_told=True)
    ),
)

# What is said behind or before a wish of any kind, or is one itself where nothing says the place.
ALSO = re.compile(
    r"^(?:(?:also|in addition|additionally|besides),?\s+(?P<a>.+)|(?P<b>.+?),? (?:too|as well|in addition|additionally)|"
    r"(?P<c>\S+(?: \S+)??) also (?P<d>.+))$",
    FLAGS,
)


def added_too(match: re.Match[str]) -> Wish | None:
    """'Also post it to Slack': at the end."""
    what = said_too(match)
    is_act = starts_with_verb(what, is_first=True)
    return Add(what, "end", is_guess=True) if is_act else None


def said_too(match: re.Match[str]) -> str:
    """What is to be done too."""
    return (match["a"] or match["b"] or f"{match['c']} {match['d']}").strip()
