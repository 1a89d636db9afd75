"""`manage.py doctor` tells what is missing and what to do."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

PROJECT = Path(__file__).resolve().parents[2]


def _doctor(*only: str) -> tuple[int, dict[str, dict[str, str]]]:
    """The exit code and the findings by name."""
    output, code = StringIO(), 0
    try:
        call_command("doctor", "--json", *(["--only", *only] if only else []), stdout=output)
    except SystemExit as ending:
        code = int(ending.code or 0)
    return code, {finding["name"]: finding for finding in json.loads(output.getvalue())}


@pytest.mark.django_db
def test_a_healthy_part_gives_exit_code_0() -> None:
    code, found = _doctor("python", "disk", "database", "migrations", "redis", "temporal")
    assert {name: finding["state"] for name, finding in found.items()} == dict.fromkeys(
        ("python", "disk", "database", "migrations", "redis", "temporal"), "ok"
    )
    assert code == 0


def test_a_missing_worker_is_an_error_with_advice(settings: Settings) -> None:
    settings.TEMPORAL_TASK_QUEUE = "nobody-polls-this-either"
    code, found = _doctor("worker")
    assert code == 1
    assert found["worker"]["state"] == "error"
    assert "manage.py temporal_worker" in found["worker"]["advice"]


def test_a_model_is_not_required(settings: Settings) -> None:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    code, found = _doctor("model")
    assert (code, found["model"]["state"]) == (0, "note")
    assert "OPENAI_API_KEY" in found["model"]["advice"]


def test_a_damaged_mcp_file_is_named(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings.MCP_CONFIG = tmp_path_factory.mktemp("mcp") / "mcp.json"
    settings.MCP_CONFIG.write_text("{")
    code, found = _doctor("mcp.json")
    assert (code, found["mcp.json"]["state"]) == (1, "error")
    assert str(settings.MCP_CONFIG) in found["mcp.json"]["detail"]


def test_packages_are_the_pinned_ones() -> None:
    assert _doctor("packages")[0] == 0


def test_celery_without_redis_says_where_to_look() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--only", "celery", "--json"],
        cwd=PROJECT,
        env=os.environ | {"REDIS_URL": "redis://127.0.0.1:9/0"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(done.stdout)[0]
    assert (done.returncode, found["state"]) == (1, "error")
    assert found["detail"].startswith("Redis, through which Celery gets its work")
    assert "REDIS_URL" in found["advice"]
