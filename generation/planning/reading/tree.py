"""The tree of a request: what to do, in which order, when and how often; and the acts of a single clause."""

import re
from dataclasses import dataclass, replace

from generation.planning.language.verbs import actions, is_question, leading_verb, starts_with_verb
from generation.planning.language.words import tokens
from generation.planning.reading.clauses import has_verb
from generation.planning.reading.holding import asks_to_hold


@dataclass(frozen=True)
class Act:
    """One thing to do; `wants_split`: its objects are to be handled at the same time; `is_backward`: it may speak of
    what was done already ('once the report has been written')."""

    text: str
    is_negated: bool = False
    wants_split: bool = False
    is_backward: bool = False


@dataclass(frozen=True)
class Together:
    """Lists of things that happen at the same time."""

    branches: tuple[tuple["Node", ...], ...]


@dataclass(frozen=True)
class Choose:
    """Conditions in order with what they lead to; `otherwise` is None when nothing was said."""

    arms: tuple[tuple[str, tuple["Node", ...]], ...]
    otherwise: tuple["Node", ...] | None = None


@dataclass(frozen=True)
class Repeat:
    """A loop: `mode` as in the language; `phrase` is what to go through, or when to stop."""

    mode: str
    phrase: str
    body: tuple["Node", ...]
    times: int = 0


Node = Act | Together | Choose | Repeat

_NEGATION = re.compile(
    r"^(?:but |and |please )*(?:(?:you|we|i|they) (?:do not|don't|need not|needn't|must not|mustn't|should not|shouldn't) |(?:nobody|no ?one) (?:needs|has|should|must)(?: to)?|there is no need to|do not|don't|dont|never|no need to|not to|avoid|must not|should not|shouldn't|"
    r"you must not|refrain from|leave out|skip|ignore|without|stay away from|keep away from|no)\b\s*",
    re.IGNORECASE,
)
# 'otherwise leave it': nothing is to be done.
_IDLE = re.compile(
    r"^(?:(?:just |simply )?(?:return|give back|hand back|output|show me|give me) (?:it|them|this|that|(?:just )?the (?:result|results|answer|outcome|output|text|list))(?: back)?(?: (?:as (?:it|they) (?:is|are|was|were)|unchanged|untouched|unaltered|to me|to us|at the end))?|"
    r"(?:just |simply )?(?:leave|keep) (?:it|them|this|everything)(?: (?:as (?:it|they) (?:is|are)|alone|be|unchanged))?|"
    r"(?:do )?nothing(?: at all| more)?|nothing (?:happens|has to happen|needs to happen|(?:has|needs) to be done|is done|to do)|stop(?: there| here)?|that(?:'s| is) (?:it|all)|go on|continue|"
    r"(?:many )?thank(?:s| you)\b.*|cheers|please|that would be great|best(?: regards| wishes)?)$",
    re.IGNORECASE,
)
# 'ask me for a topic': what is given to each run.
_ASKED_FOR = re.compile(
    r"^(?:please |first )*ask (?:me|us|the user) (?:for|what|which) ", re.IGNORECASE
)
# 'extend nothing', 'tell nobody'
_NOTHING = re.compile(r"^\w+ (?:nothing|nobody|no ?one|none)\b", re.IGNORECASE)
_TAIL_NEGATION = re.compile(
    r"[,;]?\s*\b(?:without (?=\w+ing\b)|without (?:using|touching)|but (?:do not|don't|never|not)|instead of|"
    r"rather than|(?:and )?not (?=in|on|via|by|to)\b)\s*(.+)$",
    re.IGNORECASE,
)
_TRIGGER = re.compile(
    r"\b(?:arriv|com(?:e|es|ing) in|came in|receiv|submit|creat|open(?:s|ed)\b|new\b|happen|fires|is fired|lands|"
    r"asks?\b|requests?\b|wants?\b|writes?\b|calls?\b|complains?\b|sends?\b|cancels?\b|appear|upload|added|posted|"
    r"book|sign(?:s|ed)? up|register|is merged|gets|get an?|places?\b|orders?\b|joins)",
    re.IGNORECASE,
)
_NARRATIVE = re.compile(
    r"^(?:our|the|my) [\w' -]{2,40}? (?:meets?|opens?|closes?|starts?|begins?|takes place|happens) (?:on|at|every|in) |"
    r"^(?:i|we|they|he|she) (?:might|may|used to|likes?|loves?|hates?|prefers?|thinks?|believes?|hopes?|knows?|won't|plan to|are going to|"
    r"(?:have )?(?:decided|moved|switched|stopped))\b|"
    r"^(?:i|we) (?:teach|live|study|own|lead|maintain|publish|help|am|often|usually|always)\b|"
    r"^(?:we|i|they|our \w+|customers|people|users)\s+(?:\w+ly\s+|often\s+|always\s+)?"
    r"(?:receive|get|have|use|store|keep|are|were|run|manage|work|sell|got|received|had|offer)\b|"
    r"^(?:customers|people|users|citizens|guests|patients|readers|visitors)\s+(?:write|send|ask|call|complain|report|come|order|book|want|apply)\b|"
    r"^(?:somebody|someone|(?:a|one of our) (?:customer|client|user|guest|patient|reader|colleague)s?)\s+(?:has |have )?\w+ed\b",
    re.IGNORECASE,
)
_ABOUT_IT = re.compile(r"^(?:not )?(?:it|this|that|they|he|she)\b", re.IGNORECASE)
_BOTH = re.compile(r"\bboth\b(?=[^,]*\band\b)", re.IGNORECASE)
_EACH = re.compile(
    r"\b(?:each|every)(?: one)?(?: of (?:the|these|those|our)\b|(?= of them\b) of)?\s+(?!(?:\w+ )?(?:second|minute|hour|day)s\b|(?:day|week|month|hour|morning|evening|night|"
    r"minute|year|quarter|time|other|monday|tuesday|wednesday|thursday|friday|saturday|sunday|weekday)\b)"
    r"((?:them|these|those)\b|(?!for\b|in\b|to\b|with\b)\w+(?: (?!(?:an?|the|to|in|into|on|from|for|by|with|via|and|or|it|as)\b)\w+)?)",
    re.IGNORECASE,
)
# 'a briefing with one line for each guest', 'so that every parent can see it': what is made, and what for.
_IN_PASSING = re.compile(
    r"\b(?:so that|so|because|since|who|which)\b|\bwith (?:an?|one|two|three|the|its) [\w -]+ (?:for|per|about|from|of|on) $",
    re.IGNORECASE,
)
_DECLARATIVE = re.compile(
    r"^(?:(?:a|an|the|our|some|my|new|every|each)\s+)?(?:\w+\s+){1,3}?"
    r"(?:(?:has|have|had|is|are|was|were)\b(?!.*\b(?:should|must|needs? to)\b)|"
    r"(?:sends|writes|asks|reports|submits|uploads|opens|comes|came|arrives|arrived|wants|requests|calls|places|"
    r"complains|contacts|sent|wrote|asked|reported|submitted|uploaded|received|get|gets|receive|failed|fails|broke)\b)",
    re.IGNORECASE,
)


