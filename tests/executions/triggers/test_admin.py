"""Schedules and webhooks in the admin: the actions do what they say, through the services."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from executions.models import WorkflowExecution
from executions.triggers.models import Schedule, Webhook
from executions.triggers.schedules import create_schedule
from executions.triggers.webhooks import create_webhook
from tests.executions.flows import workflow_of

DAILY: Any = {"name": "Daily", "cron": "0 9 * * *", "context_json": {}}


@pytest.fixture
def browser(client: Client, staff: User) -> Client:
    """Where an administrator is logged in."""
    client.force_login(staff)
    return client


def act(browser: Client, row: Schedule | Webhook, action: str) -> str:
    """The page after an action was done to one row."""
    listed = reverse(f"admin:executions_{row._meta.model_name}_changelist")
    answer = browser.post(listed, {"action": action, "_selected_action": row.pk}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_schedule_is_paused_resumed_and_fired(browser: Client, alice: User) -> None:
    row = create_schedule(workflow=workflow_of(alice), by=alice, **DAILY)
    for action, is_paused in (("pause", True), ("resume", False)):
        act(browser, row, action)
        row.refresh_from_db()
        assert row.is_paused is is_paused
    act(browser, row, "fire_now")
    run = WorkflowExecution.objects.get()
    assert (run.schedule_id, run.triggered_by, run.created_by) == (row.pk, "schedule", alice)
    runs = reverse("admin:executions_workflowexecution_changelist")
    assert run.pk in browser.get(f"{runs}?schedule__id__exact={row.pk}").content.decode()


def test_a_webhook_is_switched_and_its_new_secret_shown_once(browser: Client, alice: User) -> None:
    row = create_webhook(workflow=workflow_of(alice), by=alice, name="Orders")
    act(browser, row, "switch_off")
    row.refresh_from_db()
    assert row.is_active is False
    before: Any = row.secret
    page = act(browser, row, "rotate_secret")
    after: Any = Webhook.objects.get().secret
    assert before["hmac"] != after["hmac"]
    assert after["hmac"] in page
    one = reverse("admin:executions_webhook_change", args=[row.pk])
    shown = browser.get(one).content.decode()
    assert after["hmac"] not in shown
    assert row.token not in shown
