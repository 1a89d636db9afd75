"""`manage.py demo [PROMPT]`: design, store and run workflows as a client does, and show it all."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from workflowsite.demo.client import Client, Refused
from workflowsite.demo.running_stack import RunningStack, StackFailed, running_stack
from workflowsite.demo.tour import Told, tour
from workflowsite.env import BASE_DIR

DEFAULT_PROMPT = (
    "Take the text of a customer's e-mail, extract the order number and the amount, classify it as "
    "complaint, question or praise, and at the same time summarize it; then render a short reply."
)
STYLES = {
    "h": "bold cyan",
    "tree": "blue",
    "soft": "dim",
    "good": "green",
    "COMPLETED": "green",
    "FAILED": "bold red",
    "CANCELLED": "yellow",
    "SKIPPED": "yellow",
    "RUNNING": "dim",
}


class Command(BaseCommand):
    """The whole way from words to a finished run, in one terminal."""

    help = "Design a workflow from PROMPT, store it, run a template and the new workflow."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The prompt and how to tell."""
        parser.add_argument("prompt", nargs="?", default="", help="what the workflow shall do")
        parser.add_argument("--keep", action="store_true", help="leave a started stack running")
        parser.add_argument("--json", action="store_true", help="print one JSON object at the end")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Exits with 0 only if every run completed."""
        wants_json = options["json"]
        # Text of models and tools must not be read as markup.
        console = Console(file=sys.stderr if wants_json else None, markup=False, highlight=False)

        def say(text: str, style: str = "") -> None:
            console.print(text, style=STYLES.get(style, ""), soft_wrap=True)

        try:
            told = self._tour(options["prompt"].strip() or DEFAULT_PROMPT, options["keep"], say)
        except (Refused, StackFailed, OSError, TimeoutError) as error:
            raise CommandError(str(error)) from error
        if wants_json:
            self.stdout.write(json.dumps(vars(told)))
        sys.exit(0 if told.is_success else 1)

    def _tour(self, prompt: str, keep: bool, say: Any) -> Told:
        with running_stack(
            state_dir=settings.STATE_DIR, manage=BASE_DIR / "manage.py", keep=keep, report=say
        ) as stack:
            told = tour(Client(stack.api_url, stack.token), prompt, say)
            say(_where_to_look(stack, told), "")
            return told


def _where_to_look(stack: RunningStack, told: Told) -> str:
    """Addresses of what the tour made; of use while the stack runs."""
    admin = f"{stack.api_url}/admin"
    lines = [
        "",
        "Where to look" + (" (while `make run` is up)" if stack.was_started_here else ""),
        f"  API docs     {stack.api_url}/api/docs",
        f"  Workflow     {admin}/workflows/workflow/{told.workflow_id}/change/",
        *(
            f"  Run          {admin}/executions/workflowexecution/{run['id']}/change/"
            for run in told.runs
        ),
        f"  Temporal UI  {stack.temporal_ui_url or 'with your own Temporal server'}",
    ]
    return "\n".join(lines)
