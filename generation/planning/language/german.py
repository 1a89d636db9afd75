"""German word order and word building: separable verbs, infinitives and participles at the end, compound nouns."""

import re
from collections.abc import Callable

_PREFIX = (
    r"ab|an|auf|aus|bei|durch|ein|fest|frei|gegen|heraus|herunter|hinzu|hoch|mit|nach|um|vor|weg|weiter|wieder|"
    r"zurück|zusammen|zu"
)
_PREFIXES = frozenset(_PREFIX.split("|"))
_CUT = re.compile(r"(\s*[,.;:!?\n]\s*|\s+(?=(?:und|sowie)\s))")
_JOINT = re.compile(r"^(?:und|sowie)\s+")
_TO_INFINITIVE = re.compile(rf"\b(?P<prefix>{_PREFIX})zu(?P<verb>\w+(?:en|eln|ern))\b")
_PARTICIPLE = re.compile(
    rf"^(?P<prefix>{_PREFIX})?ge(?P<stem>\w{{2,}}?)(?:e?t|en)$|^(?P<plain>(?:be|ver|er|ent|zer|über|unter)\w+?)(?:e?t|en)$|"
    r"^(?P<foreign>\w+ier)t$"
)
_INFINITIVE = re.compile(r"^[a-zäöüß]+(?:en|eln|ern)$")
_SUBORDINATE = re.compile(
    r"^(?:und )?(?:wenn|falls|sofern|sobald|nachdem|bevor|ehe|bis|solange|während|dass|ob|weil|da|immer wenn|jedes mal|"
    r"je nach|sonst nicht)\b",
    re.IGNORECASE,
)
_MODAL = re.compile(
    r"\b(?:soll(?:en|te|ten)?|muss|müssen|wird|werden|ist|sind|kannst du|könntest du|können sie|möchte ich|ich möchte|"
    r"ich will|wir wollen|wir müssen|darf|dürfen|lässt sich|lassen sich)\b ?",
    re.IGNORECASE,
)
# What may stand before the verb of an instruction without being a part of it.
_LEAD = re.compile(
    r"^(?:(?:bitte|dann|danach|anschließend|zuerst|zunächst|schließlich|zuletzt|abschließend|gleichzeitig|parallel dazu|"
    r"parallel|sonst|andernfalls|ansonsten|und|sowie|finally|zum schluss|am ende|(?-i:[Ff]ür (?:jede[nrs]?|alle)(?: [a-zäöüß]+)* [A-ZÄÖÜ]\w+)|daraus|dazu) )+",
    re.IGNORECASE,
)
_THEN = ("dann", "danach", "anschließend", "daraufhin")
_CAUSATIVES = ("lass", "lasse", "lassen", "lasst")
_SUBJECTS = ("du", "wir", "man")
# 'Nach dem Abruf der Daten ist …': a noun of action stands for the instruction.
_AFTER_NOUN = re.compile(r"(?P<start>^|[.!?;]\s+)Nach (?:dem|der|erfolgter) (?P<verb>[A-ZÄÖÜ]\w+)")
_EACH_ALONE = re.compile(r"\bfür jede[nrs]?(?= (?:die|der|das|den|ein\w*)\b)")
_FRONT = re.compile(r"^(?:für (?:jede|alle)|bei|nach|aus|von)\b", re.IGNORECASE)
# 'Geh alle offenen Anträge durch, …' → 'für jede offenen Anträge, …'
_GO_THROUGH = re.compile(
    r"\b(?:geh|gehe|gehen sie|arbeite|schau|schaue|sieh|lauf) (?:alle|die|sämtliche) (?P<things>[^,.;]{3,60}?) (?:der reihe nach |einzeln |nacheinander )?durch(?:,? und|,|:)? ",
    re.IGNORECASE,
)
# 'Notion benutzen wir nicht mehr'
_UNUSED = re.compile(
    r"\b(?P<what>[A-ZÄÖÜ][\w-]+) (?:benutzen|verwenden|nutzen|brauchen) wir (?:dafür |dazu |hier )?nicht(?: mehr)?\b"
)
_EACH_TOLD = re.compile(
    r"\b(?:jede[nrsm]? (?!abend|morgen|tag|woche|monat|mal)|einzeln\b|nacheinander\b|für alle\b|alle [^.,;]{3,60} durch\b)",
    re.IGNORECASE,
)
_JEWEILS = re.compile(r"\bjeweils ", re.IGNORECASE)
# 'soll ein Statiker die Pläne prüfen', 'lass einen Anwalt den Vertrag prüfen' → 'lass einen Statiker prüfen die Pläne'
_LET = re.compile(
    r"\b(?:lass(?:e|t|en sie)?|soll(?:te)?|muss|darf|bitte) (?P<who>(?:einen|eine|ein|unseren|unsere|unser|den|die|der) (?:[a-zäöüß]+ )?[A-ZÄÖÜ]\w+) (?P<what>(?:(?:das|die|der|den|dem|ihn|sie|es|ihre?n?|seine?n?|alle|auf|in|mit|von|über)\b)[^,.;]{0,80}?) "
    r"(?P<verb>[a-zäöüß]+(?:en|eln|ern))(?=\s*(?:[,.;!?]|$|und\b))"
)
# 'von einem Anwalt prüfen lassen', 'lass den Vertrag von einem Anwalt prüfen'
_BY = re.compile(
    r"\b[Ll]ass(?:e|t|en Sie)? (?P<what>[^,.;]{2,80}?) von (?P<who>(?:einem|einer|unserem|unserer|dem|der) (?:[a-zäöüß]+ )?[A-ZÄÖÜ]\w+) (?P<verb>[a-zäöüß]+(?:en|eln|ern))(?=\s*(?:[,.;!?]|$|und\b))"
)
Known = Callable[[str], bool]


