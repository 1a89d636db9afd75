"""Approvals in the admin: shown to staff, decided by those who are asked."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from executions import temporal
from executions.approvals.deciding import Vote, decide
from executions.models import Approval, ApprovalDecision
from tests.executions.api.test_approvals import waiting_run

LIST = "/admin/executions/approval/"
SEEN = re.compile(r'name="content_revision" value="(\d+)"')
FORM = {
    "decision": "yes",
    "comment": "",
    "content_revision": "0",
    "decisions-TOTAL_FORMS": "0",
    "decisions-INITIAL_FORMS": "0",
    "decisions-MIN_NUM_FORMS": "0",
    "decisions-MAX_NUM_FORMS": "0",
}


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
    body = {**FORM, "comment": "Fine.", "edited": '{"text": "Dear Bob"}'}
    assert browser.post(page(approval), body).status_code == 302
    approval.refresh_from_db()
    assert (approval.status, approval.edited_json) == ("APPROVED", {"text": "Dear Bob"})
    (vote,) = ApprovalDecision.objects.all()
    assert (vote.user, vote.approved, vote.comment) == (staff, True, "Fine.")


def test_content_that_was_left_alone_is_not_an_edit(
    browser: Client, alice: User, staff: User
) -> None:
    approval = waiting_run(alice, staff, content={"text": "Dear Ada"})
    body = {**FORM, "edited": '{"text": "Dear Ada"}'}
    browser.post(page(approval), body)
    assert ApprovalDecision.objects.get().edited_json is None


def test_staff_who_are_not_asked_are_refused(browser: Client, alice: User) -> None:
    approval = waiting_run(alice)
    body = {**FORM, "decision": "no", "edited": '"text"'}
    answer = browser.post(page(approval), body, follow=True)
    assert "Only alice may decide this." in answer.content.decode()
    assert not ApprovalDecision.objects.exists()
    approval.refresh_from_db()
    assert approval.status == "OPEN"


def test_a_decision_needs_an_answer(browser: Client, alice: User, staff: User) -> None:
    approval = waiting_run(alice, staff)
    answer = browser.post(page(approval), {**FORM, "decision": "", "edited": '"text"'})
    assert answer.status_code == 200
    assert not ApprovalDecision.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_form_does_not_undo_what_another_approver_changed_meanwhile(
    browser: Client, alice: User, staff: User, bob: User
) -> None:
    approval = waiting_run(alice, staff, bob, content="v1")
    Approval.objects.update(required_approvals=2)
    opened = SEEN.search(browser.get(page(approval)).content.decode())
    assert opened is not None
    decide(approval.execution, "ask", Vote(approved=True, edited="v2"), by=bob)
    untouched = {**FORM, "content_revision": opened[1], "edited": '"v1"'}
    answer = browser.post(page(approval), untouched, follow=True).content.decode()
    assert "bob has changed the content" in answer
    approval.refresh_from_db()
    assert (approval.status, approval.edited_json) == ("OPEN", "v2")
    assert approval.decisions.get().user == bob
    again = SEEN.search(answer)
    assert again is not None
    browser.post(page(approval), {**FORM, "content_revision": again[1], "edited": '"v2"'})
    approval.refresh_from_db()
    assert (approval.status, approval.edited_json) == ("APPROVED", "v2")
    assert approval.decisions.get(user=staff).edited_json is None


def test_a_decision_that_comes_too_late_is_told_who_was_faster(
    browser: Client, alice: User, staff: User, bob: User
) -> None:
    approval = waiting_run(alice, staff, bob)
    decide(approval.execution, "ask", Vote(approved=False), by=bob)
    answer = browser.post(page(approval), {**FORM, "comment": "Fine."}, follow=True)
    assert answer.status_code == 200
    assert "bob rejected this at" in answer.content.decode()
    assert approval.decisions.get().user == bob


def test_a_question_that_its_run_no_longer_asks_says_so(
    browser: Client, alice: User, staff: User
) -> None:
    approval = waiting_run(alice, staff)
    Approval.objects.update(status="CANCELLED", closed_at=timezone.now())
    answer = browser.post(page(approval), FORM, follow=True)
    assert "The run no longer waits for this decision." in answer.content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_away", [False, True])
def test_only_a_decision_that_did_not_reach_its_run_is_told_to_be_kept(
    browser: Client, alice: User, staff: User, monkeypatch: pytest.MonkeyPatch, is_away: bool
) -> None:
    async def decide_on_temporal(*_arguments: object) -> None:
        if is_away:
            raise TimeoutError

    monkeypatch.setattr(temporal, "decide", decide_on_temporal)
    approval = waiting_run(alice, staff)
    answer = browser.post(page(approval), FORM, follow=True).content.decode()
    approval.refresh_from_db()
    assert (approval.status, approval.is_delivered) == ("APPROVED", not is_away)
    assert ("as soon as Temporal is back" in answer) is is_away
