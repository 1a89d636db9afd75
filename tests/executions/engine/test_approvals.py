"""The `approval` step: who decides, what the run then uses, and that time and people have one order."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from common.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from executions import services
from executions.approvals.deciding import Vote, decide, deliver_decisions
from executions.approvals.opening import expire_approval
from executions.models import Approval, ApprovalDecision
from tests.executions.conftest import PATIENCE_SECONDS, RUNS, Forks, Ran, Runner
from tests.executions.engine.building import ask, echo, end, loop, parallel, pause, put
from tests.executions.engine.building import decide as choose
from tests.executions.engine.test_waits import told
from tests.executions.tap import Tap

OUTPUT = "${steps.ask.output}"
YES = Vote(approved=True)
NO = Vote(approved=False, comment="Too long.")
# Pydantic reads as many, and fails to write them.
TOO_DEEP = 400


def question(ran: Ran, path: str = "ask") -> Approval:
    """The open approval, as soon as it is asked."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = Approval.objects.filter(execution_id=ran.id, path=path).first()
        if found is not None:
            return found
        assert time.monotonic() < deadline, f"nobody was asked at {path}; {ran.statuses}"
        time.sleep(0.05)


def answer(ran: Ran, user: User, vote: Vote = YES, path: str = "ask") -> Approval:
    """The user's decision."""
    question(ran, path)
    return decide(ran.row, path, vote, by=user)


@pytest.fixture
def bob(transactional_db: None) -> User:
    return User.objects.create_user("bob")


@pytest.fixture
def carol(transactional_db: None) -> User:
    """A member of the group `lawyers`."""
    carol = User.objects.create_user("carol")
    carol.groups.add(Group.objects.create(name="lawyers"))
    return carol


def test_the_owner_decides_and_the_run_goes_on(runner: Runner) -> None:
    step = ask(
        "ask", approval_message="Send to ${user_input}?", content={"text": "Hi ${user_input}"}
    )
    ran = runner.start({"steps": [step, end("done", "${steps.ask.output}")]}, user_input="Ada")
    asked = question(ran)
    assert (asked.message, asked.content_json) == ("Send to Ada?", {"text": "Hi Ada"})
    ran.wait_for("WAITING")
    assert ran.statuses == {"ask": "WAITING"}
    decided = answer(ran, runner.owner, Vote(approved=True, comment="Fine."))
    assert (decided.status, decided.is_delivered) == ("APPROVED", True)
    assert ran.wait().output == {
        "approved": True,
        "by": ["alice"],
        "comment": "Fine.",
        "edited": {"text": "Hi Ada"},
    }
    assert told(ran, "run") == ["RUNNING", "WAITING", "COMPLETED"]
    assert told(ran, "step", path="ask") == ["RUNNING", "WAITING", "COMPLETED"]
    assert told(ran, "approval", path="ask") == ["OPEN", "APPROVED"]


def test_the_run_uses_what_the_approver_edited(runner: Runner) -> None:
    steps = [ask("ask", content=["a", 1]), echo("use", "${steps.ask.output.edited}")]
    ran = runner.start({"steps": steps})
    answer(ran, runner.owner, Vote(approved=True, edited=["b", {"c": 2}]))
    assert ran.wait().output["result"] == ["b", {"c": 2}]
    assert question(ran).content_json == ["a", 1]


def test_only_who_is_named_decides(runner: Runner, bob: User, carol: User) -> None:
    staff = User.objects.create_user("root", is_staff=True)
    ran = runner.start(
        {"steps": [ask("ask", approvers=["bob", "group:lawyers"])], "output": OUTPUT}
    )
    question(ran)
    for user in (runner.owner, staff):
        with pytest.raises(Forbidden, match="Only bob, group:lawyers may decide this"):
            answer(ran, user)
    with pytest.raises(NotFound):
        answer(ran, User.objects.create_user("eve"))
    assert not ApprovalDecision.objects.exists()
    answer(ran, carol)
    assert ran.wait().output["by"] == ["carol"]


