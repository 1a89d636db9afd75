"""Decisions of people: checked and counted in PostgreSQL, then brought to the run, again and again if need be.

PostgreSQL is the truth about who decided. Temporal only hears of it by a signal, which a run takes once.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Literal

from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from pydantic import JsonValue
from temporalio.service import RPCError

from common.errors import Conflict, Forbidden, Invalid, NotFound
from common.upkeep import Done
from executions import temporal
from executions.approvals.opening import (
    MAX_COMMENT_CHARACTERS,
    content_revision_of,
    decision_of,
    event_of,
    locked_execution,
)
from executions.models import Approval, ApprovalDecision, WorkflowExecution
from executions.recording import note_event
from executions.runs_on_temporal import is_gone
from executions.selectors import approvals_for, asking_executions
from executions.starts.run_request import require_size
from executions.starts.starting import UNREACHABLE
from executions.trail import record_decision

logger = logging.getLogger(__name__)

Delivery = Literal["delivered", "undelivered"]

MAX_EDITED_BYTES = 1024 * 1024
# A delivery takes milliseconds.
OLD_ENOUGH_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Vote:
    """What a person says; `edited` is the content's new form, null leaves it as it is.

    `content_revision` tells which form of the content the person saw; null is the last one, whatever it is.
    """

    approved: bool
    comment: str = ""
    edited: JsonValue = None
    content_revision: int | None = None


def decide(execution: WorkflowExecution, path: str, vote: Vote, *, by: User) -> Approval:
    """Take a person's decision. The approval comes back as it stands then; `is_delivered` says if the run knows.

    Raises `NotFound` (no such run or question for the caller), `Forbidden` (may read, not decide), `Conflict` (decided
    by the same person before, over, or about a content that changed), `Invalid` (an edit that does not fit).
    """
    if not asking_executions(by).filter(pk=execution.pk).exists():
        raise NotFound("There is no such execution.")
    with transaction.atomic():
        # The lock orders decisions among each other and against the time-out.
        locked = locked_execution(execution.pk)
        approval = Approval.objects.filter(execution=locked, path=path).first()
        if approval is None:
            raise NotFound(f"The run asks nothing at {path!r}.", code="no_such_approval")
        _require_approver(approval, by)
        require_open(approval, by)
        _require_seen(approval, vote)
        _require_fitting(approval, vote)
        _count(approval, vote, by)
        transaction.on_commit(partial(_deliver_at_once, approval))
    logger.info("execution %s: %s decided at %s", execution.pk, by.pk, path)
    return approval


def require_open(approval: Approval, by: User) -> None:
    """Raises `Conflict`, which says who decided and when, or that the time or the run is over."""
    votes = approval.decisions.select_related("user").order_by("id")
    own = votes.filter(user=by).first()
    if own is not None:
        raise _decided_by(own)
    if approval.was_decided:
        last = votes.last()
        assert last is not None, "somebody decided it"
        raise _decided_by(last)
    if approval.status == Approval.Status.EXPIRED or _is_over_time(approval):
        raise Conflict("The time for this decision is over.", code="expired")
    if approval.status != Approval.Status.OPEN or approval.execution.is_finished:
        raise Conflict("The run no longer waits for this decision.", code="already_ended")


def deliver_decisions(*, older_than_seconds: float = 0) -> dict[Delivery, list[str]]:
    """Tell runs of decisions that they do not know of yet, as after an outage of Temporal; their ids by what came of it.

    Raises what `executions.starts.starting.UNREACHABLE` lists; what was delivered until then stays so.
    """
    before = timezone.now() - timedelta(seconds=older_than_seconds)
    decided = (Approval.Status.APPROVED, Approval.Status.REJECTED)
    rows = Approval.objects.filter(status__in=decided, delivered_at=None, closed_at__lte=before)
    done: dict[Delivery, list[str]] = {"delivered": [], "undelivered": []}
    for approval in rows.select_related("execution").order_by("closed_at"):
        done[_delivered_or_logged(approval)].append(approval.execution_id)
    return done


def mend_decisions() -> Done:
    """A chore: tell runs of decisions that they have not heard of for 30 seconds."""
    try:
        done = deliver_decisions(older_than_seconds=OLD_ENOUGH_SECONDS)
    except UNREACHABLE as error:
        logger.warning("decisions: not brought to their runs: %s", error)
        return {"error": "Temporal does not answer."}
    return {word: list(ids) for word, ids in done.items()}


def deliver(approval: Approval) -> None:
    """Tell the run; what it knows already changes nothing. Raises what `executions.starts.starting.UNREACHABLE` lists."""
    decision = decision_of(approval)
    if decision is None:
        return
    try:
        async_to_sync(temporal.decide)(approval.execution_id, decision)
    except RPCError as error:
        # The run has ended: nobody is left to tell.
        if not is_gone(error):
            raise
    approval.delivered_at = timezone.now()
    approval.save(update_fields=["delivered_at"])


def _delivered_or_logged(approval: Approval) -> Delivery:
    try:
        deliver(approval)
    except UNREACHABLE:
        raise
    # Whatever is wrong with one decision must not keep the others from their runs.
    except Exception:
        logger.exception("execution %s can't be told of a decision", approval.execution_id)
        return "undelivered"
    return "delivered"


def _deliver_at_once(approval: Approval) -> None:
    """The decision is kept in any case; the sweep brings what does not arrive now."""
    try:
        deliver(approval)
    except UNREACHABLE as error:
        logger.warning("execution %s: a decision waits: %s", approval.execution_id, error)


def _require_approver(approval: Approval, by: User) -> None:
    if approvals_for(by).filter(pk=approval.pk).exists():
        return
    names = ", ".join(approval.approvers) or approval.execution.created_by.get_username()
    raise Forbidden(f"Only {names} may decide this.", code="not_an_approver")


def _is_over_time(approval: Approval) -> bool:
    return approval.expires_at is not None and approval.expires_at <= timezone.now()


def _decided_by(vote: ApprovalDecision) -> Conflict:
    name, when = vote.user.get_username(), vote.created_at.isoformat()
    verb = "approved" if vote.approved else "rejected"
    return Conflict(
        f"{name} {verb} this at {when}; a second decision is not taken.",
        code="already_decided",
        extra={"decided_by": name, "decided_at": when, "approved": vote.approved},
    )


def _require_seen(approval: Approval, vote: Vote) -> None:
    """Nobody decides about, or overwrites, what another approver wrote after they looked."""
    revision, seen = content_revision_of(approval), vote.content_revision
    if seen is None or seen == revision:
        return
    if seen > revision:
        raise Invalid("The content has no such form yet.", pointer="/content_revision")
    edits = approval.decisions.select_related("user").order_by("id")
    who = [edit.user.get_username() for edit in edits if edit.edited_json is not None][-1]
    raise Conflict(
        f"{who} has changed the content since you looked at it; read its new form and decide again.",
        code="content_changed",
        extra={"changed_by": who, "content_revision": revision},
    )


def _require_fitting(approval: Approval, vote: Vote) -> None:
    if len(vote.comment) > MAX_COMMENT_CHARACTERS:
        raise Invalid(
            f"A comment has at most {MAX_COMMENT_CHARACTERS} characters.", pointer="/comment"
        )
    if vote.edited is None:
        return
    if not vote.approved:
        raise Invalid("Only what is approved can be edited.", pointer="/edited")
    if approval.content_json is None:
        raise Invalid("This approval has no content to edit.", pointer="/edited")
    if _kind(vote.edited) is not _kind(approval.content_json):
        wanted, given = _name(approval.content_json), _name(vote.edited)
        raise Invalid(f"The content is {wanted}; its edited form is {given}.", pointer="/edited")
    require_size(vote.edited, "/edited", MAX_EDITED_BYTES)


def _count(approval: Approval, vote: Vote, by: User) -> None:
    """Add the vote; the first rejection, or enough approvals, close the question."""
    ApprovalDecision.objects.create(
        approval=approval,
        user=by,
        approved=vote.approved,
        comment=vote.comment,
        edited_json=vote.edited,
    )
    if vote.edited is not None:
        approval.edited_json = vote.edited
    if not vote.approved:
        approval.status = Approval.Status.REJECTED
    elif approval.decisions.filter(approved=True).count() >= approval.required_approvals:
        approval.status = Approval.Status.APPROVED
    if approval.was_decided:
        approval.closed_at = timezone.now()
    approval.save(update_fields=["status", "closed_at", "edited_json"])
    is_edited = vote.edited is not None
    record_decision(approval, by=by, approved=vote.approved, edited=is_edited)
    event = {**event_of(approval), "by": by.get_username(), "approved": vote.approved}
    note_event(approval.execution_id, "approval", event)


def _kind(value: JsonValue) -> type:
    # An integer may become a fraction.
    return float if type(value) is int else type(value)


def _name(value: JsonValue) -> str:
    names = {str: "a text", float: "a number", bool: "true or false", list: "a list"}
    return names.get(_kind(value), "an object")
