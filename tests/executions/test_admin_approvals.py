"""Approvals in the admin: shown to staff, decided by those who are asked."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from executions.models import Approval, ApprovalDecision
from tests.executions.api.test_approvals import waiting_run

LIST = "/admin/executions/approval/"


@pytest.fixture
def browser(staff: User) -> Client:
    """An administrator's browser."""
    client = Client()
    client.force_login(staff)
    return client


def page(approval: Approval) -> str:
    return f"{LIST}{approval.pk}/change/"


def test_a_question_is_shown_with_its_content(browser: Client, alice: User, staff: User) -> None:
    approval = waiting_run(alice, staff, content={"text": "Dear Ada"})
    shown = browser.get(page(approval)).content.decode()
    assert "Send?" in shown
    assert "Dear Ada" in shown
    assert approval.execution_id in browser.get(LIST).content.decode()


def test_who_is_asked_decides_with_the_form(browser: Client, alice: User, staff: User) -> None:
    approval = waiting_run(alice, staff, content={"text": "Dear Ada"})
    body = {"decision": "yes", "comment": "Fine.", "edited": '{"text": "Dear Bob"}', **INLINE}
    assert browser.post(page(approval), body).status_code == 302
    approval.refresh_from_db()
    assert (approval.status, approval.edited_json) == ("APPROVED", {"text": "Dear Bob"})
    (vote,) = ApprovalDecision.objects.all()
    assert (vote.user, vote.approved, vote.comment) == (staff, True, "Fine.")


def test_content_that_was_left_alone_is_not_an_edit(
    browser: Client, alice: User, staff: User
) -> None:
    approval = waiting_run(alice, staff, content={"text": "Dear Ada"})
    body = {"decision": "yes", "comment": "", "edited": '{"text": "Dear Ada"}', **INLINE}
    browser.post(page(approval), body)
    assert ApprovalDecision.objects.get().edited_json is None


def test_staff_who_are_not_asked_are_refused(browser: Client, alice: User) -> None:
    approval = waiting_run(alice)
    body = {"decision": "no", "comment": "", "edited": '"text"', **INLINE}
    answer = browser.post(page(approval), body, follow=True)
    assert "Only alice may decide this." in answer.content.decode()
    assert not ApprovalDecision.objects.exists()
    approval.refresh_from_db()
    assert approval.status == "OPEN"


def test_a_decision_needs_an_answer(browser: Client, alice: User, staff: User) -> None:
    approval = waiting_run(alice, staff)
    answer = browser.post(page(approval), {"comment": "", "edited": '"text"', **INLINE})
    assert answer.status_code == 200
    assert not ApprovalDecision.objects.exists()


INLINE = {
    "decisions-TOTAL_FORMS": "0",
    "decisions-INITIAL_FORMS": "0",
    "decisions-MIN_NUM_FORMS": "0",
    "decisions-MAX_NUM_FORMS": "0",
}
