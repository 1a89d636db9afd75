"""Takes a request apart into clauses with the control words that stand before them."""

import re
from dataclasses import dataclass, replace

from generation.planning.language.verbs import starts_with_verb, verb_at
from generation.planning.language.words import STOP, is_phrase, stem, tokens
from generation.planning.reading.control_words import DELIMITER, PARALLEL, control_of
from generation.planning.reading.holding import asks_to_hold

# How long a single request can be; longer text is cut by the caller's own limit long before.
MAX_CHUNKS = 200
# A condition of more words is none; looking further would take time that grows with the square of the text.
LONGEST_CONDITION = 40
# 'diff', 'code review': a step of so many words needs no verb behind 'for each one:'.
TERSE = 2


@dataclass(frozen=True)
class Chunk:
    """A clause: its text, the control word at its head ('' for none), and how it hangs on the clause before.

    `is_after_comma` also after ':' and ';'; `is_break`: an order word ('then') stands before it; `is_closing`: it
    leaves every block ('finally'); `is_attached`: nothing stands between it and the clause before; `parallel` is 'leading' or 'trailing' where words like 'in parallel' stand.
    """

    text: str
    control: str = ""
    is_after_comma: bool = False
    is_after_semicolon: bool = False
    is_break: bool = False
    is_closing: bool = False
    is_attached: bool = False
    parallel: str = ""


_SENTENCE = re.compile(r"(?<=[.!?])\s+|\s*\n+\s*")
_NUMBERED = re.compile(r"(?m)(?:^|(?<=[.;,:\s])\s)\s*(?:[-*•]|\(?\d{1,2}[.)])\s+(?=\S)")
_ARROW = re.compile(r"\s*(?:-+>|=+>|→|»|⇒|>>|\|)\s*|\s+>\s+")
_BULLET = re.compile(r"^\s*(?:step\s+\d+\s*[:.)]\s*)", re.IGNORECASE)
_NEGATED = re.compile(r"^(?:do not|don't|never) ", re.IGNORECASE)
# A point in time: 'after the date we promised', not 'after checking it'
_TIME = re.compile(
    r"(?:before|after|once|until|till) (?:the|an?|our|its|their|this|that|\d|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b",
    re.IGNORECASE,
)
_LOOSE_END = re.compile(r"[\s,]+(?:and|or|but|to)$|[\s,]+$", re.IGNORECASE)
_OPENERS = re.compile(
    r"^(?:please|hi|hello|hey|also|so|ok(?:ay)?|well|basically|"
    r"(?:i|we)(?: would|'d)? (?:want|need|like|wish)(?: you)?(?: to)?(?: have| see| get)?|can you|could you|would you|"
    r"you should|you must|it should|help (?:me|us)(?: to)?|(?:what )?(?:i|we) (?:want|need) is|"
    r"(?P<made>(?:build|create|make|design|set up|give|give me|generate|write|implement|develop)(?: me| us)? )?"
    r"(?:an?|the|this|our|my) (?:new |simple |automated |small |complete |multi-step |end-to-end )*"
    r"(?:workflow|automation|pipeline|process|flow|system|routine|job|bot)"
    r"(?: (?:that|which|to|for|where|in which|so that|should|must|shall|will|needs to)|(?(made)|(?=:)))(?: (?:will|should|can|must))?|"
    r"(?:the )?(?:workflow|process|system|automation) (?:should|must|shall|will|needs to)|"
    r"make sure (?:to|that)|be sure to|go ahead and|let'?s|start (?:by|with)|begin (?:by|with)|try to|"
    r"first(?:ly| of all)?|for (?:starters|a start)|to begin with|to start with|i'?d like(?: you)? to|we'?d like(?: you)? to)\b[,:]?\s+",
    re.IGNORECASE,
)


