"""Old events of workflows are forgotten, but never the one that the next takes its number from."""

from datetime import timedelta

from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from workflows.drift.events import note_event
from workflows.drift.retention import forget_old_events
from workflows.models import Workflow, WorkflowEvent

URL = "/api/v1/workflows/digest/events"


def aged(number: int, days: int) -> None:
    at = timezone.now() - timedelta(days=days)
    WorkflowEvent.objects.filter(workflow="digest", number=number).update(created_at=at)


def numbers() -> list[int]:
    return list(WorkflowEvent.objects.filter(workflow="digest").values_list("number", flat=True))


def test_what_is_older_than_that_goes(digest: Workflow, settings: Settings) -> None:
    for kind in ("drift", "drift", "drift"):
        note_event(digest, kind, {})
    for number, days in ((1, 40), (2, 31), (3, 29)):
        aged(number, days)
    settings.WORKFLOW_EVENT_DAYS = 30
    assert (forget_old_events(), forget_old_events()) == ({"forgotten": 2}, {"forgotten": 0})
    assert numbers() == [3, 4]


def test_the_newest_stays_and_numbers_go_on(
    api: APIClient, digest: Workflow, settings: Settings
) -> None:
    note_event(digest, "drift", {})
    aged(1, 400)
    aged(2, 400)
    assert settings.WORKFLOW_EVENT_DAYS == 365
    assert forget_old_events() == {"forgotten": 1}
    note_event(digest, "drift", {})
    answer = api.get(URL, {"after": 2}).json()
    assert [one["number"] for one in answer["results"]] == [3]


def test_nothing_goes_where_they_are_kept_for_ever(digest: Workflow, settings: Settings) -> None:
    note_event(digest, "drift", {})
    aged(1, 4_000)
    settings.WORKFLOW_EVENT_DAYS = 0
    assert forget_old_events() == {"forgotten": 0}


def test_at_most_so_many_go_in_a_pass(digest: Workflow, settings: Settings) -> None:
    settings.WORKFLOW_EVENT_DAYS = 30
    rows = [WorkflowEvent(workflow=digest, number=number, kind="x") for number in range(2, 10_010)]
    WorkflowEvent.objects.bulk_create(rows)
    WorkflowEvent.objects.update(created_at=timezone.now() - timedelta(days=31))
    assert [forget_old_events()["forgotten"] for _ in range(2)] == [10_000, 8]
