"""Local activities of the approval: ask people, and give up on them."""

from temporalio import activity

from executions.activities.database import in_thread
from executions.activities.failures import failure, retried_while_away
from executions.approvals import opening
from executions.engine.messages import names
from executions.engine.messages.approvals import AskPeople, Decision, GiveUp


@activity.defn(name=names.ASK_PEOPLE)
@in_thread
@retried_while_away
def ask_people(request: AskPeople) -> Decision | None:
    """Open the approval; fails as `rejected` where nobody could ever decide."""
    try:
        return opening.open_approval(request)
    except opening.NobodyMayDecide as error:
        raise failure(
            "rejected",
            f"None of the approvers exists or is active: {error}.",
            code="no_approvers",
            hint="Name people or groups of this installation in `approvers`.",
        ) from None


@activity.defn(name=names.GIVE_UP)
@in_thread
@retried_while_away
def give_up(request: GiveUp) -> Decision | None:
    """Close the approval for its time, unless people decided before."""
    return opening.expire_approval(request.execution_id, request.path)
