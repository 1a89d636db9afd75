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
# 'New applications: parse the CV, …' at the start goes through them.
_THINGS_FIRST = re.compile(
    r"^\s*(?P<things>(?:all|any|the|our|every one of)?\s?(?:new|open|overdue|unread|pending|incoming|outstanding|unpaid|unanswered|today's|yesterday's|latest|remaining|failed|waiting) (?:[\w'-]+ ){0,3}?[a-z]+s"
    r"(?: (?:from|of|in|on|for|since) [\w' -]{2,40})?|all (?:[\w'-]+ ){0,3}?[a-z]+s):\s+(?=[a-z]+ )",
    re.IGNORECASE,
)
# 'cleared - move it; still pending - hold it': dashes, where there are several.
_DASHED = re.compile(
    r"(?P<start>^|[.!?;:\n]\s+|,\s+(?:and )?)(?P<head>[^\W\d_][\w'\u2019-]*(?: [\w'\u2019-]+){0,3})\s+[-\u2013\u2014]\s+(?P<act>[a-z][^.!?;\n]*)",
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
# A clause that tells what happens, not only what there is to be: 'next stage and a mail'.
_HAPPENS = re.compile(
    r"\b(?:is|are|has|have|should|must|can|may|will|gets?|goes|go|needs?|becomes?|we|you|i|somebody|someone)\b",
    re.IGNORECASE,
)
_YES = frozenset({"yes", "y", "true", "ok", "okay", "positive answer"})
_NO = frozenset({"no", "n", "false", "nope"})


def with_cases(text: str) -> str:
    """`text` with all these ways of telling a decision as 'if …, …' and 'otherwise …'."""
    text = _THINGS_FIRST.sub(_gone_through, text)
    return with_thresholds(_with_headings(_without_dashes(with_kinds(with_conditions(text)))))


def _gone_through(match: re.Match[str]) -> str:
    sentence = re.split(r"[.!?]", match.string[match.end() :], maxsplit=1)[0]
    if re.search(r"\b(?:each|every)\b", sentence, re.IGNORECASE):
        return match.group()
    things = re.sub(
        r"^(?:all|any|the|our|every one of) ", "", match["things"].strip(), flags=re.IGNORECASE
    )
    return f"for each of the {things[0].lower()}{things[1:]}, "


def _without_dashes(text: str) -> str:
    """Two or more cases before dashes, with colons."""

    def is_dashed_case(match: re.Match[str]) -> bool:
        return _is_case(match) or bool(_HAPPENS.search(match["act"]) and _is_quality(match["head"]))

    found = [match for match in _DASHED.finditer(text) if is_dashed_case(match)]
    if len(found) < 2:
        return text
    return _DASHED.sub(
        lambda match: (
            f"{opening(match['start'])}{match['head']}: {match['act']}"
            if is_dashed_case(match)
            else match.group()
        ),
        text,
    )


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
        act = match["act"]
        is_named = not starts_with_verb(act, is_first=True) and not _HAPPENS.search(act)
        told = "so" if head in _YES else _quality(match["head"])
        return f"{start}If it is {told}, {'arrange ' if is_named else ''}"

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
    is_told = starts_with_verb(match["act"], is_first=True) or match["act"].startswith("nothing ")
    return not is_instruction and is_told


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
