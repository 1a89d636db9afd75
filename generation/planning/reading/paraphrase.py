"""Ways of asking that are no instructions, turned into ones: 'X should check it', 'the others get a reply', 'Urgent: page'."""

import re

from generation.planning.language.verbs import base_form, starts_with_verb, verb_at
from generation.planning.language.words import stem, tokens
from generation.planning.reading.cases import with_cases
from generation.planning.reading.conditions import with_inversions
from generation.planning.reading.happening import MESSAGES, instruction
from generation.planning.reading.idioms import without_idioms
from generation.planning.reading.rounds import with_each, with_rounds

_ASIDE = re.compile(r"\s*\((?!\d)[^()]{1,80}\)")
# The full stop of 'Mrs. Lindqvist' and 'Brandt vs. Kohl' ends no sentence.
_ABBREVIATED = re.compile(r"\b(?P<short>Mr|Mrs|Ms|Dr|Prof|St|vs|No|approx|incl)\.(?= [A-Z\d])")
_QUOTED = re.compile(r"[\"“„«][^\"“”„«»]*[\"“”»]")
_CLAUSE = re.compile(
    r"(\s*[.!?;:]\s+|\s*\n\s*|\s*,\s+(?:(?:and|but|while|whereas|then|so)\s+)*|"
    r"\s+(?:and|but|while|whereas)\s+(?=(?:the|all|any|every|those|our|my|its|his|her|their|an?|(?:must|should|has to|have to|needs? to) (?:then |also )?be)\s))",
    re.IGNORECASE,
)
_GOVERNOR = re.compile(
    r"^(?P<head>(?:if|when(?:ever)?|once|after|before|unless|until|as soon as|in case|because|since|so that|that|which|"
    r"who|whether|where|every time|each time)\b)",
    re.IGNORECASE,
)
_THROUGH = re.compile(
    r"\b(?:go|work|run|look|step|walk) through (?P<things>[\w' -]{2,40}?),? (?:one by one|one at a time|one after (?:another|the other)|"
    r"individually|in turn)\b\s*(?:[:.;](?=\s)|,?\s+and\b|,)?",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"(?:them|these|those|it|all)\b", re.IGNORECASE)
_THINGS_SOMEWHERE = re.compile(r"\b([\w-]+s (?:in|from|on) (?:an?|the|our|my) \w+)", re.IGNORECASE)
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
# 'go through them one by one. Anyone under 18 …': the decision that follows is made for each
_EACH_ALONE = re.compile(
    r"(?P<each>(?:^|[.;:!?,]\s+|\b(?:and|then)\s+)for each of (?:them|these|those|the [\w' -]{2,40}))\.\s+(?=if\b)"
)
_ENOUGH = re.compile(
    r"\b(?:it (?:is|will be|would be) (?:enough|sufficient|fine)|it suffices) (?:to|if (?:you|we)) ",
    re.IGNORECASE,
)
_GOES = re.compile(
    r"^(?P<what>(?:the|those|that|this|these|all|everything|everybody else|everyone else|each|every|it|they|them|anything|[\w-]+ ones)\b[\w' -]{0,50}?) "
    r"(?:then |also |finally |just |simply )?(?:goes|go) (?:straight |right |directly )?(?P<where>(?:back )?(?:(?:in)?to|on(?:to)?|through|via|out)\b.*)$",
    re.IGNORECASE | re.DOTALL,
)
# 'give each guest a room' → 'assign a room to each guest'
_GIVE = re.compile(
    r"^(?:give|hand|assign) (?P<who>(?:each|every|the|all|any)(?: of)?(?: the)? [\w-]+(?: (?!an?\b)[\w-]+)?) (?P<what>an? .+)$",
    re.IGNORECASE | re.DOTALL,
)
_MAKE_SURE = re.compile(
    r"\b(?:make sure|see to it|be sure|verify|ascertain) (?:that )?(?=(?:the|no|all|every|each|it|they|nobody|there|nothing|our|an?)\b)",
    re.IGNORECASE,
)
_LEAVE_ALONE = re.compile(
    r"\b(?:leave|keep) (?P<what>(?:the|our|my|all)? ?[\w' -]{2,40}?) (?:alone|untouched|unchanged|as (?:it|they) (?:is|are)|out of (?:it|this))\b",
    re.IGNORECASE,
)


