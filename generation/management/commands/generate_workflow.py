"""`manage.py generate_workflow "…"`: design a workflow, show it as a tree, and store it with --apply."""

import json
import uuid
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from common import strict_json
from common.command_line import acting_user
from common.connections import with_connection
from common.errors import DomainError
from common.live.waiting import follow
from generation import services
from generation.jobs import moving
from generation.jobs.events import source_of
from generation.jobs.telling import event_json, event_line
from generation.models import Generation
from generation.tasks import design_workflow
from workflows.definition.steps import Definition
from workflows.definition.tree import text_tree


class Command(BaseCommand):
    """Designs in this process, so no Celery worker is needed; the row is kept like any other."""

    help = "Design a workflow from words; exit code 0 only if that (and --apply) succeeded."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to design, for whom, and what to do with it."""
        parser.add_argument("prompt", help="what the workflow is to do, in your words")
        parser.add_argument("--apply", action="store_true", help="store it, with its new agents")
        parser.add_argument("--name", default="", help="the workflow's name, with --apply")
        parser.add_argument("--user", help="as this user; default: the first administrator")
        parser.add_argument("--follow", action="store_true", help="tell each stage as it comes")
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object; with --follow events first"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Design, show, store."""
        user = acting_user(options["user"])
        generation = _row(options["prompt"], user)
        if options["follow"]:
            self._follow(generation, wants_json=options["json"])
        else:
            _design(generation.pk)
        generation.refresh_from_db()
        if generation.status != Generation.Status.COMPLETED:
            raise CommandError(generation.error or f"The design ended as {generation.status}.")
        told: dict[str, Any] = {
            "id": generation.pk,
            "status": generation.status,
            "generator": generation.generator,
            "model": generation.model,
            "result": generation.result,
        }
        if not options["json"]:
            self._show(generation)
        if options["apply"]:
            told["applied"] = self._apply(generation, user, options)
        if options["json"]:
            indent = None if options["follow"] else 2
            self.stdout.write(json.dumps(told, ensure_ascii=False, indent=indent))

    def _follow(self, generation: Generation, *, wants_json: bool) -> None:
        """Tell each event as it comes, while another thread designs; Ctrl-C cancels the job."""
        with ThreadPoolExecutor(1) as pool:
            designing = pool.submit(with_connection(_design), generation.pk)
            try:
                for events in follow(source_of(generation.pk)):
                    for event in events:
                        self.stdout.write(event_json(event) if wants_json else event_line(event))
            except KeyboardInterrupt:
                moving.cancel(generation.pk)
                raise
            designing.result()

    def _show(self, generation: Generation) -> None:
        result = generation.result or {}
        model = f" ({generation.model})" if generation.model else ""
        self.stdout.write(f"Designed by {generation.generator}{model}.\n")
        for line in text_tree(Definition.model_validate(result["workflow"])):
            self.stdout.write(line)
        for agent in result["agents_to_create"]:
            self.stdout.write(f"New agent: {agent['id']} - {agent['description']}")
        for server in result["mcps_suggested"]:
            self.stdout.write(f"Missing server: {server['id']} - {server['reason']}")
        for warning in result["warnings"]:
            self.stdout.write(f"Note: {warning}")

    def _apply(self, generation: Generation, user: User, options: dict[str, Any]) -> dict[str, Any]:
        try:
            applied = services.apply_generation(
                by=user, generation=generation, name=options["name"]
            )
        except DomainError as error:
            raise CommandError(f"It could not be stored: {error.detail}") from error
        if not options["json"]:
            state = "can run" if applied.report.can_execute else "is a draft"
            self.stdout.write(f"Stored as {applied.workflow.pk}; it {state}.")
        return {
            "workflow_id": applied.workflow.pk,
            "agents_created": list(applied.agents_created),
            "blocked_steps": applied.report.blocked_steps,
            "can_execute": applied.report.can_execute,
        }


def _row(prompt: str, user: User) -> Generation:
    if not 10 <= len(prompt) <= 4_000:
        raise CommandError("A prompt has 10 to 4,000 characters.")
    try:
        strict_json.check(prompt)
    except strict_json.RefusedJson as error:
        raise CommandError(error.detail) from error
    return Generation.objects.create(
        id=f"generation-{uuid.uuid4()}", prompt=prompt, created_by=user
    )


def _design(generation_id: str) -> None:
    """By the task's own function; whatever comes in between, the job does not stay open."""
    try:
        design_workflow(generation_id)
    finally:
        moving.cancel(generation_id)
