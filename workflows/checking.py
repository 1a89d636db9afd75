"""A raw definition on its way into the database: normalised, validated, refused where it can't be represented."""

from collections.abc import Mapping
from typing import Any

from common import strict_json
from common.errors import InvalidDefinition
from workflows.definition.catalogue import Catalogue
from workflows.definition.steps import Definition
from workflows.definition.validate import Report, report


def checked(raw: object, catalogue: Catalogue) -> tuple[Definition, Report]:
    """The canonical definition and what was found; raises `InvalidDefinition` for what can't be stored."""
    found = check(raw, catalogue)
    if found.definition is None:
        raise refusal(found)
    return found.definition, found


def check(raw: object, catalogue: Catalogue) -> Report:
    """What is to be said about `raw`; raises `InvalidDefinition` for values that are no JSON."""
    try:
        strict_json.check(raw)
    except strict_json.RefusedJson as error:
        raise InvalidDefinition(error.detail, code=error.code, pointer=error.pointer) from error
    return report(raw, catalogue)


def refusal(found: Report) -> InvalidDefinition:
    """The error that carries the findings which keep a definition from being stored."""
    errors = [problem for problem in found.problems if problem.severity == "error"]
    first = errors[0].message if errors else "It is no definition."
    return InvalidDefinition(
        f"The definition can't be stored: {first}",
        pointer="/definition",
        problems=[problem.to_json() for problem in found.problems],
    )


def described(raw: Mapping[str, Any], **given: str | None) -> dict[str, Any]:
    """`raw` with the id, name and description that were given beside it; null leaves the definition's own."""
    return {**raw, **{key: value for key, value in given.items() if value is not None}}
