"""Ways of asking that are no instructions, turned into ones: 'X should check it', 'the others get a reply', 'Urgent: page'."""

import re

from generation.planning.language.verbs import base_form, starts_with_verb, verb_at
from generation.planning.language.words import stem
from generation.planning.reading.cases import with_cases
from generation.planning.reading.conditions import with_inversions
from generation.planning.reading.each import with_each
from generation.planning.reading.earlier import with_earlier
from generation.planning.reading.every import with_every, with_per
from generation.planning.reading.gaps import without_gaps
from generation.planning.reading.idioms import without_idioms
from generation.planning.reading.notation import without_notation
from generation.planning.reading.requests import as_instruction
from generation.planning.reading.rounds import with_rounds
from generation.planning.reading.side_by_side import with_side_by_side

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
# 'go through them one by one. Anyone under 18 …': the decision that follows is made for each
_EACH_ALONE = re.compile(
    r"(?P<each>(?:^|[.;:!?,]\s+|\b(?:and|then)\s+)for each of (?:them|these|those|the [\w' -]{2,40}))\.\s+(?=if\b)"
)
_ENOUGH = re.compile(
    r"\b(?:it (?:is|will be|would be) (?:enough|sufficient|fine)|it suffices) (?:to|if (?:you|we)) ",
    re.IGNORECASE,
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
_SHORT_FORMS = {
    "&": "and",
    "w/": "with",
    "w/o": "without",
    "+": "and",
    "thru": "through",
    "pls": "please",
    "plz": "please",
    "els": "else",
    "thx": "thanks",
}
_SHORTHAND = re.compile(r"(?:(?<=\s)|^)(&|w/|w/o|\+|thru|pls|plz|els|thx)(?=\s)", re.IGNORECASE)
# 'It would be lovely if it were posted' → 'it is posted'
_WISH = re.compile(
    r"(?P<start>^|[.!?]\s+)(?:it would|it'd|that would|would) be (?:\w+ )?(?:lovely|nice|great|good|helpful|ideal|perfect|wonderful|cool|best) if "
    r"(?P<who>[\w' ]{2,40}?) (?:were|was|is|could be|would be|gets?|got)(?: also)? ",
    re.IGNORECASE,
)
# 'escalate by creating an incident' → 'create an incident'
_BY_DOING = re.compile(
    r"\b(?P<verb>[a-z]+)(?: (?:it|them|this|that))? by (?P<doing>[a-z]+ing) (?=(?:an?|the|our|it|them|him|her)\b)",
    re.IGNORECASE,
)


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


# 'Either way the applicant gets an e-mail': a comma where a description begins
_OPENED = re.compile(
    r"(?P<word>(?:^|(?<=[.;!?]\s))(?:either way|in (?:any|either|every|both) cases?|finally|lastly|at the (?:very )?end|in the end|afterwards|after that|as soon as that is done|last of all))\s+(?=(?:the|an?|all|our|every|each)\b)",
    re.IGNORECASE,
)


def in_plain_words(text: str) -> str:
    """`text` with indirect requests as instructions; what stands in quotes stays as it is."""
    text = with_side_by_side(_SHORTHAND.sub(_in_full, _ABBREVIATED.sub(r"\g<short>", text)))
    text = with_earlier(without_idioms(_without_asides(text)))
    text = _THROUGH.sub(lambda match: f"for each of {_things(match)}, ", text)
    text = _THINGS_MADE.sub(_made_each, text)
    text = _FROM_FIRST.sub(_verb_first, text)
    text = _EACH_ONE.sub(r"for each of them, \g<verb>it \g<be>", text)
    text = _CONTRACTED.sub(
        lambda match: f"{match['who']} {'is' if match['be'] == 's' else 'are'}", text
    )
    text = _EACH_INSIDE.sub(_each_first, text)
    text = _ENOUGH.sub("", text)
    text = _WISH.sub(lambda match: f"{match['start']}{match['who']} is ", text)
    text = _ONLY_THOSE.sub(_only_those, text)
    text = _ONLY_A_MESSAGE.sub(r"\g<start>send \g<what>", text)
    text = _OPENED.sub(r"\g<word>, ", text)
    text = _EITHER_WAY.sub(r". In any case, \g<act>", text)
    text = _BY_DOING.sub(_by_doing, text)
    text = _MAKE_SURE.sub("check that ", text)
    text = _LEAVE_ALONE.sub(r"do not touch \g<what>", text)
    text = with_rounds(with_inversions(with_each(with_every(text))))
    text = with_cases(without_notation(without_gaps(text)))
    text = with_per(text)
    cut = ["", *_CLAUSE.split(text)]
    clauses = [
        separator + as_instruction(clause, is_governed=bool(_GOVERNOR.match(clause)))
        for separator, clause in zip(cut[::2], cut[1::2], strict=True)
    ]
    return _EACH_ALONE.sub(r"\g<each>, ", "".join(clauses))


def _in_full(match: re.Match[str]) -> str:
    return _SHORT_FORMS[match.group(1).lower()]


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
