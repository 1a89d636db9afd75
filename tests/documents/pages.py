"""The examples in README.md and docs/*.md: shell lines, and requests written as in HTTP."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
PAGES = (PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md")))
STAND_IN = Path(__file__).with_name("curl_stand_in.py")
SECONDS = 120

_SHELL = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
_REQUEST = re.compile(r"```\n(GET|POST|PUT|PATCH|DELETE) (\S+)\s+(\{.*?\})\n```", re.DOTALL)


@dataclass(frozen=True)
class Request:
    """A request as a page shows it."""

    method: str
    path: str
    body: Any

    def filled(self, **ids: str) -> "Request":
        """With ids in place of `{name}`, in the address and in texts of the body."""
        path, body = self.path, json.dumps(self.body)
        for name, value in ids.items():
            path, body = (text.replace(f"{{{name}}}", value) for text in (path, body))
        return Request(self.method, path, json.loads(body))


def section(page: str, heading: str) -> str:
    """The text of a section of `docs/building.md` or the like; with heading '' the whole page."""
    text = (PROJECT / page).read_text()
    return text.split(f"\n## {heading}\n")[1].split("\n## ")[0] if heading else text


def sections(page: Path) -> dict[str, str]:
    """Every section of a page by its heading; what stands before the first one is ''."""
    first, *rest = page.read_text().split("\n## ")
    named = (part.partition("\n") for part in rest)
    return {"": first, **{heading: text for heading, _, text in named}}


def shell_lines(text: str) -> str:
    """All shell lines, one block after the other."""
    return "\n".join(_SHELL.findall(text))


def calls_curl(text: str) -> bool:
    """Whether its shell lines call curl, or the function that a page makes of it."""
    return bool(re.search(r"^\s*(curl|api) ", shell_lines(text), re.MULTILINE))


def requests(text: str) -> list[Request]:
    """The requests of all blocks that begin with a method."""
    return [
        Request(method, path, json.loads(body)) for method, path, body in _REQUEST.findall(text)
    ]


def run(lines: str, folder: Path, **known: object) -> str:
    """What the lines print, in bash, with these variables; a line that fails ends them with an error.

    With curl if there is one; else, or with `CURL='stand-in'`, with a small program in its place.
    """
    variables = {name: str(value) for name, value in known.items()}
    if variables.pop("CURL", "") or shutil.which("curl") is None:
        lines = f'curl() {{ "{sys.executable}" "{STAND_IN}" "$@"; }}\n{lines}'
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", lines],
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    return done.stdout


def answers(printed: str) -> list[Any]:
    """The JSON values that were printed one after the other."""
    found, decoder, rest = [], json.JSONDecoder(), printed.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        found.append(value)
        rest = rest[end:].lstrip()
    return found
