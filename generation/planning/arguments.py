"""A tool's arguments: from the words of the request where they are certain, then from what its description tells, else from the data at hand."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generation.planning.data import CONTENT, Source, from_data, with_text
from generation.planning.language.addresses import URL
from generation.planning.language.time_zones import zone_in
from generation.planning.language.verbs import HANDING_ON, actions
from generation.planning.language.words import stems, tokens

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?\b")
_QUOTED = re.compile(
    r"\"([^\"]{1,500})\"|“([^”]{1,500})”|„([^“”]{1,500})[“”]|«([^»]{1,500})»|(?<!\w)'([^']{1,500})'(?!\w)"
)
_NUMBER = re.compile(r"(?<![\w.#-])#?(\d{1,15}(?:\.\d+)?)(?![\w-]|\.\d)")
_CHANNEL = re.compile(r"(?<!\w)([#@][a-z][\w-]{1,60})")
ZONE_WORDS = frozenset({"timezone", "zone", "tz"})
_FROM, _TO = frozenset({"source", "from"}), frozenset({"target", "to", "destination"})
_PLACE = re.compile(r"\b(?:from|in|out of|on|at|within|inside)\b", re.IGNORECASE)
_INTO = re.compile(r"\b(?:to|into)\b", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?<![\d:.])(?:(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?:\s?(?P<half>[ap])\.?m\b)?|"
    r"(?P<alone>1[0-2]|[1-9])\s?(?P<part>[ap])\.?m\b)(?![:\d])",
    re.IGNORECASE,
)
_GIVE = re.compile(
    r"\b(?:give|use|pass|set) [\"'`](?P<value>[^\"'`]{1,100})[\"'`] (?:as|for) (?:the )?[\"'`]?(?P<name>[A-Za-z_][\w-]*)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Filled:
    """Arguments, and the names of required ones that the words did not settle."""

    arguments: dict[str, Any]
    unsure: tuple[str, ...] = ()


def escape(text: str) -> str:
    """`text` as a template that stands for itself."""
    return text.replace("${", "$${")


def escaped(value: Any) -> Any:
    """A JSON value whose texts all stand for themselves."""
    match value:
        case str():
            return escape(value)
        case list():
            return [escaped(item) for item in value]
        case dict():
            return {name: escaped(item) for name, item in value.items()}
    return value


def fill(
    schema: Mapping[str, Any],
    task: str,
    sources: list[Source],
    *,
    works_on_text: bool = False,
    description: str = "",
) -> Filled:
    """The arguments of a call for `task`; the newest of `sources` is last, the first is the user's input.

    A tool that works on a text gets the newest text: statistics or extracted fields of it are no input for it.
    `description` is the tool's and its server's: 'give "." as repo_path' settles that argument.
    """
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return Filled({"input": sources[-1].template} if not schema else {})
    required = schema.get("required")
    needed = (
        [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
    )
    data = with_text(sources) if works_on_text else sources
    arguments: dict[str, Any] = {}
    unsure: list[str] = []
    for name, any_schema in properties.items():
        described = any_schema if isinstance(any_schema, Mapping) else {}
        certain = _certain(name, described, task)
        if certain is None and described.get("type") == "string":
            certain = _told(name, description)
        if certain is not None:
            arguments[name] = escape(certain) if isinstance(certain, str) else certain
        elif name in needed:
            arguments[name], is_sure = from_data(name, described, data)
            unsure += [] if is_sure else [name]
    if actions(task) & HANDING_ON:
        arguments |= _handed_on(properties, arguments, task, sources)
    return Filled(arguments, tuple(unsure))


def _told(name: str, description: str) -> str | None:
    """The value that a description gives an argument."""
    return next(
        (match["value"] for match in _GIVE.finditer(description) if match["name"] == name), None
    )


def _handed_on(
    properties: Mapping[str, Any], given: Mapping[str, Any], task: str, sources: list[Source]
) -> dict[str, Any]:
    """What a call that sends or stores something is about, where its schema does not insist: a method of HTTP that
    carries a body, and the newest data that steps made."""
    found: dict[str, Any] = {}
    methods = {
        name: described["enum"]
        for name, described in properties.items()
        if isinstance(described, Mapping) and {"GET", "POST"} <= {*(described.get("enum") or ())}
    }
    asked = actions(task)
    wanted = "DELETE" if asked == {"delete"} else "PUT" if asked == {"update"} else "POST"
    for name, choices in methods.items():
        if name not in given and wanted in choices:
            found[name] = wanted
    if len(sources) == 1 or wanted == "DELETE" or set(given) & set(CONTENT):
        return found
    for name in CONTENT:
        described = properties.get(name)
        if isinstance(described, Mapping) and described.get("type") == "string":
            return found | {name: from_data(name, described, sources)[0]}
    return found


def _certain(name: str, described: Mapping[str, Any], task: str) -> Any:
    """The value that the words settle, else None."""
    choices = described.get("enum")
    if isinstance(choices, list):
        return _choice(choices, task)
    words, kind = set(tokens(name)), described.get("type")
    if kind == "array":
        return _several(described.get("items"), task)
    if kind in ("integer", "number"):
        return _number(kind, words, task)
    if kind not in ("string", None):
        return None
    return _text(words, str(described.get("format", "")), task)


def _choice(choices: list[Any], task: str) -> Any:
    fitting = _named(choices, task)
    return fitting[0] if len(fitting) == 1 else None


def _several(items: Any, task: str) -> list[str] | None:
    """Of a list whose items are choices, those that the words name: 'extract all e-mail addresses and dates'."""
    choices = items.get("enum") if isinstance(items, Mapping) else None
    if not isinstance(choices, list):
        return None
    # 'the dates in the e-mail': what they are in is none of them.
    return _named(choices, _PLACE.split(task)[0]) or None


def _named(choices: list[Any], task: str) -> list[str]:
    said = set(stems(task))
    return [
        choice
        for choice in choices
        if isinstance(choice, str) and tokens(choice) and set(stems(choice)) <= said
    ]


def _number(kind: Any, words: set[str], task: str) -> int | float | None:
    """Only an identifier or a count that the clause names itself: 'ticket 4411' for ticket_id, '5 results' for limit."""
    found = _NUMBER.findall(task)
    if len(found) != 1 or not words & {
        "id",
        "number",
        "ticket",
        "issue",
        "order",
        "limit",
        "count",
        "max",
        "days",
        "amount",
        "n",
    }:
        return None
    value = float(found[0])
    if kind == "integer":
        return int(value) if value.is_integer() else None
    return value


def _text(words: set[str], form: str, task: str) -> str | None:
    if form == "email" or words & {"email", "recipient", "recipients", "to"}:
        return _only(_EMAIL.findall(task))
    if form in ("uri", "url") or words & {"url", "uri", "link", "website"}:
        return _only(URL.findall(task))
    if form in ("date", "date-time") or words & {"date", "day", "since", "until"}:
        return _only(_DATE.findall(task))
    if words & ZONE_WORDS:
        return zone_in(zone_part(words, task))
    if form == "time" or words == {"time"}:
        return _only(_clock_times(task))
    if words & {"channel"}:
        return _only(_CHANNEL.findall(task))
    if words & {"id", "number", "key"}:
        return _only(_NUMBER.findall(task))
    if words & {
        "title",
        "subject",
        "name",
        "text",
        "message",
        "query",
        "label",
        "content",
        "path",
        "status",
    }:
        return _only(["".join(groups) for groups in _QUOTED.findall(task)])
    return None


def zone_arguments(input_schema: Mapping[str, Any]) -> list[str]:
    """The arguments of a tool that take a time zone."""
    names = input_schema.get("properties") or ()
    return [name for name in names if set(tokens(name)) & ZONE_WORDS]


def zone_part(words: set[str], task: str) -> str:
    """The part of `task` that tells a zone: of 'from Berlin to Tokyo' the source's, the target's, else all of it."""
    before, to, after = _parted(task)
    if to and words & _FROM:
        return before
    return after if to and words & _TO else task


def _parted(task: str) -> tuple[str, str, str]:
    match = _INTO.search(task)
    if match is None:
        return task, "", ""
    return task[: match.start()], match.group(), task[match.end() :]


def _clock_times(task: str) -> list[str]:
    """'15:00' and '3 pm' as HH:MM."""
    found = []
    for match in _CLOCK.finditer(task):
        hour, minute = int(match["hour"] or match["alone"]), int(match["minute"] or 0)
        half = (match["half"] or match["part"] or "").lower()
        hour = hour % 12 + 12 if half == "p" else hour % 12 if half == "a" else hour
        found.append(f"{hour:02}:{minute:02}")
    return found


def _only(found: list[str]) -> str | None:
    return found[0] if len(set(found)) == 1 else None
