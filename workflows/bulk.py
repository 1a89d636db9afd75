"""One change of many workflows: each for itself, so that one refusal leaves the others done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from django.contrib.auth.models import User
from django.db import transaction

from common.errors import DomainError, Invalid, NotFound
from workflows.models import Workflow
from workflows.publishing import publish
from workflows.selectors import workflows_for
from workflows.services import archive_workflow, restore_workflow, save_workflow
from workflows.writing import locked

Action = Literal["archive", "restore", "tag", "untag", "publish"]
MAX_WORKFLOWS = 200
MAX_TAGS = 20


@dataclass(frozen=True)
class Done:
    """What became of one workflow; `error` is null where it was done."""

    id: str
    error: DomainError | None = None

    @property
    def is_done(self) -> bool:
        """Whether the change was made."""
        return self.error is None


def change_many(
    action: Action, ids: Sequence[str], *, by: User, tags: Sequence[str] = ()
) -> list[Done]:
    """Carry the action out on each workflow in a transaction of its own, in the order given."""
    rows = workflows_for(by).filter(pk__in=ids).in_bulk()
    return [_changed(action, workflow_id, rows, by, tags) for workflow_id in dict.fromkeys(ids)]


def _changed(
    action: Action, workflow_id: str, rows: Mapping[str, Workflow], by: User, tags: Sequence[str]
) -> Done:
    try:
        if workflow_id not in rows:
            raise NotFound("There is no such workflow.")
        _ACTIONS[action](rows[workflow_id], by, tags)
    except DomainError as error:
        return Done(workflow_id, error)
    return Done(workflow_id)


@transaction.atomic
def _retag(row: Workflow, by: User, change: Callable[[list[str]], list[str]]) -> None:
    """Change the tags as they are now; no write where they stay."""
    held = locked(row, by=by, expected_revision=None)
    tags = change(list(held.tags))
    if len(tags) > MAX_TAGS:
        raise Invalid(f"A workflow has at most {MAX_TAGS} tags.", code="too_many", pointer="/tags")
    if tags != held.tags:
        save_workflow(held, by=by, tags=tags)


def _tag(row: Workflow, by: User, tags: Sequence[str]) -> None:
    _retag(row, by, lambda now: list(dict.fromkeys([*now, *tags])))


def _untag(row: Workflow, by: User, tags: Sequence[str]) -> None:
    _retag(row, by, lambda now: [tag for tag in now if tag not in tags])


_ACTIONS: Mapping[str, Callable[[Workflow, User, Sequence[str]], object]] = {
    "archive": lambda row, by, tags: archive_workflow(row, by=by),
    "restore": lambda row, by, tags: restore_workflow(row, by=by),
    "publish": lambda row, by, tags: publish(row, by=by),
    "tag": _tag,
    "untag": _untag,
}
