"""Decisions told as cases: 'Urgent: page the doctor', 'yes -> refund', '80 points and up: invite them'."""

import re

from generation.planning.language.verbs import base_form, starts_with_verb, verb_at
from generation.planning.language.words import stem, tokens
from generation.planning.reading.conditions import with_conditions
from generation.planning.reading.happening import instruction
from generation.planning.reading.implied import REST
from generation.planning.reading.kinds import opening, with_kinds
from generation.planning.reading.side_by_side import each_arranged
from generation.planning.reading.thresholds import with_thresholds

_IS_REST = re.compile(
    rf"^(?:(?:for |in )?{REST}(?: cases?)?|otherwise|or else|else|in any other case)$",
    re.IGNORECASE,
)
_ARROW = r"(?:-+>|=+>|\u2192)"
# A quality before a colon: 'Urgent cases: page the doctor', 'yes -> refund it', 'stuck in customs: ask the broker'
_HEADING = re.compile(
    rf"(?P<start>^|[.!?;]\s+|\s*\n\s*(?:[-*•]\s+)?|,\s+(?:and )?)(?P<head>(?:[^\W\d_]|(?:[<>≥≤]=?\s?)?\d(?=[\w.,%]* ?(?:-|to|and|or|points?|percent|%|\+|stars?)))[\w'\u2019.%+-]*(?: [\w'\u2019+-]+){{0,6}}?)\s*(?P<mark>:|\?|{_ARROW})\s+(?=(?P<act>[a-z][^.!?;\n]*))",
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
                    "emails", "orders", "complaints", "results", "score", "rating", "result", "grade", "mood", "priority", "verdict", "outcome"})  # fmt: skip
# Headings of a request itself.
_OF_TEXT = frozenset({"step", "steps", "task", "tasks", "goal", "note", "notes", "first", "second", "third", "then", "finally",
                      "next", "last", "please", "workflow", "job", "todo", "background", "context", "important", "this", "following",
                      "process", "flow", "plan", "things", "example", "hint", "ps", "these", "thanks", "so", "also", "therefore", "hence", "now", "well", "here", "idea", "wish", "request", "hello", "hi",
                      # A heading with one of these tells what happened.
                      "came", "comes", "arrived", "arrives", "is", "are", "was", "has", "have", "got", "gets"})  # fmt: skip
_WORDS = r"(?:one|two|three|four|five|six|seven|eight|nine|ten)"
# '80 points and up', '50 to 79', 'under 50', 'three stars and up'
_RANGE = re.compile(
    rf"^(?:{_WORDS} (?:\w+ )?(?:and|or) (?:up|more|above|over|higher|better|below|under|less|lower|fewer)\b|(?:under|over|above|below|up to|from|at least|at most|more than|less than) [$€£]?\d|[<>≥≤]|[$€£]?\d[\d.,]*\s?(?:%|percent|points?|stars?|euros?|dollars?)?"
    r"\s?(?:(?:and|or) (?:up|more|above|over|higher|better|below|under|less|lower|fewer)|to \d|-\s?\d|\+))",
    re.IGNORECASE,
)
# The thing that is measured before it: 'Magnitude above 5'
_MEASURED = re.compile(
    r"^(?:the )?(?P<what>[a-z][\w-]*(?: [a-z][\w-]*){0,2}?) (?P<bound>(?:above|over|below|under|up to|from|at least|at most|more than|less than|[<>≥≤]=?) ?[$€£]?\d.*)$",
    re.IGNORECASE,
)
# A clause that tells what happens, not only what there is to be: 'next stage and a mail'.
_GOES_OUT = re.compile(
    r"(?:(?:the |an? )(?:[\w-]+ ){1,4}?|[\w-]+ )(?:goes|go|gets|get|is|are) ", re.IGNORECASE
)
_HAPPENS = re.compile(
    r"\b(?:is|are|has|have|should|must|can|may|will|gets?|goes|go|needs?|becomes?|we|you|i|somebody|someone)\b",
    re.IGNORECASE,
)
# A whole clause before a colon: 'Everything fits: release it'
_HAS_SUBJECT = re.compile(
    r"(?:everything|something|nothing|it|there|somebody|nobody|the [\w-]+(?: [\w-]+)?) (?!ones\b|cases\b)(?:is|are|has|isn't|does|doesn't|[a-z]+[^s\W]s)\b",
    re.IGNORECASE,
)
_SAYS_VERB = re.compile(
    r"(?:passes|fails|wants|needs|asks|has|does|doesn'?t|hasn'?t|exceeds|matches|contains|lacks|works|applies|qualifies)\b",
    re.IGNORECASE,
)
# 'Went through?', 'Enough left?': what happened, asked without a subject
_THERE = re.compile(
    r"(?:enough|anything|something|any|some|nothing|nobody|anybody)\b", re.IGNORECASE
)
_HAPPENED = re.compile(
    r"(?:went|came|got|found|worked|succeeded|answered|replied|ran|fell|broke|sold|won|made it|signed|agreed|all (?:clear|good|fine|green)|"
    r"enough|anything|something|any|nothing|nobody|anybody)\b(?: [\w'-]+){0,3}$",
    re.IGNORECASE,
)
# What starts a run, at its head: 'New customer: verify the ID'
_NEWS = re.compile(r"(?:an? )?(?:new|incoming|another|next|fresh)\b", re.IGNORECASE)
# On the other side of an amount that was told
_BEYOND = re.compile(
    r"^(?:above|below|under|over|lower|higher|more|less|bigger|smaller)(?: than)?(?: that| this| it)?$",
    re.IGNORECASE,
)
_IDLE = re.compile(
    r"(?:done|fine|ok|okay)$|(?:do )?nothing\b|no action\b|leave it\b", re.IGNORECASE
)
# What stands behind a case where it is not the only one.
_OTHERS = re.compile(rf"\s*[.;,!]\s+(?:and )?(?:otherwise|else|{REST})\b", re.IGNORECASE)
_OTHERWISE_THING = re.compile(
    r"\botherwise (?P<act>(?:only |just |merely )?(?:an? )[^.,;:!?]+)", re.IGNORECASE
)
_YES = frozenset({"yes", "y", "true", "ok", "okay", "positive answer"})
_NO = frozenset({"no", "n", "false", "nope"})


