"""The fake model itself: usable as a process of its own, and by the script."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

from tests.fakes import model_server as fake
from tests.fakes.model_server import ModelServer

PROJECT = Path(__file__).parents[2]


def post(base_url: str, content: str) -> str:
    body = {"model": "m", "messages": [{"role": "user", "content": content}]}
    request = Request(f"{base_url}/chat/completions", json.dumps(body).encode())
    with urlopen(request, timeout=10) as response:
        return str(json.load(response)["choices"][0]["message"]["content"])


def test_it_runs_as_a_process_that_prints_its_address() -> None:
    command = [sys.executable, "-m", "tests.fakes.model_server", "--port", "0"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert post(process.stdout.readline().strip(), "Hello") == "Answer to: Hello"
        finally:
            process.terminate()


def test_it_follows_its_script_and_then_answers_by_itself() -> None:
    with ModelServer() as server:
        server.script([fake.text("first"), lambda body: fake.text(body["model"].upper())])
        assert [post(server.base_url, "x") for _ in range(3)] == ["first", "M", "Answer to: x"]
        assert server.unused == 0
        assert [request["messages"][0]["content"] for request in server.requests] == ["x"] * 3
