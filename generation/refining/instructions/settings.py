"""Shapes of instructions that set something: names, limits, arguments, and what an agent is told."""

import re

from generation.refining.instructions.phrases import (
    COUNT,
    THE,
    UNIT,
    Shape,
    number,
    seconds,
    shape,
    unquoted,
)
from generation.refining.instructions.wishes import Describe, Rename, Send, Setting, Tell, Wish

_SET = r"(?:set|change|raise|lower|increase|reduce|update)"
_AT_MOST = (
    r"(?:at most|up to|no more than|no longer than|not more than|a maximum of|max(?:imum)?\.?)"
)
_TIME_LIMIT = r"time-?\s?(?:out|limit)"
_TEXTURE = (
    r"(?:(?:much |a (?:bit|little|lot) |slightly |even )?(?:(?:more|less) [a-z]+|[a-z]+er)|sound .+|short|brief|concise|polite|formal|"
    r"informal|friendly|casual|simple)"
)  # fmt: skip
# Such an order is none that a step fulfils already.
_TURNED = re.compile(
    r"\b(?:not|don't|never|only|instead|if|unless|until|without|also|too|for (?:each|every|all))\b",
    re.IGNORECASE,
)
# Not how a text reads but how a workflow runs.
_NO_TEXTURE = re.compile(
    r"\b(?:faster|cheaper|quicker|slower|better|worse|earlier|later|safer|smarter|reliable|robust|often|efficient|optional|frequently)\b",
    re.IGNORECASE,
)
_LENGTH = r"be (?:longer|shorter|more|less) than .+ (?:words?|sentences?|lines?|characters?|paragraphs?|pages?)"
_TONGUE = r"(?:english|german|french|spanish|italian|dutch|portuguese|polish|japanese|chinese)"
# A certain value: an address, a channel, a quotation.
_VALUE = re.compile(r"[\w.+-]+@[\w-]+\.\w|(?<!\w)[#@][a-z]|https?://|\"[^\"]+\"|“[^”]+”", re.IGNORECASE)  # fmt: skip


def _limit(match: re.Match[str]) -> Wish:
    return Setting(match["what"], "timeout", str(seconds(match)))


def _texture(match: re.Match[str]) -> Wish | None:
    if _NO_TEXTURE.search(match["text"]) or re.search(r"\b(?:an?|the|and)$", match["what"]):
        return None
    return Tell(match["what"], f"make it {match['text']}")


def _certain(match: re.Match[str]) -> Wish | None:
    text = re.sub(r"\s+instead$|\bonly (?=to )", "", match[0], flags=re.IGNORECASE)
    return Send(text) if _VALUE.search(text) and not _TURNED.search(text) else None


NAMES: tuple[Shape, ...] = (
    shape(
        r"rename (?:the |this )?workflow (?:to|as|into) (?P<name>.+)",
        lambda m: Rename("", unquoted(m["name"])),
    ),
    shape(
        r"(?:call|name) (?:the |this )workflow (?P<name>.+)",
        lambda m: Rename("", unquoted(m["name"])),
    ),
    shape(
        r"(?:set|change) the (?:workflow'?s )?(?P<f>name|title|description) (?:of the workflow )?to (?P<v>.+)",
        lambda m: Describe(unquoted(m["v"]))
        if m["f"].lower() == "description"
        else Rename("", unquoted(m["v"])),
    ),
    shape(
        rf"(?:rename|call) {THE}(?P<what>.+?) (?:to|as|into) (?P<name>.+)",
        lambda m: Rename(m["what"], unquoted(m["name"])),
    ),
)  # fmt: skip

