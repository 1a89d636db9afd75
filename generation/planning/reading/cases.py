"""Decisions told as cases: 'Urgent: page the doctor', 'yes -> refund', 'above 500 euros …; for anything smaller …'."""

import re

from generation.planning.language.verbs import base_form, starts_with_verb, verb_at
from generation.planning.language.words import stem, tokens

_REST = (
    r"(?:every(?:thing|one|body) else|any(?:thing|one|body) else|(?:for |in )?(?:all |any |all the |the )?(?:others?|rest)(?: cases?| ones)?|"
    r"otherwise|or else|else|in any other case)"
)
_IS_REST = re.compile(rf"^{_REST}$", re.IGNORECASE)
_ARROW = r"(?:-+>|=+>|\u2192)"
# A quality before a colon: 'Urgent cases: page the doctor', 'yes -> refund it', 'stuck in customs: ask the broker'
_HEADING = re.compile(
    rf"(?P<start>^|[.!?;\n]\s+|,\s+(?:and )?)(?P<head>[^\W\d_][\w'\u2019-]*(?: [\w'\u2019-]+){{0,4}})\s*(?::|\?|{_ARROW})\s+(?=(?P<act>[a-z][^.!?;\n]*))",
    re.IGNORECASE,
)
_CASES = frozenset({"case", "cases", "ones", "messages", "items", "tickets", "requests", "questions", "risk", "mails",
                    "emails", "orders", "complaints", "results"})  # fmt: skip
# Headings of a request itself.
_OF_TEXT = frozenset({"step", "steps", "task", "tasks", "goal", "note", "notes", "first", "second", "third", "then", "finally",
                      "next", "last", "please", "workflow", "job", "todo", "background", "context", "important", "this", "following",
                      "process", "flow", "plan", "things", "example", "hint", "ps", "these", "thanks", "hello", "hi",
                      # A heading with one of these tells what happened.
                      "came", "comes", "arrived", "arrives", "is", "are", "was", "has", "have", "got", "gets"})  # fmt: skip
_YES = frozenset({"yes", "y", "true", "ok", "okay", "positive answer"})
_NO = frozenset({"no", "n", "false", "nope"})

_NUMBER = r"[$€£]?\s?\d[\d.,]*\d|[$€£]?\s?\d"
_UNIT = r"(?: ?(?:%|percent|points?|euros?|eur|dollars?|usd|pounds?|k|days?|hours?|weeks?|months?|minutes?|stars?|kg|km|people|items?|pieces?)\b)?"
_BOUND = rf"(?:above|over|under|below|up to|from|more than|less than|at least|at most|fewer than|greater than|higher than|lower than)\s+(?:{_NUMBER}){_UNIT}"
_WHAT = r"(?:(?:for |with )?(?:anything|everything|all|those|amounts|sums|values|scores|claims|orders|invoices|requests|the ones|ones|an? [\w-]+|[\w-]+s) (?:of )?(?:that (?:is|are) |which (?:is|are) )?)?"
_THRESHOLD = re.compile(
    rf"(?P<start>^|[.;:!?]\s+|,\s+(?:and |but )?)(?P<what>{_WHAT})(?P<bound>{_BOUND}),?\s+(?!is\b|are\b|it is\b)(?P<act>[^.;!?]+)",
    re.IGNORECASE,
)
_COMPARATIVE = re.compile(
    r"(?P<start>^|[.;:!?]\s+|,\s+(?:and |but |while |whereas )?)(?:(?:for |with )?(?:the |any |all |every |all the )?"
    r"(?:anything |everything |those |all )?(?P<how>bigger|smaller|larger|higher|lower|cheaper|less|more|fewer|greater|longer|shorter|older|newer|"
    r"(?:above|below|over|under) (?:that|this|it))(?: (?:ones|amounts|sums|values|[a-z]+s))?|(?:for |with )?"
    r"(?:every(?:thing|one|body) else|any(?:thing|one) else|(?:all )?(?:the )?others|the rest)),?\s+(?P<act>[^.;!?]+)",
    re.IGNORECASE,
)
_SINGULAR = {"go": "goes", "goes": "goes", "get": "gets", "gets": "gets", "are": "is", "is": "is", "must": "must",
             "should": "should", "need": "needs", "needs": "needs", "have": "has", "has": "has"}  # fmt: skip