def in_plain_order(text: str, *, is_verb: Known) -> str:
    """`text` with each main clause's verb whole and in front; `is_verb` knows the verbs of the dictionary."""
    text = _UNUSED.sub(r"nicht verwende \g<what>", text)
    text = _JEWEILS.sub("", text) if _EACH_TOLD.search(text) else text
    text = _GO_THROUGH.sub(r"für jede \g<things>, ", text)
    text = _BY.sub(r"lass \g<who> \g<verb> \g<what>", text)
    text = _LET.sub(r"lass \g<who> \g<verb> \g<what>", text)
    text = _EACH_ALONE.sub("für jede of them", text)
    text = _AFTER_NOUN.sub(lambda match: _instructed(match, is_verb), text)
    text = _TO_INFINITIVE.sub(lambda match: _joined(match, is_verb), text)
    cut = _CUT.split(text)
    waiting: list[str] = []
    result: list[str] = []
    for part, separator in zip(cut[::2], [*cut[1::2], ""], strict=True):
        told = _verb_first(" ".join([*waiting, part]), is_verb)
        # 'die Akte und den Befund lesen': the verb of both stands behind the second.
        is_open = told is None and not separator.strip() and separator and not _leads(part, is_verb)
        if is_open:
            waiting.append(part)
            continue
        result += [told if told is not None else " ".join([*waiting, part]), separator]
        waiting = []
    return "".join([*result, " ".join(waiting)])


def without_compounds(text: str, *, is_known: Known, is_whole: Known) -> str:
    """'Lieferantenrechnung' → 'Lieferanten Rechnung', where the last part is known and the whole is not."""

    def parted(match: re.Match[str]) -> str:
        word = match.group()
        return word if is_whole(word.lower()) else _parted(word, is_known)

    return re.sub(r"\b[A-ZÄÖÜ][a-zäöüß]{7,}\b", parted, text)


