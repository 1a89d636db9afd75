"""A stdio server written by hand that does what no server should: `python misbehaving.py WAY [FILE]`.

It needs nothing but the standard library, so that it starts at once.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

OBJECT = {"type": "object", "properties": {}}


def tool(name: Any, **more: Any) -> dict[str, Any]:
    """A tool's entry in the list."""
    return {"name": name, "description": "A tool.", "inputSchema": OBJECT, **more}


BAD_TOOLS = [
    tool("good"),
    tool("good", description="The same name again."),
    tool(""),
    tool("bell\x07"),
    tool("new\nline"),
    tool("x" * 129),
    tool(7),
    "no object",
    {"name": "no-schema"},
    {"name": "odd-schema", "inputSchema": {"type": "array"}},
    {"name": "broken-schema", "inputSchema": {"type": "object", "required": "all"}},
    tool("large-schema", inputSchema={"type": "object", "description": "x" * 70_000}),
    tool("bad-icons", icons=7, annotations="none"),
    tool("hidden", description="Plain\u200b \x1b[31mtext"),
    tool(
        "regex",
        inputSchema={
            "type": "object",
            "properties": {"pattern": {"type": "string", "pattern": "(a+)+$"}},
        },
    ),
    tool("last", annotations={"readOnlyHint": True}),
]


class Misbehaving:
    """Answers each request in the given way."""

    def __init__(self, way: str, file: str = "") -> None:
        self.way = way
        self.file = Path(file)

    def answer(self, method: str, params: dict[str, Any]) -> Any:
        """The result of one request; None: no answer at all."""
        match method:
            case "initialize":
                return {
                    "protocolVersion": "2025-11-25",
                    "capabilities": {"tools": {}},
                    "serverInfo": {"name": "misbehaving", "version": "0"},
                }
            case "tools/list":
                return self.list_tools(params)
            case "tools/call":
                return self.call_tool(params)
        raise KeyError(method)

    def list_tools(self, params: dict[str, Any]) -> Any:
        """Pages without end, malformed entries, a list that a file dictates…"""
        match self.way:
            case "bad-tools":
                return {"tools": BAD_TOOLS}
            case "endless-pages":
                page = int(params.get("cursor", "0"))
                names = [f"tool-{page}-{i}" for i in range(100)]
                return {"tools": [tool(name) for name in names], "nextCursor": str(page + 1)}
            case "from-file":
                return {"tools": json.loads(self.file.read_text())}
            case "no-list":
                return {"tools": "none"}
        return {"tools": [tool("go")]}

    def call_tool(self, params: dict[str, Any]) -> Any:
        """No answer, an end, a lie…"""
        match self.way:
            case "hang":
                return None
            case "crash":
                print("fatal: out of luck", file=sys.stderr, flush=True)  # noqa: T201
                os._exit(3)
            case "slow":
                time.sleep(float(params["arguments"].get("seconds", 0)))
        return self.results().get(self.way, self.text("done"))

    def results(self) -> dict[str, dict[str, Any]]:
        """What some ways answer."""
        deep: Any = 1
        for _ in range(80):
            deep = {"v": deep}
        return {
            "nul": self.text("a\x00b"),
            "deep": {"content": [], "structuredContent": deep},
            "image": {"content": [{"type": "image", "data": "AAAA", "mimeType": "image/png"}]},
            "no-content": {"isError": False},
            "pid": self.text(str(os.getpid())),
            "environment": self.text(json.dumps(dict(os.environ))),
            "from-file": {"content": [], "structuredContent": {"total": "many"}},
        }

    def text(self, text: str) -> dict[str, Any]:
        """A result of one text."""
        return {"content": [{"type": "text", "text": text}]}


def serve(server: Misbehaving) -> None:
    """Line after line until stdin ends."""
    for line in sys.stdin:
        request = json.loads(line)
        if "id" not in request:
            continue
        try:
            result = server.answer(request["method"], request.get("params") or {})
        except KeyError:
            reply = {"error": {"code": -32601, "message": "Method not found"}}
        else:
            if result is None:
                continue
            reply = {"result": result}
        print(json.dumps({"jsonrpc": "2.0", "id": request["id"], **reply}), flush=True)  # noqa: T201


if __name__ == "__main__":
    if sys.argv[1] == "mute":
        time.sleep(600)
    elif sys.argv[1] == "chatter":
        print("This is not JSON.", flush=True)  # noqa: T201
        time.sleep(600)
    elif sys.argv[1] == "refuse":
        sys.exit(f"The key {os.environ.get('FAKE_SECRET', '')} is wrong.")
    serve(Misbehaving(*sys.argv[1:]))