SETTINGS: tuple[Shape, ...] = (
    shape(rf"(?P<what>.+?) (?:needs?|gets?|has) {_AT_MOST} {COUNT}\s*{UNIT}", _limit),
    shape(
        rf"(?P<what>.+?) (?:should|must|may|can) be retried (?:up to |at most )?{COUNT}(?: times)?(?: at most)?",
        lambda m: Setting(m["what"], "retries", str(number(m["count"]))),
    ),
    shape(
        rf"(?P<what>.+?) (?:should|must|may|can) be tried (?:up to |at most )?{COUNT}(?: times)?(?: at most)?",
        lambda m: Setting(m["what"], "retries", str(number(m["count"]) - 1)),
    ),
    shape(
        rf"(?:let )?{THE}(?P<name>[\w-]+) of (?P<what>.+?) (?:should |is to |shall )?be (?P<value>[\"“].+)",
        lambda m: Setting(m["what"], m["name"], unquoted(m["value"])),
    ),
    shape(
        rf"{THE}(?P<what>.+?)'s (?P<name>[\w-]+) (?:should|is to|shall|must) be (?P<value>[\"“].+)",
        lambda m: Setting(m["what"], m["name"], unquoted(m["value"])),
    ),
    shape(
        rf"(?:let )?{THE}(?P<name>[\w-]+) (?:should |is to |shall )?be (?P<value>[\"“].+)",
        lambda m: Setting("", m["name"], unquoted(m["value"])),
    ),
    shape(
        rf"use (?P<value>[\"“].+?[\"”]) (?:as|for) {THE}(?P<name>[\w-]+) (?:of|in) (?P<what>.+)",
        lambda m: Setting(m["what"], m["name"], unquoted(m["value"])),
    ),
    shape(
        rf"use (?P<value>[\"“].+?[\"”]) (?:as|for) {THE}(?P<name>[\w-]+)",
        lambda m: Setting("", m["name"], unquoted(m["value"])),
    ),
    shape(
        rf"(?:have|let|get) {THE}(?P<what>.+?) (?P<text>(?:use|mention|avoid|include|sign|be|answer in|write in) .+)",
        lambda m: Tell(m["what"], m["text"]),
    ),
    shape(
        rf"(?P<text>shorten|simplify) {THE}(?P<what>.+)",
        lambda m: Tell(m["what"], f"keep it {'short' if m['text'].lower() == 'shorten' else 'simple'}"),
    ),
    shape(rf"{_SET} {THE}{_TIME_LIMIT} (?:of|for|on) (?P<what>.+?) to {COUNT}\s*{UNIT}", _limit),
    shape(rf"(?:give|let|allow|grant) (?P<what>.+?) (?:an? )?(?:{_TIME_LIMIT} of|take at most|run for at most|have at most|take|have|run for) {COUNT}\s*{UNIT}", _limit),
    shape(rf"(?:give|allow|grant) (?P<what>.+?) (?:{_AT_MOST} )?{COUNT}\s*{UNIT}(?: of time)?(?: to (?:finish|run|complete))?", _limit),
    shape(rf"(?P<what>.+?) (?:(?:may|can|should|must|is allowed to|has to|is to) )?(?:takes?|runs?|lasts?)(?: for)? {_AT_MOST} {COUNT}\s*{UNIT}", _limit),
    shape(rf"(?P<what>.+?) (?:must not|should not|may not|mustn't|shouldn't|can't|cannot|is not to) (?:take|run|last)(?: for)? (?:longer|more) than {COUNT}\s*{UNIT}", _limit),
    shape(rf"(?P<what>.+?) (?:must|should|has to|needs to) (?:finish|be done|be finished|end|complete) (?:within|in|after) (?:{_AT_MOST} )?{COUNT}\s*{UNIT}", _limit),
    shape(rf"limit (?P<what>.+?) to {COUNT}\s*{UNIT}", _limit),
    shape(rf"(?:stop|cancel|abort|time out) (?P<what>.+?) after {COUNT}\s*{UNIT}", _limit),
    shape(rf"(?:set|add) (?:an? )?{_TIME_LIMIT} of {COUNT}\s*{UNIT} (?:for|on|to) (?P<what>.+)", _limit),
    shape(
        rf"{_SET} {THE}(?:number of )?retries (?:of|for|on) (?P<what>.+?) to {COUNT}",
        lambda m: Setting(m["what"], "retries", str(number(m["count"]))),
    ),
    shape(
        rf"(?:retry|repeat) (?P<what>.+?) (?:up to |at most )?{COUNT}(?: times)? (?:if it fails|on failure|on errors?|when it fails)",
        lambda m: Setting(m["what"], "retries", str(number(m["count"]))),
    ),
    shape(
        rf"retry (?P<what>.+?) (?:up to |at most )?{COUNT}(?: times)?",
        lambda m: Setting(m["what"], "retries", str(number(m["count"]))),
    ),
    shape(
        rf"(?:try|attempt) (?P<what>.+?) (?:up to |at most )?{COUNT}(?: times)?",
        lambda m: Setting(m["what"], "retries", str(number(m["count"]) - 1)),
    ),
    shape(
        rf"(?:set|change) {THE}(?:argument )?(?P<name>[\w'\"-]+) (?:of|for|in|on) (?P<what>.+?) to (?P<value>.+)",
        lambda m: Setting(m["what"], unquoted(m["name"]), unquoted(m["value"])),
    ),
    shape(
        rf"(?:set|change) {THE}(?:argument )?(?P<name>[\w-]+) to (?P<value>.+)",
        lambda m: Setting("", m["name"], unquoted(m["value"])),
    ),
    shape(
        rf"(?:tell|instruct|remind|ask) (?!me\b|us\b|everyone\b|somebody\b|someone\b){THE}(?P<what>.+?) (?P<text>(?:not )?to .+)",
        lambda m: Tell(m["what"], re.sub(r"^(not )?to ", lambda n: "do not " if n[1] else "", m["text"])),
    ),
    shape(rf"(?:make|keep) {THE}(?P<what>.+?) (?P<text>{_TEXTURE})", _texture),
    shape(
        rf"{THE}(?P<what>.+?) (?:should|must|has to|needs to) (?P<text>be {_TEXTURE})",
        lambda m: None if _NO_TEXTURE.search(m["text"]) else Tell(m["what"], f"it should {m['text']}"),
    ),
    shape(
        rf"{THE}(?P<what>.+?) (?P<text>(?:should|must|may) (?:not )?{_LENGTH})",
        lambda m: Tell(m["what"], f"it {m['text']}"),
    ),
    shape(
        rf"(?:write|draft|phrase|word|keep) (?P<what>the .+?) (?P<text>in (?:{_TONGUE}|(?:simple|plain|short|formal|friendly|clear) \w+))",
        lambda m: Tell(m["what"], f"write it {m['text']}"),
    ),
    shape(
        rf"{THE}(?P<what>.+?) (?:should|must|has to|needs to) (?P<text>(?:not |always |also |never )?(?:mention|include|contain|use|sound|avoid|be (?:written|worded|phrased)|end with|start with|begin with) .+)",
        lambda m: Tell(m["what"], f"it should {m['text']}"),
    ),
)  # fmt: skip

# Last of all: an order that a step fulfils already, but for a value.
VALUES: tuple[Shape, ...] = (shape(r".+", _certain),)
