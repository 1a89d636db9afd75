"""The shape of an exported workflow, published as a JSON Schema, and the gate for documents from elsewhere."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from common.errors import Invalid

FORMAT = "workflow-export/1"
MAX_PARTS = 200
MAX_PLACES = 2_000
MAX_COORDINATE = 1_000_000
# As everywhere; JSON Schema's expressions are ECMAScript's, which has no `\\z`.
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z][a-zA-Z0-9_-]{0,99}$")]


class Part(BaseModel):
    """A part of the document; what it does not name is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ExportedAgent(Part):
    """An agent that the workflow uses."""

    id: Identifier
    name: str = Field(min_length=1, max_length=200)
    description: str = Field(default="", max_length=1_000)
    agent_type: str = "chat"
    model: str | None = Field(default=None, max_length=100)
    role: str = Field(default="", max_length=500)
    goal: str = Field(default="", max_length=1_000)
    instructions: str = Field(default="", max_length=20_000)
    tools: list[str] = Field(default_factory=list, max_length=100)
    output_schema: dict[str, Any] | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_turns: int = Field(default=10, ge=1, le=100)


class ExportedServer(Part):
    """An MCP server that the workflow uses: where it is, never how one gets in. `tools` are those that are called."""

    id: Identifier
    name: str = Field(default="", max_length=200)
    description: str = Field(default="", max_length=1_000)
    transport: str = ""
    url: str = Field(default="", max_length=1_000)
    tools: list[str] = Field(default_factory=list)


class ExportedTemplate(Part):
    """Where the workflow comes from."""

    id: str
    name: str = ""


Coordinate = Annotated[float, Field(ge=-MAX_COORDINATE, le=MAX_COORDINATE)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=50)]


class ExportedPlace(Part):
    """Where a step stands on the canvas, relative to its container."""

    x: Coordinate
    y: Coordinate


class ExportedWorkflow(Part):
    """The workflow; `definition` is canonical when we wrote it, and anything the language takes when read."""

    category: str = Field(default="", max_length=50)
    tags: list[Tag] = Field(default_factory=list, max_length=20)
    version: int = Field(default=1, ge=1)
    definition: dict[str, Any]
    layout: dict[str, ExportedPlace] = Field(default_factory=dict, max_length=MAX_PLACES)
    source_template: ExportedTemplate | None = None


class Document(Part):
    """A workflow with what it needs to run elsewhere."""

    format: str = Field(default=FORMAT, pattern=r"^workflow-export/1$")
    workflow: ExportedWorkflow
    agents: list[ExportedAgent] = Field(default_factory=list, max_length=MAX_PARTS)
    mcp_servers: list[ExportedServer] = Field(default_factory=list, max_length=MAX_PARTS)
    workflows: list[str] = Field(
        default_factory=list, max_length=MAX_PARTS, description="Ids of the workflows that it runs."
    )


SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **Document.model_json_schema(),
}


def read_document(raw: Any) -> Document:
    """The document; raises `Invalid` with the place of the first thing that does not fit."""
    try:
        return Document.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        pointer = "".join(f"/{part}" for part in first["loc"])
        raise Invalid(
            f"This is no exported workflow: {first['msg']} (at {pointer or '/'}).",
            code="invalid_document",
            pointer=f"/document{pointer}",
        ) from None