_CONTRACTED = re.compile(
    r"\b(?P<who>it|that|there|this|what|he|she|they|we|you)['\u2019](?P<be>s|re)\b(?= [a-z])",
    re.IGNORECASE,
)
# 'estimate for each of them whether …' → 'for each of them, estimate whether …'
_EACH_INSIDE = re.compile(
    r"\b(?P<verb>[a-z]+(?: (?:out|up))?) (?P<each>for (?:each|every)(?: of (?:them|these|those)| one| (?!of\b)\w+)) (?=(?:whether|what|which|how|who|an?|the)\b)",
    re.IGNORECASE,
)
# 'the money is refunded either way' → 'in any case, the money is refunded'
_EITHER_WAY = re.compile(
    r"(?P<start>^|[.;!?]\s+|,\s+(?:and |but )?)(?P<act>[^.,;:!?]{5,90}?),? (?:either way|in (?:any|either) case|in both cases|regardless|anyway|whatever happens|no matter what)(?=\s*(?:[.;!?]|$))",
    re.IGNORECASE,
)
# 'I want no upload, only a message with the names': what is to be sent
_ONLY_A_MESSAGE = re.compile(
    r"(?P<start>,\s+(?:but )?|[.;]\s+)(?:only|just|merely) (?P<what>an? (?:[\w-]+ ){0,2}?(?:message|mail|e-?mail|sms|text|note|post|letter)\b)",
    re.IGNORECASE,
)
# 'publish only those without errors' → 'if it is without errors, publish it'
_ONLY_THOSE = re.compile(
    r"(?P<start>^|[.;!?]\s+|,\s+(?:and |but )?(?:then )?|\s+and (?:then )?|\s+but )(?P<verb>[a-z]+(?: (?:out|on|up|in))?) (?:only|just) (?:those|the ones|what|whatever|the [\w-]+s) "
    r"(?P<how>that|which|who|with|without|above|below|over|under|from|whose)\b (?P<what>[^.;,!?]+)",
    re.IGNORECASE,
)
_SHORT_FORMS = {"&": "and", "w/": "with", "+": "and"}
_SHORTHAND = re.compile(r"\s(&|w/|\+)\s", re.IGNORECASE)
# 'It would be lovely if it were posted' → 'it is posted'
_WISH = re.compile(
    r"(?P<start>^|[.!?]\s+)(?:it would|it'd|that would|would) be (?:\w+ )?(?:lovely|nice|great|good|helpful|ideal|perfect|wonderful|cool|best) if "
    r"(?P<who>[\w' ]{2,40}?) (?:were|was|is|could be|would be|gets?|got)(?: also)? ",
    re.IGNORECASE,
)
# 'three things can happen side by side: …' → 'side by side …'
_SIDE_BY_SIDE = re.compile(
    r"(?P<start>^|[,.;]\s+)[^,.:;]{0,40}\b(?:things|steps|tasks|actions|jobs|following|all of (?:this|these|it)|everything)\b[^,.:;]{0,40}?"
    r"\b(?P<how>side by side|next to each other|in parallel|at the same time|simultaneously|concurrently|at once)[^,.:;]{0,20}:\s",
    re.IGNORECASE,
)
# 'escalate by creating an incident' → 'create an incident'
_BY_DOING = re.compile(
    r"\b(?P<verb>[a-z]+)(?: (?:it|them|this|that))? by (?P<doing>[a-z]+ing) (?=(?:an?|the|our|it|them|him|her)\b)",
    re.IGNORECASE,
)


_CHANNEL = re.compile(r"\b(?:by|via|per) (?:e-?mail|mail|sms|text|fax)\b")
# 'From the orders a plan and a tour should be made' → 'make a plan and a tour from the orders'
_FROM_FIRST = re.compile(
    r"(?P<start>^|[.!?;]\s+)(?P<place>(?:from|out of|based on|using|with) [^.,;!?]{3,60}?),? (?P<what>(?:an?|two|three) [^.,;!?]{2,80}?) "
    r"(?:should|must|shall|has to|have to|needs? to|is to|are to|can) be (?P<verb>[a-z]+(?:ed|de|ten|en|wn|lt))\b(?P<rest>[^.,;!?]*)",
    re.IGNORECASE,
)
# 'work out how late each one is going to be' is for each of them.
_EACH_ONE = re.compile(
    r"\b(?P<verb>[a-z]+(?: out)? (?:how|what|whether|which)\b[^.,;]*?)\b(?:each|every) (?:one )?(?P<be>is|are|will|has|was)\b",
    re.IGNORECASE,
)


# 'a header image, a translation and the posts are to be made' → 'make a header image, make a translation and make the posts'
_THINGS_MADE = re.compile(
    r"(?P<start>^|[.!?;]\s+|\b(?:after that|then|afterwards),? )(?P<things>(?:(?:an?|the|its|our|one) (?:[\w-]+ ){0,3}?[\w-]+, )+(?:an?|the|its|our|one) (?:[\w-]+ ){0,3}?[\w-]+,? and "
    r"(?:an?|the|its|our|one) (?:[\w-]+ ){0,3}?[\w-]+|(?:an?|the|its|our|one) (?:[\w-]+ ){0,2}?[\w-]+,? and (?:an?|one) (?:[\w-]+ ){0,2}?[\w-]+) "
    r"(?:are to be|should be|must be|have to be|are|need to be|shall be) (?:then |all |both )?(?P<verb>[a-z]+(?:ed|de|ten|wn|en))\b(?P<rest>[^.,;!?]*)",
    re.IGNORECASE,
)