# 'repeat that until …', 'measure again'
_AGAIN = re.compile(
    r"(?:repeat|iterate|redo|keep)\b|(?:measure|check|look|test|try|ask|read|score|review|run|verify)(?: (?:it|them|that|this))? again\b",
    re.IGNORECASE,
)
# 'have security' of 'have security and legal review it'
_FIRST_DOER = re.compile(r"^(?:have|let) [\w-]+$", re.IGNORECASE)
_THESE = re.compile(r"(?:these|those|the following)\b", re.IGNORECASE)
_WITH_ONE = re.compile(r"\bwith (?:an?|one|two|three) [\w -]+$", re.IGNORECASE)
# Verbs that stand alone behind another: 'answer it from the manual and reply'
_ANSWERS = (["reply"], ["respond"], ["publish"], ["archive"])
_CIRCUMSTANTIAL = re.compile(
    r"(?:taking|considering|bearing|keeping|based on|given|depending)\b.*\b(?:account|mind|consideration|into account)$|(?:considering|based on)\b",
    re.IGNORECASE,
)


def sentences(text: str) -> list[list[Chunk]]:
    """The sentences of `text`, each as its clauses in order of appearance."""
    found = []
    for sentence in _SENTENCE.split(_NUMBERED.sub("\n", text)):
        parts = [part for part in _ARROW.split(sentence) if part.strip()]
        if len(parts) == 1 and _is_list_of_things(sentence):
            parts = _things(sentence)
        if len(parts) > 1:
            found.append(_steps(parts))
        elif parts:
            found.append(_chunks(_without_openers(parts[0].strip().rstrip(".!?"))))
    return [sentence[:MAX_CHUNKS] for sentence in found if sentence]


def _steps(parts: list[str]) -> list[Chunk]:
    """One thing after the other; all at once where the first of them says so."""
    plain = [part.strip(" .!?") for part in parts]
    if not PARALLEL.match(plain[0]):
        return [Chunk(text=text, is_break=True) for text in plain]
    told = [text for text in (PARALLEL.sub("", plain[0]).strip(), *plain[1:]) if text]
    first, *others = told
    return [
        Chunk(text=first, parallel="leading"),
        *(Chunk(text=text, is_after_comma=True) for text in others),
    ]


def _is_list_of_things(sentence: str) -> bool:
    """'new hire: HR record, laptop, onboarding plan, welcome mail': things without any verb."""
    parts = re.split(r"[,;]", sentence)
    is_short = len(parts) > 2 and all(len(tokens(part)) <= 6 for part in parts)
    return is_short and not any(
        starts_with_verb(part) or control_of(part.strip())[0] for part in parts
    )


def _things(sentence: str) -> list[str]:
    """The things of such a list; what stands before a colon is its heading."""
    listed = sentence.partition(":")[2] or sentence
    return [part for part in re.split(r"[,;]|\band\b", listed) if part.strip()]


def _without_openers(text: str) -> str:
    text = _BULLET.sub("", text)
    while True:
        shorter = _OPENERS.sub("", text, count=1)
        if shorter == text or not shorter:
            return text
        text = shorter


def _chunks(text: str) -> list[Chunk]:
    found: list[Chunk] = []
    position, before = 0, Chunk(text="")
    delimiter: str = ""
    for match in DELIMITER.finditer(text):
        if match.start() == match.end() or _is_within_condition(match, before, text, position):
            continue
        _take(found, before, delimiter, text[position : match.start()])
        before, delimiter, position = _hanging(match, before), match.group(), match.end()
    _take(found, before, delimiter, text[position:])
    return _prepositions_forward(_parallel_backward(found))


def _is_within_condition(match: re.Match[str], before: Chunk, text: str, start: int) -> bool:
    """'if that is after the date we promised, …': a time told within a condition that leads what it governs."""
    if match.lastgroup != "inner" or before.is_attached:
        return False
    told = text[start : match.start()]
    control = control_of(told)[0]
    return (
        control in ("if", "unless")
        and bool(_TIME.match(text[match.end() :]))
        and "," in text[match.end() :]
        and not inner_instruction(told)[1]
    )


def _parallel_backward(found: list[Chunk]) -> list[Chunk]:
    """'A, B and C, all at once': words at the end speak of what stands before them."""
    if len(found) < 2 or found[-1].text or found[-1].control or not found[-1].parallel:
        return found
    return [*found[:-2], replace(found[-2], parallel="trailing")]


def _hanging(match: re.Match[str], before: Chunk) -> Chunk:
    kind = match.lastgroup
    return Chunk(
        text="",
        is_after_comma=kind in ("comma", "semi") or match.group().lstrip()[:1] in (",", ";", ":"),
        is_after_semicolon=";" in match.group(),
        is_break=kind in ("close", "order"),
        is_closing=kind == "close",
        is_attached=kind == "inner",
    )