def test_required_approvals_count_distinct_people(runner: Runner, bob: User, carol: User) -> None:
    step = ask(
        "ask", approvers=["alice", "bob", "group:lawyers"], required_approvals=3, content="v1"
    )
    ran = runner.start({"steps": [step]})
    first = answer(ran, bob, Vote(approved=True, edited="v2", comment="one"))
    with pytest.raises(
        Conflict, match=r"bob approved this at .*; a second decision is not taken"
    ) as no:
        answer(ran, bob)
    assert (no.value.code, no.value.extra["decided_by"]) == ("already_decided", "bob")
    answer(ran, carol, Vote(approved=True, comment="two"))
    assert (first.status, question(ran).status, ran.status) == ("OPEN", "OPEN", "WAITING")
    answer(ran, runner.owner, Vote(approved=True, edited="v3"))
    output = ran.wait().row.step_runs.get(path="ask").output_json
    assert output == {
        "approved": True,
        "by": ["bob", "carol", "alice"],
        "comment": "one\n\ntwo",
        "edited": "v3",
    }


def test_the_first_rejection_decides(runner: Runner, bob: User) -> None:
    step = ask("ask", approvers=["alice", "bob"], required_approvals=2, on_error="never")
    ran = runner.start({"steps": [step, end("done"), echo("never", 1)]})
    answer(ran, runner.owner)
    answer(ran, bob, NO)
    row = ran.wait().row
    assert (row.status, row.error_kind, row.failed_step) == ("FAILED", "rejected", "ask")
    assert row.error == "bob rejected this: Too long."
    with pytest.raises(Conflict):
        answer(ran, runner.owner)


def test_a_rejection_goes_its_own_way(runner: Runner) -> None:
    again = ask("ask", content="${context.text}", on_reject="change")
    steps = [
        again,
        end("done", "${steps.ask.output.edited}"),
        put("change", text="${steps.ask.output.comment}"),
    ]
    steps[2]["next"] = "ask"
    ran = runner.start({"context": {"text": "one"}, "steps": steps})
    answer(ran, runner.owner, Vote(approved=False, comment="two"))
    assert question(ran, "ask@2").content_json == "two"
    answer(ran, runner.owner, path="ask@2")
    assert ran.wait().output == "two"
    assert ran.outputs["ask"] == {
        "approved": False,
        "by": ["alice"],
        "comment": "two",
        "edited": "one",
    }


def test_a_time_out_takes_its_own_way(runner: Runner) -> None:
    step = ask(
        "ask",
        approval_timeout_seconds=1,
        on_error=[{"match": ["approval_timeout"], "next": "late"}],
    )
    ran = runner.run({"steps": [step, end("done"), echo("late", "${error.kind}")]})
    assert ran.output["result"] == "approval_timeout"
    assert question(ran).status == "EXPIRED"
    with pytest.raises(Conflict) as no:
        answer(ran, runner.owner)
    assert no.value.code == "expired"
    assert not ApprovalDecision.objects.exists()


def test_two_people_at_the_same_moment_one_decides(runner: Runner) -> None:
    people = [User.objects.create_user(f"user-{number}") for number in range(8)]
    step = ask("ask", approvers=[user.username for user in people])
    ran = runner.start({"steps": [step]})
    question(ran)

    def vote(user: User) -> str:
        try:
            return answer(ran, user, YES if user.pk % 2 else NO).status
        except Conflict as error:
            return str(error.extra["decided_by"])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        said = list(threads.map(vote, people))
    ran.wait()
    (only,) = ApprovalDecision.objects.all()
    assert said.count(only.user.username) == 7
    assert ran.status == ("COMPLETED" if only.approved else "FAILED")


def test_a_decision_and_a_time_out_at_the_same_moment_have_one_order(runner: Runner) -> None:
    """Whoever is first in the database is right, for both."""
    outcomes = set()
    for _ in range(6):
        ran = runner.start({"steps": [ask("ask")]})
        question(ran)

        def vote(ran: Ran = ran) -> bool:
            try:
                return answer(ran, runner.owner).status == "APPROVED"
            except Conflict:
                return False
            finally:
                connections.close_all()

        def give_up(ran: Ran = ran) -> bool:
            try:
                return expire_approval(ran.id, "ask") is None
            finally:
                connections.close_all()

        with ThreadPoolExecutor(2) as threads:
            voted, gave_up = threads.submit(vote), threads.submit(give_up)
        assert voted.result() != gave_up.result()
        assert question(ran).status == ("APPROVED" if voted.result() else "EXPIRED")
        outcomes.add(voted.result())


