"""The committed OpenAPI file, and JSON values checked against its schemas."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

COMMITTED = Path(__file__).with_name("openapi.yaml")
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One method of one address, as the file describes it."""

    method: str
    path: str
    content: dict[str, Any]

    @property
    def name(self) -> str:
        """Its operationId."""
        return str(self.content["operationId"])

    @property
    def parameters(self) -> list[dict[str, Any]]:
        """Of address, query and headers."""
        return list(self.content.get("parameters", ()))

    @property
    def body(self) -> dict[str, Any] | None:
        """Schema and examples of what is sent as JSON; null: nothing is."""
        content: dict[str, Any] = self.content.get("requestBody", {}).get("content", {})
        found: dict[str, Any] | None = content.get("application/json")
        return found

    def examples(self) -> dict[str, Any]:
        """The example bodies by name."""
        return {key: one["value"] for key, one in ((self.body or {}).get("examples", {})).items()}

    def answer_examples(self) -> dict[str, Any]:
        """The examples of what is answered when it succeeds, by name."""
        done = (one for code, one in self.content["responses"].items() if code < "300")
        found: dict[str, Any] = next(done).get("content", {}).get("application/json", {})
        return {key: one["value"] for key, one in found.get("examples", {}).items()}

    def answer_schema(self, status: int, media_type: str) -> Any:
        """Of an answer; null: the file knows no such answer."""
        content = self.content["responses"].get(str(status), {}).get("content", {})
        return content.get(media_type, {}).get("schema")


@cache
def document() -> dict[str, Any]:
    """The whole file."""
    content: dict[str, Any] = yaml.load(COMMITTED.read_text(), Loader=yaml.CSafeLoader)
    return content


@cache
def operations() -> dict[str, Operation]:
    """All operations by operationId."""
    return {one.name: one for one in _found()}


def _found() -> Iterator[Operation]:
    for path, methods in document()["paths"].items():
        for method, content in methods.items():
            if method in METHODS:
                yield Operation(method, path, content)


def violations(schema: Any, value: Any) -> list[str]:
    """What is wrong with `value`, by place."""
    whole = {**schema, "components": document()["components"]}
    found = Draft202012Validator(whole).iter_errors(value)
    return [f"{one.json_path}: {one.message[:300]}" for one in found]
