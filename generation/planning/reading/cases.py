"""Decisions told as cases: 'Urgent: page the doctor', 'yes -> refund', '80 points and up: invite them'."""

import re

from generation.planning.language.verbs import base_form, starts_with_verb, verb_at
from generation.planning.language.words import stem, tokens
from generation.planning.reading.conditions import with_conditions
from generation.planning.reading.implied import REST
from generation.planning.reading.kinds import opening, with_kinds
from generation.planning.reading.thresholds import with_thresholds

_IS_REST = re.compile(
    rf"^(?:(?:for |in )?{REST}(?: cases?)?|otherwise|or else|else|in any other case)$",
    re.IGNORECASE,
)
_ARROW = r"(?:-+>|=+>|\u2192)"
# A quality before a colon: 'Urgent cases: page the doctor', 'yes -> refund it', 'stuck in customs: ask the broker'
_HEADING = re.compile(
    rf"(?P<start>^|[.!?;\n]\s+|,\s+(?:and )?)(?P<head>(?:[^\W\d_]|(?:[<>≥≤]=?\s?)?\d(?=[\w.,%]* ?(?:-|to|and|or|points?|percent|%|\+|stars?)))[\w'\u2019.%+-]*(?: [\w'\u2019+-]+){{0,4}})\s*(?::|\?|{_ARROW})\s+(?=(?P<act>[a-z][^.!?;\n]*))",
    re.IGNORECASE,
)
_CASES = frozenset({"case", "cases", "ones", "messages", "items", "tickets", "requests", "questions", "risk", "mails",
                    "emails", "orders", "complaints", "results"})  # fmt: skip
# Headings of a request itself.
_OF_TEXT = frozenset({"step", "steps", "task", "tasks", "goal", "note", "notes", "first", "second", "third", "then", "finally",
                      "next", "last", "please", "workflow", "job", "todo", "background", "context", "important", "this", "following",
                      "process", "flow", "plan", "things", "example", "hint", "ps", "these", "thanks", "so", "also", "therefore", "hence", "now", "well", "here", "idea", "wish", "request", "hello", "hi",
                      # A heading with one of these tells what happened.
                      "came", "comes", "arrived", "arrives", "is", "are", "was", "has", "have", "got", "gets"})  # fmt: skip
# '80 points and up', '50 to 79', 'under 50'
_RANGE = re.compile(
    r"^(?:(?:under|over|above|below|up to|from|at least|at most|more than|less than) [$€£]?\d|[<>≥≤]|[$€£]?\d[\d.,]*\s?(?:%|percent|points?|stars?|euros?|dollars?)?"
    r"\s?(?:(?:and|or) (?:up|more|above|over|higher|better|below|under|less|lower|fewer)|to \d|-\s?\d|\+))",
    re.IGNORECASE,
)
_YES = frozenset({"yes", "y", "true", "ok", "okay", "positive answer"})
_NO = frozenset({"no", "n", "false", "nope"})


def with_cases(text: str) -> str:
    """`text` with all these ways of telling a decision as 'if …, …' and 'otherwise …'."""
    return with_thresholds(_with_headings(with_kinds(with_conditions(text))))


def _with_headings(text: str) -> str:
    heads = [match for match in _HEADING.finditer(text) if _is_case(match)]
    plain = [
        match
        for match in heads
        if not _IS_REST.match(match["head"]) and not _RANGE.match(match["head"])
    ] or [match for match in heads if _RANGE.match(match["head"])]
    # One long heading alone may be anything: 'Our problem: …'.
    if not plain or (len(heads) == 1 and not _is_quality(plain[0]["head"])):
        return text

    def told(match: re.Match[str]) -> str:
        if not _is_case(match):
            return match.group()
        start = opening(match["start"])
        head = match["head"].lower()
        if _IS_REST.match(head) or head in _NO:
            return f"{start}Otherwise "
        return f"{start}If it is {'so' if head in _YES else _quality(match['head'])}, "

    return _HEADING.sub(told, text)


def _is_case(match: re.Match[str]) -> bool:
    head, words = match["head"], tokens(match["head"])
    if _IS_REST.match(head) or head.lower() in _YES | _NO or _RANGE.match(head):
        return True
    if not words or set(words) & _OF_TEXT or _is_chain(match):
        return False
    roots = [stem(word) for word in words]
    length, _, is_noun_too = verb_at(roots, 0)
    # 'Low' is no form of 'lower'.
    is_own_form = length > 1 or base_form(roots[0]) == words[0]
    is_instruction = bool(length) and is_own_form and (not is_noun_too or len(words) > 2)
    return not is_instruction and starts_with_verb(match["act"], is_first=True)


def _is_chain(match: re.Match[str]) -> bool:
    """'tables -> query -> chart': arrows between steps."""
    return len(re.findall(_ARROW, f"{match.group()}{match['act']}")) > 1


def _is_quality(head: str) -> bool:
    words = tokens(head)
    return (
        bool(_RANGE.match(head))
        or len(words) == 1
        or words[-1] in _CASES
        or (words[-1].endswith("s") and len(words) == 2)
    )


def _quality(head: str) -> str:
    words = head.split()
    is_named = len(words) == 2 and (words[-1].lower() in _CASES or words[-1].endswith("s"))
    return " ".join(words[:-1] if is_named else words).lower()
