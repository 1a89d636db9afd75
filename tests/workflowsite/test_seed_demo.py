"""The sample data: real, complete, and made only once."""

import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from discovery.models import Agent
from executions.models import WorkflowExecution
from executions.services import wait_for_end
from tests.executions.conftest import WorkerThread, temporal_worker
from workflows.models import Workflow

__all__ = ["temporal_worker"]


def seed() -> dict[str, Any]:
    """What the command says it made."""
    output = StringIO()
    call_command("seed_demo", "--json", stdout=output)
    return dict(json.loads(output.getvalue()))


@pytest.fixture
def discovered(transactional_db: None) -> None:
    """The operator's servers have been asked for their tools, as `prepare` does before."""
    call_command("discover_mcp", stdout=StringIO())


def test_two_runs_complete_and_one_fails_and_a_second_call_makes_nothing(
    discovered: None, temporal_worker: WorkerThread
) -> None:
    made = seed()
    assert made["users"] == ["mia", "tom"]
    assert (len(made["agents"]), len(made["workflows"]), len(made["executions"])) == (5, 4, 3)
    ends = [
        wait_for_end(WorkflowExecution.objects.get(pk=pk), 60).status for pk in made["executions"]
    ]
    assert ends == ["COMPLETED", "COMPLETED", "FAILED"]
    assert not any(user.has_usable_password() for user in User.objects.all())
    assert Workflow.objects.get(pk="support-desk").can_execute
    again = seed()
    assert again == {
        "users": [],
        "agents": [],
        "workflows": [],
        "executions": [],
        "problems": [],
    }
    assert WorkflowExecution.objects.count() == 3


def test_what_a_person_changed_stays(discovered: None) -> None:
    seed()
    Agent.objects.filter(pk="writer").update(name="Our writer")
    seed()
    assert Agent.objects.get(pk="writer").name == "Our writer"
