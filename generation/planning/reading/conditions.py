"""Conditions said without 'if': 'should it fail', 'does it look novel, then', 'with a medium rating', 'a score above 8 means'."""

import re

from generation.planning.language.verbs import base_form, infinitive, starts_with_verb
from generation.planning.language.words import stem
from generation.planning.reading.kinds import cut, opening, replaced

# 'Only when it says so, start the pump' · 'and only if'
_ONLY = re.compile(
    r"(?P<start>^|[.;:!?,]\s*|\s)(?:and |but )?(?:only|just|exactly) (?:if|when|in case)\b",
    re.IGNORECASE,
)
# 'Only when all three are in should somebody write the memo': an order, told the other way round
_ARE_THERE = r"(?:all (?:of (?:it|them|this) |three |two |four )?|both |everything |they |these |the two |the three )(?:[\w-]+ ){0,2}?(?:is|are|has been|have been) (?:all )?(?:in|there|here|done|ready|back|finished|complete|completed|available|through|known|\w+ed)"
_ONLY_ONCE = re.compile(
    rf"(?P<start>^|[.;:!?,]\s*|\s)(?:and |but )?only (?:when|once|after|as soon as) (?P<condition>{_ARE_THERE}),?(?: (?:should|may|can|must|shall|will|does|do) (?P<who>somebody|someone|we|you|i|(?:the|an?|our) [\w-]+(?: [\w-]+)?)(?= [a-z]+))?",
    re.IGNORECASE,
)
# 'Publish it only once the check passes; as long as it does not, edit it again and check it again.'
_ONLY_AFTER_LOOP = re.compile(
    r"(?P<start>^|[.!?]\s+)(?P<act>[^.;!?]+?) only (?:once|when|after|if) (?P<condition>[^.;,!?]+?)(?:[;.,]|\s+[-\u2013\u2014])\s+(?:and )?"
    r"(?:as long as (?:it|that|this|she|he|they) (?:does|do|is|has|have|are)(?: not|n['\u2019]t)|until (?:then|it does|that happens|that is the case)|if not|otherwise),? (?P<work>[^.;!?]*?\b(?:again|once more|anew)\b[^.;!?]*)",
    re.IGNORECASE,
)
_AGAIN = re.compile(r",? (?:again|once more|anew)\b", re.IGNORECASE)
# 'only if it passes do you update the page'
_ONLY_IF_DO = re.compile(
    r"\bonly (?:if|when|in case) (?P<condition>[^.,;:!?]{3,60}?),? (?:do|does|should|may|can|must|shall|will) (?:you|we|i|they|somebody|someone) (?:also |then )?(?=[a-z]+ )",
    re.IGNORECASE,
)
# 'The moment it is over 40 °C, …'
_THE_MOMENT = re.compile(
    r"(?P<start>^|[.;!?]\s+|,\s+(?:and |but )?)the (?:moment|minute|instant|second) (?:that )?(?=[^.,;!?]{3,60},)",
    re.IGNORECASE,
)
# 'go through the claims, and whenever the money is there, mail them': within a request it is a condition.
_WHENEVER = re.compile(
    r"(?<=[\w,;] )(?:(?P<and>and |but )?whenever|(?:and |but )?wherever)\b", re.IGNORECASE
)
# 'get the marks; where somebody is at risk, write to the parents'
_WHERE = re.compile(
    r"(?<=[;,.] )where (?=(?:it|they|there|somebody|someone|something|anything|the|an?|any|no)\b[^,.;!?]{0,60}?\b(?:is|are|has|have|needs?|does|do|was|were|lacks?|fails?|exceeds?)\b[^,.;!?]{0,60},)",
    re.IGNORECASE,
)
# 'settle it, which means working out its worth, writing an offer and paying it'
_WHICH_MEANS = re.compile(
    r",? (?:which|that) (?:means|involves|includes|comes down to):? (?=[a-z]+ing\b)(?P<acts>[^.;!?]+)",
    re.IGNORECASE,
)
# 'decide if it fits' asks a question; 'tell me if it fails' is a condition.
_QUESTION = re.compile(
    r"\b(?P<verb>decide|check|see|find out|determine|judge|verify|work out|figure out|assess|evaluate|test|examine|estimate) if\b",
    re.IGNORECASE,
)
# 'if yes refund it, if no mail the reason'
_IF_YES = re.compile(
    r"\bif (?:yes|so)(?: (?:for|in|with) (?:both|all|each)(?: (?:of them|cases|\w+s))?)?(?:,|\s+then,?)?\s+(?=[a-z])",
    re.IGNORECASE,
)
_IF_NO = re.compile(
    r"\bif (?:no|not)(?:,|\s+then,?)?\s+(?=[a-z])(?!longer\b|more\b|one\b|body\b)", re.IGNORECASE
)
# 'Does it look novel, then publish it' · 'Is it urgent? Page the doctor'
_INVERTED = re.compile(
    r"(?P<start>^|[.;:!?]\s+)(?:and |but )?(?P<verb>does|do|did|is|are|has|have|was|were|should) "
    r"(?P<who>it|they|this|that|there|he|she|something|anything|nothing|everything|all|(?:the|an?|our|any) [\w-]+(?: [\w-]+)?) "
    r"(?P<rest>[^.,;:!?]{2,70}?)(?:\?|,)\s+(?:then,?\s+)?(?P<act>[^.;!?]+)",
    re.IGNORECASE,
)
_LOOP = re.compile(r"for (?:each|every|all)\b", re.IGNORECASE)
# 'if all is green may the build be deployed'
_MAY_BE = re.compile(
    r"\b(?P<head>if|when|once|as soon as) (?P<condition>[^.,;:!?]{3,70}?) (?:may|can|should|must|shall) (?P<what>(?:the|an?|our|its) [\w -]{2,40}?) be "
    r"(?P<verb>[a-z]+)\b",
    re.IGNORECASE,
)
_RATED = r"(?:rating|risk|score|result|verdict|outcome|answer|mood|sentiment|priority|status|severity|urgency|grade|confidence|tone)"
# 'With a medium rating, ask compliance'
_WITH = re.compile(
    rf"(?P<start>^|[.;:!?]\s+|,\s+(?:and |but )?)(?:with|at|for|on|in) (?:(?:an? |the )?(?P<quality>(?!(?:each|every|this|that|any|no|which|the|another)\b)[\w-]+) (?:{_RATED}|one)|(?:an? )?(?P<level>(?-i:[A-Z]{{1,4}})-?\d)\b),? (?P<act>[^.;!?]+)",
    re.IGNORECASE,
)
# 'A score above 0.8 means …' · 'Finding nothing calls for …'
_MEANS = re.compile(
    r"(?P<start>^|[.;!?]\s+|,\s+(?:and |but )?)(?P<condition>(?:an?|any|the|no|finding|getting|seeing|less|more|fewer|under|over|below|above|up to|at (?:least|most)) "
    r"(?:[^.,;:!?]|(?<=\d)[.,](?=\d)){3,60}?|[A-Z]\w+ \w+s) "
    r"(?:means?(?: that)?:?|calls? for|leads? to|results? in|triggers?|requires?|(?:makes?|making) it necessary to) (?:(?:we|you|i|somebody|someone) )?(?P<act>[^.,;!?]+)",
    re.IGNORECASE,
)
_ELSE_COLON = re.compile(
    r"(?P<start>^|[.;!?,]\s+|\n)(?:else|otherwise)\s*(?::|-+>|=+>|\u2192)\s*", re.IGNORECASE
)
# 'if it is broken it is scrapped': a comma where the subject comes again.
_NO_COMMA = re.compile(
    r"\b(?P<head>if|when|unless|in case) (?P<condition>[^,.;:!?]{4,80}?(?<!that)(?<!whether)(?<!and)(?<!or)(?<!than)(?<!what)(?<!how)(?<!which)(?<!as)(?<!if)(?<!so)) "
    r"(?P<main>(?:i|we) (?:want|need|would like)\b[^.;:!?]*|(?:it|they|she|he) (?:is|are|goes|go|gets?|should|must|can|may|will|has to|have to|needs?|becomes?|stays?) [^,.;:!?]*)(?=[.;!?]|$|,\s+(?:and |but )?(?:if|when|otherwise|else|unless)\b)",
    re.IGNORECASE,
)
# 'reserve it if yes, order it if no'
_YES_BEHIND = re.compile(
    r"(?:^|(?<=[,.;:!?]))(?P<first>[^,.;:!?]{1,100}?) if (?:yes|so|it is),? (?:and |or |but )?(?P<second>[^,.;:!?]{1,100}?) if (?:no|not|it is not|it isn't)(?=[.;!?]|$)",
    re.IGNORECASE,
)
# 'Is it in stock? If so, …'
_ASKED = re.compile(
    r"(?P<start>^|[.;:!?]\s+)(?:and )?(?P<be>is|are|does|do|has|have|can) (?P<who>(?:the|an?|our|its|their) [\w-]+|it|they|there|this|that|he|she|anyone|anybody|something) (?P<rest>[^.?!;]{2,80})\?\s+"
    r"(?=if (?:so|yes|not?|it is so|it is|it does)\b|otherwise\b)",
    re.IGNORECASE,
)
# 'check whether it is abusive, in which case …'
_NOT_TO = re.compile(r"^(?:do not|don't|never) ", re.IGNORECASE)
_WHETHER_SO = re.compile(r"\s*[,;]\s+in which case,? ", re.IGNORECASE)
_HAPPENS = re.compile(
    r"\b(?:is|are|has to|have to|should|must|gets?|goes|there will be)\b", re.IGNORECASE
)


