"""What is told last and done first: 'Publish it. Before that, have it checked', '…, but it must have been translated beforehand'."""

import re
from dataclasses import replace

from generation.planning.language.verbs import infinitive, leading_verb
from generation.planning.language.words import stem
from generation.planning.reading.clauses import Chunk
from generation.planning.reading.cues import says_it
from generation.planning.reading.tree import Act, Node, Repeat

_THAT = r"(?:that|this|it|doing (?:so|that|this)|any of (?:this|that|it)|all (?:of )?(?:this|that)|anything(?: else)?|everything(?: else)?|starting)"
# '; before that, …', '. But first …', 'Beforehand …'
_BACK = re.compile(
    rf"(?:\s*[;.!?]|\s*,(?= but\b| and\b)|\s+[-\u2013\u2014])\s+(?:and |but )?(?:before (?P<what>{_THAT})(?P<happens> (?:happens|starts|begins|(?:is|gets|has been) \w+))?|prior to (?P<other>{_THAT})|beforehand|(?<=but )first)(?:,? though)?(?:,\s+|\s+)(?=[a-z])",
    re.IGNORECASE,
)
# ', but it must have been translated before that'
_MUST_HAVE = re.compile(
    r",? (?:but|though|and) (?P<what>it|they|(?:the|its|our|their) [\w' -]{2,40}?) (?:must|should|has to|have to|needs? to)(?: have been| be| get) (?P<verb>[a-z]+)(?P<rest>[^.;!?]*?),? "
    r"(?:before (?:that|this)|beforehand|before|first)(?=[.;!?]|$)",
    re.IGNORECASE,
)
# 'The silences need to be cut first.'
_MUST_FIRST = re.compile(
    r"(?<=[.;!?] )(?P<what>(?:the|its|our|their|all|both) [\w' -]{2,50}?) (?:must|should|has to|have to|needs? to|is to|are to) be (?P<verb>[a-z]+)(?P<rest>[^.;!?,]*?),? "
    r"(?P<when>first|beforehand|before (?:that|this|any of (?:this|that)|all (?:of )?(?:this|that)|anything else))(?=[.;!?]|$)",
    re.IGNORECASE,
)
# The first words of a sentence that goes back.
_MARK = re.compile(
    rf"^(?P<told>(?P<what>{_THAT})(?: (?:happens|starts|begins|(?:is|gets|has been) (?P<verb>\w+)))?)(?:,\s+(?P<rest>.+))?$",
    re.IGNORECASE | re.DOTALL,
)
_ALL = re.compile(r"\b(?:any|all|anything|everything|starting)\b", re.IGNORECASE)


def with_earlier(text: str) -> str:
    """`text` with every such way of telling it as a sentence that begins with 'Before that, …'."""
    text = _MUST_FIRST.sub(_must_first, _MUST_HAVE.sub(_must_have, text))
    return _BACK.sub(_back, text)


def goes_back(chunks: list[Chunk]) -> tuple[str, list[Chunk]]:
    """(the words of a sentence that say before what it happens, its other clauses); ('', all clauses) for others."""
    first = chunks[0]
    match = _MARK.match(first.text) if first.control == "before" else None
    if match is None or not (match["rest"] or chunks[1:]):
        return "", chunks
    rest = [replace(first, text=match["rest"], control="")] if match["rest"] else []
    return match["told"], [*rest, *chunks[1:]]


def put_before(nodes: list[Node], found: list[Node], told: str, start: int) -> None:
    """Put `found` into `nodes` before what `told` speaks of: all of it, the act that it names, or the sentence at `start`."""
    match = _MARK.match(told)
    if _ALL.search(told):
        nodes[0:0] = found
        return
    verb = (
        stem(infinitive(match["verb"].lower()) or match["verb"].lower())
        if match and match["verb"]
        else ""
    )
    named = (
        at
        for at, node in enumerate(nodes)
        if isinstance(node, Act) and leading_verb(node.text) == verb
    )
    at = next(named, start) if verb else start
    loop = nodes[at] if at < len(nodes) else None
    if isinstance(loop, Repeat) and loop.mode == "foreach" and any(map(_is_of_item, found)):
        nodes[at] = replace(loop, body=(*found, *loop.body))
    else:
        nodes[at:at] = found


def _is_of_item(node: Node) -> bool:
    return isinstance(node, Act) and says_it(node.text)


def _back(match: re.Match[str]) -> str:
    what = match["what"] or match["other"] or "that"
    return f". Before {what}{match['happens'] or ''}, "


def _must_first(match: re.Match[str]) -> str:
    """'The silences need to be cut first' → 'Before any of this, cut the silences'."""
    verb = infinitive(match["verb"].lower(), None)
    when = match["when"] if match["when"].lower().startswith("before ") else "Before any of this"
    what = f"{match['what'][0].lower()}{match['what'][1:]}"
    return f"{when}, {verb} {what}{match['rest']}" if verb else match.group()


def _must_have(match: re.Match[str]) -> str:
    verb = infinitive(match["verb"].lower())
    return f". Before that, {verb} {match['what']}{match['rest']}" if verb else match.group()