def _take(found: list[Chunk], hanging: Chunk, delimiter: str, text: str) -> None:
    """Add the clause, or join it to the one before when it is no clause of its own."""
    text = _LOOSE_END.sub("", text.strip())
    if text.lower() in ("and", "or", "but", "then"):
        return
    marker = PARALLEL.search(text)
    bare = PARALLEL.sub(" ", text).strip(" ,") if marker else text
    parallel = "" if marker is None else "leading" if marker.start() == 0 else "trailing"
    if parallel == "leading":
        bare = _without_openers(bare)
    if not bare:
        _mark(found, hanging, marker)
        return
    control, rest = control_of(bare)
    chunk = replace(hanging, text=rest, control=control, parallel=parallel)
    if found and control == "each" and hanging.is_attached and _WITH_ONE.search(found[-1].text):
        # 'a briefing with one line for each guest' is one thing.
        found[-1] = replace(found[-1], text=f"{found[-1].text} {bare}")
        return
    if found and _CIRCUMSTANTIAL.match(bare) and not found[-1].control:
        # 'plan the route, taking the weather into account'
        found[-1] = replace(found[-1], text=f"{found[-1].text}, {bare}")
        return
    if len(found) > 1 and chunk.is_break and _is_waiting(found):
        # 'check the facts and find a picture, simultaneously, then publish'
        found[-2:] = [replace(found[-2], parallel="trailing")]
    is_waiting = _is_waiting(found)
    is_own = _is_own(found, chunk, bare) or _ends_each(found, delimiter, bare)
    if not found or is_own or is_waiting or _is_second_participle(bare, found[-1].text):
        if is_waiting:
            before = found.pop()
            chunk = replace(chunk, parallel=parallel or before.parallel, is_break=before.is_break)
        found.append(chunk)
        return
    last = found[-1]
    joined = f"{last.text}{delimiter}{bare}" if delimiter.strip() else f"{last.text} {bare}"
    found[-1] = replace(last, text=joined, parallel=last.parallel or parallel)


def _is_waiting(found: list[Chunk]) -> bool:
    """Whether words like 'at the same time' still wait for the clause that they speak of."""
    return bool(found) and found[-1].text == "" and not found[-1].control


def _mark(found: list[Chunk], hanging: Chunk, marker: re.Match[str] | None) -> None:
    """Words like 'in parallel' that stand alone speak of the clause before, or of what follows."""
    if marker is None:
        return
    if found and (marker["of"] is not None or not hanging.is_after_comma):
        found[-1] = replace(found[-1], parallel="trailing")
    else:
        found.append(replace(hanging, text="", parallel="leading"))


def _is_own(found: list[Chunk], chunk: Chunk, text: str) -> bool:
    """Whether `text` is a clause of its own behind those that were found."""
    is_consequence = _is_consequence(found, chunk)
    return (
        bool(chunk.control)
        or chunk.is_break
        or starts_with_verb(
            _NEGATED.sub("", text) if is_consequence else text, is_first=is_consequence
        )
        or _ends_list(found, text)
        or _AGAIN.match(text) is not None
        or (chunk.is_after_semicolon and has_verb(text))
        or (chunk.is_after_comma and _FIRST_DOER.match(text) is not None)
    )


def _ends_each(found: list[Chunk], delimiter: str, text: str) -> bool:
    """'for each open bug: severity and component', 'for each one: diff, review': a colon ends what is gone through."""
    if not found or found[-1].control == "each":
        # 'for each of these topics: whales and volcanoes' tells the things themselves.
        return bool(found) and ":" in delimiter and not _THESE.match(found[-1].text)
    is_listed = found[-2:-1] != [] and found[-2].control == "each" and "," in delimiter
    return is_listed and all(len(tokens(said)) <= TERSE for said in (text, found[-1].text))


def _is_consequence(found: list[Chunk], chunk: Chunk) -> bool:
    """Whether `chunk` stands behind the comma after a condition: 'if it is fine, order parts'."""
    last = found[-1] if found else None
    is_led = last is not None and bool(last.control) and not last.is_attached
    return is_led and chunk.is_after_comma