# 'approve it unless he has no leave left, in which case reject it'
_IN_WHICH_CASE = re.compile(
    r"(?P<start>^|[.;:!?]\s+|,\s+)(?P<act>[^.;:!?,]+?) (?P<head>unless|if) (?P<condition>[^.;:!?,]+), in (?:which|that) case (?P<other>[^.;!?]+)",
    re.IGNORECASE,
)


# 'remind him, except when he has paid'
_EXCEPT = re.compile(r",?\s+(?:except|but not|only not) (?:when|if|where|in case)\b", re.IGNORECASE)
# 'Generate it. Not good enough? Generate it again.'
_NOT_SO = re.compile(
    r"(?P<start>[.;!?]\s+)not (?P<quality>[\w' -]{2,30})\?\s+(?:then )?(?P<act>[^.;!?]+)",
    re.IGNORECASE,
)
# 'in case of rain move it inside'
_MUST = re.compile(
    r"(?:the|our|all|every|an?|it|they|its) (?:[\w'-]+ ){0,3}?(?:must|should|shall|has to|have to|needs? to|is to|are to|is|are|gets?) ",
    re.IGNORECASE,
)
_IN_CASE_OF = re.compile(
    r"\bin (?:(?:the )?case|the event) of (?P<what>(?:an? |the )?[\w-]+(?: [\w-]+)??),? (?P<act>[a-z]+ [^.;!?]+)",
    re.IGNORECASE,
)


