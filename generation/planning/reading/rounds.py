"""Loops told as going round: 'below nine it goes back to the writer', 'again as long as it is red', 'one at a time'."""

import re

from generation.planning.language.verbs import starts_with_verb

_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}  # fmt: skip
_COUNT = rf"(?:\d{{1,4}}|{'|'.join(_NUMBERS)})"
_ROUNDS = r"(?:rounds?|times|attempts?|tries|iterations?|passes|cycles?|loops|turns|revisions?|corrections?)"
# 'though never more than five rounds' → 'at most five times'
_LIMIT = re.compile(
    rf"[,;(]?\s*\b(?:(?:though|but|and|with) )?(?:(?:for )?(?:a )?max(?:imum)?(?: of)?|at (?:the )?(?:very )?most|up to|(?:but )?no more than|"
    rf"(?:but )?(?:never|not) more(?: often)? than) (?P<count>{_COUNT}) (?:such |more |further )?{_ROUNDS}(?: in total)?\)?",
    re.IGNORECASE,
)
_LIMIT_BEHIND = re.compile(
    rf"[,(]\s*(?:with )?(?P<count>{_COUNT}) {_ROUNDS} (?:at (?:the )?(?:very )?most|max(?:imum)?|tops)\)?",
    re.IGNORECASE,
)
# '…, but give up after the fifth go'
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10}  # fmt: skip
_GIVE_UP = re.compile(
    rf"\s*[,;(\u2013\u2014-]?\s*\b(?:but |and |or )?(?:give up|stop|quit|leave it|call it a day|abort)(?: (?:trying|it|there|anyway|at the latest))? after (?:(?P<count>{_COUNT})|the (?P<ordinal>{'|'.join(_ORDINALS)})) (?:{_ROUNDS}|go(?:es)?|tr(?:y|ies)|attempt|time|round)\)?",
    re.IGNORECASE,
)
_IT = r"(?:it|them|that|this|(?:the|our|his|her|its) (?:[\w-]+ ){0,2}?[\w-]+)"
_THEY = r"(?:it|they|that|this|(?:the|our|his|her|its) (?:[\w-]+ ){0,2}?[\w-]+)"
# What goes back to somebody outside is no further round.
_NO_STRANGER = (
    r"(?! ?to (?:(?:the|our|their|his|her|its|an?) )?(?:[\w-]+ )?(?:customer|client|sender|supplier|vendor|buyer|seller|shop|store|user|requester|applicant|"
    r"candidate|employee|guest|patient|bank|manufacturer|warehouse|owner|parents?)\b)"
)
# What sends the work round once more, with where it goes.
_BACK = (
    r"(?:(?:then |just |simply |please )?(?:"
    rf"(?!the (?:money|payment|amount|sum)){_THEY} (?:then |just |simply )?(?:(?:must |should |has to |have to |needs to )?go(?:es)?|(?:is|are|gets?) (?:sent|passed|handed|returned)|returns) (?:straight |right )?back(?! (?:in)?to (?:the )?(?:stock|inventory|shelf|shelves|pool|queue|store)\b)(?= (?:to|for|and|with)\b|[.,;!?]|$){_NO_STRANGER}|"
    rf"(?:send|pass|hand|give|return|take) {_IT} (?:straight |right )?back(?= (?:to|for|and|until|with)\b){_NO_STRANGER}|"
    r"(?:go|jump|loop|start|return|step) (?:straight |right )?(?:back|over)\b(?! (?:the|an?|our|all|each|every)\b)|"
    r"(?:go|do|start|try|run|loop)(?: (?:it|this|that))?(?: (?:round|over|through))? again\b|"
    rf"(?:rewrite|rework|revise|redo|redraft|improve|polish) {_IT} (?:and (?:check|test|try|score|review|rate|run) (?:it )?again|once more|again)\b|"
    rf"(?:give {_IT} )?(?:another|one more|a further|a new) (?:round|pass|iteration|try|attempt|go|shot)\b|"
    rf"(?:write|do|make|try|run|check|look at|test|draw|generate|create) {_IT} (?:anew|again|once more|over)\b|"
    rf"(?:call|ring|ask|ping|poll|measure|fetch|query|scan|charge|submit|render|request|upload|download|connect)(?: {_IT})? (?:again|once more|anew)\b|"
    rf"retry\b(?: {_IT})?)"
    r"(?: (?:to|for|and|with|at(?! most)|through|round|from)\b[^.,;!?]*?)?)"
)
_WHILE = r"(?:if|when(?:ever)?|(?:for )?as long as|so long as|while|every time|each time)"
_NUMBER = rf"[$€£]?(?:\d[\d.,]*\d|\d)\s?%?|{_COUNT}"
_HEAD = r"(?:[,;.:]|\s[-\u2013\u2014])?\s*\b(?:(?:and|but|or|then) ){0,2}"
_BELOW_BACK = re.compile(
    rf"{_HEAD}(?:{_WHILE} (?:it|that|this|the \w+) (?:is |scores |gets |stays )?)?(?:below|under|less than|anything (?:below|under)) (?:an? )?"
    rf"(?P<number>{_NUMBER})(?: points?)?(?:,| -| means)? {_BACK}(?=[.,;!?]|$)",
    re.IGNORECASE,
)
_IF_BACK = re.compile(
    rf"{_HEAD}{_WHILE} (?P<condition>[^.;,:]{{2,90}}?),? {_BACK}(?=[.,;!?]|$| at most)",
    re.IGNORECASE,
)
_BACK_WHILE = re.compile(
    rf"{_HEAD}(?:{_BACK}|(?:redo|rework|rewrite|revise|redraft|rephrase|reword|refine|rerun|retry|fix|improve|polish|correct|edit) {_IT}|repeat|keep (?:on )?(?:going|trying|at it|[a-z]+ing {_IT}))(?P<most> at most \w+ times)?,? "
    rf"(?:for as long as|as long as|so long as|while|if|whenever) (?P<condition>[^.;,:]{{2,90}}?)(?=[.,;!?]|$)",
    re.IGNORECASE,
)
# 'measure it over and over as long as it is low'
_OVER_AND_OVER = re.compile(
    rf"(?P<often>\s(?:over and over(?: again)?|again and again|time and again|repeatedly|continuously|every (?:\w+ )?(?:seconds?|minutes?|hours?|days?))),? "
    rf"{_WHILE} (?P<condition>[^.;,:]{{2,90}}?)(?=[.,;!?]|$)",
    re.IGNORECASE,
)
# 'keep trying to reach it until …'
_KEEP_TRYING = re.compile(
    r"\b(?:keep (?:on )?|go on )(?:trying|attempting) to (?=[a-z])|\btry (?:again and again|over and over|repeatedly|several times) to (?=[a-z])",
    re.IGNORECASE,
)
_NOBODY = {"nobody": "somebody", "no one": "somebody", "nothing": "something"}
_NO = re.compile(r"^(?:nobody|no one|nothing)\b", re.IGNORECASE)
# 'Run the query. If it fails, fix it and run it again until it works': the loop begins with what is done again.
_FIX_UNTIL = re.compile(
    rf"[.;]\s+(?:if|when(?:ever)?|in case|should) (?P<condition>[^.;,:]{{2,60}}), (?P<work>[^.;,:]+?),? (?:and |then )+(?P<verb>[a-z]+)(?: {_IT})?,? (?:again|once more|anew),? (?P<until>until|till)\b",
    re.IGNORECASE,
)
# 'if the build breaks, fix it and start it again at most five times': who limits it repeats it
_IF_AGAIN = re.compile(
    rf"(?P<start>^|[.;,!?]\s+)(?:and |but )?(?:if|when(?:ever)?|should) (?P<condition>[^.;,:]{{2,70}}), (?P<work>[^.;:]+? (?:and|then)) (?P<verb>[a-z]+)(?P<it>(?: {_IT})?(?: (?:off|up|over))?) (?:again|once more|anew),?(?P<most> at most \w+ times)",
    re.IGNORECASE,
)
# 'Poll the job every minute; when it says done, download the result.'
_POLLED = re.compile(
    r"(?P<start>^|[.;!?,]\s+|\b(?:and|then) )(?P<act>(?:poll|ping|probe|keep (?:on )?(?:checking|asking|polling|watching|looking|pinging))\b(?:(?!\b(?:until|till)\b)[^.;!?])*?)(?:[;.,]|\s+[-\u2013\u2014]|,? and) (?:and )?(?:when|once|as soon as|if) (?P<condition>(?!not\b|so\b|[^.;,:!?]*\b(?:not|fails?|again)\b)[^.;,:!?]{2,70}), ",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:is|are|was|does|do|has|have|can|will)(?: not|n['\u2019]t) ", re.IGNORECASE)
_POSITIVE = {"does": "", "do": ""}
_STAYS = re.compile(r"\b(?:stays|remains)\b ?", re.IGNORECASE)
_STILL = re.compile(r"\b(?:still|yet)\b ?", re.IGNORECASE)
# 'have it checked, over and over, until it passes': the loop says so already.
_AND_AGAIN = re.compile(
    r",\s+(?:over and over(?: again)?|again and again|time and again|repeatedly|round after round),?(?=\s+(?:until|till)\b)",
    re.IGNORECASE,
)

# 'Take the first one, download it and file it. Do the same with the second …'
_SAME = re.compile(
    r"(?:take|start with|begin with|open) the first(?: one)?(?:,| and| -) (?P<act>[^.!?]+)[.!?]\s+(?:and )?(?:then )?(?:do|repeat|go on|continue)(?: the)? (?:same )?(?:with|for) "
    r"(?:the|all|every|each|any)[^.!?]*[.!?]?",
    re.IGNORECASE,
)
# Five rounds of something that follows a colon
_ROUNDS_OF = re.compile(
    rf"(?P<start>^|[.!?]\s+)(?:(?:do|run|make) )?(?P<count>{_COUNT}) {_ROUNDS}(?: of (?:this|that|the following))?:\s+(?P<act>[^.!?]+)",
    re.IGNORECASE,
)
# 'design it, test it - three rounds of this'
_ROUNDS_BEHIND = re.compile(
    rf"(?:\s*[,;:]|\s+[-\u2013\u2014])?\s+(?:for |in |and (?:do )?)?(?P<count>{_COUNT}) {_ROUNDS}(?: of (?:this|that|it|these|those)| in (?:all|total|a row))?(?=\s*(?:[.;,!?]|$))",
    re.IGNORECASE,
)
# 'Look where it is every hour. As soon as it has arrived stop looking and …'
_STOP_WHEN = re.compile(
    r"(?:^|(?<=[.!?;,]))(?P<before>[^.!?;,]{1,120})[.;,!]\s+(?:and )?(?:as soon as|once|when|if) (?P<condition>[^.;,!?]{2,80}?),? (?:you (?:can )?)?(?:stop|end|quit|leave) "
    r"(?:(?:the )?[a-z]+ing(?: (?:it|them|for it))?|(?:the |this )?loop|there|it)(?=[.;,!?]|\s+and\b|$)(?P<link>\s+and\s+|[,;]\s+(?:and )?)?",
    re.IGNORECASE,
)
# 'As long as some pods are not ready, look again'
_WHILE_ACT = re.compile(
    r"(?P<start>^|[.!?;]\s+)(?:(?:for )?as long as|so long as|while(?= (?:it|that|this|there) (?:is|are|has|have|remains?|stays?) (?!being\b|\w+ing\b))) (?P<condition>[^.;,:!?]{2,90}?)(?: yet)?, (?P<act>[a-z]+ [^.!?;]+)",
    re.IGNORECASE,
)
_SENT_BACK = re.compile(r"(?:send|go|give|hand|pass|return)\b.*\bback\b", re.IGNORECASE)
# '… - but not until the owner has been told' → '… after the owner has been told'
_NOT_UNTIL = re.compile(
    r"(?:\s*[,;]|\s+[-\u2013\u2014])?\s+(?:but |though |and )?(?:not|never|only not) (?:until|before|till) (?=[^.;!?]*\b(?:has|have|is|are|got)\b)",
    re.IGNORECASE,
)


def with_rounds(text: str) -> str:
    """`text` with every return to an earlier step as 'repeat until …', and limits as 'at most N times'."""
    text = _AND_AGAIN.sub("", _NOT_UNTIL.sub(" after ", text))
    text = _FIX_UNTIL.sub(_fixed, _KEEP_TRYING.sub("", text))
    text = _POLLED.sub(r"\g<start>\g<act> until \g<condition>, then ", text)
    text = _STOP_WHEN.sub(_stopped, text)
    text = _SAME.sub(r"For each of them, \g<act>.", text)
    text = _ROUNDS_BEHIND.sub(r" \g<count> times", text)
    text = _ROUNDS_OF.sub(r"\g<start>\g<act> \g<count> times", text)
    text = _LIMIT.sub(_limit, text)
    text = _GIVE_UP.sub(_given_up, _LIMIT_BEHIND.sub(_limit, text))
    text = _IF_AGAIN.sub(_again_until, text)
    text = _BELOW_BACK.sub(lambda match: f" until it is at least {_digits(match['number'])}", text)
    text = _BACK_WHILE.sub(_until, _OVER_AND_OVER.sub(_often_until, text))
    text = _IF_BACK.sub(lambda match: _until(match) if match.start() else match.group(), text)
    return _WHILE_ACT.sub(_act_until, text)


def _limit(match: re.Match[str]) -> str:
    return f" at most {match['count']} times"


def _given_up(match: re.Match[str]) -> str:
    count = match["count"] or _ORDINALS[match["ordinal"].lower()]
    return f" at most {count} times"


def _again_until(match: re.Match[str]) -> str:
    """'if it breaks, fix it and start it again at most five times' → 'fix it and start it until not it breaks at most five times'."""
    start = ", " if match["start"].strip() else ""
    told = f"{match['work']} {match['verb']}{match['it'] or ''}"
    return f"{start}{told} until {_opposite(match['condition'])}{match['most']}"


def _digits(number: str) -> str:
    return str(_NUMBERS.get(number.lower(), number))


def _until(match: re.Match[str]) -> str:
    most = match.groupdict().get("most") or ""
    return f" until {_opposite(match['condition'])}{most}"


def _stopped(match: re.Match[str]) -> str:
    then = ", then " if match["link"] else ""
    return f"{match['before']} until {match['condition']}{then}"


def _fixed(match: re.Match[str]) -> str:
    """', fix it until': where what is run again was told in the sentence before."""
    before = re.split(r"[.;!?]\s", match.string[: match.start()])[-1]
    verb = match["verb"].lower()
    is_told = re.search(rf"\b{re.escape(verb)}\b", before, re.IGNORECASE) is not None
    is_repeated = is_told or verb in ("try", "do", "repeat")
    return f", {match['work']} {match['until']}" if is_repeated else match.group()


def _often_until(match: re.Match[str]) -> str:
    return f"{match['often']}{_until(match)}"


def _act_until(match: re.Match[str]) -> str:
    act = re.sub(r"\b(?:again|anew|once more)\b", "", match["act"]).strip()
    if not starts_with_verb(act, is_first=True) or _SENT_BACK.match(act):
        return match.group()
    return f"{match['start']}{act} until {_opposite(match['condition'])}"


def _opposite(condition: str) -> str:
    """'it is not good enough' → 'it is good enough'; 'the build fails' → 'not the build fails'."""
    if nobody := _NO.match(condition):
        return f"{_NOBODY[nobody.group().lower()]}{condition[nobody.end() :]}"
    found = _NOT.search(condition)
    if found is None:
        return f"not {_STAYS.sub('is ', _STILL.sub('', condition, count=1), count=1)}"
    verb = re.split(r"\s|n['\u2019]t", found.group())[0].lower()
    return (
        f"{condition[: found.start()]}{_POSITIVE.get(verb, verb + ' ')}{condition[found.end() :]}"
    )
