"""Well-known MCP servers: how a suggested one is registered, or written into the operator's mcp.json. Never run here."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from generation.planning.language.words import tokens

# In the shape of the MCP registry's server.json; `keywords` are the names that requests use.
FILE = Path(__file__).parent / "known_servers.json"


def setup_of(server_id: str, name: str, description: str) -> dict[str, Any]:
    """`known`, `registration` (what POST /mcp-servers takes), `mcp_json` and `variables` for a suggested server.

    `known` is null for a server that is not in the list; the others are null or empty then.
    """
    found = _by_keyword().get(" ".join(tokens(name)))
    if found is None:
        return {"known": None, "registration": None, "mcp_json": None, "variables": []}
    remote, package = next(iter(found["remotes"]), None), next(iter(found["packages"]), None)
    return {
        "known": found["name"],
        "registration": _registration(remote, server_id, name, description) if remote else None,
        "mcp_json": {"mcpServers": {server_id: _command(package, description)}}
        if package
        else None,
        "variables": [_variable(v) for v in _inputs(remote, package)],
    }


@cache
def known_servers() -> tuple[dict[str, Any], ...]:
    """Every server of the list."""
    return tuple(json.loads(FILE.read_text(encoding="utf-8"))["servers"])


@cache
def _by_keyword() -> dict[str, dict[str, Any]]:
    return {
        " ".join(tokens(word)): server for server in known_servers() for word in server["keywords"]
    }


def _registration(
    remote: dict[str, Any], server_id: str, name: str, description: str
) -> dict[str, Any]:
    """The body of POST /mcp-servers; `{token}` in a header stands for the secret that its owner has."""
    headers = {header["name"]: header["value"] for header in remote["headers"]}
    return {
        "id": server_id, "name": name, "description": description, "url": remote["url"], "headers": headers,
    }  # fmt: skip


def _command(package: dict[str, Any], description: str) -> dict[str, Any]:
    """One entry of `mcpServers`; `<NAME>` stands for a value that the operator writes."""
    before = ["-y"] if package["runtimeHint"] == "npx" else []
    arguments = [argument["value"] for argument in package["packageArguments"]]
    names = [
        variable["name"] for variable in package["environmentVariables"] if variable["isRequired"]
    ]
    return {
        "description": description,
        "command": package["runtimeHint"],
        "args": [*before, package["identifier"], *arguments],
        "env": {name: f"<{name}>" for name in names},
    }


def _inputs(remote: dict[str, Any] | None, package: dict[str, Any] | None) -> list[dict[str, Any]]:
    return [
        *(remote["headers"] if remote else ()),
        *(package["environmentVariables"] if package else ()),
    ]


def _variable(described: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": described["name"],
        "description": described["description"],
        "is_required": described["isRequired"],
        "is_secret": described["isSecret"],
    }
