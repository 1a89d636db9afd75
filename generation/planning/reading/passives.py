"""Descriptions of what happens to instructions: 'the claim is read' → 'read the claim', 'the customer informed' too."""

import re
from dataclasses import dataclass, replace

from generation.planning.language.verbs import base_form, verb_at
from generation.planning.language.words import stem, tokens

_CUT = re.compile(
    r"(\s*[.!?]\s+|\s*\n\s*|\s*[,;:]\s+(?:(?:and|but|or|then|while)\s+)*|\s+(?:and|but)\s+(?:then\s+)?)",
    re.IGNORECASE,
)
_GOVERNED = re.compile(
    r"^(?:if|when(?:ever)?|once|after|before|unless|until|till|while|as soon as|in case|provided|depending|"
    r"every time|each time|whether|because|since|as long as)\b",
    re.IGNORECASE,
)
_AUXILIARY = r"(?:(?:is|are) to be|is|are|gets?|will be|(?:should|must|shall|can|may|might|could|has to|have to|needs? to|ought to) (?:then |also )?(?:be|get))"
_ADVERB = r"(?:then|also|next|finally|automatically|immediately|afterwards|subsequently|now|first|again|directly|simply|just|only)"
_PASSIVE = re.compile(
    rf"^(?P<lead>(?:(?:{_ADVERB}|otherwise)\s+)*)(?P<subject>(?:[\w'#/&\"“”„-]+\s+){{1,9}}?){_AUXILIARY}\s+(?P<adverb>(?:{_ADVERB}\s+)*)"
    r"(?P<verb>[a-z]+)\b(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_PARTICIPLES = frozenset({"put", "set", "read", "sent", "built", "kept", "made", "told", "found", "written", "taken",
                          "drawn", "run", "given", "brought", "rewritten", "paid", "chosen", "got", "shown", "withdrawn", "sold", "frozen", "hidden", "thrown", "broken",
                          "rebuilt", "lent", "spent", "met", "caught", "overwritten", "undone", "redone", "withheld", "cut", "shut",
                          "split", "cast", "broadcast", "reset", "held", "left", "lost", "bought", "begun", "driven", "spoken"})  # fmt: skip
_ELLIPTIC = re.compile(
    rf"^(?P<lead>(?:{_ADVERB}\s+)*)(?P<subject>(?:[\w'#/&-]+\s+){{1,5}}?)"
    rf"(?P<verb>[a-z]+ed|{'|'.join(sorted(_PARTICIPLES))})\b(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
# 'each application that came in': what was meant needs no telling.
_WHOSE = re.compile(
    r"(?<=\w) (?:that|which|who) (?:came|comes?|arrived?s?|is|are|was|were|has|have)\b.*$",
    re.IGNORECASE | re.DOTALL,
)
# 'the latest sales figures and …': a thing that is named before another.
LONGEST_THING = 5
_RELATIVE = frozenset({"which", "who", "that", "there", "what", "where", "how", "i", "we", "you", "until", "till",
                       "if", "when", "unless", "because"})  # fmt: skip
# Participles that tell a state, not something that is to be done.
_STATES = frozenset({"located", "based", "attached", "allowed", "interested", "called", "needed", "required", "done",
                     "finished", "stored", "kept", "limited", "related", "supposed", "used", "expected"})  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """A stretch between separators; `subject` of a passive that was turned round; `is_governed` by 'if', 'when' …"""

    separator: str
    text: str
    subject: str = ""
    is_governed: bool = False

    @property
    def starts_sentence(self) -> bool:
        """Whether a sentence begins here."""
        return not self.separator or any(mark in self.separator for mark in ".!?\n")


def pieces_of(text: str) -> list[Piece]:
    """`text` cut at commas, 'and' and sentence ends, with passives as instructions."""
    cut = ["", *_CUT.split(text)]
    found: list[Piece] = []
    for separator, part in zip(cut[::2], cut[1::2], strict=True):
        found.append(_active(Piece(separator, part), found))
        _share_verb(found)
    return found


def _share_verb(found: list[Piece]) -> None:
    """'moisture and temperature are read': both are read."""
    if len(found) < 2 or not found[-1].subject or found[-1].separator.strip() != "and":
        return
    last, before = found[-1], found[-2]
    verb = last.text.partition(last.subject)[0].strip() if last.subject in last.text else ""
    words = tokens(before.text)
    is_thing = 0 < len(words) <= LONGEST_THING and before.starts_sentence
    if not verb or not is_thing or before.subject or before.is_governed:
        return
    if any(verb_at([stem(word)], 0)[0] and not verb_at([stem(word)], 0)[2] for word in words):
        return
    thing = before.text[:1].lower() + before.text[1:]
    found[-2] = replace(before, text=f"{verb} {thing}", subject=thing)


def text_of(pieces: list[Piece]) -> str:
    """The pieces as one text again."""
    return "".join(piece.separator + piece.text for piece in pieces)


def active(text: str) -> str:
    """'the pickup has been requested' → 'request the pickup'; other texts come back unchanged."""
    plain = re.sub(r"\b(?:has|have|had) been\b|\b(?:is|are) being\b", "is", text, count=1)
    return _turned(Piece("", plain), _PASSIVE.match(plain)).text if plain != text else text


def _active(piece: Piece, before: list[Piece]) -> Piece:
    last = before[-1] if before and not piece.starts_sentence else None
    goes_on = last is not None and last.is_governed and "," not in piece.separator
    if _GOVERNED.match(piece.text) or goes_on:
        return replace(piece, is_governed=True)
    is_event = not before and re.match(r"an? ", piece.text, re.IGNORECASE)
    turned = piece if is_event else _turned(piece, _PASSIVE.match(piece.text))
    if turned.subject or last is None or not last.subject:
        return turned
    words = piece.text.split(" ", 1)
    if is_participle(words[0]):
        rest = f" {words[1]}" if len(words) > 1 else ""
        return replace(piece, text=f"{verb_of(words[0])} it{rest}", subject=last.subject)
    return _turned(piece, _ELLIPTIC.match(piece.text))


def _turned(piece: Piece, match: re.Match[str] | None) -> Piece:
    if match is None or not is_participle(match["verb"]):
        return piece
    subject = _WHOSE.sub("", match["subject"].strip())
    words = tokens(subject)
    if not words or set(words) & _RELATIVE - {words[0]} or words[0] in _RELATIVE - {"that"}:
        return piece
    if any(verb_at([stem(w)], 0)[0] and not verb_at([stem(w)], 0)[2] for w in words[:1]):
        return piece
    if words[0] in ("no", "none", "neither", "nobody") and len(words) > 1:
        thing = " ".join(subject.split()[1:])
        return replace(piece, text=f"do not {verb_of(match['verb'])} {thing}{match['rest']}")
    subject = re.sub(r"^(?:They|It|These|Both|The|This|That|All|Every|Each|An?)\b", _lower, subject)
    thing = {"they": "them", "these": "them"}.get(subject, subject)
    text = f"{match['lead']}{verb_of(match['verb'])} {thing}{match['rest']}"
    return replace(piece, text=text, subject=subject)


def _lower(match: re.Match[str]) -> str:
    return match.group().lower()


def is_participle(word: str) -> bool:
    """Whether it tells that something is done: 'written', 'checked', not 'based'."""
    word = word.lower()
    is_form = word.endswith("ed") or word in _PARTICIPLES
    return is_form and word not in _STATES and bool(verb_at([stem(word)], 0)[0])


def verb_of(participle: str) -> str:
    """'written' → 'write'."""
    return base_form(stem(participle.lower())) or participle
