"""`manage.py explain_workflow ID`: what a stored workflow does, in plain sentences."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.command_line import CHECKED, acting_user
from common.errors import NotFound
from generation.explaining.definitions import Explanation, explain
from workflows.definition.caption import one_line
from workflows.selectors import catalogue_for, definition_of, workflows_for


class Command(BaseCommand):
    """Reads one workflow as a user who may see it."""

    requires_system_checks = CHECKED
    help = "Explain a stored workflow in plain sentences, made from its definition."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which workflow, and for whom."""
        parser.add_argument("workflow", help="the workflow's id")
        parser.add_argument("--version-number", type=int, help="default: the current version")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--user", help="as this user; default: the first administrator")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print it."""
        user = acting_user(options["user"])
        workflow = workflows_for(user).filter(pk=options["workflow"]).first()
        if workflow is None:
            raise CommandError(f"There is no workflow {options['workflow']!r}.")
        try:
            version, definition = definition_of(workflow, options["version_number"])
        except NotFound as error:
            raise CommandError(error.detail) from error
        told = explain(definition, catalogue_for(user))
        if options["json"]:
            whole = {"workflow_id": workflow.pk, "version": version, **asdict(told)}
            self.stdout.write(json.dumps(whole, ensure_ascii=False, indent=2))
            return
        self._show(told)

    def _show(self, told: Explanation) -> None:
        """Inner steps are indented; no control character of a text reaches the terminal."""
        self.stdout.write(one_line(told.summary, 2_000))
        for step in told.steps:
            indent = "    " if step.container else "  "
            self.stdout.write(f"{indent}{step.id} [{step.type}] {one_line(step.text, 1_000)}")
