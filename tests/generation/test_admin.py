"""Generations in the admin: readable, linked, and not written by hand."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from generation.models import Generation
from generation.services import apply_generation
from generation.tasks import design_workflow

LIST = "/admin/generation/generation/"


@pytest.fixture
def browser(client: Client, staff: User) -> Client:
    """A browser in which staff is logged in."""
    client.force_login(staff)
    return client


@pytest.fixture
def applied(office: None, alice: User) -> Generation:
    """A generation that became a workflow."""
    row = Generation.objects.create(
        id="generation-1",
        prompt="Summarise the text and post <b>it</b> in Slack.",
        created_by=alice,
    )
    design_workflow(row.pk)
    row.refresh_from_db()
    apply_generation(by=alice, generation=row)
    row.refresh_from_db()
    return row


def test_a_generation_shows_its_drawing_and_its_workflow(
    browser: Client, applied: Generation
) -> None:
    page = browser.get(f"{LIST}{applied.pk}/change/").content.decode()
    assert "<svg" in page
    assert f"/admin/workflows/workflow/{applied.applied_workflow_id}/change/" in page
    assert "<b>it</b>" not in page


def test_the_list_needs_the_same_queries_for_many_rows(
    browser: Client, applied: Generation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    browser.get(LIST)
    with django_assert_num_queries(5) as before:
        browser.get(LIST)
    Generation.objects.bulk_create(
        Generation(id=f"generation-x{n}", prompt="x" * 200, created_by=applied.created_by)
        for n in range(30)
    )
    with django_assert_num_queries(len(before)):
        browser.get(LIST)


def test_nobody_writes_one_by_hand(browser: Client, applied: Generation) -> None:
    assert browser.get(f"{LIST}add/").status_code == 403
    assert browser.post(f"{LIST}{applied.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Generation.objects.count() == 1


def test_an_action_cancels_what_has_not_ended(
    browser: Client, applied: Generation, alice: User
) -> None:
    waiting = Generation.objects.create(id="generation-2", prompt="x" * 20, created_by=alice)
    browser.post(LIST, {"action": "cancel", "_selected_action": [waiting.pk, applied.pk]})
    waiting.refresh_from_db()
    applied.refresh_from_db()
    assert (waiting.status, applied.status) == ("CANCELLED", "COMPLETED")
