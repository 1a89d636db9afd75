"""`manage.py run_workflow ID`: start a run, follow its steps, and end with 0 only if it completed."""

import json
import sys
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from common import strict_json
from common.errors import DomainError, Unavailable
from executions import services
from executions.launching import Launch
from executions.models import WorkflowExecution
from executions.terminal import as_json, end_line, failure_lines, step_changes, step_line
from workflows.models import Workflow
from workflows.selectors import workflows_for


class Command(BaseCommand):
    """Runs a workflow as one of its users."""

    help = "Run a workflow; with --wait the exit code is 0 only if the run completed."

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> CommandParser:
        """Django's own --version prints Django's version; here it chooses the workflow's."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **options)

    def add_arguments(self, parser: CommandParser) -> None:
        """What to run, with what, as whom, and what to print."""
        parser.add_argument("id", help="the workflow's id")
        parser.add_argument("--input", default="", help="text, seen as ${user_input}")
        parser.add_argument("--input-json", default="null", help="JSON, seen as ${input.…}")
        parser.add_argument("--context-json", default="{}", help="JSON object, over the defaults")
        parser.add_argument("--version", type=int, help="a version of the workflow")
        parser.add_argument("--user", help="run as this user; default: the first administrator")
        parser.add_argument(
            "--simulate", action="store_true", help="marked stand-ins instead of models and tools"
        )
        parser.add_argument("--wait", action="store_true", help="follow the steps until the end")
        parser.add_argument("--follow", action="store_true", help="the same as --wait")
        parser.add_argument("--json", action="store_true", help="print one JSON object at the end")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Start, follow, tell the end."""
        user = _user(options["user"])
        execution = self._start(_workflow(options["id"], user), user, options)
        wants_json = options["json"]
        if not (options["wait"] or options["follow"]):
            self._tell(execution, wants_json, f"{execution.pk} {execution.status}")
            return
        if not wants_json:
            self.stdout.write(execution.pk)
        for row in step_changes(execution):
            if not wants_json:
                self.stdout.write(step_line(row))
                self.stdout.flush()
        execution.refresh_from_db()
        self._tell(execution, wants_json, _end(execution))
        if execution.status != WorkflowExecution.Status.COMPLETED:
            sys.exit(1)

    def _start(self, workflow: Workflow, user: User, options: dict[str, Any]) -> WorkflowExecution:
        try:
            return services.start_execution(
                Launch(
                    workflow=workflow,
                    by=user,
                    user_input=options["input"],
                    input=_json(options["input_json"], "--input-json"),
                    context=_object(options["context_json"], "--context-json"),
                    version=options["version"],
                    simulate=options["simulate"],
                    triggered_by=WorkflowExecution.Trigger.USER,
                )
            )
        except Unavailable as error:
            kept = error.extra.get("execution_id", "")
            raise CommandError(f"{error.detail} ({kept})") from error
        except DomainError as error:
            found = [f"  {problem['path']}: {problem['message']}" for problem in error.problems]
            raise CommandError("\n".join([error.detail, *found])) from error

    def _tell(self, execution: WorkflowExecution, wants_json: bool, text: str) -> None:
        self.stdout.write(json.dumps(as_json(execution), default=str) if wants_json else text)


def _user(name: str | None) -> User:
    users = User.objects.filter(is_active=True)
    found = users.filter(username=name) if name else users.filter(is_superuser=True).order_by("pk")
    user = found.first()
    if user is None:
        wanted = f"There is no active user {name!r}" if name else "There is no administrator"
        raise CommandError(f"{wanted}; name another with --user.")
    return user


def _workflow(workflow_id: str, user: User) -> Workflow:
    workflow = workflows_for(user).filter(pk=workflow_id).first()
    if workflow is None:
        raise CommandError(f"{user.username} has no workflow {workflow_id!r}.")
    return workflow


def _json(text: str, option: str) -> Any:
    try:
        return strict_json.loads(text)
    except strict_json.RefusedJson as error:
        raise CommandError(f"{option}: {error.detail}") from error


def _object(text: str, option: str) -> dict[str, Any]:
    value = _json(text, option)
    if not isinstance(value, dict):
        raise CommandError(f"{option}: give a JSON object.")
    return value


def _end(execution: WorkflowExecution) -> str:
    end = end_line(execution.status, simulated=execution.simulated, error=execution.error)
    if execution.status == WorkflowExecution.Status.FAILED:
        return "\n".join([end, *failure_lines(execution)])
    if execution.status != WorkflowExecution.Status.COMPLETED:
        return end
    return f"{end}\n{json.dumps(execution.output_json, indent=2, ensure_ascii=False)}"