# 'transl' is the root of 'translate' and 'translation'.
SHORTEST_STEM, LONGEST_ROOT = 5, 6
# 'sms to each customer'
SHORT = 5


def acts_of(text: str) -> list[Node]:
    """The act of a clause, with what it forbids as a second, negated act; [] for mere circumstances."""
    negation = _NEGATION.match(text)
    if negation:
        return [Act(text=text[negation.end() :], is_negated=True)]
    if _NOTHING.match(text):
        return [Act(text=text, is_negated=True)]
    tail = _TAIL_NEGATION.search(text)
    forbidden: list[Node] = []
    if tail and tail.start() > 0:
        forbidden = [Act(text=tail.group(1), is_negated=True)]
        text = text[: tail.start()]
    if not tokens(text) or _IDLE.match(text) or _is_circumstance(text) or _is_asked_for(text):
        return forbidden
    each = _EACH.search(text)
    if (
        each
        and not _IN_PASSING.search(text[: each.start()])
        and (starts_with_verb(text, is_first=True) or len(tokens(text)) <= SHORT)
    ):
        return [Repeat(mode="foreach", phrase=each.group(1), body=(Act(text=text),)), *forbidden]
    return [Act(text=text, wants_split=bool(_BOTH.search(text))), *forbidden]


def is_trigger(text: str) -> bool:
    """Whether 'after' tells an event ('a ticket arrives') rather than a step."""
    words = tokens(text)
    return bool(_TRIGGER.search(text)) and not any(
        word in ("is", "are", "not", "been") for word in words[1:5]
    )


def is_about_it(text: str) -> bool:
    """Whether a condition speaks of the thing at hand: 'it is urgent'."""
    return bool(_ABOUT_IT.match(text))


def together(group: list[Node]) -> Node:
    """The acts of `group` at the same time; a single one has its objects handled at the same time."""
    acts = [node for node in group if not (isinstance(node, Act) and node.is_negated)]
    if len(acts) == 1 and isinstance(acts[0], Act):
        return replace(acts[0], wants_split=True)
    return Together(branches=tuple((node,) for node in acts)) if acts else Act(text="")


def feeds_the_rest(group: list[Node]) -> bool:
    """Whether the first brings in what the others work on: 'read the claim, assess it and … in parallel'."""
    first, rest = group[0], group[1:]
    if not isinstance(first, Act):
        return False
    asked = actions(first.text)
    return asked == {"read"} and any(
        isinstance(node, Act) and "read" not in actions(node.text) for node in rest
    )


def builds_on(group: list[Node]) -> bool:
    """Whether the second of two acts works on what the first makes: 'summarize it and translate the summary'."""
    if len(group) != 2 or not all(isinstance(node, Act) for node in group):
        return False
    first, second = (node.text for node in group if isinstance(node, Act))
    verb = leading_verb(first)
    things = re.findall(r"\bthe (\w+)", second.lower())
    return len(verb) >= SHORTEST_STEM and any(
        thing.startswith(verb[:LONGEST_ROOT]) for thing in things
    )


def _is_asked_for(text: str) -> bool:
    """'Ask me for a topic' speaks of the run's input; 'ask me for approval' does not."""
    return bool(_ASKED_FOR.match(text)) and not asks_to_hold(text)


def _is_circumstance(text: str) -> bool:
    """'An alert came in' tells what happened, not what to do."""
    if _NARRATIVE.match(text):
        return True
    if starts_with_verb(text, is_first=True) or is_question(text):
        return False
    return bool(_DECLARATIVE.match(text)) or (
        len(tokens(text)) > 3 and not has_verb(text) and bool(_TRIGGER.search(text))
    )