def with_inversions(text: str) -> str:
    """`text` with 'should it fail, …' as 'if it fail, …'."""
    text = _ONLY_AFTER_LOOP.sub(_only_after_loop, _ONLY_ONCE.sub(_only_once, text))
    text = _THE_MOMENT.sub(r"\g<start>when ", _ONLY_IF_DO.sub(r"if \g<condition>, ", text))
    text = _YES_BEHIND.sub(_yes_first, _EXCEPT.sub(" unless", text))
    text = _IN_CASE_OF.sub(_in_case_of, _NOT_SO.sub(_not_so, text))
    text = _ASKED.sub(r"\g<start>check whether \g<who> \g<be> \g<rest>. ", text)
    return _INVERTED.sub(_inverted, _MAY_BE.sub(_may_be, text))


def with_conditions(text: str) -> str:
    """`text` with conditions that other words tell as 'if …, …'."""
    text = _IN_WHICH_CASE.sub(_in_which_case, text)
    text = _WHERE.sub("if ", _WHETHER_SO.sub(". If so, ", text))
    text = _WHENEVER.sub("if", _WHICH_MEANS.sub(_spelt_out, text))
    text = _ONLY.sub(r"\g<start>if", _QUESTION.sub(r"\g<verb> whether", text))
    text = _NO_COMMA.sub(r"\g<head> \g<condition>, \g<main>", text)
    text = _IF_NO.sub(_otherwise, _IF_YES.sub(_if_so, text))
    text = _MEANS.sub(_means, replaced(_WITH, _with, text))
    return _ELSE_COLON.sub(r"\g<start>otherwise ", text)


def _only_once(match: re.Match[str]) -> str:
    who = match["who"] or ""
    is_doer = len(who.split()) > 1
    return f"{match['start']}once {match['condition']},{f' have {who}' if is_doer else ''}"