def _ends_list(found: list[Chunk], text: str) -> bool:
    """'email' in 'fetch page, summarise, translate, email': one more verb behind several."""
    words = tokens(text)
    last = found[-1] if found else None
    if last is not None and words in _ANSWERS and starts_with_verb(last.text, is_first=True):
        return True
    before = [
        chunk
        for chunk in found
        if not chunk.control and starts_with_verb(chunk.text, is_first=True)
    ]
    return len(words) == 1 and len(before) >= 2 and bool(verb_at([stem(words[0])], 0)[0])


def _is_second_participle(text: str, before: str) -> bool:
    """'rewritten' in 'have it criticised and rewritten'."""
    first = tokens(text)[:1]
    causative = {"have", "having", "get", "getting", "be", "gets", "has"} & set(tokens(before)[:3])
    return bool(
        causative and first and first[0].endswith(("ed", "ten")) and verb_at([stem(first[0])], 0)[0]
    )


def _prepositions_forward(chunks: list[Chunk]) -> list[Chunk]:
    """'In Slack, post …' → 'post … in Slack': a leading place belongs to the clause that follows."""
    if len(chunks) < 2 or chunks[0].control or chunks[1].control:
        return chunks
    head = tokens(chunks[0].text)
    is_place = bool(head) and head[0] in ("in", "on", "from", "with", "using", "via", "for", "at")
    if not is_place or has_verb(chunks[0].text):
        return chunks
    joined = f"{chunks[1].text} {chunks[0].text}"
    return [replace(chunks[1], text=joined, parallel=chunks[0].parallel), *chunks[2:]]


def has_verb(text: str) -> bool:
    """Whether any word of `text` is surely a verb."""
    roots = [stem(word) for word in tokens(text)]
    return any(
        length and not is_noun_too
        for length, _, is_noun_too in (verb_at(roots, position) for position in range(len(roots)))
    )


def plain_pronoun(word: str) -> bool:
    """Whether a word alone can be what a loop goes through: 'for each of them …'."""
    return tokens(word)[:1] in (["them"], ["these"], ["those"], ["one"])


def _is_noun_phrase(words: list[str]) -> bool:
    """'pull request': two words that mean one thing, though the first is a verb alone."""
    said = tokens(" ".join(words[:2]))
    roots = [stem(word) for word in said]
    return (
        len(roots) == 2
        and said[1] not in STOP
        and is_phrase(tuple(roots))
        and verb_at(roots, 0)[0] == 1
    )


def _leads_to_causative(words: list[str]) -> bool:
    """'store have a picture generated': the instruction begins with the second word."""
    second = tokens(" ".join(words[1:2]))
    return second in (["have"], ["let"], ["get"]) and starts_with_verb(" ".join(words[1:]))


def inner_instruction(text: str, *, least: int = 2) -> tuple[str, str]:
    """'the claim is fine record it' → ('the claim is fine', 'record it'): where a condition turns into an instruction.

    ('…', '') when there is no such place; `least` words stand before it.
    """
    words = text.split(" ")
    for position in range(1, min(len(words), LONGEST_CONDITION)):
        rest = " ".join(words[position:])
        plain = tokens(words[position])
        is_base_form = bool(plain) and not plain[0].endswith(("ed", "ing", "s")) and plain[0] not in (
            "is", "are", "not",
        )  # fmt: skip
        is_elliptic = tokens(" ".join(words[:position]))[-2:] in (["is", "not"], ["are", "not"])
        follows_subject = is_elliptic or tokens(words[position - 1])[-1:] not in (
            ["to"], ["the"], ["a"], ["an"], ["should"], ["must"], ["can"], ["will"], ["not"], ["is"], ["are"],
            ["we"], ["they"], ["you"], ["i"], ["last"], ["new"], ["of"], ["no"], ["does"], ["do"], ["by"], ["was"],
        )  # fmt: skip
        is_subject = position >= least or plain_pronoun(words[0])
        if _is_noun_phrase(words[position:]) or _leads_to_causative(words[position:]):
            continue
        is_instruction = starts_with_verb(rest) or asks_to_hold(rest)
        if is_base_form and follows_subject and is_subject and is_instruction:
            return " ".join(words[:position]), rest
    return text, ""
