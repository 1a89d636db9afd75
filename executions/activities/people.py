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
    """Open the approval; fails as `rejected` where too few people can decide it."""
    try:
        return opening.open_approval(request)
    except opening.TooFewMayDecide as error:
        raise failure(
            "rejected",
            str(error),
            code=error.code,
            hint="Activate who is named, add people to the groups, or name others in `approvers`; then retry the run.",
        ) from None


@activity.defn(name=names.GIVE_UP)
@in_thread
@retried_while_away
def give_up(request: GiveUp) -> Decision | None:
    """Close the approval for its time, unless people decided before."""
    return opening.expire_approval(request.execution_id, request.path)
