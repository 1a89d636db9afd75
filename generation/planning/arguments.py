"""A tool's arguments: from the words of the request where they are certain, else from the data at hand."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generation.planning.language.addresses import URL
from generation.planning.language.time_zones import zone_in
from generation.planning.language.words import stems, tokens
from generation.planning.open_arguments import open_argument

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?\b")
_QUOTED = re.compile(
    r"\"([^\"]{1,500})\"|“([^”]{1,500})”|„([^“”]{1,500})[“”]|«([^»]{1,500})»|(?<!\w)'([^']{1,500})'(?!\w)"
)
_NUMBER = re.compile(r"(?<![\w.#-])#?(\d{1,15}(?:\.\d+)?)(?![\w-]|\.\d)")
_CHANNEL = re.compile(r"(?<!\w)([#@][a-z][\w-]{1,60})")
ZONE_WORDS = frozenset({"timezone", "zone", "tz"})
_FROM, _TO = frozenset({"source", "from"}), frozenset({"target", "to", "destination"})
_INTO = re.compile(r"\b(?:to|into)\b", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?<![\d:.])(?:(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?:\s?(?P<half>[ap])\.?m\b)?|"
    r"(?P<alone>1[0-2]|[1-9])\s?(?P<part>[ap])\.?m\b)(?![:\d])",
    re.IGNORECASE,
)
# Properties that hold what is handed on, in the order in which they get it.
_CONTENT = ("text", "content", "body", "message", "data", "input", "document", "query", "question", "prompt",
            "description", "comment", "note", "value", "html", "markdown", "title", "subject", "summary")  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Data that a step can read: a template, what it is called, and (where known) the JSON Schema of its value."""

    template: str
    label: str = ""
    schema: Mapping[str, Any] | None = None
    is_list: bool = False


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
    schema: Mapping[str, Any], task: str, sources: list[Source], *, works_on_text: bool = False
) -> Filled:
    """The arguments of a call for `task`; the newest of `sources` is last, the first is the user's input.

    A tool that works on a text gets the newest text: statistics or extracted fields of it are no input for it.
    """
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return Filled({"input": sources[-1].template} if not schema else {})
    required = schema.get("required")
    needed = (
        [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
    )
    arguments: dict[str, Any] = {}
    unsure: list[str] = []
    for name, any_schema in properties.items():
        described = any_schema if isinstance(any_schema, Mapping) else {}
        certain = _certain(name, described, task)
        if certain is not None:
            arguments[name] = escape(certain) if isinstance(certain, str) else certain
        elif name in needed:
            arguments[name], is_sure = _from_sources(
                name, described, _texts(sources) if works_on_text else sources
            )
            unsure += [] if is_sure else [name]
    return Filled(arguments, tuple(unsure))


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
    return (_named(choices, task) or None) if isinstance(choices, list) else None


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


def takes_zone(input_schema: Mapping[str, Any]) -> bool:
    """Whether a tool has an argument for a time zone."""
    return any(set(tokens(name)) & ZONE_WORDS for name in input_schema.get("properties") or ())


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


def _from_sources(
    name: str, described: Mapping[str, Any], sources: list[Source]
) -> tuple[Any, bool]:
    """A required argument from the data: the field of the same name, else the newest data, else the user's input."""
    kind = described.get("type")
    for source in reversed(sources):
        field = _field(source, name, kind)
        if field:
            return field, True
    words = set(tokens(name))
    is_content = bool(words & set(_CONTENT))
    source = sources[-1] if is_content or len(sources) == 1 else sources[0]
    if described.get("enum"):
        return open_argument(name, described), False
    if kind == "array" and source.is_list:
        return source.template, True
    if kind == "array" and _holds_texts(described):
        return [source.template], False
    if kind in ("string", None):
        text = (_text_field(source) or as_text(source)) if kind else source.template
        called = set(tokens(source.label))
        return text, is_content or (bool(called) and called <= words)
    return open_argument(name, described), False


def _holds_texts(described: Mapping[str, Any]) -> bool:
    """Whether the items of a list may be texts."""
    items = described.get("items")
    return not isinstance(items, Mapping) or items.get("type", "string") == "string"


def _texts(sources: list[Source]) -> list[Source]:
    """The sources up to the newest that has a text in it; a list of results counts as one."""
    for count in range(len(sources), 1, -1):
        newest = sources[count - 1]
        if newest.is_list or not _is_object(newest) or _holds_content(newest):
            return sources[:count]
    return sources[:1]


def _is_object(source: Source) -> bool:
    return bool(source.schema) and isinstance((source.schema or {}).get("properties"), Mapping)


def _holds_content(source: Source) -> bool:
    return bool(set((source.schema or {}).get("properties", ())) & set(_CONTENT))


def _text_field(source: Source) -> str:
    """The template of the one field that holds what a source is about, else ''."""
    names = [name for name in _CONTENT if _field(source, name, "string")]
    if names:
        return _field(source, names[0], "string") if len(names) == 1 else ""
    # What a page holds may be a text or something else: as part of a text it is one.
    loose = [field for name in _CONTENT if (field := _field(source, name, None))]
    return f"{loose[0]}\n" if len(loose) == 1 else ""


def _field(source: Source, name: str, kind: Any) -> str:
    """The template of a field of `source` that is called like the argument and has its type and is always there, else ''."""
    schema = source.schema or {}
    properties = schema.get("properties")
    if name not in (schema.get("required") or ()):
        return ""
    described = properties.get(name) if isinstance(properties, Mapping) else None
    if (
        isinstance(described, Mapping)
        and described.get("type") == kind
        and re.fullmatch(r"[A-Za-z_][\w-]*", name)
    ):
        return f"{source.template[:-1]}.{name}}}"
    return ""


def as_text(source: Source) -> str:
    """A template whose value is surely a text: a lone reference keeps its type, one inside a text does not."""
    kind = source.schema.get("type") if source.schema else None
    if source.is_list or kind in ("object", "array", "number", "integer", "boolean"):
        return f"{source.template}\n"
    return source.template
