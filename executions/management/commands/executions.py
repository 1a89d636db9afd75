"""`manage.py executions list|show|cancel|retry|fork`: runs from a terminal or a script."""

import argparse
import json
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from common.command_line import CHECKED, acting_user
from executions import services
from executions.forks.forking import Fork
from executions.models import StepRun, WorkflowExecution
from executions.selectors import executions_for
from executions.terminal.command_line import (
    add_telling,
    add_user,
    json_option,
    object_option,
    refusals,
    tell,
)
from executions.terminal.lines import as_json, end_text
from executions.terminal.tables import RUN_COLUMNS, STEP_COLUMNS, run_row, step_row
from workflows.terminal import table

MAX_ROWS = 1_000


class Command(BaseCommand):
    """Looks at runs and steers them, as one of the users."""

    requires_system_checks = CHECKED
    help = "List, show, cancel, retry and fork executions."

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> CommandParser:
        """Django's own --version prints Django's version; here it chooses the workflow's."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **options)

    def add_arguments(self, parser: CommandParser) -> None:
        """A word for what to do, each with its own options."""
        words = parser.add_subparsers(dest="word", required=True, metavar="WORD")
        _add_list(words.add_parser("list", help="runs, the newest first"))
        _add_show(words.add_parser("show", help="one run with its steps"))
        _add_cancel(words.add_parser("cancel", help="ask for the end of runs"))
        _add_retry(words.add_parser("retry", help="go on where a run failed or was cancelled"))
        _add_fork(words.add_parser("fork", help="run again from one of the steps"))

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do what the word says."""
        getattr(self, f"_{options['word']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        limit = options["limit"]
        rows = list(_chosen(options).order_by("-created_at", "id")[: limit + 1])
        following = rows[limit - 1].pk if len(rows) > limit else None
        found = [run_row(row) for row in rows[:limit]]
        if options["json"]:
            self.stdout.write(json.dumps({"results": found, "next": following}, default=str))
            return
        for line in table(RUN_COLUMNS, found):
            self.stdout.write(line)
        if following:
            self.stdout.write(f"There are more: --after {following}")

    def _show(self, options: dict[str, Any]) -> None:
        execution = _execution(options["id"], options)
        steps = StepRun.objects.filter(execution=execution).order_by("position")
        found = [step_row(step) for step in steps.defer("input_json", "output_json")[:MAX_ROWS]]
        if options["json"]:
            body = {**as_json(execution), "forked_from": execution.forked_from_id, "steps": found}
            self.stdout.write(json.dumps(body, default=str))
            return
        self.stdout.write(f"{execution.pk}  {execution.workflow_id} v{execution.workflow_version}")
        if execution.forked_from_id:
            self.stdout.write(f"from {execution.forked_from_id} at {execution.forked_at}")
        for line in table(STEP_COLUMNS, found):
            self.stdout.write(line)
        self.stdout.write(end_text(execution))

    def _cancel(self, options: dict[str, Any]) -> None:
        refused = []
        for execution_id in options["ids"]:
            try:
                self._cancel_one(execution_id, options)
            # One that has ended meanwhile keeps no other running.
            except CommandError as error:
                refused.append(f"{execution_id}: {error}")
        if refused:
            raise CommandError("\n".join(refused))

    def _cancel_one(self, execution_id: str, options: dict[str, Any]) -> None:
        execution = _execution(execution_id, options)
        with refusals():
            execution = services.request_cancellation(execution, by=acting_user(options["user"]))
        told = {"id": execution.pk, "status": execution.status, "cancel_requested": True}
        text = f"{execution.pk} is asked to stop."
        self.stdout.write(json.dumps(told) if options["json"] else text)

    def _retry(self, options: dict[str, Any]) -> None:
        source = _execution(options["id"], options)
        launch = services.again(
            source,
            by=acting_user(options["user"]),
            triggered_by=WorkflowExecution.Trigger.USER,
        )
        with refusals():
            run = services.retry_execution(
                source, launch, is_confirmed=options["confirm"], is_another=options["another"]
            )
        tell(self, run, options)

    def _fork(self, options: dict[str, Any]) -> None:
        source = _execution(options["id"], options)
        launch = services.again(
            source,
            by=acting_user(options["user"]),
            triggered_by=WorkflowExecution.Trigger.USER,
            **_changes(options),
        )
        fork = Fork(
            source=source,
            from_step=options["from_step"],
            iteration=options["iteration"],
            outputs=object_option(options["outputs_json"], "--outputs-json"),
            is_confirmed=options["confirm"],
        )
        with refusals():
            run = services.fork_execution(fork, launch)
        tell(self, run, options)


def _add_list(parser: argparse.ArgumentParser) -> None:
    statuses = WorkflowExecution.Status.values
    triggers = WorkflowExecution.Trigger.values
    parser.add_argument("--status", action="append", choices=statuses, help="may be repeated")
    parser.add_argument("--workflow", help="only runs of this workflow")
    parser.add_argument("--triggered-by", action="append", choices=triggers)
    parser.add_argument("--since", type=_moment, help="created then or later: ISO 8601")
    parser.add_argument("--limit", type=_count, default=20, help=f"rows, up to {MAX_ROWS}")
    parser.add_argument("--after", help="the next page: the last id of the one before")
    _add_common(parser)


def _add_show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id")
    _add_common(parser)


def _add_cancel(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="+", metavar="id")
    _add_common(parser)


def _add_retry(parser: argparse.ArgumentParser) -> None:
    _add_again(parser)
    parser.add_argument(
        "--another", action="store_true", help="also while a retry of it has not ended"
    )


def _add_again(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id")
    parser.add_argument(
        "--confirm", action="store_true", help="calls that were made may be made once more"
    )
    add_user(parser)  # type: ignore[arg-type]
    add_telling(parser)  # type: ignore[arg-type]


def _add_fork(parser: argparse.ArgumentParser) -> None:
    _add_again(parser)
    parser.add_argument("--from-step", required=True, help="path or id of the step that runs first")
    parser.add_argument("--iteration", type=int, help="of the loop, where an id is given")
    parser.add_argument("--version", type=int, help="a version of the workflow")
    parser.add_argument(
        "--outputs-json", default="{}", help="JSON object: other outputs, by path or step id"
    )
    parser.add_argument("--input", help="text, seen as ${user_input}")
    parser.add_argument("--input-json", help="JSON, seen as ${input.…}")
    parser.add_argument("--context-json", help="JSON object, over the defaults")


def _add_common(parser: argparse.ArgumentParser) -> None:
    add_user(parser)  # type: ignore[arg-type]
    parser.add_argument("--json", action="store_true", help="print JSON")


def _chosen(options: dict[str, Any]) -> QuerySet[WorkflowExecution]:
    rows = executions_for(acting_user(options["user"])).select_related("created_by")
    rows = rows.defer("user_input", "input_json", "context_json", "output_json")
    if options["status"]:
        rows = rows.filter(status__in=options["status"])
    if options["triggered_by"]:
        rows = rows.filter(triggered_by__in=options["triggered_by"])
    if options["workflow"]:
        rows = rows.filter(workflow_id=options["workflow"])
    if options["since"]:
        rows = rows.filter(created_at__gte=options["since"])
    if options["after"]:
        last = _execution(options["after"], options)
        older = Q(created_at__lt=last.created_at)
        rows = rows.filter(older | Q(created_at=last.created_at, id__gt=last.pk))
    return rows


def _changes(options: dict[str, Any]) -> dict[str, Any]:
    """What a fork is given anew."""
    changes: dict[str, Any] = {}
    if options["version"] is not None:
        changes["version"] = options["version"]
    if options["input"] is not None:
        changes["user_input"] = options["input"]
    if options["input_json"] is not None:
        changes["input"] = json_option(options["input_json"], "--input-json")
    if options["context_json"] is not None:
        changes["context"] = object_option(options["context_json"], "--context-json")
    return changes


def _execution(execution_id: str, options: dict[str, Any]) -> WorkflowExecution:
    user = acting_user(options["user"])
    row = executions_for(user).select_related("workflow").filter(pk=execution_id).first()
    if row is None:
        raise CommandError(f"{user.username} has no execution {execution_id!r}.")
    return row


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text) or datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no ISO 8601 time") from None
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _count(text: str) -> int:
    if text.isdigit() and 1 <= int(text) <= MAX_ROWS:
        return int(text)
    raise argparse.ArgumentTypeError(f"give a number from 1 to {MAX_ROWS}")
