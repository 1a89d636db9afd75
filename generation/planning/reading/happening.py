"""What is told to happen to a thing as an instruction: 'becomes a ticket' → 'make it a ticket'."""

import re

from generation.planning.language.words import tokens

_VERB = r"(?P<verb>becomes?|turns? into|moves?|gets?|receives?|goes|go|are|is|needs?|deserves?|lands?|should|must|will|can)"
_SUBJECT_LESS = re.compile(
    rf"^(?:just |simply |only |merely )?{_VERB}(?P<rest> .+)$", re.IGNORECASE | re.DOTALL
)
_SUFFICES = re.compile(
    r"^(?:then )?(?P<what>(?:an?|the|our|some|one) .+?) (?:is enough|will do|suffices|is sufficient|is fine|does it)$",
    re.IGNORECASE,
)
# 'gets an appointment booked': somebody books it.
_HAS_DONE = re.compile(r"^ (?:an?|the|its|their) [\w -]+? \w+(?:ed|ent|uilt|ade)\b", re.IGNORECASE)
VERB = _VERB
MESSAGES = frozenset({"message", "mail", "email", "sms", "text", "call", "note", "reminder", "letter", "notification", "invitation", "invite", "reply"})  # fmt: skip


def instruction(act: str) -> str:
    """What happens to a thing as an instruction where that is certain: 'goes on the list' → 'it goes on the list'."""
    act = act.strip()
    if match := _SUBJECT_LESS.match(act):
        return happening(match["verb"], match["rest"])
    if match := _SUFFICES.match(act):
        is_message = bool(set(tokens(match["what"])) & MESSAGES)
        return f"{'send' if is_message else 'make'} {match['what']}"
    return act


def happening(verb: str, rest: str) -> str:
    """'become', ' a ticket' → 'make it a ticket'."""
    verb = verb.lower()
    if modal := re.match(r" (?:get|receive|be given)(?= )", rest):
        verb, rest = "gets", rest[modal.end() :]
    if verb in ("become", "becomes", "turn into", "turns into"):
        return f"make it{rest}"
    if verb in ("move", "moves"):
        return f"move it{rest}"
    if verb in ("go", "goes"):
        return f"it goes{rest}"
    if verb in ("land", "lands"):
        return f"put it{rest}"
    if verb in ("are", "is"):
        return f"it is{rest}"
    if verb in ("get", "gets") and _HAS_DONE.match(rest):
        return f"have{rest}"
    if verb in ("get", "gets", "receive", "receives", "need", "needs", "deserve", "deserves"):
        return f"it gets{rest}"
    return f"it {verb}{rest}"
