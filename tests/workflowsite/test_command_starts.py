"""A command loads what it needs: a terminal answers in a second or two, and not in five."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
# The planner with its vocabularies, the web part, and the SDKs of models and tool servers.
HEAVY = ("generation.planner", "workflowsite.urls", "rest_framework.views", "openai", "mcp")
# As `manage.py` does it; the database need not be there.
PROGRAM = """
import sys
from django.core.management import execute_from_command_line
from django.db import OperationalError
try:
    execute_from_command_line(["manage.py", *sys.argv[1:]])
except OperationalError:
    print("asked the database")
print(*sys.modules)
"""


@pytest.mark.parametrize(
    "command", [("executions", "list"), ("generations", "list"), ("audit", "list")]
)
def test_a_command_about_rows_loads_neither_planner_nor_web_nor_sdks(
    command: tuple[str, str],
) -> None:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "workflowsite.settings",
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "DATABASE_POOL_SIZE": "0",
    }
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command],
        cwd=PROJECT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    told, loaded = ran.stdout.strip().split("\n")
    assert told == "asked the database"
    assert set(HEAVY) & set(loaded.split()) == set()
