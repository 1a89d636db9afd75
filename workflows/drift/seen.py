"""Nobody accepts what they have not seen: what publishing and accepting would keep anew has to be named by its state."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from common.errors import Conflict
from common.ownership import Caller
from workflows.definition.steps import Definition
from workflows.drift.reading import ChangedResource, accepted_by_keeping, state_of
from workflows.drift.recording import used_now
from workflows.drift.resources import Key, Resource
from workflows.models import Workflow


@dataclass(frozen=True)
class Acceptance:
    """What a version uses now, the state that names it, and what of it differs from what was kept."""

    used: Mapping[Key, Resource]
    changed: Sequence[ChangedResource]

    @property
    def state(self) -> str:
        """The word that names all that is used, as it is now."""
        return state_of(self.used)

    def require_seen(self, state: str | None) -> None:
        """Raise `Conflict`, with what changed, unless `state` names this or there is nothing to accept."""
        if state is not None:
            require_state(self.state, state, self.changed)
        elif self.changed:
            raise _refused(
                "What this version uses changed since it was published, and publishing would accept that. "
                "Look at it, then say its state.",
                "drift_not_seen",
                self.state,
                self.changed,
            )


def acceptance_of(
    workflow: Workflow, definition: Definition, caller: Caller, *, versions: Iterable[int | None]
) -> Acceptance:
    """What keeping what `definition` uses at this moment accepts, as `caller` may see it.

    It is compared with what is kept for `versions`: the published one, and the one that takes its place.
    """
    kept = {version for version in versions if version is not None}
    uses = workflow.published_uses.filter(version__in=kept).order_by("kind", "resource", "version")
    used = used_now(definition)
    return Acceptance(used, accepted_by_keeping(uses, definition, used, caller))


def require_state(now: str, seen: str, changed: Sequence[ChangedResource]) -> None:
    """Raise `Conflict`, with the state of now and what is `changed` since publishing, where another was seen."""
    if now != seen:
        raise _refused(
            "Something changed since you looked. Look at what it is now, and say that state.",
            "drift_moved_on",
            now,
            changed,
        )


def _refused(detail: str, code: str, state: str, changed: Sequence[ChangedResource]) -> Conflict:
    return Conflict(
        detail, code=code, extra={"state": state, "resources": [vars(one) for one in changed]}
    )
