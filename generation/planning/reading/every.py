"""What is told of every thing, as a loop: 'every scan should be read and filed', 'per order: …', '…, and that for every tenant'."""

import re

from generation.planning.language.verbs import infinitive, starts_with_verb
from generation.planning.language.words import tokens
from generation.planning.reading.happening import MESSAGES, happening
from generation.planning.reading.implied import REST
from generation.planning.reading.passives import is_participle

_START = (
    r"(?P<start>^|[.;:!?]\s+|\s*\n\s*(?:[-*•]\s+)?|,\s+(?:and )?(?:then )?|\band then\s+|\bthen\s+)"
)
# Rates and ways of sending are no things to go through.
_NO_RATE = r"(?!(?:second|minute|hour|day|night|week|weekday|month|quarter|year|annum|cent|se|capita|kilo\w*|km|kg|kwh|gram|lit(?:er|re)|mile)s?\b)"
_NO_THING = rf"{_NO_RATE}(?!(?:e-?mail|mail|post|letter|sms|text|phone|fax|chat|courier|message|default|request|whatsapp|slack|telegram|teams|signal)s?\b)"
# The thing before a colon: 'Per order: print the label'
_PER = re.compile(
    rf"{_START}(?:once )?per (?:{_NO_RATE}(?P<thing>[\w-]+(?: (?!an?\b|the\b)[\w-]+){{0,2}}?)\s*:\s+|{_NO_THING}(?P<other>[\w-]+(?: (?!an?\b|the\b)[\w-]+){{0,2}}?)(?:,\s+| (?=(?:an?|one|the) )))",
    re.IGNORECASE,
)
# 'create one ticket per finding', 'one quiz per chapter'
_PER_BEHIND = re.compile(
    rf"{_START}(?P<act>(?:[a-z]+ (?:up )?)?(?:(?:an?|one|its own|a single) )?[^.,;:!?]{{2,60}}?) per {_NO_THING}(?P<thing>[a-z][\w-]+)(?=\s*(?:[.,;!?]|$)| (?:and|in|on|into|to|at|with|by|for|of) )",
    re.IGNORECASE,
)
_ONE = re.compile(r"\b(?:an?|one|single|own)\b", re.IGNORECASE)
# What stands before a colon: 'each open bug: severity and component', 'with each of them do this: …'
_EACH_HEADING = re.compile(
    r"(?P<start>^|[.;!?]\s+|\s*\n\s*)(?:for |with |do this (?:for|with) |do the following (?:for|with) )?(?P<each>(?:each|every)(?: one)?(?: of)?(?: [\w'-]+){0,5}?)(?: do (?:this|the following|that|so))?:\s+",
    re.IGNORECASE,
)
# 'do this for each of them: …' within a sentence
_DO_THIS = re.compile(
    r"\b(?:do|repeat) (?:this|that|the following|the same|it|so)(?: things?| steps?)? (?:for|with) (?P<each>(?:each|every|all)\b[^.,;:!?]*):\s+",
    re.IGNORECASE,
)
# All things of a kind at the head of a sentence: 'for all overdue books: send a reminder'
_FOR_ALL = re.compile(
    r"(?P<start>^|[.;!?]\s+|\s*\n\s*)(?:do this |do the following )?for all (?:of )?(?:the |our |my |these |those )?(?P<things>(?:[\w'-]+ ){0,4}?[a-z'-]+[^s\W]s(?: (?:in|of|from|on|with|without) [\w' -]{2,30}?)?)(?::|,)\s+(?=[a-z]+ )",
    re.IGNORECASE,
)
# '…; and that for every tenant', '… Repeat this for each of them.'
_AND_THAT = re.compile(
    r"(?:(?<=[.!?]\s)|\A)(?P<acts>[^.!?]{8,300}?)(?:\s*[;,.]|\s+[-\u2013\u2014])\s+(?:and )?(?:(?:please )?(?:do|repeat|run through|go through|carry out) )?"
    r"(?:all (?:of )?)?(?:this|that|it|the same|these steps|those steps|the steps|the whole thing)(?: (?:is|should be|has to be|must be) (?:done|repeated))? (?:for|with) (?P<each>(?:each|every)\b[^.!?:]*?)(?=[.!?]|$)",
    re.IGNORECASE,
)
# 'every one of the photos must be tagged and stored in the archive'
_EVERY_SHOULD = re.compile(
    rf"{_START}(?P<each>(?:each|every)(?: single)?(?: one)?(?: of)? (?:(?! and | needs? | gets? | wants? )[^.;:!?,]){{2,80}}?) (?:should|must|shall|has to|have to|needs to|is to|are to|ought to|will)"
    r"(?: then| first| also)? (?P<act>(?:be|get|have) [^.;:!?]+)",
    re.IGNORECASE,
)
# 'each of these gets labelled', 'every one of the essays is graded'
_EVERY_IS = re.compile(
    rf"{_START}(?P<each>(?:each of|every one of|every single)(?: [\w'-]+){{1,6}}?) (?P<act>(?:is|gets|receives|becomes) [^.;:!?]+)",
    re.IGNORECASE,
)
# 'Everybody who signed up gets a confirmation'
_EVERYBODY = re.compile(
    r"(?P<start>^|[.;!?]\s+)(?P<who>whoever|(?:everybody|everyone|anyone|anybody|all those|each person|every person|all people) (?:who|that)) (?P<condition>[^.;:!?,]{3,70}?),? "
    r"(?P<verb>gets?|receives?|is to|are to|shall|should|must|has to|needs to|will)(?: then| also)? (?P<act>[^.;!?]+)",
    re.IGNORECASE,
)
_SEVERAL_KINDS = re.compile(
    rf"\b(?:{REST}|otherwise)\b|\bwho(?:ever)?\b.*\bwho(?:ever)?\b", re.IGNORECASE | re.DOTALL
)
# 'find the sentiment of each'
_OF_EACH = re.compile(
    r"(?P<start>^|[.;:!?,]\s+|\band\s+|\bthen\s+)(?P<act>[a-z]+ (?:out )?(?:the|its|a|an)(?: (?!and\b)[\w'-]+){1,6}?) of each(?: one| of (?:them|these|those))?(?=\s*(?:[.,;!?]|$)| and )",
    re.IGNORECASE,
)
# 'need', 'feed' and 'seed' are no participles.
LONGEST_BARE = 4
_JOINT = re.compile(r"(,?\s+and then\s+|,?\s+and\s+|,\s+then\s+|,\s+)")
# 'the amount entered in the sheet'
_THING_DONE = re.compile(
    r"^(?P<what>(?:the|its|their|an?) (?:[\w-]+ ){0,2}?[\w-]+) (?P<verb>[a-z]+ed)\b(?P<rest>.*)$",
    re.IGNORECASE,
)
_MODAL_GET = re.compile(r"^(?:get|receive)(?= (?:an?|the|their|its|his|her)\b)", re.IGNORECASE)