def _parted(word: str, is_known: Known) -> str:
    for at in range(3, len(word) - 3):
        if is_known(word[at:]):
            head = word[:at]
            linked = head.endswith("s") and not is_known(head) and is_known(head[:-1])
            return f"{head[:-1] if linked else head} {word[at:].capitalize()}"
    return word


def _joined(match: re.Match[str], is_verb: Known) -> str:
    whole = match["prefix"] + match["verb"]
    return whole if is_verb(whole) else match.group()


def _leads(part: str, is_verb: Known) -> bool:
    """Whether the clause begins with its verb, or with what makes it no instruction."""
    bare = _LEAD.sub("", _JOINT.sub("", part.strip()))
    first = bare.split(" ", 1)[0].lower()
    return not first or bool(_SUBORDINATE.match(bare)) or is_verb(first)


def _verb_first(clause: str, is_verb: Known) -> str | None:
    """The clause with its verb in front, None where none is found at its end."""
    if _SUBORDINATE.match(clause.strip()):
        return None
    lead = _LEAD.match(clause)
    start = lead.group() if lead else ""
    words = clause[len(start) :].split()
    if len(words) < 2:
        return None
    if words[-1] in _PREFIXES:
        return _with_prefix(start, words, is_verb)
    return _from_the_end(start, " ".join(words), is_verb)


def _with_prefix(start: str, words: list[str], is_verb: Known) -> str | None:
    """'kündigst es der Klasse an' → 'ankündigst es der Klasse'."""
    for at, word in enumerate(words[:-1]):
        whole = words[-1] + word.lower()
        if is_verb(whole):
            rest = [other for n, other in enumerate(words[:-1]) if n != at]
            return _instruction(start, whole, [w for w in rest if w not in _SUBJECTS])
    return None


def _from_the_end(start: str, clause: str, is_verb: Known) -> str | None:
    """'soll der Brief verschickt werden', 'den Brief verschicken' → 'verschicken den Brief'."""
    modal = _MODAL.search(clause)
    is_front = _FRONT.match(clause) or is_verb(clause.split(" ", 1)[0].lower())
    if modal and modal.start() and is_front:
        # 'Für jede neue Bewerbung soll …'
        start, clause = f"{start}{clause[: modal.start()].strip()}, ", clause[modal.start() :]
        modal = _MODAL.search(clause)
    bare = re.sub(r"\s+(?:werden|lassen)$", "", clause)
    words = _MODAL.sub("", bare, count=1).split() if modal else bare.split()
    if words and words[0].lower() in _CAUSATIVES:
        # 'lass sie nach Kostenarten einordnen': whoever does it
        words = words[1:]
    if not words or (len(words) == 1 and not modal and bare == clause):
        return None
    last = words[-1]
    verb = last if _INFINITIVE.match(last) and is_verb(last) else _infinitive(last, is_verb)
    is_passive = verb != last
    if not verb or (is_passive and not modal and bare == clause) or is_verb(words[0].lower()):
        return None
    rest = words[:-2] if words[-2:-1] == ["zu"] else words[:-1]
    return _instruction(start, verb, rest)


def _instruction(start: str, verb: str, rest: list[str]) -> str:
    """The verb before the rest, an order word before both."""
    order = next((word for word in rest if word in _THEN), "")
    kept = [word for word in rest if word != order]
    return " ".join([f"{start}{order} {verb}" if order else f"{start}{verb}", *kept])


def _instructed(match: re.Match[str], is_verb: Known) -> str:
    known = is_verb(match["verb"].lower())
    return f"{match['start']}{match['verb']}" if known else match.group()


def _infinitive(word: str, is_verb: Known) -> str:
    """'hochgeladen' → 'hochladen', 'geprüft' → 'prüfen'; '' for what is no participle of a known verb."""
    match = _PARTICIPLE.match(word)
    if match is None:
        return ""
    stem = match["plain"] or match["foreign"] or f"{match['prefix'] or ''}{match['stem']}"
    return next((f"{stem}{end}" for end in ("en", "n") if is_verb(f"{stem}{end}")), "")
