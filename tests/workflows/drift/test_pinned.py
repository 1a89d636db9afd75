"""A version that a schedule or webhook names is guarded as a published one: it runs unasked, too."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.utils import timezone
from rest_framework.test import APIClient

from common.errors import NotExecutable
from executions.models import WorkflowExecution
from executions.starts.launching import write_execution
from executions.triggers.firing import LaunchRefused, fire, launch_of
from executions.triggers.models import Schedule
from tests.conftest import ClientFor
from tests.workflows.drift.conftest import SEARCH, STEPS, Change
from workflows.drift.telling import tell_of_all
from workflows.models import PublishedUse, Workflow

URL = "/api/v1/workflows/digest"
LESS = {**SEARCH, "properties": {"query": {"type": "string"}}}


@pytest.fixture(autouse=True)
def temporal(settings: Any) -> None:
    """Nobody needs it here; what it is told later is no part of this."""
    settings.TEMPORAL_ADDRESS = "127.0.0.1:1"


@pytest.fixture
def pinned(api: APIClient, digest: Workflow) -> Schedule:
    """Version 1 is named by a schedule, version 2, which only writes, is published."""
    body = {"definition": {"steps": [{**STEPS[1], "input": "Write."}]}}
    assert api.patch(URL, body).status_code == 200
    answer = api.post(
        f"{URL}/schedules",
        {"name": "Nightly", "cron": "0 3 * * *", "version": 1, "user_input": "x"},
    )
    assert answer.status_code == 201, answer.content
    assert api.post(f"{URL}/publish", {"version": 2}).status_code == 200
    return Schedule.objects.get()


def kept(version: int) -> set[str]:
    rows = PublishedUse.objects.filter(workflow="digest", version=version)
    return set(rows.values_list("resource", flat=True))


def drift(api: APIClient) -> dict[str, Any]:
    answer = api.get(f"{URL}/drift")
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_what_was_kept_stays_while_a_schedule_names_it(api: APIClient, pinned: Schedule) -> None:
    assert (kept(1), kept(2)) == ({"writer", "crm:search", "crm:note"}, {"writer", "crm:note"})
    assert api.delete(f"{URL}/schedules/{pinned.pk}").status_code == 204
    assert (kept(1), kept(2)) == (set(), {"writer", "crm:note"})


def test_a_version_is_kept_from_when_it_is_named(api: APIClient, digest: Workflow) -> None:
    api.delete(f"{URL}/publish")
    assert kept(1) == set()
    made = api.post(f"{URL}/webhooks", {"name": "shop", "version": 1}).json()
    assert kept(1) == {"writer", "crm:search", "crm:note"}
    api.patch(f"{URL}/webhooks/{made['id']}", {"version": None})
    assert kept(1) == set()


def test_naming_it_again_accepts_nothing(api: APIClient, pinned: Schedule, change: Change) -> None:
    change("search", description="Other.")
    api.post(f"{URL}/webhooks", {"name": "shop", "version": 1})
    use = PublishedUse.objects.get(version=1, resource="crm:search")
    assert use.fingerprint == "search as published"


def test_the_report_names_the_triggers_and_the_steps_that_break(
    api: APIClient, pinned: Schedule, change: Change
) -> None:
    assert drift(api)["pinned"] == []
    change("search", input_schema=LESS)
    found = drift(api)
    assert not found["is_drifted"]
    (one,) = found["pinned"]
    assert (one["version"], one["broken_steps"], one["held_steps"]) == (1, ["find"], ["find"])
    assert one["triggers"] == [{"kind": "schedule", "id": pinned.pk, "name": "Nightly"}]
    assert one["patch"] == [{"op": "remove", "path": "/steps/0/arguments/limit"}]


def test_it_is_found_by_server_and_by_filter(
    api: APIClient, pinned: Schedule, change: Change
) -> None:
    change("search")
    tell_of_all()
    (found,) = api.get("/api/v1/mcp-servers/crm/affected").json()["workflows"]
    assert (found["id"], found["resources"], found["steps"]) == ("digest", [], [])
    assert found["pinned"] == [
        {
            "version": 1,
            "resources": ["crm:search"],
            "steps": ["find"],
            "schedules": 1,
            "webhooks": 0,
        }
    ]
    listed = api.get("/api/v1/workflows", {"drifted": "true"}).json()["results"]
    assert [row["id"] for row in listed] == ["digest"]
    events = api.get(f"{URL}/events").json()["results"]
    assert (events[-1]["kind"], events[-1]["data"]["version"]) == ("drift", 1)


def test_what_it_would_start_is_held_until_it_is_accepted(
    api: APIClient, alice: User, pinned: Schedule, change: Change
) -> None:
    change("search", description="Other.", destructive=True)
    with pytest.raises(LaunchRefused):
        fire(pinned, timezone.now())
    (refused,) = WorkflowExecution.objects.all()
    assert (refused.status, refused.error_kind) == ("FAILED", "tool_missing")
    (one,) = drift(api)["pinned"]
    body = {"state": "another", "version": 1}
    assert api.post(f"{URL}/drift/accept", body).json()["code"] == "drift_moved_on"
    answer = api.post(f"{URL}/drift/accept", {**body, "state": one["state"]})
    assert answer.status_code == 200, answer.content
    assert answer.json()["pinned"] == []
    assert fire(pinned, timezone.now()).status == "PENDING"


def test_a_run_that_it_starts_calls_what_was_approved(pinned: Schedule, change: Change) -> None:
    row = write_execution(launch_of(pinned), then=lambda _: None)
    assert row.approved_tools is not None
    assert set(row.approved_tools) == {"crm:search", "crm:note"}
    change("search", destructive=True)
    with pytest.raises(NotExecutable):
        write_execution(launch_of(pinned), then=lambda _: None)


def test_only_a_version_that_runs_unasked_can_be_accepted(api: APIClient, digest: Workflow) -> None:
    api.patch(URL, {"definition": {"steps": [{**STEPS[1], "input": "Write."}]}})
    answer = api.post(f"{URL}/drift/accept", {"state": "x", "version": 2})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_published")


def test_triggers_of_a_template_are_told_to_their_maker_alone(
    pinned: Schedule, change: Change, carol: User, team: Group, client_for: ClientFor
) -> None:
    Workflow.objects.update(is_template=True)
    Workflow.objects.get().shared_with.add(team)
    change("search")
    answer = client_for(carol).get(f"{URL}/drift")
    assert [one["triggers"] for one in answer.json()["pinned"]] == [[]]


def test_the_migration_keeps_what_stood_there(pinned: Schedule) -> None:
    PublishedUse.objects.filter(version=1).delete()
    import_module("executions.migrations.0013_keep_pinned_uses").record(apps, None)
    assert (kept(1), kept(2)) == ({"writer", "crm:search", "crm:note"}, {"writer", "crm:note"})
