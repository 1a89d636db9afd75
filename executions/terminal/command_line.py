"""What the commands about runs share: as whom they act, what they read, and how they tell of a run."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common import strict_json
from common.command_line import refusals as common_refusals
from common.errors import Conflict, Unavailable
from executions.models import WorkflowExecution
from executions.terminal.lines import as_json, end_text, step_changes, step_line

# What a shell reports of a program that Ctrl+C ended.
INTERRUPTED = 130
# What services ask for in the words of the API.
ALLOWED_BY = {"confirmation_required": "--confirm", "retry_running": "--another"}


def add_user(parser: CommandParser) -> None:
    """`--user`, for `acting_user`."""
    parser.add_argument("--user", help="act as this user; default: the first administrator")


def add_telling(parser: CommandParser) -> None:
    """The options of `tell`."""
    parser.add_argument("--wait", action="store_true", help="follow the steps until the end")
    parser.add_argument(
        "--follow", action="store_true", help="the same; with --json each change is a line of JSON"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, the run itself last")


def json_option(text: str, option: str) -> Any:
    """The option's JSON. Raises `CommandError`."""
    try:
        return strict_json.loads(text)
    except strict_json.RefusedJson as error:
        raise CommandError(f"{option}: {error.detail}") from error


def object_option(text: str, option: str) -> dict[str, Any]:
    """The option's JSON object. Raises `CommandError`."""
    value = json_option(text, option)
    if not isinstance(value, dict):
        raise CommandError(f"{option}: give a JSON object.")
    return value


@contextmanager
def refusals() -> Iterator[None]:
    """What a service refuses, as the command's error, with the option that allows it or the run that was kept."""
    try:
        with common_refusals():
            yield
    except CommandError as error:
        refused = error.__cause__
        if isinstance(refused, Unavailable):
            kept = refused.extra.get("execution_id", "")
            raise CommandError(f"{error} ({kept})") from refused
        if isinstance(refused, Conflict) and refused.code in ALLOWED_BY:
            raise CommandError(f"{error} Here: {ALLOWED_BY[refused.code]}.") from refused
        raise


def tell(command: BaseCommand, execution: WorkflowExecution, options: dict[str, Any]) -> None:
    """Tell of a run that was started; followed to its end, the exit code is 0 only if it completed.

    Ctrl+C ends the following, not the run.
    """
    wants_json, follows = options["json"], options["wait"] or options["follow"]
    if follows:
        try:
            _follow(command, execution, wants_json=wants_json, wants_lines=options["follow"])
        except KeyboardInterrupt:
            command.stderr.write(
                f"{execution.pk} goes on: `manage.py executions cancel {execution.pk}` stops it."
            )
            sys.exit(INTERRUPTED)
        execution.refresh_from_db()
    if wants_json:
        _write(command, json.dumps(as_json(execution), default=str))
    else:
        _write(command, _end(execution) if follows else f"{execution.pk} {execution.status}")
    if follows and execution.status != WorkflowExecution.Status.COMPLETED:
        sys.exit(1)


def _follow(
    command: BaseCommand, execution: WorkflowExecution, *, wants_json: bool, wants_lines: bool
) -> None:
    if not wants_json:
        _write(command, execution.pk)
    for change in step_changes(execution):
        if not wants_json:
            _write(command, step_line(change))
        elif wants_lines:
            _write(command, json.dumps(change, default=str))


def _write(command: BaseCommand, line: str) -> None:
    command.stdout.write(line)
    command.stdout.flush()


def _end(execution: WorkflowExecution) -> str:
    end = end_text(execution)
    if execution.status != WorkflowExecution.Status.COMPLETED:
        return end
    return f"{end}\n{json.dumps(execution.output_json, indent=2, ensure_ascii=False)}"
