"""Sample data, so that no first page is empty: made once, never changed again, whoever edits it later."""

import json
from io import StringIO
from pathlib import Path
from typing import Any, TypedDict

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command

from common.errors import DomainError
from discovery.models import Agent
from executions.models import WorkflowExecution
from executions.services import start_execution
from executions.starts.launching import Launch
from workflows.models import Workflow
from workflows.services import instantiate_template

FIXTURES = Path(settings.BASE_DIR) / "fixtures"


class Seeded(TypedDict):
    """What was made just now, and what could not be."""

    users: list[str]
    agents: list[str]
    workflows: list[str]
    executions: list[str]
    problems: list[str]


def seed() -> Seeded:
    """Make what is missing of users, agents, workflows and runs; the runs are real and go on once a worker works."""
    demo = json.loads((FIXTURES / "demo.json").read_text())
    agents = json.loads((FIXTURES / "agents.json").read_text())
    made = Seeded(users=[], agents=[], workflows=[], executions=[], problems=[])
    for name in demo["users"]:
        _user(name, made)
    for fields in agents:
        _agent(fields, made)
    # A template counts as runnable once its agents are there.
    call_command("import_templates", verbosity=0, stdout=StringIO())
    for wanted in demo["workflows"]:
        _workflow(wanted, made)
    for number, wanted in enumerate(demo["runs"], start=1):
        _run(number, wanted, made)
    return made


def _user(name: str, made: Seeded) -> None:
    """Without a password: an administrator gives one, nobody can guess it."""
    if not User.objects.filter(username=name).exists():
        User.objects.create_user(name)
        made["users"].append(name)


def _agent(fields: dict[str, Any], made: Seeded) -> None:
    _, is_new = Agent.objects.get_or_create(id=fields["id"], defaults=fields)
    if is_new:
        made["agents"].append(fields["id"])


def _workflow(wanted: dict[str, str], made: Seeded) -> None:
    if Workflow.objects.filter(pk=wanted["id"]).exists():
        return
    template = Workflow.objects.filter(pk=wanted["template"], is_template=True).first()
    if template is None:
        made["problems"].append(f"There is no template {wanted['template']!r}.")
        return
    instantiate_template(template, by=_owner(wanted["owner"]), id=wanted["id"], name=wanted["name"])
    made["workflows"].append(wanted["id"])


def _run(number: int, wanted: dict[str, Any], made: Seeded) -> None:
    """One run for ever: the idempotency key finds it again."""
    owner, key = _owner(wanted["owner"]), f"seed-demo-{number}"
    if WorkflowExecution.objects.filter(created_by=owner, idempotency_key=key).exists():
        return
    workflow = Workflow.objects.filter(pk=wanted["workflow"]).first()
    if workflow is None:
        return
    try:
        execution = start_execution(
            Launch(
                workflow=workflow,
                by=owner,
                user_input=wanted["user_input"],
                context=wanted.get("context"),
                triggered_by=WorkflowExecution.Trigger.USER,
                idempotency_key=key,
            )
        )
    except DomainError as error:
        made["problems"].append(f"{wanted['workflow']}: {error.detail}")
    else:
        made["executions"].append(execution.pk)


def _owner(name: str) -> User:
    return User.objects.get(username=name)
