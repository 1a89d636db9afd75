"""`manage.py demo [PROMPT]`: design, store and run workflows as a client does, and show it all."""

import json
import sys
from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from workflowsite.demo.client import Client, Refused
from workflowsite.demo.running_stack import RunningStack, StackFailed, running_stack
from workflowsite.demo.tour import Say, Told, tour
from workflowsite.env import BASE_DIR

DEFAULT_PROMPT = (
    "Extract the e-mail addresses, dates and amounts from the letter and at the same time summarize "
    "the text, then compute text statistics."
)
DEFAULT_INPUT = (
    "Dear team, my order 4711 of 3 March 2026 has not arrived, although the tracking page says that it "
    "was delivered. I paid 129.90 EUR for it on 2026-02-28 and need it for a birthday. Please tell me "
    "when it comes, or send the money back. You reach me at ada@example.com. Thank you, Ada Baker"
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
        parser.add_argument("--input", help="text for the new workflow; default: the prompt")
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
            told = self._tour(options, say)
        except (Refused, StackFailed, OSError, TimeoutError) as error:
            raise CommandError(str(error)) from error
        if wants_json:
            self.stdout.write(json.dumps(vars(told)))
        sys.exit(0 if told.is_success else 1)

    def _tour(self, options: dict[str, Any], say: Say) -> Told:
        prompt = options["prompt"].strip()
        user_input = options["input"] or prompt or DEFAULT_INPUT
        report = partial(say, style="soft")
        with running_stack(
            state_dir=settings.STATE_DIR,
            manage=BASE_DIR / "manage.py",
            keep=options["keep"],
            report=report,
        ) as stack:
            told = tour(
                Client(stack.api_url, stack.token), prompt or DEFAULT_PROMPT, user_input, say
            )
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