# As short a heading and what it stands for may be a case of its own.
SHORT = 3


def with_cases(text: str) -> str:
    """`text` with all these ways of telling a decision as 'if …, …' and 'otherwise …'."""
    text = _THINGS_FIRST.sub(_gone_through, text)
    text = with_thresholds(_with_headings(_without_dashes(with_kinds(with_conditions(text)))))
    return each_arranged(_OTHERWISE_THING.sub(_arranged, text))


def _arranged(match: re.Match[str]) -> str:
    """'otherwise a manual review case' → 'otherwise arrange a manual review case'."""
    act = match["act"]
    is_thing = not _HAPPENS.search(act) and not re.search(
        r"\b(?:will do|suffices|is|does it)\b", act
    )
    return f"otherwise arrange {act}" if is_thing else match.group()


def _gone_through(match: re.Match[str]) -> str:
    sentence = re.split(r"[.!?]", match.string[match.end() :], maxsplit=1)[0]
    if re.search(r"\b(?:each|every)\b", sentence, re.IGNORECASE):
        return match.group()
    things = re.sub(
        r"^(?:all|any|the|our|every one of) ", "", match["things"].strip(), flags=re.IGNORECASE
    )
    return f"for each of the {things[0].lower()}{things[1:]}, "


def _without_dashes(text: str) -> str:
    """Two or more cases before dashes, or one beside other cases, with colons."""

    def is_dashed_case(match: re.Match[str]) -> bool:
        return _is_case(match) or bool(_HAPPENS.search(match["act"]) and _is_quality(match["head"]))

    found = [match for match in _DASHED.finditer(text) if is_dashed_case(match)]
    behind = text[found[0].end() :] if found else ""
    has_others = bool(_OTHERS.match(behind)) or any(map(_is_case, _HEADING.finditer(behind)))
    if len(found) < 2 and not has_others:
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
    told_of = list(_HEADING.finditer(text))
    heads = [match for match in told_of if _is_case(match)]
    if len(heads) > 1:
        # Beside cases that are certain, 'Praise: …' is one too.
        heads = [match for match in told_of if match in heads or _may_be_case(match)]
    plain = [
        match
        for match in heads
        if not _IS_REST.match(match["head"]) and not _RANGE.match(match["head"])
    ] or [match for match in heads if _RANGE.match(match["head"])]
    # One long heading alone may be anything: 'Our problem: …'.
    if plain and all(_names_job(match["head"]) for match in plain):
        return text
    is_alone = len(heads) == 1 and not _denies(heads[0], text)
    is_asked = bool(plain) and plain[0]["mark"] == "?" and bool(_HAPPENED.match(plain[0]["head"]))
    if not plain or (is_alone and not is_asked and not _is_quality(plain[0]["head"])):
        return text

    cases = {match.span() for match in heads}
    is_measured = any(_RANGE.match(m["head"]) or _MEASURED.match(m["head"]) for m in heads)

    def told(match: re.Match[str]) -> str:
        if match.span() not in cases:
            return match.group()
        start = opening(match["start"])
        head = match["head"].lower()
        act = match["act"]
        is_named = not (_instructs(act) or _HAPPENS.search(act) or _IDLE.match(act))
        if _IS_REST.match(head) or head in _NO or (_BEYOND.match(head) and is_measured):
            return f"{start}Otherwise {'arrange ' if is_named else ''}"
        of = "the " if _GOES_OUT.match(act) and not act.startswith(("the ", "a ", "an ")) else ""
        return f"{start}If {_condition(match['head'])}, {'arrange ' if is_named else of}"

    return _HEADING.sub(told, text)


