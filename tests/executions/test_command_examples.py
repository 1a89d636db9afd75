"""The commands that docs/executions.md shows, as they stand there."""

import shlex
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError

from executions.models import WorkflowExecution
from tests.executions.conftest import Runner
from tests.executions.engine.building import echo
from tests.executions.tap import Tap
from workflows.services import create_workflow

PAGE = Path(__file__).parents[2] / "docs" / "executions.md"
PREFIX = "manage.py "


def examples(run_id: str) -> list[list[str]]:
    """Every command of the page, with a run in it."""
    section = PAGE.read_text().split("## From a terminal\n")[1].split("\n## ")[0]
    lines = [line.removeprefix(PREFIX) for line in section.splitlines() if line.startswith(PREFIX)]
    return [shlex.split(line.replace("execution-…", run_id)) for line in lines]


def test_the_commands_of_the_page_do_what_it_says(runner: Runner, tap: Tap) -> None:
    staff = User.objects.create_superuser("staff")
    steps = [echo("classify", "complaint"), tap.step("reply", "flaky/1/reply")]
    definition = {"id": "triage-ticket", "name": "Triage", "steps": steps}
    failed = runner.start_workflow(create_workflow(by=runner.owner, definition=definition))
    assert failed.status == "FAILED"
    commands = examples(failed.id)
    assert len(commands) == 6
    for name, *arguments in commands:
        output = StringIO()
        if arguments[0] == "cancel":
            with pytest.raises(CommandError, match="already ended"):
                call_command(name, *arguments, stdout=output)
            continue
        call_command(name, *arguments, stdout=output)
        expected = failed.id if arguments[0] in ("list", "show") else "COMPLETED"
        assert expected in output.getvalue()
    runs = WorkflowExecution.objects.filter(created_by=staff)
    assert list(runs.values_list("status", flat=True)) == ["COMPLETED"] * 3
    assert list(runs.filter(forked_from=failed.id).values_list("forked_at", flat=True)) == [
        "reply",
        "reply",
    ]
