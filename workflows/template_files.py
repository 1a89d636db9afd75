"""The template files in `templates_json/`: read, checked, refused with their name and the place."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common import strict_json
from workflows.definition.catalogue import Catalogue, WorkflowEntry
from workflows.definition.problems import Problem
from workflows.definition.steps import Definition
from workflows.definition.validate import Report, report
from workflows.identifiers import RESERVED_IDS

MAX_BYTES = 1024 * 1024
OF_THE_INSTALLATION = frozenset(
    {
        "unknown_agent",
        "inactive_agent",
        "unknown_server",
        "server_disabled",
        "unknown_tool",
        "tool_unavailable",
        "unknown_workflow",
        "inactive_workflow",
    }
)


class TemplateFile(BaseModel):
    """What stands in a file; the definition may omit id, name and description."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str = Field(pattern=r"\A[a-zA-Z][a-zA-Z0-9_-]{0,99}\z")
    name: str = Field(min_length=1, max_length=200)
    description: str = Field(default="", max_length=1000)
    category: str = Field(default="", max_length=50)
    tags: list[str] = Field(default_factory=list, max_length=20)
    layout: dict[str, dict[str, float]] = Field(default_factory=dict)
    definition: dict[str, Any]


@dataclass(frozen=True)
class Template:
    """A file that was read, its canonical definition and what validation found."""

    path: Path
    content: TemplateFile
    definition: Definition
    found: Report


class BadTemplateFile(ValueError):
    """A file that can't be imported; the message names the file and the place."""


def read_templates(folder: Path, catalogue: Catalogue) -> list[Template]:
    """All `*.json` files of `folder`, by name; raises `BadTemplateFile` with every file that is wrong."""
    templates, complaints = [], []
    paths = sorted(folder.glob("*.json"))
    catalogue = _with_files(catalogue, paths)
    for path in paths:
        try:
            templates.append(read_template(path, catalogue))
        except BadTemplateFile as error:
            complaints.append(str(error))
    complaints += _repeated(templates)
    if complaints:
        raise BadTemplateFile("\n".join(complaints))
    return templates


def read_template(path: Path, catalogue: Catalogue) -> Template:
    """One file; raises `BadTemplateFile`.

    Agents, servers and tools that are not in the catalogue are no fault of the file; every other error is.
    """
    content = _content(path)
    if content.id in RESERVED_IDS:
        raise BadTemplateFile(f"{path.name}: /id: {content.id!r} is reserved.")
    own = {"id": content.id, "name": content.name, "description": content.description}
    found = report({**content.definition, **own}, catalogue)
    faults = [problem for problem in found.problems if _is_fault(problem)]
    if found.definition is None or faults:
        raise BadTemplateFile("\n".join(_complaints(path, faults or found.problems)))
    return Template(path, content, found.definition, found)


def _with_files(catalogue: Catalogue, paths: list[Path]) -> Catalogue:
    """The catalogue as it will be once all files are imported: they may run each other."""
    coming = {}
    for path in paths:
        try:
            content = _content(path)
        except BadTemplateFile:
            continue
        coming[content.id] = WorkflowEntry(content.id, content.name)

    def find(ids: Collection[str], *, asked_by: str) -> Mapping[str, WorkflowEntry]:
        stored = catalogue.find_workflows(ids, asked_by=asked_by)
        # A stored one keeps its versions, and is in use again once its file is imported.
        return dict(stored) | {
            key: replace(stored.get(key, coming[key]), is_active=True, can_execute=True)
            for key in ids
            if key in coming
        }

    return replace(catalogue, find_workflows=find)


def _content(path: Path) -> TemplateFile:
    try:
        raw = strict_json.loads(path.read_bytes(), max_bytes=MAX_BYTES)
        return TemplateFile.model_validate(raw)
    except OSError as error:
        raise BadTemplateFile(f"{path.name}: {error.strerror}.") from error
    except strict_json.RefusedJson as error:
        place = f"{error.pointer}: " if error.pointer else ""
        raise BadTemplateFile(f"{path.name}: {place}{error.detail}") from error
    except ValidationError as error:
        lines = [
            f"{path.name}: /{'/'.join(map(str, fault['loc']))}: {fault['msg']}."
            for fault in error.errors()
        ]
        raise BadTemplateFile("\n".join(lines)) from error


def _is_fault(problem: Problem) -> bool:
    # Such an agent, server or tool may exist on the next installation; a missing native tool exists on none.
    of_the_installation = problem.code in OF_THE_INSTALLATION and "'native:" not in problem.message
    return problem.severity == "error" and not of_the_installation


def _complaints(path: Path, problems: Iterable[Problem]) -> list[str]:
    return [f"{path.name}: /definition{problem.path}: {problem.message}" for problem in problems]


def _repeated(templates: list[Template]) -> list[str]:
    seen: dict[str, Path] = {}
    complaints = []
    for template in templates:
        first = seen.setdefault(template.content.id, template.path)
        if first is not template.path:
            complaints.append(
                f"{template.path.name}: /id: {template.content.id!r} is also the id of {first.name}."
            )
    return complaints