def _instructs(act: str) -> bool:
    """Whether an instruction stands there: 'sirens' in the plural is none, whatever the catalogue calls a verb."""
    first = (tokens(act) or [""])[0]
    is_plural = first.endswith("s") and base_form(stem(first)) != first
    return starts_with_verb(act, is_first=True) and not is_plural


def _is_case(match: re.Match[str]) -> bool:
    head, words = match["head"], tokens(match["head"])
    if match.start() == 0 and _NEWS.match(head):
        return False
    if _IS_REST.match(head) or head.lower() in _YES | _NO or _RANGE.match(head):
        return True
    if _BEYOND.match(head) or (_MEASURED.match(head) and not starts_with_verb(head)):
        return True
    if match.groupdict().get("mark") == "?" and _HAPPENED.match(head):
        return True
    is_clause = bool(_HAS_SUBJECT.match(head))
    if not words or (set(words) & _OF_TEXT and not is_clause) or _is_chain(match):
        return False
    roots = [stem(word) for word in words]
    length, _, is_noun_too = verb_at(roots, 0)
    # 'Low' is no form of 'lower'.
    is_own_form = length > 1 or base_form(roots[0]) == words[0]
    is_instruction = bool(length) and is_own_form and (not is_noun_too or len(words) > 2)
    act = match["act"]
    is_told = (
        starts_with_verb(act, is_first=True)
        or bool(_IDLE.match(act))
        or bool(_GOES_OUT.match(act))
        or instruction(act) != act
    )
    return not is_instruction and is_told


def _names_job(head: str) -> bool:
    """'Draft' in 'Research: … Draft: …': what is to be done, and no case."""
    words = tokens(head)
    root = stem(words[0]) if len(words) == 1 else ""
    return bool(root) and bool(verb_at([root], 0)[0]) and base_form(root) == words[0]


def _denies(match: re.Match[str], text: str) -> bool:
    """Whether a heading is the opposite of a condition before: 'In case there is a flood, … No flood? …'."""
    return match["head"].lower().startswith("no ") and bool(
        re.search(r"\b(?:if|in case)\b", text[: match.start()], re.IGNORECASE)
    )


def _may_be_case(match: re.Match[str]) -> bool:
    """Whether a heading whose one word may be a verb stands before an instruction: 'Praise: …'."""
    words = tokens(match["head"])
    if set(words) & _OF_TEXT or _is_chain(match):
        return False
    if starts_with_verb(match["act"], is_first=True):
        return len(words) == 1
    # Such as bug reports: a Linear issue
    return len(words) <= SHORT and len(tokens(match["act"])) <= SHORT and "," not in match["act"]


def _condition(head: str) -> str:
    """'yes' → 'it is so', 'passes' → 'it passes', 'no flood warning' → 'there is no flood warning', 'late' → 'it is late'."""
    plain = head[0].lower() + head[1:]
    if plain.lower() in _YES:
        return "it is so"
    if _HAS_SUBJECT.match(plain):
        return plain
    if _HAPPENED.match(plain):
        there = _THERE.match(plain)
        return f"there is {plain}" if there else f"it {plain}"
    if measured := _MEASURED.match(plain):
        return f"the {measured['what']} is {measured['bound']}"
    if plain.startswith("no "):
        return f"there is {plain}"
    if _SAYS_VERB.match(plain):
        return f"it {plain}"
    return f"it is {_quality(head)}"


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
