"""Programmers' ways of writing a request: cases behind arrows and 'score < 80 ? open a ticket : nothing', as sentences."""

import re

from generation.planning.language.verbs import starts_with_verb
from generation.planning.language.words import tokens
from generation.planning.reading.implied import REST

ARROW = r"(?:-+>|=+>|\u2192|\u21d2)"
_HEAD = r"[^\W_](?:[\w'\u2019%+<>=-]|(?<=\d)[.,](?=\d))*(?: (?:[\w'\u2019%+<>=-]|(?<=\d)[.,](?=\d))+){0,4}?"
# 'red -> call, yellow -> book': heads behind commas, semicolons or the end of a sentence.
_CASE = re.compile(
    rf"(?P<start>^|[.!?;:,]\s+|\s*\n\s*(?:[-*•]\s+)?)(?:and |or )?(?P<head>{_HEAD})\s*{ARROW}\s*(?P<act>(?:(?!{ARROW})[^.!?;,\n])+)",
    re.IGNORECASE,
)
_CHAIN = re.compile(rf"^\s*{ARROW}")
_REST = re.compile(rf"^(?:{REST}|otherwise|else|default|no|n|false)$", re.IGNORECASE)
# 'else mark it as ok' behind the only case
_ELSE = re.compile(rf"^\s*[,;.]\s+(?:or )?(?:else|otherwise|if not|{REST})\b", re.IGNORECASE)
# What programmers write for a decision: 'suspicious ? open a case : pay it out'
_TERNARY = re.compile(
    rf"(?P<start>^|[.;!?,:]\s+|\s*{ARROW}\s*)(?P<condition>(?:(?!{ARROW})[\w' <>=\u2265\u2264.%-]){{2,40}}?)\s*\?\s*(?:{ARROW}\s*)?(?P<act>(?:(?!{ARROW})[^?:;!\n]){{2,100}}?)\s+:\s+"
    rf"(?:else:?\s+)?(?P<other>(?:(?!{ARROW})[^?:;!.\n]){{2,100}})(?P<chain>\s*{ARROW}\s*)?",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"^(?:nothing|none|no action|skip|stop|end|-|done|null|pass|(?:do )?nothing\b.*)\s*$",
    re.IGNORECASE,
)
# What happens to a thing: 'contract goes out'
_HAPPENS = re.compile(r"(?:[\w'-]+ ){1,5}?(?:goes|go|gets|get|is|are|becomes?) ", re.IGNORECASE)
_COMPARES = re.compile(r"[<>=\u2265\u2264]")


def without_notation(text: str) -> str:
    """`text` with cases behind arrows and with question marks and colons as 'if it is …, …, otherwise …'."""
    return _with_arrows(_TERNARY.sub(_ternary, text))


def _ternary(match: re.Match[str]) -> str:
    start = ". " if match["start"].strip() else match["start"]
    condition = match["condition"].strip()
    told = condition if _COMPARES.search(condition) else f"it is {condition}"
    other = "" if _NOTHING.match(match["other"]) else f", otherwise {_instruction(match['other'])}"
    end = ". Then " if match["chain"] else ""
    return f"{start}If {told}, {_instruction(match['act'])}{other}{end}"


def _instruction(act: str) -> str:
    act = act.strip()
    if starts_with_verb(act, is_first=True) or _NOTHING.match(act):
        return act
    if _HAPPENS.match(act):
        return act if act.lower().startswith(("the ", "a ", "an ")) else f"the {act}"
    return f"arrange {act}"


def _with_arrows(text: str) -> str:
    """Two or more cases behind arrows, or one with an alternative, as decisions; a chain of steps stays."""
    found = [match for match in _CASE.finditer(text) if _is_case(match, text)]
    is_told = len(found) > 1 or any(_ELSE.match(text[match.end() :]) for match in found)
    if not is_told:
        return text
    spans = {match.span() for match in found}
    return _CASE.sub(lambda match: _told(match) if match.span() in spans else match.group(), text)


def _is_case(match: re.Match[str], text: str) -> bool:
    """Whether no further arrow follows what the arrow leads to, and its head is no instruction."""
    head = match["head"]
    is_instruction = starts_with_verb(head, is_first=True) and len(tokens(head)) > 1
    return not is_instruction and not _CHAIN.match(text[match.end() :])


def _told(match: re.Match[str]) -> str:
    start = ". " if match["start"][:1] in (",", ";", ":") else match["start"]
    head, act = match["head"].lower(), match["act"].strip()
    if _REST.match(head):
        return f"{start}Otherwise {_instruction(act)}"
    return f"{start}If {_condition(head)}, {_instruction(act)}"


def _condition(head: str) -> str:
    if _COMPARES.search(head) or re.match(r"(?:it|they|there|everything|something|nothing) ", head):
        return head
    if re.match(r"(?:needs|has|passes|fails|wants|asks|does|doesn't|contains|exceeds)\b", head):
        return f"it {head}"
    return f"it is {'so' if head in ('yes', 'y', 'true') else head}"
