"""Approvals over REST: who sees them, who decides, and what is refused."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from rest_framework.test import APIClient

from executions.models import Approval, ApprovalDecision, WorkflowExecution
from tests.conftest import ClientFor
from tests.executions.conftest import Runner
from tests.executions.engine.building import ask, end
from tests.executions.engine.test_approvals import question
from tests.executions.flows import finished_run, step_run, workflow_of

APPROVALS = "/api/v1/approvals"
FIELDS = {
    "id",
    "execution_id",
    "workflow_id",
    "workflow_name",
    "step",
    "step_id",
    "message",
    "link",
    "approvers",
    "required_approvals",
    "status",
    "decisions",
    "is_delivered",
    "expires_at",
    "created_at",
    "closed_at",
}


def waiting_run(owner: User, *approvers: User | Group, content: Any = "text") -> Approval:
    """A run of theirs that waits for the others, as the engine leaves it."""
    run = WorkflowExecution.objects.create(
        id=f"execution-{uuid.uuid4()}",
        workflow=workflow_of(owner),
        workflow_version=1,
        status="WAITING",
        created_by=owner,
    )
    step_run(run, "ask", position=1, step_type="approval", status="WAITING", completed_at=None,
             input_json={"message": "Send?", "content": content})  # fmt: skip
    approval = Approval.objects.create(
        execution=run, path="ask", step_id="ask", message="Send?", content_json=content
    )
    approval.users.set([one for one in approvers or (owner,) if isinstance(one, User)])
    approval.groups.set([one for one in approvers if isinstance(one, Group)])
    return approval


def address(approval: Approval, rest: str = "/decision") -> str:
    return f"/api/v1/workflows/executions/{approval.execution_id}{rest}"


def nothing_changed(approval: Approval) -> bool:
    return not ApprovalDecision.objects.exists() and Approval.objects.get().status == "OPEN"


def test_a_decision_over_rest_lets_the_run_go_on(runner: Runner, client_for: ClientFor) -> None:
    ran = runner.start({"steps": [ask("ask", content="v1"), end("done", "${steps.ask.output}")]})
    question(ran)
    client = client_for(runner.owner)
    (row,) = client.get(APPROVALS).json()["results"]
    assert set(row) == FIELDS
    assert (row["execution_id"], row["step"], row["message"]) == (ran.id, "ask", "ask?")
    assert client.get(row["link"]).json()["input"] == {"message": "ask?", "content": "v1"}
    body = {"step": "ask", "approved": True, "comment": "Fine.", "edited": "v2"}
    answer = client.post(f"/api/v1/workflows/executions/{ran.id}/decision", body)
    assert (answer.status_code, answer.json()["status"]) == (200, "APPROVED")
    assert answer.json()["is_delivered"] is True
    assert [vote["user"] for vote in answer.json()["decisions"]] == ["alice"]
    assert ran.wait().output["edited"] == "v2"
    assert client.get(APPROVALS).json()["results"] == []
    (past,) = client.get(f"{APPROVALS}?status=APPROVED").json()["results"]
    assert past["id"] == row["id"]


def test_who_was_asked_can_look_up_what_was_decided_and_nothing_else(
    runner: Runner, bob: User, client_for: ClientFor
) -> None:
    asked = ask("ask", content="v1", approvers=["bob"])
    ran = runner.start({"steps": [asked, end("done", "secret")]})
    question(ran)
    client = client_for(bob)
    key = client.get(APPROVALS).json()["results"][0]["id"]
    body = {"step": "ask", "approved": True, "comment": "Fine.", "edited": "v2"}
    assert client.post(f"/api/v1/workflows/executions/{ran.id}/decision", body).status_code == 200
    ran.wait()
    closed = client.get(f"{APPROVALS}/{key}").json()
    assert set(closed) == {*FIELDS, "content", "edited", "content_revision"}
    assert (closed["status"], closed["content"], closed["edited"]) == ("APPROVED", "v1", "v2")
    (vote,) = closed["decisions"]
    said = {name: vote[name] for name in ("user", "approved", "comment", "edited")}
    assert said == {"user": "bob", "approved": True, "comment": "Fine.", "edited": "v2"}
    assert client.get(f"/api/v1/workflows/executions/{ran.id}").status_code == 404
    # The owner was not asked, and has the run itself.
    assert client_for(runner.owner).get(f"{APPROVALS}/{key}").status_code == 404


def test_a_named_approver_reads_the_waiting_run_and_steers_nothing(
    alice: User, bob: User, client_for: ClientFor
) -> None:
    approval = waiting_run(alice, bob)
    client = client_for(bob)
    assert [row["step"] for row in client.get(APPROVALS).json()["results"]] == ["ask"]
    for rest in ("", "/steps", "/steps/ask", "/events"):
        assert client.get(address(approval, rest)).status_code == 200, rest
    assert client.post(address(approval, "/cancel")).status_code == 404
    assert client.get("/api/v1/workflows/executions").json()["results"] == []
    Approval.objects.update(status="EXPIRED", closed_at="2026-01-01T00:00:00Z")
    assert client.get(address(approval, "")).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_member_of_a_named_group_decides(
    alice: User, team: Group, carol: User, client_for: ClientFor
) -> None:
    approval = waiting_run(alice, team)
    answer = client_for(carol).post(address(approval), {"step": "ask", "approved": True})
    # Temporal knows no such run: there is nobody to tell.
    assert (answer.status_code, answer.json()["status"]) == (200, "APPROVED")


def test_strangers_do_not_learn_of_it_and_nobody_needs_a_token(
    alice: User, bob: User, anonymous: APIClient, client_for: ClientFor
) -> None:
    approval = waiting_run(alice)
    body = {"step": "ask", "approved": True}
    assert client_for(bob).get(APPROVALS).json()["results"] == []
    stranger = client_for(bob).post(address(approval), body)
    absent = client_for(bob).post("/api/v1/workflows/executions/execution-none/decision", body)
    assert (stranger.status_code, absent.status_code) == (404, 404)
    assert stranger.json()["detail"] == absent.json()["detail"]
    assert anonymous.post(address(approval), body).status_code == 401
    assert anonymous.get(APPROVALS).status_code == 401
    assert nothing_changed(approval)


def test_the_owner_and_staff_may_read_what_others_decide(
    alice: User, bob: User, staff: User, client_for: ClientFor
) -> None:
    approval = waiting_run(alice, bob)
    for user in (alice, staff):
        answer = client_for(user).post(address(approval), {"step": "ask", "approved": True})
        assert (answer.status_code, answer.json()["code"]) == (403, "not_an_approver")
        assert client_for(user).get(APPROVALS).json()["results"] == []
    assert nothing_changed(approval)


@pytest.mark.django_db(transaction=True)
def test_a_second_decision_says_who_was_first(
    alice: User, bob: User, client_for: ClientFor
) -> None:
    approval = waiting_run(alice, alice, bob)
    body = {"step": "ask", "approved": False, "comment": "No."}
    assert client_for(bob).post(address(approval), body).status_code == 200
    for user in (alice, bob):
        answer = client_for(user).post(address(approval), {"step": "ask", "approved": True})
        told = answer.json()
        assert answer.status_code == 409
        assert (told["code"], told["decided_by"], told["approved"]) == (
            "already_decided",
            "bob",
            False,
        )
    assert ApprovalDecision.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_decision_about_a_content_that_was_changed_meanwhile_is_not_taken(
    alice: User, bob: User, client_for: ClientFor
) -> None:
    approval = waiting_run(alice, alice, bob)
    Approval.objects.update(required_approvals=2)
    seen = client_for(alice).get(f"{APPROVALS}/{approval.pk}").json()["content_revision"]
    yes = {"step": "ask", "approved": True, "content_revision": seen}
    assert client_for(bob).post(address(approval), {**yes, "edited": "v2"}).status_code == 200
    for stale in ({**yes, "edited": "v1"}, yes, {**yes, "approved": False}):
        answer = client_for(alice).post(address(approval), stale)
        told = answer.json()
        assert (answer.status_code, told["code"]) == (409, "content_changed")
        assert (told["changed_by"], told["content_revision"]) == ("bob", seen + 1)
    assert approval.decisions.count() == 1
    again = client_for(alice).get(f"{APPROVALS}/{approval.pk}").json()
    assert (again["edited"], again["content_revision"]) == ("v2", seen + 1)
    body = {**yes, "content_revision": seen + 1}
    assert client_for(alice).post(address(approval), body).json()["status"] == "APPROVED"
    approval.refresh_from_db()
    assert approval.edited_json == "v2"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"step": "ask"}, 400),
        ({"step": "ask", "approved": "maybe"}, 400),
        ({"step": "ask", "approved": True, "nonsense": 1}, 400),
        ({"step": "ask", "approved": True, "comment": "x" * 2_001}, 400),
        ({"step": "ask", "approved": True, "comment": "\x00"}, 400),
        ({"step": "ask", "approved": True, "edited": ["no text"]}, 400),
        ({"step": "ask", "approved": False, "edited": "new"}, 400),
        ({"step": "ask", "approved": True, "content_revision": -1}, 400),
        ({"step": "ask", "approved": True, "content_revision": 1}, 400),
        ({"step": "elsewhere", "approved": True}, 404),
    ],
)
def test_bad_decisions_are_refused(
    api: APIClient, alice: User, body: dict[str, Any], status: int
) -> None:
    approval = waiting_run(alice)
    assert api.post(address(approval), body).status_code == status
    assert nothing_changed(approval)


def test_a_run_that_has_ended_takes_no_decision(api: APIClient, alice: User) -> None:
    approval = waiting_run(alice)
    done = finished_run(workflow_of(alice), alice)
    WorkflowExecution.objects.filter(pk=approval.execution_id).update(
        status="CANCELLED", completed_at=done.completed_at
    )
    answer = api.post(address(approval), {"step": "ask", "approved": True})
    assert (answer.status_code, answer.json()["code"]) == (409, "already_ended")
    assert api.get(APPROVALS).json()["results"] == []
    assert nothing_changed(approval)


def test_approvals_are_filtered_and_come_in_pages(api: APIClient, alice: User) -> None:
    rows = [waiting_run(alice) for _ in range(3)]
    first = api.get(f"{APPROVALS}?limit=2").json()
    assert [row["id"] for row in first["results"]] == [rows[2].pk, rows[1].pk]
    rest = api.get(f"{APPROVALS}?limit=2&cursor={first['next']}").json()
    assert [row["id"] for row in rest["results"]] == [rows[0].pk]
    one = rows[1].execution
    for query in (f"execution_id={one.pk}", f"workflow_id={one.workflow_id}"):
        assert [row["id"] for row in api.get(f"{APPROVALS}?{query}").json()["results"]] == [
            rows[1].pk
        ]
    assert api.get(f"{APPROVALS}?status=REJECTED").json()["results"] == []
    assert api.get(f"{APPROVALS}?status=x").status_code == 400
    assert api.get(f"{APPROVALS}?nonsense=x").status_code == 400