def _only_after_loop(match: re.Match[str]) -> str:
    """'publish it only once the check passes; as long as it does not, edit it again' → 'edit it until the check passes. Then publish it'."""
    act, work = match["act"].strip(), _AGAIN.sub("", match["work"]).strip()
    work = re.sub(r"\band ([a-z]+)$", r"and \1 it", work)
    if not (starts_with_verb(act, is_first=True) and starts_with_verb(work, is_first=True)):
        return match.group()
    return f"{match['start']}{work} until {match['condition']}. Then {act[0].lower()}{act[1:]}"


def _not_so(match: re.Match[str]) -> str:
    if not starts_with_verb(match["act"], is_first=True):
        return match.group()
    act = match["act"]
    return f"{match['start']}If it is not {match['quality']}, {act[0].lower()}{act[1:]}"


def _in_case_of(match: re.Match[str]) -> str:
    is_instruction = starts_with_verb(match["act"]) or _MUST.match(match["act"])
    return f"if there is {match['what']}, {match['act']}" if is_instruction else match.group()


def _in_which_case(match: re.Match[str]) -> str:
    """'approve it unless it is late, in which case reject it' → 'unless it is late, approve it, otherwise reject it'."""
    act = match["act"].strip()
    if not starts_with_verb(act, is_first=True):
        return match.group()
    if match["head"].lower() == "if":
        return f"{match['start']}if {match['condition']}, {act} and {match['other']}"
    return f"{match['start']}unless {match['condition']}, {act}, otherwise {match['other']}"


def _yes_first(match: re.Match[str]) -> str:
    first, second = match["first"].strip(), match["second"].strip()
    if not starts_with_verb(first, is_first=True):
        return match.group()
    gap = match["first"][: len(match["first"]) - len(match["first"].lstrip())]
    return f"{gap}if so, {first[0].lower()}{first[1:]}, otherwise {second}"


def _spelt_out(match: re.Match[str]) -> str:
    """'settle it, which means working out its worth and writing an offer' → 'settle it: work out its worth and write an offer'."""
    acts = re.sub(r",\s+(?=[a-z]+ing\b)", ", and ", match["acts"])
    return f", {_imperative(acts).replace(', and ', ', ')}"


def _if_so(match: re.Match[str]) -> str:
    return f"{match.group()[:2]} it is so, " if _leads(match) else match.group()


def _otherwise(match: re.Match[str]) -> str:
    return "otherwise " if _leads(match) else match.group()


def _leads(match: re.Match[str]) -> bool:
    """Whether an instruction follows."""
    following = _NOT_TO.sub("", match.string[match.end() :][:80])
    return starts_with_verb(following, is_first=True)


def _with(match: re.Match[str]) -> str:
    act, separator, others = cut(_WITH, match["act"])
    if not (starts_with_verb(act) or _HAPPENS.search(act)):
        return match.group()
    told = match["level"] or match["quality"].lower()
    return f"{opening(match['start'])}If it is {told}, {act}{separator}{others}"


def _means(match: re.Match[str]) -> str:
    condition, act = match["condition"], _imperative(match["act"])
    there = "are" if re.match(r"[A-Z]\w+ \w+s$", condition) else "is"
    return f"{opening(match['start'])}If there {there} {_lower(condition)}, {act}"


def _lower(text: str) -> str:
    return re.sub(r"^(?:finding|getting|seeing) ", "", text[:1].lower() + text[1:])


def _imperative(act: str) -> str:
    """'triggering an incident and rolling back' → 'trigger an incident and roll back'."""
    act = re.sub(
        r"^(?:two|three|several) things(?: at once)?,? (?:namely|that is|i\.?e\.?)?:? ?",
        "at once ",
        act,
    )

    def plain(match: re.Match[str]) -> str:
        verb = infinitive(match["verb"].lower(), match["next"])
        return f"{match['before']}{verb}" if verb else match.group()

    return re.sub(
        r"(?P<before>^|\b(?:and|or|once) )(?P<verb>[a-z]+ing)\b(?=(?: (?P<next>[a-z]+))?)",
        plain,
        act,
    )


def _inverted(match: re.Match[str]) -> str:
    if not (starts_with_verb(match["act"], is_first=True) or _LOOP.match(match["act"])):
        return match.group()
    verb = match["verb"].lower()
    verb = "" if verb == "should" else f"{verb} "
    return f"{match['start']}If {match['who']} {verb}{match['rest']}, {match['act']}"


def _may_be(match: re.Match[str]) -> str:
    verb = base_form(stem(match["verb"].lower()))
    return (
        f"{match['head']} {match['condition']}, {verb} {match['what']}" if verb else match.group()
    )