def _made_each(match: re.Match[str]) -> str:
    verb = base_form(stem(match["verb"].lower()))
    if not verb:
        return match.group()
    things = re.split(r",\s+(?:and )?|\s+and\s+", match["things"])
    told = [f"{verb} {thing[0].lower()}{thing[1:]}" for thing in things]
    return f"{match['start']}{', '.join(told[:-1])} and {told[-1]}{match['rest']}"


def _verb_first(match: re.Match[str]) -> str:
    verb = base_form(stem(match["verb"].lower()))
    place = f"{match['place'][0].lower()}{match['place'][1:]}"
    told = f"{verb} {match['what']} {place}{match['rest']}"
    return f"{match['start']}{told}" if verb else match.group()


def _only_those(match: re.Match[str]) -> str:
    if not verb_at([stem(word) for word in match["verb"].lower().split()], 0)[0]:
        return match.group()
    how = match["how"].lower()
    told = (
        "it " if how in ("that", "which", "who") else "its " if how == "whose" else f"it is {how} "
    )
    start = re.sub(r",?\s+(?:and |but )?(?:then )?$", ", ", match["start"])
    return f"{start}if {told}{match['what']}, {match['verb']} it"


def _each_first(match: re.Match[str]) -> str:
    is_verb = verb_at([stem(word) for word in match["verb"].lower().split()], 0)[0]
    return f"{match['each']}, {match['verb']} " if is_verb else match.group()


def _by_doing(match: re.Match[str]) -> str:
    verb = base_form(stem(match["doing"].lower()))
    is_instruction = verb_at([stem(match["verb"].lower())], 0)[0]
    return f"{verb} " if verb and is_instruction else match.group()


def in_plain_words(text: str) -> str:
    """`text` with indirect requests as instructions; what stands in quotes stays as it is."""
    text = without_idioms(_without_asides(_ABBREVIATED.sub(r"\g<short>", text)))
    text = _THROUGH.sub(lambda match: f"for each of {_things(match)}, ", text)
    text = _THINGS_MADE.sub(_made_each, text)
    text = _FROM_FIRST.sub(_verb_first, text)
    text = _EACH_ONE.sub(r"for each of them, \g<verb>it \g<be>", text)
    text = _CONTRACTED.sub(
        lambda match: f"{match['who']} {'is' if match['be'] == 's' else 'are'}", text
    )
    text = _EACH_INSIDE.sub(_each_first, text)
    text = _SHORTHAND.sub(lambda match: f" {_SHORT_FORMS[match.group(1).lower()]} ", text)
    text = _ENOUGH.sub("", text)
    text = _WISH.sub(lambda match: f"{match['start']}{match['who']} is ", text)
    text = _ONLY_THOSE.sub(_only_those, text)
    text = _ONLY_A_MESSAGE.sub(r"\g<start>send \g<what>", text)
    text = _EITHER_WAY.sub(r". In any case, \g<act>", text)
    text = _SIDE_BY_SIDE.sub(r"\g<start>at the same time, ", text)
    text = _BY_DOING.sub(_by_doing, text)
    text = _MAKE_SURE.sub("check that ", text)
    text = _LEAVE_ALONE.sub(r"do not touch \g<what>", text)
    text = with_cases(with_rounds(with_inversions(with_each(text))))
    cut = ["", *_CLAUSE.split(text)]
    clauses = [
        separator + _clause(clause, is_governed=bool(_GOVERNOR.match(clause)))
        for separator, clause in zip(cut[::2], cut[1::2], strict=True)
    ]
    return _EACH_ALONE.sub(r"\g<each>, ", "".join(clauses))


def _things(match: re.Match[str]) -> str:
    """What is gone through: for 'them', the last things in a place that were spoken of ('leads in a sheet')."""
    if not _PRONOUN.match(match["things"]):
        return match["things"]
    spoken = _THINGS_SOMEWHERE.findall(match.string[: match.start()])
    return spoken[-1] if spoken else match["things"]


def _without_asides(text: str) -> str:
    """Without '(ideally an agent)', unless an instruction or a quotation stands in it."""
    return _ASIDE.sub(
        lambda match: (
            match.group()
            if starts_with_verb(match.group()) or _QUOTED.search(match.group())
            else ""
        ),
        text,
    )


def _clause(text: str, *, is_governed: bool) -> str:
    bare = text.rstrip(" .!")
    if is_governed or not bare:
        return text
    if match := _OTHERWISE.match(text):
        return match.group() + _clause(text[match.end() :], is_governed=False)
    if match := _GIVE.match(bare):
        return f"assign {match['what']} to {match['who']}{text[len(bare) :]}"
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
