"""Tool arguments against the tool's JSON Schema; what a template will give is unknown, not wrong."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from pydantic import JsonValue

from workflows.definition.catalogue import Catalogue
from workflows.definition.checks.patches import Patch
from workflows.definition.checks.subject import Subject
from workflows.definition.json_schemas import JsonSchema, UnusableSchema, Violation
from workflows.definition.plain_json import join
from workflows.definition.problems import Problem
from workflows.definition.references import TemplateSyntaxError, parse_template
from workflows.definition.steps import AgentStep, ToolStep

# Keywords that hold whatever the templated values inside turn out to be.
_SURE = frozenset(
    {"required", "additionalProperties", "type", "dependentRequired"}
    | {"minProperties", "maxProperties", "minItems", "maxItems"}
)
_MISSING = object()
Nearest = Callable[[str, Collection[str]], str | None]


def check(subject: Subject) -> Iterator[Problem]:
    """Tool arguments, and the schemas that the definition itself brings."""
    if subject.definition.input_schema is not None:
        yield from _own_schema(subject.definition.input_schema, "/input_schema")
    schemas = _Schemas(subject.catalogue)
    for place in subject.all_places:
        step = place.step
        if isinstance(step, AgentStep) and step.output_schema is not None:
            yield from _own_schema(step.output_schema, join(place.pointer, "output_schema"))
        if not isinstance(step, ToolStep) or not step.tool:
            continue
        try:
            schema = schemas.of(step.tool)
            found = schema.violations(step.arguments) if schema else []
        except UnusableSchema as error:
            schemas.give_up(step.tool)
            message = f"The arguments of {step.tool!r} can't be checked: {error}"
            yield Problem("schema_unusable", "warning", join(place.pointer, "tool"), message)
            continue
        yield from argument_problems(step, found, join(place.pointer, "arguments"), subject.nearest)


class _Schemas:
    """The input schemas of the tools that a definition names, each prepared once."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.known: dict[str, JsonSchema | None] = {}

    def of(self, tool: str) -> JsonSchema | None:
        """The tool's schema; null where there is none to check by. Raises `UnusableSchema` the first time."""
        if tool not in self.known:
            self.known[tool] = None
            entry = self.catalogue.tools.get(tool)
            if entry is not None:
                self.known[tool] = JsonSchema(entry.input_schema)
        return self.known[tool]

    def give_up(self, tool: str) -> None:
        """Check this tool's arguments no more."""
        self.known[tool] = None


def _own_schema(schema: dict[str, JsonValue], pointer: str) -> Iterator[Problem]:
    try:
        JsonSchema(schema)
    except UnusableSchema as error:
        yield Problem("bad_schema", "error", pointer, str(error))


def argument_problems(
    step: ToolStep, found: list[Violation], pointer: str, nearest: Nearest
) -> Iterator[Problem]:
    """The problems of those violations that stay whatever the templates give; `pointer` is that of the arguments."""
    for violation in found:
        value = _at(step.arguments, violation.path)
        if not _is_certain(violation, value):
            continue
        where = join(pointer, *violation.path)
        message = f"{step.tool!r} does not take these arguments: {violation.message}"
        yield from _problems(violation, value, where, message, nearest)


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _is_certain(violation: Violation, value: JsonValue) -> bool:
    """Whether the violation stays, whatever the templates in `value` give."""
    if not has_template(value):
        return True
    if isinstance(value, str):
        return violation.keyword == "type" and not _is_lone(value)
    return violation.keyword in _SURE


def has_template(value: JsonValue) -> bool:
    """Whether a template stands anywhere in it."""
    if isinstance(value, str):
        return "${" in value
    if isinstance(value, list):
        return any(has_template(item) for item in value)
    return isinstance(value, dict) and any(has_template(item) for item in value.values())


def _is_lone(text: str) -> bool:
    """Whether the text is one reference, which keeps its value's type."""
    try:
        parts = parse_template(text)
    except TemplateSyntaxError:
        return True
    return len(parts) == 1 and not isinstance(parts[0], str)


def _problems(
    violation: Violation, value: Any, pointer: str, message: str, nearest: Nearest
) -> Iterator[Problem]:
    keyword = violation.keyword
    if keyword == "additionalProperties" and isinstance(value, dict):
        known = violation.schema.get("properties", {})
        for name in [name for name in value if name not in known][:100]:
            text = f"{message.split(': ', 1)[0]}: {name[:60]!r} is unknown."
            hint = f"Known are: {', '.join(list(known)[:20])}." if known else "It takes none."
            fix = _renamed(nearest(name, known), name, value, pointer)
            where = join(pointer, name)
            yield Problem("bad_arguments", "error", where, text, hint, fix)
        return
    if keyword == "required" and isinstance(value, dict):
        name = _required(violation, value)
        hint = f"Add {name!r}." if name else ""
        fix = _default(name, violation, pointer) if name else None
        yield Problem("bad_arguments", "error", pointer, message, hint, fix)
        return
    right = _converted(violation, value, nearest)
    fix = None if right is _MISSING else ({"op": "replace", "path": pointer, "value": right},)
    yield Problem("bad_arguments", "error", pointer, message, fix=fix)


def _renamed(near: str | None, name: str, value: dict[str, Any], pointer: str) -> Patch | None:
    if near is None or near in value:
        return None
    return ({"op": "move", "from": join(pointer, name), "path": join(pointer, near)},)


def _required(violation: Violation, value: dict[str, Any]) -> str | None:
    """The name that this violation misses: the library reports one for each."""
    for name in violation.expected if isinstance(violation.expected, list) else []:
        if name not in value and violation.message.startswith(repr(name)):
            return str(name)
    return None


def _default(name: str, violation: Violation, pointer: str) -> Patch | None:
    properties = violation.schema.get("properties")
    schema = properties.get(name) if isinstance(properties, dict) else None
    if not isinstance(schema, dict) or "default" not in schema:
        return None
    return ({"op": "add", "path": join(pointer, name), "value": schema["default"]},)


def _converted(violation: Violation, value: Any, nearest: Nearest) -> Any:
    """`value` as what the schema asks for, where that is plain; `_MISSING` where it is not."""
    if violation.keyword == "enum" and isinstance(value, str):
        choices = [choice for choice in violation.expected if isinstance(choice, str)]
        return nearest(value, choices) or _MISSING
    if violation.keyword != "type":
        return _MISSING
    match violation.expected:
        case "string" if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        case "integer" if isinstance(value, str) and value.isdecimal() and len(value) < 19:
            return int(value)
        case "boolean" if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        case "array" if not isinstance(value, list | dict) and value is not None:
            return [value]
        case _:
            return _MISSING
