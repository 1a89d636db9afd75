"""Reads the operator's `mcp.json`: the only source of commands that this product ever starts."""

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common import strict_json
from discovery.models import IDENTIFIER, identifier
from discovery.reserved import RESERVED_SERVER_IDS

MAX_BYTES = 256 * 1024

Text = Annotated[str, Field(max_length=4_000)]


class BrokenConfig(Exception):
    """The file as a whole can't be read; the message names the file, the place and what to do."""


class _Entry(BaseModel):
    """One entry of `mcpServers`; `name`, `description` and `allowedTools` are ours, the rest is the usual shape."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    command: Annotated[Text, Field(min_length=1)]
    args: list[Text] = []
    env: dict[Text, Text] = {}
    cwd: Text | None = None
    type: Literal["stdio"] = "stdio"
    disabled: bool = False
    name: Annotated[str, Field(max_length=200)] = ""
    description: Annotated[str, Field(max_length=1000)] = ""
    allowedTools: list[Text] | None = None  # spelled as its neighbours in the file


@dataclass(frozen=True)
class StdioServer:
    """A command that the operator allows, its argv and folders resolved; `env` holds secrets and is never shown."""

    id: str
    name: str
    description: str
    command: str
    args: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False, hash=False)
    cwd: str
    allowed_tools: frozenset[str] | None
    is_disabled: bool


@dataclass(frozen=True)
class McpConfig:
    """What the file says: the usable servers by id, and for each unusable entry the reason by its key."""

    servers: Mapping[str, StdioServer]
    problems: Mapping[str, str]


def read_config(path: Path, *, only: str | None = None) -> McpConfig:
    """The servers of the file at `path` (with `only`, that one alone); a file that does not exist has none.

    Raises `BrokenConfig`. An entry that can't be used is a problem of its own and leaves the others usable.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return McpConfig({}, {})
    except OSError as error:
        raise BrokenConfig(f"{path.name} can't be read: {error.strerror}.") from error
    entries, problems = _read_entries(text, path.name)
    # Looked up each time: a command may be installed while the file stays as it is.
    wanted = entries if only is None else entries.keys() & {only}
    servers = {key: _resolve(key, entries[key], path.parent) for key in wanted}
    return McpConfig(servers, problems)


@lru_cache(maxsize=4)
def _read_entries(text: bytes, name: str) -> tuple[Mapping[str, _Entry], Mapping[str, str]]:
    """The usable entries and the others' problems. Kept, because each call of a tool asks for them."""
    entries: dict[str, _Entry] = {}
    problems: dict[str, str] = {}
    for server_id, raw in _raw_entries(text, name).items():
        place = f"{name}, mcpServers.{server_id[:100]}"
        if not re.search(IDENTIFIER, server_id):
            problems[server_id] = f"{place}: {identifier.message}"
        elif server_id in RESERVED_SERVER_IDS:
            problems[server_id] = f"{place}: this id is reserved; choose another."
        elif isinstance(raw, dict) and "url" in raw:
            problems[server_id] = (
                f"{place}: only commands stand in this file; register HTTP servers over the API or the admin."
            )
        else:
            try:
                entries[server_id] = _Entry.model_validate(raw)
            except ValidationError as error:
                problems[server_id] = f"{place}: {_first(error)}"
    return entries, problems


def _raw_entries(text: bytes, name: str) -> Mapping[str, object]:
    try:
        raw = strict_json.loads(text, max_bytes=MAX_BYTES)
    except strict_json.RefusedJson as error:
        place = f" (at {error.pointer})" if error.pointer else ""
        raise BrokenConfig(f"{name}: {error.detail}{place}") from error
    entries = raw.get("mcpServers") if isinstance(raw, dict) else None
    if not isinstance(entries, dict):
        raise BrokenConfig(
            f'{name}: expected an object with "mcpServers", an object of servers by id.'
        )
    return entries


def _resolve(server_id: str, entry: _Entry, folder: Path) -> StdioServer:
    root = folder.resolve()
    return StdioServer(
        id=server_id,
        name=entry.name or server_id,
        description=entry.description,
        command=_executable(entry.command, root),
        args=tuple(entry.args),
        env=entry.env,
        cwd=str(root / entry.cwd) if entry.cwd else str(root),
        allowed_tools=None if entry.allowedTools is None else frozenset(entry.allowedTools),
        is_disabled=entry.disabled,
    )


def _executable(command: str, folder: Path) -> str:
    """The program to start: "python" is the interpreter that runs this; a relative path starts at the file's folder.

    A bare name is looked up beside the interpreter first, where pip puts a package's commands, then on PATH.
    """
    if command == "python":
        return sys.executable
    if os.sep in command:
        return str(folder / command)
    places = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return shutil.which(command, path=places) or command


def _first(error: ValidationError) -> str:
    """The first finding with its place and without the value, which may be a secret."""
    finding = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in finding["loc"])
    return f"{place}: {finding['msg']}." if place else f"{finding['msg']}."