def with_every(text: str) -> str:
    """`text` with what is told of every thing as 'for each …, …'."""
    text = _DO_THIS.sub(r"for \g<each>, ", text)
    text = _EACH_HEADING.sub(r"\g<start>for \g<each>: ", text)
    text = _FOR_ALL.sub(r"\g<start>for each of the \g<things>: ", text)
    text = _AND_THAT.sub(_for_all_of_it, text)
    text = _EVERYBODY.sub(_everybody, text)
    text = _EVERY_IS.sub(_every, _EVERY_SHOULD.sub(_every, text))
    return _OF_EACH.sub(_of_each, text)


def with_per(text: str) -> str:
    """`text` with 'per order, …' and 'one ticket per finding' as 'for each …, …'."""
    return _PER_BEHIND.sub(_per_behind, _PER.sub(_per, text))


def _per(match: re.Match[str]) -> str:
    return f"{match['start']}for each {match['thing'] or match['other']}, "


def _per_behind(match: re.Match[str]) -> str:
    act = match["act"]
    is_thing = act.lower().startswith("one ") and "," not in match["start"]
    is_told = is_thing or starts_with_verb(act, is_first=True)
    is_one = _ONE.search(act) or act.lower().startswith("arrange ")
    if not is_told or not is_one:
        return match.group()
    told = f"make {act[0].lower()}{act[1:]}" if act.lower().startswith("one ") else act
    return f"{match['start']}for each {match['thing']}, {told}"


def _for_all_of_it(match: re.Match[str]) -> str:
    if re.search(r"\b(?:each|every)\b", match["acts"], re.IGNORECASE):
        return match.group()
    acts = match["acts"].strip()
    return f"for {match['each'].strip()}, {acts[0].lower()}{acts[1:]}"


def _every(match: re.Match[str]) -> str:
    """'every one of the photos', 'be tagged and stored' → 'for every one of the photos, tag it and store it'."""
    act = re.sub(
        r"^(?:be|is|gets|become) (?=\w+(?:ed|en|t)\b)", "", match["act"], flags=re.IGNORECASE
    )
    parts = _JOINT.split(act)
    if not is_participle(parts[0].split()[0]) and act == match["act"] and not _MODAL_GET.match(act):
        return match.group()
    each = f"{match['each'][0].lower()}{match['each'][1:]}"
    return f"{match['start']}for {each}, {_told_of_it(parts)}"


def _told_of_it(parts: list[str]) -> str:
    return "".join(part if at % 2 else _instruction(part) for at, part in enumerate(parts))


def _instruction(part: str) -> str:
    """'be tagged in red' → 'tag it in red', 'get a label' → 'it gets a label'; 'print it' stays."""
    plain = re.sub(r"^(?:be|gets?|is) (?=\w+(?:ed|en|t)\b)", "", part, flags=re.IGNORECASE)
    verb, _, rest = plain.partition(" ")
    if is_participle(verb) or _is_done(verb):
        return f"{_plain_verb(verb)} it {rest}".strip()
    if (thing := _THING_DONE.match(plain)) and _is_done(thing["verb"]):
        return f"{_plain_verb(thing['verb'])} {thing['what']}{thing['rest']}"
    if _MODAL_GET.match(part):
        is_message = bool(set(tokens(part)) & MESSAGES)
        return _MODAL_GET.sub("send it" if is_message else "make it", part)
    return part


def _is_done(word: str) -> bool:
    """'stored': behind 'be tagged and …' every participle tells what is to be done."""
    return word.lower().endswith("ed") and len(word) > LONGEST_BARE


def _plain_verb(participle: str) -> str:
    """'tagged' → 'tag', 'indexed' → 'index'."""
    return infinitive(participle.lower()) or participle.removesuffix("ed")


def _everybody(match: re.Match[str]) -> str:
    """'everybody who signed up', 'gets', 'a mail' → 'for each of those who signed up, it gets a mail'."""
    if _SEVERAL_KINDS.search(match.string[match.end("who") :]):
        return match.group()
    is_getting = match["verb"].lower().startswith(("get", "receive"))
    parts = _JOINT.split(match["act"])
    told = happening("gets", f" {match['act']}") if is_getting else _told_of_it(parts)
    return f"{match['start']}for each of those who {match['condition']}, {told}"


def _of_each(match: re.Match[str]) -> str:
    if not starts_with_verb(match["act"], is_first=True):
        return match.group()
    return f"{match['start']}for each of them, {match['act'][0].lower()}{match['act'][1:]}"