def test_a_decision_before_the_time_out_counts_though_its_signal_was_lost(
    runner: Runner, settings: Settings
) -> None:
    ran = runner.start({"steps": [ask("ask", approval_timeout_seconds=3)], "output": OUTPUT})
    question(ran)
    address, settings.TEMPORAL_ADDRESS = settings.TEMPORAL_ADDRESS, "127.0.0.1:1"
    kept = answer(ran, runner.owner)
    settings.TEMPORAL_ADDRESS = address
    assert (kept.status, kept.is_delivered) == ("APPROVED", False)
    assert ran.wait().output["approved"] is True


def test_a_decision_that_temporal_could_not_take_is_sent_again(
    runner: Runner, settings: Settings
) -> None:
    ran = runner.start({"steps": [ask("ask")], "output": OUTPUT})
    question(ran)
    address, settings.TEMPORAL_ADDRESS = settings.TEMPORAL_ADDRESS, "127.0.0.1:1"
    kept = answer(ran, runner.owner)
    settings.TEMPORAL_ADDRESS = address
    assert not kept.is_delivered
    ran.wait_for("WAITING")
    assert deliver_decisions(older_than_seconds=60) == {"delivered": [], "undelivered": []}
    assert deliver_decisions() == {"delivered": [ran.id], "undelivered": []}
    assert deliver_decisions() == {"delivered": [], "undelivered": []}
    assert ran.wait().output["approved"] is True


