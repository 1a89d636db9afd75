"""Answers that are made without the serializers are what the serializers, and so the OpenAPI file, say."""

from typing import Any

import orjson
import pytest
from django.contrib.auth.models import Group, User
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import Settings
from rest_framework.serializers import Serializer

from executions.models import WorkflowExecution
from tests.conftest import ClientFor
from tests.workflows.conftest import MakeWorkflow, definition
from workflows.api.serializers import (
    WorkflowRowSerializer,
    WorkflowSerializer,
    WorkflowWrittenSerializer,
)
from workflows.checking import check
from workflows.models import Workflow
from workflows.run_summaries import recent_runs, with_run_summaries
from workflows.selectors import catalogue_for

URL = "/api/v1/workflows"


@pytest.fixture
def shared(alice: User, team: Group, make_workflow: MakeWorkflow) -> Workflow:
    """A workflow of alice with runs, a layout and two groups; carol is in one of them."""
    other = Group.objects.create(name="another")
    row = make_workflow(alice, "shown", tags=["b", "a"], layout={"count": {"x": 1.5, "y": 2}})
    row.shared_with.set([team, other])
    for number, status in enumerate(("COMPLETED", "FAILED")):
        WorkflowExecution.objects.create(
            id=f"execution-{number}",
            status=status,
            completed_at=timezone.now(),
            workflow=row,
            workflow_version=1,
            created_by=alice,
        )
    return row


def as_described(serializer: type[Serializer[Any]], row: Workflow, by: User) -> Any:
    """What the serializer makes of the row for this person."""
    request: Any = RequestFactory().get("/")
    request.user = by
    data = serializer(row, context={"request": request}).data
    return orjson.loads(orjson.dumps(data, default=str))


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_one_workflow_is_shown_as_described(
    shared: Workflow, alice: User, carol: User, staff: User, client_for: ClientFor,
    settings: Settings, zone: str,
) -> None:  # fmt: skip
    settings.TIME_ZONE = zone
    for person in (alice, carol, staff):
        told = client_for(person).get(f"{URL}/{shared.pk}").json()
        row = Workflow.objects.get(pk=shared.pk)
        assert told == as_described(WorkflowSerializer, row, person)
        assert ("another" in told["shared_with"]) == (person != carol)


def test_rows_of_a_list_are_shown_as_described(
    shared: Workflow, carol: User, staff: User, make_workflow: MakeWorkflow, client_for: ClientFor
) -> None:
    make_workflow(carol, "bare")
    for person in (carol, staff):
        rows = client_for(person).get(URL).json()["results"]
        assert [row["id"] for row in rows] == ["bare", "shown"]
        for told in rows:
            row: Any = with_run_summaries(Workflow.objects.all(), person).get(pk=told["id"])
            row.last_run = row.run_summary["last_run"]
            row.recent_runs = recent_runs(row.run_summary["recent"])
            assert told == as_described(WorkflowRowSerializer, row, person)


def test_a_workflow_just_stored_is_shown_as_described(
    shared: Workflow, carol: User, client_for: ClientFor
) -> None:
    client = client_for(carol)
    unknown = {"id": "ask", "type": "tool", "tool": "gone:tool"}
    answers = [
        client.post(URL, {"id": "mine", "name": "Mine", "definition": {"steps": [unknown]}}),
        client.put(f"{URL}/{shared.pk}", {"name": "Shown", "definition": definition()}),
    ]
    for answer in answers:
        assert answer.status_code in (200, 201), answer.content
        row: Any = Workflow.objects.get(pk=answer.json()["id"])
        row.validation = check(row.definition_json, catalogue_for(carol))
        assert answer.json() == as_described(WorkflowWrittenSerializer, row, carol)
