"""A real web server process on the test's database, and viewers of its streams."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from django.conf import settings
from django.db import connection

PROJECT = Path(__file__).resolve().parents[3]
APPLICATION = "viewers-test"
READY_SECONDS = 60


class WebProcess:
    """uvicorn, as `make run` starts it."""

    def __init__(self, log: Path, **environment: str) -> None:
        self.log = log
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._output = log.open("ab")
        command = f"-m uvicorn workflowsite.asgi:application --port {self.port} --lifespan off"
        self.process = subprocess.Popen(
            [sys.executable, *command.split()],
            cwd=PROJECT,
            env=os.environ | self._environment() | environment,
            stdout=self._output,
            stderr=self._output,
        )
        self._wait_until_ready()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def threads(self) -> int:
        """How many threads it has."""
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))

    @property
    def open_sockets(self) -> int:
        """How many sockets it holds: clients, databases, Redis and its own."""
        files = Path(f"/proc/{self.process.pid}/fd").iterdir()
        return sum(file.is_socket() for file in files)

    @property
    def connections(self) -> int:
        """How many connections it has to the database."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [APPLICATION]
            )
            row = cursor.fetchone()
        return int(row[0]) if row else 0

    def stop(self) -> float:
        """SIGTERM; gives the seconds that it took."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)
        self._output.close()
        return time.monotonic() - started

    def get(self, path: str, token: str, **headers: str) -> Any:
        """The JSON answer."""
        request = Request(f"{self.url}{path}", headers={"Authorization": f"Token {token}"})
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while "Uvicorn running" not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    @staticmethod
    def _environment() -> dict[str, str]:
        server, _, options = os.environ["DATABASE_URL"].partition("?")
        query = f"{options}&" if options else ""
        name = connection.settings_dict["NAME"]
        return {
            "DATABASE_URL": f"{server.rsplit('/', 1)[0]}/{name}?{query}application_name={APPLICATION}",
            "DATABASE_POOL_SIZE": "4",
            "REDIS_URL": settings.REDIS_URL,
            "PYTHONUNBUFFERED": "1",
        }


@dataclass
class Viewer:
    """One client of a stream."""

    port: int
    path: str
    headers: dict[str, str]
    status: int = 0
    pieces: list[bytes] = field(default_factory=list)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def watch(self) -> "Viewer":
        """Until the server ends the stream."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            await self._ask(reader, writer)
            async for piece in _chunks(reader):
                self.pieces.append(piece)
                self.opened.set()
        finally:
            writer.close()
        return self

    @property
    def text(self) -> str:
        """All that came."""
        return b"".join(self.pieces).decode()

    @property
    def messages(self) -> list[tuple[str, str, Any]]:
        """Id, event and data of each message."""
        return [_message(block) for block in self.text.split("\n\n") if "data:" in block]

    @property
    def numbers(self) -> list[int]:
        """The ids of the events."""
        return [int(number) for number, _, _ in self.messages if number]

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        given = {"Host": "127.0.0.1", "Accept": "text/event-stream", **self.headers}
        lines = [
            f"GET {self.path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in given.items()),
        ]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.status = int((await reader.readline()).split()[1])
        while (await reader.readline()).strip():
            pass


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The body's chunks until the last."""
    while size := int((await reader.readline()).strip() or b"0", 16):
        yield await reader.readexactly(size)
        await reader.readline()


def _message(block: str) -> tuple[str, str, Any]:
    fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
    return fields.get("id", ""), fields["event"], json.loads(fields["data"])
