"""What is to be done when a step fails: 'If anything goes wrong, e-mail ops'.

No decision comes of it, since a run whose step fails never gets there: it is taken out of the request and becomes the
way that errors take. What is said of the outcome of one step ('if the tests fail …') stays a decision on its result.
"""

import re

_STEP = r"(?:any|one|some|either|a|each)(?: single)?(?: of)?(?: the| these| those)? (?:steps?|parts?|stages?)(?: of (?:it|this|that|the \w+))?"
_RUN = r"(?:the|this|that) (?:whole |entire )?(?:workflow|run|process|automation|flow|thing)(?: as a whole)?"
_FAILS = r"(?:fails?|failed|has failed|breaks?|crashes|crashed|errors? out|does(?: not|n't) work|did(?: not|n't) work|throws an (?:error|exception))"
_GOES_WRONG = r"(?:goes|go|went|should go|should ever go) (?:wrong|awry|sideways)"
_SOMETHING = r"(?:anything|something|things?|any of (?:it|this|that|these|them)|it all)"
# As other languages say it, once what is common to them is English.
_ABROAD = r"(?:(?:(?:irgend)?(?:et)?was|something) (?:schief ?(?:geht|läuft|gehen sollte)|nicht klappt)|(?:algo|something) (?:sale|saliera|va|va muy) mal|(?:quelque \w+|something) (?:tourne|va|se passe) mal)"
_FAILS_ABROAD = (
    r"(?:(?:irgend)?(?:et)?was|something|algo|quelque \w+) (?:fails?|fehlschlägt|falla|échoue)"
)
_WHERE = r"(?: (?:anywhere|at any point|on the way|along the way|in between|while (?:it|this) runs|in any (?:of the )?steps?))"
_IF = r"(?:if|when|whenever|should|in case|in the event that|as soon as|once)"
# Sure whatever the rest of the request is about.
_SURE = rf"{_IF} (?:(?:{_STEP}|{_RUN}) (?:{_FAILS}|{_GOES_WRONG})|{_SOMETHING} {_GOES_WRONG}|{_ABROAD}|there(?: is|'s) (?:an|any) (?:error|problem|failure){_WHERE}|an error (?:occurs|happens){_WHERE})"
# 'Run the tests. If something fails …' asks what came out.
_UNSURE = rf"{_IF} (?:{_SOMETHING} {_FAILS}|{_FAILS_ABROAD})"
_JUDGES = re.compile(
    r"\b(?:test|check|verif|validat|inspect|review|scan|lint|build|compil|monitor|prob(?:e|ing)|audit|health|pass)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?;\n]+(?:[.!?;](?=\w)[^.!?;\n]*)*[.!?;]*\s*")


Shapes = tuple[re.Pattern[str], re.Pattern[str]]


def _shapes(when: str) -> Shapes:
    """The condition before and behind what is to be done: 'post it, and if it fails, mail me', 'mail me if it fails'."""
    leading = rf"(?P<kept>.*?)[,;]?\s*(?:\b(?:and|but)\s+)?(?<!\w){when}{_WHERE}?\s*(?:[,:-]+|\bthen\b|\s(?=\w))\s*(?P<told>\w.*)$"
    trailing = rf"(?P<kept>)(?:and\s+)?(?P<told>[^,;:]+?),?\s+{when}{_WHERE}?[.!;]*$"
    return re.compile(leading, re.IGNORECASE), re.compile(trailing, re.IGNORECASE)


_SURELY, _PERHAPS = _shapes(_SURE), _shapes(_UNSURE)


def take_failure(text: str) -> tuple[str, str]:
    """`text` without the sentence that says what to do when a step fails, and what that is ('' where none says it)."""
    for sentence in _SENTENCE.finditer(text):
        before, after = text[: sentence.start()], text[sentence.end() :]
        said = sentence.group().strip()
        for leading, trailing in (_SURELY,) if _JUDGES.search(before) else (_SURELY, _PERHAPS):
            found = leading.match(said) or trailing.match(said)
            kept = found["kept"].strip() if found else ""
            if found and (kept or before.strip()):
                return f"{before}{kept}{' ' if kept else ''}{after}".strip(), found["told"]
    return text, ""