# 'Only when it says so, start the pump' · 'and only if'
_ONLY = re.compile(
    r"(?P<start>^|[.;:!?,]\s*|\s)(?:and |but )?(?:only|just|exactly) (?P<word>if|when|in case)\b",
    re.IGNORECASE,
)
# 'Does it look novel, then publish it' · 'Is it urgent? Page the doctor'
_INVERTED = re.compile(
    r"(?P<start>^|[.;:!?]\s+)(?:and |but )?(?P<verb>does|do|did|is|are|has|have|was|were|should) "
    r"(?P<who>it|they|this|that|there|he|she|something|anything|nothing|everything|all|(?:the|an?|our|any) [\w-]+(?: [\w-]+)?) "
    r"(?P<rest>[^.,;:!?]{2,70}?)(?:\?|,)\s+(?:then,?\s+)?(?P<act>[^.;!?]+)",
    re.IGNORECASE,
)
# 'if all is green may the build be deployed'
_MAY_BE = re.compile(
    r"\b(?P<head>if|when|once|as soon as) (?P<condition>[^.,;:!?]{3,70}?) (?:may|can|should|must|shall) (?P<what>(?:the|an?|our|its) [\w -]{2,40}?) be "
    r"(?P<verb>[a-z]+)\b",
    re.IGNORECASE,
)
_ELSE_COLON = re.compile(
    r"(?P<start>^|[.;!?,]\s+|\n)(?:else|otherwise)\s*(?::|-+>|=+>|\u2192)\s*", re.IGNORECASE
)


def with_cases(text: str) -> str:
    """`text` with such cases as 'if …, …' and 'otherwise …'."""
    text = _ONLY.sub(
        lambda match: (
            f"{match['start']}{'if' if match['word'].lower() != 'in case' else 'in case'}"
        ),
        text,
    )
    text = _INVERTED.sub(_inverted, _MAY_BE.sub(_may_be, text))
    text = _ELSE_COLON.sub(r"\g<start>otherwise ", text)
    return _with_thresholds(_with_headings(text))


def _inverted(match: re.Match[str]) -> str:
    if not starts_with_verb(match["act"], is_first=True):
        return match.group()
    verb = match["verb"].lower()
    verb = "" if verb == "should" else f"{verb} "
    return f"{match['start']}If {match['who']} {verb}{match['rest']}, {match['act']}"


def _may_be(match: re.Match[str]) -> str:
    verb = base_form(stem(match["verb"].lower()))
    return (
        f"{match['head']} {match['condition']}, {verb} {match['what']}" if verb else match.group()
    )


def _with_headings(text: str) -> str:
    heads = [match for match in _HEADING.finditer(text) if _is_case(match)]
    plain = [match for match in heads if not _IS_REST.match(match["head"])]
    # One long heading alone may be anything: 'Our problem: …'.
    if not plain or (len(heads) == 1 and not _is_quality(plain[0]["head"])):
        return text

    def told(match: re.Match[str]) -> str:
        if not _is_case(match):
            return match.group()
        start = re.sub(r"^[;,]\s+(?:and )?", ". ", match["start"])
        head = match["head"].lower()
        if _IS_REST.match(head) or head in _NO:
            return f"{start}Otherwise "
        return f"{start}If it is {'so' if head in _YES else _quality(match['head'])}, "

    return _HEADING.sub(told, text)


def _is_case(match: re.Match[str]) -> bool:
    head, words = match["head"], tokens(match["head"])
    if _IS_REST.match(head) or head.lower() in _YES | _NO:
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
    return len(words) == 1 or words[-1] in _CASES or (words[-1].endswith("s") and len(words) == 2)


def _quality(head: str) -> str:
    words = head.split()
    is_named = len(words) == 2 and (words[-1].lower() in _CASES or words[-1].endswith("s"))
    return " ".join(words[:-1] if is_named else words).lower()


def _with_thresholds(text: str) -> str:
    """'Above 500 euros …; for anything smaller …' as a decision."""
    changed = _THRESHOLD.sub(_threshold, text)
    return _COMPARATIVE.sub(_rest, changed) if changed != text else text


def _threshold(match: re.Match[str]) -> str:
    if verb_at([stem(word) for word in tokens(match["what"])[:1]], 0)[0]:
        return match.group()
    start = ". " if match["start"][:1] in (",", ";", ":") else match["start"]
    act, separator, rest = _cut_rest(match["act"])
    return f"{start}If it is {match['bound'].strip()}, {_with_subject(act)}{separator}{rest}"


def _rest(match: re.Match[str]) -> str:
    return f". Otherwise {_with_subject(match['act'])}"


def _cut_rest(act: str) -> tuple[str, str, str]:
    """'go into HubSpot, everybody else is told': where the others begin."""
    match = _COMPARATIVE.search(act)
    return (
        (act, "", "")
        if match is None
        else (act[: match.start()], ". ", act[match.start() :].lstrip(" ,"))
    )


def _with_subject(act: str) -> str:
    """'go into HubSpot' → 'it goes into HubSpot'; an instruction stays one."""
    first, _, rest = act.partition(" ")
    found = _SINGULAR.get(first.lower())
    return f"it {found} {rest}" if found else act
