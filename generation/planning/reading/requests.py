"""What somebody should do, wants or gets, as an instruction: 'X should check it', 'the others get a reply', 'must be marked'."""

import re

from generation.planning.language.verbs import base_form, starts_with_verb, verb_at
from generation.planning.language.words import stem, tokens
from generation.planning.reading.happening import MESSAGES, instruction

_MODAL = re.compile(
    r"^(?P<who>(?:somebody|someone|one|it|he|she|they|we|you|i|an? (?:ai |llm )?agent) |"
    r"(?:(?:the|an?|our|my|your|its) )(?:[\w-]+ ){1,4}?)"
    r"(?:should|shall|must|can|could|has to|have to|needs? to|ought to|is (?:supposed )?to|are (?:supposed )?to|will) "
    r"(?:then |also |first |next |now )?(?P<act>(?!not\b|be\b|n't)[a-z]+\b.*)$",
    re.IGNORECASE | re.DOTALL,
)
_NEED = re.compile(
    r"^(?:(?:i|we)(?:'d| would)? (?:need|want|like|love|expect)|i'd like|we'd like) (?P<who>(?:an?|the|our|some) [\w -]{2,40}?) to "
    r"(?P<act>[a-z]+\b.*)$",
    re.IGNORECASE | re.DOTALL,
)
_RECEIVE = re.compile(
    r"^(?P<who>(?:the|all|those|any|every|each)?\s?[\w' -]{2,40}?) (?:simply |just |then |only |also )?(?:gets?|receives?) "
    r"(?P<what>an? (?:[\w-]+ ){0,3}?(?P<noun>[a-z]+))"
    r"(?P<rest>(?: (?:that|which|in|into|to|from|via|by|with|for|on|at|later|as)\b.*)?)$",
    re.IGNORECASE | re.DOTALL,
)
# 'hot ones get an appointment in the calendar', 'the others need a call'
_ONES_GET = re.compile(
    r"^(?P<who>(?:the |all |any )?[\w-]+ ones|it|(?:all )?(?:the )?others|the rest|every(?:body|one) else) "
    r"(?:simply |just |then |only |also )?(?:gets?|receives?|needs?|deserves?|wants?) (?P<what>(?:an?|the|our|some|one) .+)$",
    re.IGNORECASE | re.DOTALL,
)
# 'the rep gets a chat message', 'HR gets a task', 'the neighbours have to get a text message'
_GETS = r"(?:gets?|receives?|(?:has|have|is|are|ought) to (?:get|receive)|(?:must|should|shall|will|can) (?:get|receive))"
_SOMEBODY_GETS = re.compile(
    r"^(?P<who>(?:the|our|his|her|their|all|both) (?:[\w'-]+ ){0,2}?[\w'-]+|[A-Z]{2,5}|every(?:body|one)(?: (?:in|on) [\w' -]{2,30}?)?|she|he|they|you|i|we) "
    rf"(?:then |also |just |simply )?{_GETS} (?P<what>an? (?:[\w-]+ ){{0,2}}?[\w-]+)"
    r"(?P<rest>(?: (?:that|in|into|from|via|by|with|on|about|as)\b.*)?)$",
    re.IGNORECASE | re.DOTALL,
)
# 'she gets her money back through PayPal'
_GETS_BACK = re.compile(
    rf"^(?P<who>[\w' -]{{2,40}}?) {_GETS} (?P<what>(?:the|his|her|their|its) (?:[\w-]+ )?[\w-]+) back\b(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_OBJECTS = {"she": "her", "he": "him", "they": "them", "i": "me", "we": "us"}
_OTHERWISE = re.compile(r"otherwise\s+", re.IGNORECASE)
# 'I want a reply to the customer written and saved as a draft'
_WANTED = re.compile(
    r"^(?:i|we)(?: would|'d)? (?:want|need|like)(?: to have| to see)? (?P<what>(?:an?|the|our|my|some|two|three|every|all) (?:[\w'-]+ ){0,6}?[\w'-]+) "
    r"(?P<verb>[a-z]+(?:ed|en|ent|aid|ade|uilt|one))\b(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
# 'each new order needs its labels printed' → 'for each new order, have its labels printed'
_EACH_NEEDS = re.compile(
    r"^(?P<each>(?:each|every) [\w' -]{2,50}?) (?:needs?|wants?|should have|must have|gets?|has to have) (?P<what>(?:its|their|an?|the) (?:[\w-]+ ){0,3}?[\w-]+) "
    r"(?P<verb>[a-z]+(?:ed|en|ent|aid|ade|uilt))\b(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
# 'and must then be marked as sent': of what was spoken of
_MUST_BE = re.compile(
    r"^(?:must|should|shall|has to|have to|needs? to|ought to|is to|are to) (?:then |also |finally )?be (?P<verb>[a-z]+(?:ed|en|ent|aid|ade|uilt|ut))\b(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
# 'it must not be published'
_MUST_NOT_BE = re.compile(
    r"^(?P<what>(?:it|they|this|that|(?:the|our|its) [\w' -]{2,40}?)) (?:must|should|shall|may|can|is to|are to) not be (?P<verb>[a-z]+)\b(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_GOES = re.compile(
    r"^(?P<what>(?:an? [\w' -]{2,40}?(?= goes out\b))|(?:the|those|that|this|these|all|everything|everybody else|everyone else|each|every|it|they|them|anything|[\w-]+ ones)\b[\w' -]{0,50}?) "
    r"(?:then |also |finally |just |simply )?(?:goes|go) (?:straight |right |directly )?(?P<where>(?:back )?(?:(?:in)?to|on(?:to)?|through|via|out)\b.*)$",
    re.IGNORECASE | re.DOTALL,
)
# 'give each guest a room' → 'assign a room to each guest'
_GIVE = re.compile(
    r"^(?:give|hand|assign) (?P<who>(?:each|every|the|all|any)(?: of)?(?: the)? [\w-]+(?: (?!an?\b)[\w-]+)?) (?P<what>an? .+?)(?P<rest>,? and (?!(?:an?|the|one|two)\b).+)?$",
    re.IGNORECASE | re.DOTALL,
)
_CHANNEL = re.compile(r"\b(?:by|via|per) (?:e-?mail|mail|sms|text|fax)\b")


def as_instruction(text: str, *, is_governed: bool) -> str:
    bare = text.rstrip(" .!")
    if is_governed or not bare:
        return text
    if match := _OTHERWISE.match(text):
        return match.group() + as_instruction(text[match.end() :], is_governed=False)
    if match := _GIVE.match(bare):
        return f"assign {match['what']} to {match['who']}{match['rest'] or ''}{text[len(bare) :]}"
    if match := _MUST_NOT_BE.match(bare):
        verb = base_form(stem(match["verb"].lower()))
        return f"do not {verb} it{text[len(bare) :]}" if verb else text
    turned = (
        _by_needing(bare)
        or _by_wanting(bare)
        or _by_modal(bare)
        or _by_receiving(bare)
        or _by_going(bare)
        or _by_sufficing(bare)
    )
    return turned + text[len(bare) :] if turned else text


def _by_modal(text: str) -> str:
    """'somebody should figure it out' → 'figure it out'; a named doer is asked: 'have the analyst look at it'."""
    match = _MODAL.match(text) or _NEED.match(text)
    if match is None or not starts_with_verb(match["act"], is_first=True):
        return ""
    who = match["who"].strip()
    if len(tokens(who)) < 2 or (who.lower().endswith(" agent") and len(tokens(who)) < 3):
        return match["act"]
    return f"have {who[0].lower()}{who[1:]} {match['act']}"


def _by_wanting(text: str) -> str:
    """'I want a reply written' → 'have a reply written'."""
    match = _WANTED.match(text)
    if match is None or not verb_at([stem(match["verb"].lower())], 0)[0]:
        return ""
    return f"have {match['what']} {match['verb']}{match['rest']}"


def _by_needing(text: str) -> str:
    """'each order needs its labels printed' → 'for each order, print its labels', 'must be marked' → 'mark it'."""
    match = _EACH_NEEDS.match(text) or _MUST_BE.match(text)
    verb = base_form(stem(match["verb"].lower())) if match else ""
    if match is None or not verb:
        return ""
    told = match.groupdict()
    if "each" in told:
        each = told["each"][0].lower() + told["each"][1:]
        return f"for {each}, {verb} {told['what']}{told['rest']}"
    return f"{verb} it{told['rest']}"


def _by_receiving(text: str) -> str:
    """'the weak ones get a rejection' → 'the weak ones are rejected': nouns of verbs; other things are sent."""
    match = _RECEIVE.match(text)
    is_told = text.lower().startswith("it ")
    if not is_told and starts_with_verb(text):
        return ""
    if match is None:
        return _by_getting(text)
    who, noun = match["who"].strip(), match["noun"].lower()
    verb = base_form(stem(noun))
    if noun.endswith(("ion", "al")) and verb:
        return f"{who} are {verb}{'' if verb.endswith('e') else 'e'}d{match['rest']}"
    if "draft" in tokens(match["what"]):
        return f"for {who} prepare {match['what']}{match['rest']}"
    return _by_getting(text)


def _by_getting(text: str) -> str:
    """'hot ones get an appointment' → 'hot ones are made an appointment', 'the rep gets a message' → 'send the rep a message'."""
    match = _ONES_GET.match(text)
    if match is None:
        return _by_being_sent(text)
    is_message = bool(set(tokens(match["what"])) & MESSAGES)
    return f"{match['who']} are {'sent' if is_message else 'made'} {match['what']}"


def _by_being_sent(text: str) -> str:
    """'the rep gets a message' → 'send the rep a message', 'HR gets a task' → 'make a task for HR'."""
    if back := _GETS_BACK.match(text):
        return f"give {_object(back['who'])} {back['what']} back{back['rest']}"
    match = _SOMEBODY_GETS.match(text)
    if match is None:
        return ""
    who = _object(match["who"])
    if set(tokens(match["what"])) & MESSAGES:
        return f"send {who} {match['what']}{match['rest']}"
    return f"make {match['what']} for {who}{match['rest']}"


def _object(who: str) -> str:
    """'She' → 'her', 'The rep' → 'the rep', 'HR' → 'HR'."""
    if who.isupper() and len(who) > 1:
        return who
    plain = f"{who[0].lower()}{who[1:]}"
    return _OBJECTS.get(plain, plain)


def _by_sufficing(text: str) -> str:
    """'a message is enough' → 'send a message'."""
    told = instruction(text) if text.startswith(("a ", "an ", "then a ")) else text
    return told if told != text else ""


def _by_going(text: str) -> str:
    """'those go into HubSpot as contacts' → 'those are put into HubSpot as contacts'."""
    match = _GOES.match(text)
    if match is None:
        return ""
    where = match["where"].lower()
    verb = "returned" if where.startswith("back") else "put"
    is_sent = where.startswith("out") or (where.startswith("to ") and _CHANNEL.search(where))
    verb = "sent" if is_sent else verb
    return f"{match['what']} is {verb} {match['where']}"
