"""What the words of a clause tell of its place in a sentence: order or condition, inside or behind a loop, how often."""

import re
from dataclasses import replace

from generation.planning.language.verbs import actions, base_form, leading_verb
from generation.planning.language.words import stem, tokens
from generation.planning.reading.clauses import Chunk
from generation.planning.reading.tree import Act, Choose, Node, Repeat, is_about_it

_ANAPHORA = re.compile(
    r"\b(?:both|together|everything|all of (?:it|them|this|that)|them all|"
    r"all (?:three|four|two|results|outputs|findings)|the (?:results|outputs|findings)|combin\w+|merge them|compile|"
    r"consolidat\w+|join them|it all|put (?:it|them|these|those|everything))\b",
    re.IGNORECASE,
)
_NUMBERS = {
    "twice": 2, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip
_PERFECT = re.compile(r"\b(?:has|have) been \w+|\b(?:is|are) \w+ed\b", re.IGNORECASE)
_STATE = re.compile(
    r"^(?:it|this|that|they|he|she|the (?:result|answer|score|outcome|check|review))\s+"
    r"(?:is|are|was|were|has|isn't|aren't|does|fails)\b|"
    r"^(?:the|an?|its|our) [\w' -]{2,40}? (?:exceeds?|surpass\w*|(?:drops?|falls?|sinks?|goes|rises?|climbs?) (?:below|under|above|over))\b|"
    r"^(?:the|an?|its|our) [\w' -]{2,40}? (?:is|are|isn't|aren't) (?!there\b|ready\b|done\b|here\b|back\b|in\b|out\b|over\b|through\b|complete\b|available\b|being\b|\w+ed\b|"
    r"sent\b|written\b|built\b|made\b|done\b|up\b|known\b|on\b|at\b)\w+$|"
    r"^(?:something|somebody|someone|anything|anyone|nothing|nobody|there) (?:is|are|has|have|needs?|looks?|seems?)\b|"
    r"^(?:the|an?|its|our) [\w' -]{2,40}? (?:reads|shows|measures|hits|reaches|is at) (?:above|over|below|under|more than|less than|at least|\d)|"
    r"^(?:the|an?|its|our) [\w' -]{2,40}? (?:is|are) (?:above|below|over|under|higher|lower|more|less|greater|too|not)\b",
    re.IGNORECASE,
)
# 'when it is over' tells an order.
_IS_OVER = re.compile(
    r"^(?:it|this|that|all|everything|the \w+(?: \w+)?)(?: is|'s| has been| are) (?:all )?"
    r"(?:over|done|finished|ready|complete|completed|resolved|through|up again|back up|available|there)$",
    re.IGNORECASE,
)
_ARRIVAL = re.compile(
    r"^(?:an?|the|some(?:one|body)?|new) (?!.*\b(?:has|have)\b).*\b(?:arrives?|comes? in|gets in|lands|fires|goes off|is (?:fired|raised|triggered)|(?:is|are) (?:received|submitted|handed in))$",
    re.IGNORECASE,
)
_ARRIVING = re.compile(
    r"^((?:an?|the|some|new) [\w' -]{2,40}?) (?:arrives?|comes? in|gets in|lands|(?:is|are) (?:received|submitted|handed in))$",
    re.IGNORECASE,
)
_VERB_IT = re.compile(r"^(\w+(?: up| in| out)?) (?:it|them)$", re.IGNORECASE)
_KEEPS_ON = re.compile(
    r"^(?:keep (?:on )?\w+ing|continue (?:to )?\w+|go on \w+ing|rework|revise|refine|polish|improve|rewrite|redraft)\b",
    re.IGNORECASE,
)
_LOOKS_AGAIN = re.compile(
    r"^(?:keep (?:on )?(?:asking|checking|polling|watching|looking|querying)|poll|check (?:back|again|in|every|regularly|its status|the status)|"
    r"(?:check|ask|look|query|poll|watch)\b.*\b(?:every (?:\w+ )?(?:second|minute|hour|day)s?|regularly|hourly|repeatedly|again)\b|"
    r"(?!.*\b(?:it|them|this|these|those)\b).*\b(?:over and over|again and again|time and again|repeatedly|every (?:\w+ )?(?:second|minute|hour)s?)\b)",
    re.IGNORECASE,
)
_ECHO = re.compile(
    r"^(?:it|they|this|that) (?:does|do|is|are|has|have)(?: not|n['\u2019]t)?$", re.IGNORECASE
)
_OWN_LIST = re.compile(
    r"\b(?:its|the|our|their|an?) \w+(?: \w+)? and (?:its|the|our|their|an?) \w+(?: \w+)?$",
    re.IGNORECASE,
)
_DOERS = re.compile(
    r"^(?:have|let|get) (?:the |an? |our )?[\w-]+(?: [\w-]+){0,2}? and (?:the |an? |our )?[\w-]+(?: [\w-]+){0,2}? (?P<verb>[a-z]+) (?:it|them|this|that|the|its|an?)\b",
    re.IGNORECASE,
)
_LISTS = re.compile(
    r"\band (?:from|in|on|via|by|to|with|as|the|an?|two|three|four|five|six)\b", re.IGNORECASE
)
# The one thing that the sentence before spoke of.
_ITEM = re.compile(r"\b(?:it|its)\b", re.IGNORECASE)
# 'find somebody for each and ask them', 'send them a letter'
_TO_THEM = re.compile(
    r"^(?:send|write|mail|e-?mail|text|give|hand|ask|call|tell|remind|invite|message)(?: to)? (?:him|her|them(?= (?:an?|the|about|to|by|via|for|that)\b|$))\b",
    re.IGNORECASE,
)
# 'a letter to each, sent by mail'
_DONE_TO_IT = re.compile(
    r"^(?:sent|mailed|saved|stored|posted|filed|uploaded|e-?mailed|delivered|printed) (?:by|in|on|as|to|via|with)\b",
    re.IGNORECASE,
)
# 'grade each of them and enter the mark': one mark for each; a list or a report is of all.
_STORES_THE = re.compile(
    r"^(?:record|enter|save|store|note|set|file|add|log|register)(?: down)? the (?P<thing>[a-z]+[^s\W])\b",
    re.IGNORECASE,
)
_OF_ALL = frozenset({"list", "report", "summary", "overview", "table", "total", "whole", "digest", "ranking", "sheet", "newsletter", "page", "data", "team", "best", "top"})  # fmt: skip
_ITEMS_OWN = re.compile(r"^\w+ (?:\w+ )?its\b", re.IGNORECASE)
CONDITIONS = ("if", "unless", "when")


def says_it(text: str) -> bool:
    """Whether it speaks of the one thing that the sentence before spoke of."""
    return bool(_ITEM.search(text))


def gathers(text: str) -> bool:
    """Whether it takes up several results: 'put everything together'."""
    return bool(_ANAPHORA.search(text))


def lists_its_own(text: str) -> bool:
    """Whether it ends in two things of its own: 'its logs and its metrics'."""
    return bool(_OWN_LIST.search(text))


def lists_places(text: str) -> bool:
    """Whether it lists places or ways: 'here and on LinkedIn'."""
    return bool(_LISTS.search(text))


def lists_doers(text: str) -> bool:
    """Whether several are to do one thing: 'have security and legal review it'."""
    match = _DOERS.match(text)
    return match is not None and base_form(stem(match["verb"].lower())) == match["verb"].lower()


def is_over(text: str) -> bool:
    """Whether it tells that something has ended, which is an order and no condition."""
    return bool(_IS_OVER.match(text))


def is_arrival(text: str) -> bool:
    """Whether it tells what starts a run: 'an invoice arrives'."""
    return bool(_ARRIVAL.match(text))


def about(chunk: Chunk, event: str) -> Chunk:
    """'a ticket arrives, read it' → 'read a ticket': the first instruction speaks of what arrived."""
    subject = _ARRIVING.match(event)
    bare = _VERB_IT.match(chunk.text)
    if subject is None or bare is None or chunk.control:
        return chunk
    return replace(chunk, text=f"{bare.group(1)} {subject.group(1)}")


def is_state(text: str) -> bool:
    """Whether it describes how something is, not that something happens."""
    return bool(_STATE.match(text))


def is_perfect(text: str) -> bool:
    """Whether it speaks of something that was done before."""
    return bool(_PERFECT.search(text))


def is_of_item(text: str, loop: Repeat) -> bool:
    """Whether an instruction behind a loop still belongs to it: 'mail it', or 'record the grades' after grading each."""
    if says_it(text) or _DONE_TO_IT.match(text) or _TO_THEM.match(text):
        return True
    if not actions(text) & {"create", "update"}:
        return False
    if (stored := _STORES_THE.match(text)) and stored["thing"].lower() not in _OF_ALL:
        return True
    made = {leading_verb(act.text) for act in loop.body if isinstance(act, Act)}
    return any(stem(word) in made for word in tokens(text)[1:])


def goes_on_with(found: Repeat, last: Repeat) -> bool:
    """Whether a loop over what the loop before made is the same one: 'a plan for each of them and save every plan'."""
    things = {stem(word) for word in tokens(found.phrase)}
    told = [act.text for act in last.body if isinstance(act, Act)]
    made = {stem(word) for text in told for word in tokens(text)}
    return found.mode == last.mode == "foreach" and bool(things & (made | {"them", "one"}))


def speaks_of_item(text: str, loop: Repeat) -> bool:
    """Whether a sentence behind a loop still speaks of its item: 'fetch its diff', or 'call the patient' for each patient."""
    if gathers(text):
        return False
    named = re.search(r"\bthe (?P<thing>\w+)\b", text, re.IGNORECASE)
    things = [stem(word) for word in tokens(loop.phrase)[:3]]
    is_named = named is not None and stem(named["thing"].lower()) in things
    return bool(_ITEMS_OWN.search(text)) or (is_named and bool(loop.phrase))


def stays_in_loop(chunk: Chunk, nodes: list[Node]) -> bool:
    """A condition about the item, and its alternative, belong to the loop."""
    if chunk.control == "otherwise":
        return bool(nodes) and isinstance(nodes[-1], Choose)
    if chunk.control in CONDITIONS and nodes:
        return True
    return is_about_it(chunk.text)


def keeps_on(node: Node) -> bool:
    """Whether an act goes on improving something: 'keep polishing the article', 'rework it'."""
    return isinstance(node, Act) and bool(_KEEPS_ON.match(node.text))


def looks_again(node: Node) -> bool:
    """Whether an act only waits for something: 'check back every hour', 'keep asking for the status'."""
    return isinstance(node, Act) and bool(_LOOKS_AGAIN.match(node.text))


def is_echo(text: str) -> bool:
    """Whether it only points back at what was asked: 'when it does'."""
    return bool(_ECHO.match(text))


def is_denial(text: str) -> bool:
    """Whether it only denies what was asked before: 'when they don't'."""
    return is_echo(text) and bool(re.search(r"not$|n't$", text, re.IGNORECASE))


def is_ban(node: Node) -> bool:
    """Whether a node only says what must not be done."""
    return isinstance(node, Act) and node.is_negated


def is_repeat_word(node: Node) -> bool:
    """Whether an act is the bare word 'repeat'."""
    return isinstance(node, Act) and tokens(node.text)[:1] in (["repeat"], ["iterate"], ["loop"])


def number(text: str) -> int:
    """The number of rounds that `text` names, 3 for none."""
    digits = re.search(r"\d+", text)
    if digits:
        return int(digits.group()[:4])
    return next((_NUMBERS[word] for word in tokens(text) if word in _NUMBERS), 3)
