"""`manage.py generate_workflow "…"`: design a workflow, show it as a tree, and store it with --apply."""

import json
import uuid
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from common import strict_json
from common.command_line import CHECKED, acting_user
from common.connections import with_connection
from common.errors import DomainError
from common.live.waiting import follow
from generation import services
from generation.jobs import moving
from generation.jobs.events import source_of
from generation.jobs.telling import event_json, event_line
from generation.models import Generation
from generation.refining.rebasing import require_refinable
from generation.refining.request import MIN_INSTRUCTION, MIN_PROMPT
from generation.tasks import design_workflow
from workflows.definition.caption import one_line
from workflows.definition.steps import Definition
from workflows.definition.tree import text_tree
from workflows.models import Workflow
from workflows.selectors import workflows_for


class Command(BaseCommand):
    """Designs in this process, so no Celery worker is needed; the row is kept like any other."""

    requires_system_checks = CHECKED
    help = "Design a workflow from words; exit code 0 only if that (and --apply) succeeded."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to design, for whom, and what to do with it."""
        parser.add_argument("prompt", help="what the workflow is to do, in your words")
        parser.add_argument("--apply", action="store_true", help="store it, with its new agents")
        parser.add_argument("--name", default="", help="the workflow's name, with --apply")
        parser.add_argument("--workflow", help="change this workflow instead of designing one")
        parser.add_argument("--user", help="as this user; default: the first administrator")
        parser.add_argument("--follow", action="store_true", help="tell each stage as it comes")
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object; with --follow events first"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Design, show, store."""
        user = acting_user(options["user"])
        generation = _row(options["prompt"], user, _workflow(options["workflow"], user))
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
        for change in result.get("changes", ()):
            self.stdout.write(f"Change: {one_line(change['text'], 300)}")
        if result.get("changes") == []:
            self.stdout.write("Nothing was changed.")
        for line in text_tree(Definition.model_validate(result["workflow"])):
            self.stdout.write(line)
        for agent in result["agents_to_create"]:
            self.stdout.write(f"New agent: {agent['id']} - {agent['description']}")
        for server in result["mcps_suggested"]:
            self.stdout.write(f"Missing server: {server['id']} - {server['reason']}")
        if schedule := result.get("suggested_schedule"):
            self.stdout.write(f"Schedule: {json.dumps(schedule['body'], ensure_ascii=False)}")
        for warning in result["warnings"]:
            self.stdout.write(f"Note: {one_line(warning, 1_000)}")

    def _apply(self, generation: Generation, user: User, options: dict[str, Any]) -> dict[str, Any]:
        try:
            applied = services.apply_generation(
                by=user,
                generation=generation,
                workflow=generation.workflow,
                name=options["name"],
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


def _workflow(workflow_id: str | None, user: User) -> Workflow | None:
    """The workflow to change, as `user` may; null for none."""
    if workflow_id is None:
        return None
    found = workflows_for(user).filter(pk=workflow_id, is_active=True).first()
    if found is None:
        raise CommandError(f"There is no workflow {workflow_id!r}.")
    try:
        require_refinable(found, by=user, version=found.version)
    except DomainError as error:
        raise CommandError(error.detail) from error
    return found


def _row(prompt: str, user: User, workflow: Workflow | None) -> Generation:
    least = MIN_PROMPT if workflow is None else MIN_INSTRUCTION
    if not least <= len(prompt) <= 4_000:
        raise CommandError(f"A prompt has {least} to 4,000 characters.")
    try:
        strict_json.check(prompt)
    except strict_json.RefusedJson as error:
        raise CommandError(error.detail) from error
    return Generation.objects.create(
        id=f"generation-{uuid.uuid4()}",
        prompt=prompt,
        created_by=user,
        workflow=workflow,
        workflow_version=workflow.version if workflow else None,
    )


def _design(generation_id: str) -> None:
    """By the task's own function; whatever comes in between, the job does not stay open."""
    try:
        design_workflow(generation_id)
    finally:
        moving.cancel(generation_id)