def test_a_decision_that_cant_be_sent_keeps_no_other_one_from_its_run(
    runner: Runner, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    runs = [runner.start({"steps": [ask("ask", content=[])], "output": OUTPUT}) for _ in range(2)]
    for ran in runs:
        question(ran)
    address, settings.TEMPORAL_ADDRESS = settings.TEMPORAL_ADDRESS, "127.0.0.1:1"
    broken, other = (answer(ran, runner.owner) for ran in runs)
    settings.TEMPORAL_ADDRESS = address
    too_deep: list[Any] = []
    for _ in range(TOO_DEEP):
        too_deep = [too_deep]
    Approval.objects.filter(pk=broken.pk).update(edited_json=too_deep)
    first, second = (ran.id for ran in runs)
    assert deliver_decisions() == {"delivered": [second], "undelivered": [first]}
    (line,) = [line for line in caplog.records if line.exc_info]
    assert first in line.getMessage()
    assert runs[1].wait().output["approved"] is True
    broken.refresh_from_db()
    other.refresh_from_db()
    assert (broken.is_delivered, other.is_delivered) == (False, True)
    assert runs[0].status == "WAITING"


@pytest.mark.parametrize(
    ("content", "vote"),
    [
        ("text", Vote(approved=True, edited={"no": "text"})),
        ({"a": 1}, Vote(approved=True, edited=[1])),
        (None, Vote(approved=True, edited="new")),
        ("text", Vote(approved=False, edited="new")),
        (True, Vote(approved=True, edited=1)),
        ("text", Vote(approved=True, edited="\x00")),
        ("text", Vote(approved=True, edited="x" * 1_100_000)),
        ("text", Vote(approved=True, comment="x" * 2_001)),
    ],
)
def test_an_edit_that_does_not_fit_is_refused(runner: Runner, content: Any, vote: Vote) -> None:
    ran = runner.start({"steps": [ask("ask", content=content)]})
    question(ran)
    with pytest.raises(Invalid):
        answer(ran, runner.owner, vote)
    asked = question(ran)
    assert (asked.status, asked.edited_json, asked.decisions.count()) == ("OPEN", None, 0)


def test_large_contents_are_shown_edited_and_used(runner: Runner) -> None:
    text = "x" * 200_000
    steps = [ask("ask", content="${input.text}"), echo("use", "${steps.ask.output.edited}")]
    ran = runner.start({"steps": steps}, input={"text": text})
    assert question(ran).content_json == text
    answer(ran, runner.owner, Vote(approved=True, edited=text + "y"))
    assert ran.wait().output["result"] == text + "y"
    assert ran.history_bytes() < 60_000


def test_approvals_stand_in_nested_loops_and_branches(runner: Runner) -> None:
    inner = loop("inner", "foreach", [ask("ask", content="${loop.item}")], over=["a", "b"],
                 output="${steps.ask.output.edited}")  # fmt: skip
    outer = loop("outer", "count", [inner], max_iterations=2, collect_results=True)
    fan = parallel("fan", {"left": [outer], "right": [ask("other")]})
    ran = runner.start({"steps": [fan], "output": "${steps.fan.output[0]}"})
    answer(ran, runner.owner, path="fan/right/other")
    for place in ("1/inner/1", "1/inner/2", "2/inner/1", "2/inner/2"):
        answer(
            ran, runner.owner, Vote(approved=True, edited=place), path=f"fan/left/outer/{place}/ask"
        )
    assert ran.wait().output == [["1/inner/1", "1/inner/2"], ["2/inner/1", "2/inner/2"]]


def test_iterations_at_once_ask_at_once(runner: Runner) -> None:
    each = loop("each", "foreach", [ask("ask", content="${loop.item}")], over=[1, 2, 3], max_concurrency=3,
                output="${steps.ask.output.edited}")  # fmt: skip
    ran = runner.start({"steps": [each]})
    for number in (3, 1, 2):
        answer(
            ran, runner.owner, Vote(approved=True, edited=number * 10), path=f"each/{number}/ask"
        )
    assert ran.wait().output == [10, 20, 30]


def test_a_run_continues_as_new_while_it_waits(runner: Runner, tap: Tap) -> None:
    calls = [tap.step(f"c{number}", f"ok/c{number}") for number in range(12)]
    left = [ask("ask", approval_timeout_seconds=600), echo("use", "${steps.ask.output.by}")]
    fan = parallel("fan", {"left": left, "right": [*calls, ask("last")]})
    ran = runner.start(
        {"steps": [fan], "output": "${steps.fan.output[0].result}"}, continue_after_events=10
    )
    question(ran, "fan/right/last")
    ran.wait_for("WAITING")
    assert len(ran.temporal_runs()) > 2
    answer(ran, runner.owner, path="fan/left/ask")
    answer(ran, runner.owner, path="fan/right/last")
    assert ran.wait().output == ["alice"]
    assert sorted(tap.hits) == sorted(f"/ok/c{number}" for number in range(12))
    assert told(ran, "approval", path="fan/left/ask") == ["OPEN", "APPROVED"]


def test_cancelling_a_run_closes_its_questions(runner: Runner) -> None:
    ran = runner.start({"steps": [parallel("fan", {"a": [ask("x")], "b": [ask("y")]})]})
    question(ran, "fan/a/x"), question(ran, "fan/b/y")
    services.request_cancellation(ran.row, by=runner.owner)
    ran.wait()
    assert set(Approval.objects.values_list("status", flat=True)) == {"CANCELLED"}
    with pytest.raises(Conflict) as no:
        answer(ran, runner.owner, path="fan/a/x")
    assert no.value.code == "already_ended"


def test_a_branch_that_lost_asks_nobody_any_more(runner: Runner) -> None:
    fan = parallel("fan", {"a": [ask("ask")], "b": [pause("p", 2)]}, aggregation="first")
    ran = runner.run({"steps": [fan]})
    assert ran.statuses["fan/a/ask"] == "CANCELLED"
    assert question(ran, "fan/a/ask").status == "CANCELLED"


def test_approvers_whom_nobody_knows_fail_the_step(runner: Runner) -> None:
    User.objects.create_user("gone", is_active=False)
    ran = runner.run({"steps": [ask("ask", approvers=["gone", "group:none"])]})
    row = ran.row
    assert (row.error_kind, row.error_code, row.failed_step) == ("rejected", "no_approvers", "ask")
    assert row.error == "Of gone, group:none nobody can decide at present."
    assert not Approval.objects.exists()


def test_more_approvals_than_people_who_can_give_them_fail_the_step(
    runner: Runner, bob: User, forks: Forks
) -> None:
    carol = User.objects.create_user("carol", is_active=False)
    ran = runner.run({"steps": [ask("ask", approvers=["bob", "carol"], required_approvals=2)]})
    row = ran.row
    assert (row.error_kind, row.error_code, row.failed_step) == (
        "rejected",
        "too_few_approvers",
        "ask",
    )
    assert row.error == "2 approvals are required, but of bob, carol only 1 can decide at present."
    assert "retry" in row.error_hint
    assert not Approval.objects.exists()
    User.objects.filter(pk=carol.pk).update(is_active=True)
    again = Ran(runner.worker, forks.client.post(f"{RUNS}/{ran.id}/retry", {}).json()["id"])
    for user in (bob, User.objects.get(pk=carol.pk)):
        answer(again, user)
    assert again.wait().status == "COMPLETED"


def test_a_group_without_members_can_not_be_asked(runner: Runner) -> None:
    Group.objects.create(name="lawyers")
    ran = runner.run({"steps": [ask("ask", approvers=["group:lawyers"])]})
    assert (ran.row.error_kind, ran.row.error_code) == ("rejected", "no_approvers")
    assert not Approval.objects.exists()


def test_people_are_counted_once_however_often_they_are_named(runner: Runner, carol: User) -> None:
    step = ask("ask", approvers=["carol", "group:lawyers"], required_approvals=2)
    ran = runner.run({"steps": [step]})
    assert (ran.row.error_kind, ran.row.error_code) == ("rejected", "too_few_approvers")


def test_who_joins_a_group_or_comes_back_later_may_decide(
    runner: Runner, bob: User, carol: User
) -> None:
    away = User.objects.create_user("away", is_active=False)
    step = ask("ask", approvers=["carol", "away", "group:lawyers"], content="v1")
    ran = runner.start({"steps": [step, ask("more", approvers=["away", "group:lawyers"])]})
    question(ran)
    bob.groups.add(Group.objects.get(name="lawyers"))
    answer(ran, bob)
    question(ran, "more")
    User.objects.filter(pk=away.pk).update(is_active=True)
    answer(ran, User.objects.get(pk=away.pk), path="more")
    assert ran.wait().status == "COMPLETED"


def test_a_simulation_approves_at_once_and_says_so(runner: Runner) -> None:
    ran = runner.run({"steps": [ask("ask", content="${user_input}"), end("done", "${steps.ask.output}")]},
                     simulate=True, user_input="Ada")  # fmt: skip
    mark = "(simulated)"
    assert ran.output == {"approved": True, "by": [mark], "comment": mark, "edited": "Ada"}
    assert not Approval.objects.exists()


def test_a_decision_at_a_step_that_asks_nothing_is_not_found(runner: Runner) -> None:
    ran = runner.start({"steps": [ask("ask")]})
    question(ran)
    with pytest.raises(NotFound):
        decide(ran.row, "elsewhere", YES, by=runner.owner)


def test_late_by_the_clock_is_late_even_if_the_run_has_not_noticed(runner: Runner) -> None:
    ran = runner.start({"steps": [ask("ask", approval_timeout_seconds=600)]})
    question(ran)
    Approval.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(DomainError) as no:
        answer(ran, runner.owner)
    assert (no.value.code, ApprovalDecision.objects.count()) == ("expired", 0)


def test_conditions_see_what_was_decided(runner: Runner) -> None:
    steps = [ask("ask", on_reject="look"), choose("look", ("${steps.ask.output.approved}", "yes"), default="no"),
             end("yes", 1), end("no", 0)]  # fmt: skip
    ran = runner.start({"steps": steps})
    answer(ran, runner.owner, NO)
    assert ran.wait().output == 0
