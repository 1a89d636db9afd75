"""An approval's row as the run sees it: opened once, and expired unless people were first.

Every change is made under the lock of the execution's row, so that a decision and a time-out have one order.
"""

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from pydantic import JsonValue

from executions.engine.messages.approvals import AskPeople, Decision
from executions.engine.messages.limits import MAX_TASK_BYTES
from executions.models import Approval, StepRun, WorkflowExecution
from executions.recorded_steps import FINAL_STEPS
from executions.recording import note_event
from executions.stored_values import keep, load

GROUP = "group:"
MAX_COMMENT_CHARACTERS = 2_000


class TooFewMayDecide(Exception):
    """A question that could wait for ever: fewer people than it requires can decide it now."""

    def __init__(self, names: list[str], *, people: int, required: int) -> None:
        who = ", ".join(names)
        if people:
            message = f"{required} approvals are required, but of {who} only {people} can decide at present."
        else:
            message = f"Of {who} nobody can decide at present."
        super().__init__(message)
        self.code = "too_few_approvers" if people else "no_approvers"


def locked_execution(execution_id: str) -> WorkflowExecution:
    """The run's row, locked until the transaction ends, without its large columns."""
    rows = WorkflowExecution.objects.select_for_update(of=("self",)).select_related("created_by")
    values = ("user_input", "input_json", "context_json", "output_json")
    return rows.defer(*values).get(pk=execution_id)


@transaction.atomic
def open_approval(request: AskPeople) -> Decision | None:
    """Write the question down; null, or the decision where it was asked and decided before.

    Raises `TooFewMayDecide`.
    """
    execution = locked_execution(request.execution_id)
    known = Approval.objects.filter(execution=execution, path=request.path).first()
    if known is not None:
        return decision_of(known)
    if not _is_wanted(execution, request.path):
        return None
    users, groups = _approvers(request.approvers, execution.created_by)
    _require_enough(request, users, groups)
    asked = load(request.execution_id, request.asked)
    assert isinstance(asked, dict), "the engine makes it an object"
    approval = Approval.objects.create(
        execution=execution,
        path=request.path,
        step_id=request.step_id,
        message=str(asked["message"]),
        content_json=asked["content"],
        approvers=request.approvers,
        required_approvals=request.required_approvals,
        expires_at=request.expires_at,
    )
    approval.users.set(users)
    approval.groups.set(groups)
    note_event(execution.pk, "approval", event_of(approval))
    return None


@transaction.atomic
def expire_approval(execution_id: str, path: str) -> Decision | None:
    """Close the question for its time; the decision where people were first."""
    execution = locked_execution(execution_id)
    approval = Approval.objects.filter(execution=execution, path=path).first()
    if approval is None:
        return None
    if approval.status == Approval.Status.OPEN:
        approval.status, approval.closed_at = Approval.Status.EXPIRED, timezone.now()
        approval.save(update_fields=["status", "closed_at"])
        note_event(execution_id, "approval", event_of(approval))
    return decision_of(approval)


def decision_of(approval: Approval) -> Decision | None:
    """What the run is told, or null where people have not decided (enough)."""
    if not approval.was_decided:
        return None
    votes = list(approval.decisions.select_related("user").order_by("id"))
    is_approved = approval.status == Approval.Status.APPROVED
    # A rejection is one person's; an approval may need several.
    counted = votes if is_approved else [vote for vote in votes if not vote.approved]
    by: list[JsonValue] = [vote.user.get_username() for vote in counted]
    comment = "\n\n".join(vote.comment for vote in counted if vote.comment)
    output: JsonValue = {
        "approved": is_approved,
        "by": by,
        "comment": comment,
        "edited": final_content(approval),
    }
    return Decision(
        path=approval.path,
        is_approved=is_approved,
        output=keep(approval.execution_id, output, max_inline_bytes=MAX_TASK_BYTES),
        by=", ".join(map(str, by)),
        comment=comment[:MAX_COMMENT_CHARACTERS],
    )


def final_content(approval: Approval) -> JsonValue:
    """The content after the last edit."""
    content: JsonValue = approval.content_json
    return content if approval.edited_json is None else approval.edited_json


def content_revision_of(approval: Approval) -> int:
    """How often people have changed the content; it tells whether what somebody saw is still its last form."""
    return sum(vote.edited_json is not None for vote in approval.decisions.all())


def event_of(approval: Approval) -> dict[str, JsonValue]:
    """What those who follow the run are told of the question."""
    return {
        "path": approval.path,
        "step_id": approval.step_id,
        "status": approval.status,
        "required_approvals": approval.required_approvals,
        "approvals": approval.decisions.filter(approved=True).count(),
    }


def _is_wanted(execution: WorkflowExecution, path: str) -> bool:
    """A step or run may have ended while this was on its way."""
    ended = StepRun.objects.filter(execution=execution, path=path, status__in=FINAL_STEPS)
    return not execution.is_finished and not ended.exists()


def _approvers(names: list[str], owner: User) -> tuple[list[User], list[Group]]:
    """All who are named, also those who are deactivated now: they may come back while the question is open."""
    if not names:
        return [owner], []
    of_groups = [name.removeprefix(GROUP) for name in names if name.startswith(GROUP)]
    groups = list(Group.objects.filter(name__in=of_groups))
    return list(User.objects.filter(username__in=names)), groups


def _require_enough(request: AskPeople, users: list[User], groups: list[Group]) -> None:
    """Refuse what nobody could complete today. Who joins a group later counts for a retry, not for hope."""
    asked = Q(pk__in=[user.pk for user in users]) | Q(groups__in=groups)
    people = User.objects.filter(asked, is_active=True).distinct().count()
    if people < request.required_approvals:
        names = request.approvers or [user.get_username() for user in users]
        raise TooFewMayDecide(names, people=people, required=request.required_approvals)
