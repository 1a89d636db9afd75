"""`manage.py run_workflow ID`: start a run, follow its steps, and end with 0 only if it completed."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.command_line import CHECKED, acting_user
from executions import services
from executions.models import WorkflowExecution
from executions.starts.launching import Launch
from executions.terminal.command_line import (
    add_telling,
    add_user,
    json_option,
    object_option,
    refusals,
    tell,
)
from workflows.models import Workflow
from workflows.selectors import workflows_for


class Command(BaseCommand):
    """Runs a workflow as one of its users."""

    requires_system_checks = CHECKED
    help = "Run a workflow; with --wait or --follow the exit code is 0 only if the run completed."

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
        parser.add_argument(
            "--simulate", action="store_true", help="marked stand-ins instead of models and tools"
        )
        add_user(parser)
        add_telling(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Start, follow, tell the end."""
        user = acting_user(options["user"])
        tell(self, self._start(_workflow(options["id"], user), user, options), options)

    def _start(self, workflow: Workflow, user: User, options: dict[str, Any]) -> WorkflowExecution:
        launch = Launch(
            workflow=workflow,
            by=user,
            user_input=options["input"],
            input=json_option(options["input_json"], "--input-json"),
            context=object_option(options["context_json"], "--context-json"),
            version=options["version"],
            simulate=options["simulate"],
            triggered_by=WorkflowExecution.Trigger.USER,
        )
        with refusals():
            return services.start_execution(launch)


def _workflow(workflow_id: str, user: User) -> Workflow:
    workflow = workflows_for(user).filter(pk=workflow_id).first()
    if workflow is None:
        raise CommandError(f"{user.username} has no workflow {workflow_id!r}.")
    return workflow
