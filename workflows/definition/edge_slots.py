"""The places in a step that name where the flow goes on; a step here is its canonical JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workflows.definition.problems import EditRefused
from workflows.definition.steps import END

Json = dict[str, Any]
# What stands in a slot that leads nowhere.
EMPTY = {"next": END, "on_error": "fail", "on_reject": "fail"}


@dataclass(frozen=True)
class Slot:
    """One place: `holder[key]` is a target. `arms` is the list that holds `holder`, if it is an entry of one."""

    holder: Json
    key: str
    arms: list[Json] | None = None

    @property
    def target(self) -> str | None:
        """A step id or 'end'; null where the place leads nowhere."""
        target = self.holder.get(self.key)
        return None if target in ("fail", "skip") and self.key in EMPTY else target

    def lead_to(self, target: str) -> None:
        """Let the flow go to `target`."""
        self.holder[self.key] = target

    def clear(self) -> None:
        """Take the way away; what every step has falls back to its default."""
        if self.arms is not None:
            self.arms.remove(self.holder)
        elif self.key in EMPTY and "type" in self.holder:
            self.holder[self.key] = EMPTY[self.key]
        else:
            self.holder.pop(self.key, None)


def slots(step: Json) -> Iterator[Slot]:
    """All that are filled."""
    for key in ("next", "default", "on_reject"):
        if isinstance(step.get(key), str):
            yield Slot(step, key)
    texts = step.get("conditional_branches") or {}
    yield from (Slot(texts, text) for text in texts)
    for arm in step.get("conditions") or []:
        yield Slot(arm, "next", step["conditions"])
    on_error = step.get("on_error")
    if isinstance(on_error, str):
        yield Slot(step, "on_error")
    for arm in on_error if isinstance(on_error, list) else []:
        yield Slot(arm, "next", on_error)


def slot(step: Json, branch: str | None, *, may_add: bool = False) -> Slot:
    """The slot that people call `branch`; raises `EditRefused`.

    None is `next`. A conditional has its texts or conditions (the condition itself or its number from 0) and 'default';
    'error' is `on_error`, 'reject' an approval's `on_reject`. With `may_add` a conditional gets an arm that is missing.
    """
    if step["type"] == "end":
        raise EditRefused("no_way_out", f"The step {step['id']!r} ends its list.")
    if step["type"] == "conditional":
        found = _arm(step, branch, may_add=may_add)
        if found is not None:
            return found
    elif branch in (None, "next"):
        return Slot(step, "next")
    if branch == "error" and not isinstance(step.get("on_error"), list):
        return Slot(step, "on_error")
    if branch == "reject" and step["type"] == "approval":
        return Slot(step, "on_reject")
    raise EditRefused(
        "unknown_branch",
        f"The step {step['id']!r} has no way out called {branch!r}."
        if branch
        else f"Say which way out of {step['id']!r} is meant.",
        f"It has: {', '.join(_names(step))}.",
    )


def _arm(step: Json, branch: str | None, *, may_add: bool) -> Slot | None:
    texts, conditions = step.get("conditional_branches"), step.get("conditions")
    if branch is None:
        return None
    if texts is not None and branch in texts:
        return Slot(texts, branch)
    for number, arm in enumerate(conditions or []):
        if branch in (arm["when"], str(number)):
            return Slot(arm, "next", conditions)
    if branch == "default":
        return Slot(step, "default")
    if not may_add or branch == "error":
        return None
    if conditions is not None:
        conditions.append({"when": branch, "next": END})
        return Slot(conditions[-1], "next", conditions)
    return Slot(step.setdefault("conditional_branches", {}), branch)


def _names(step: Json) -> list[str]:
    names = ["next"]
    if step["type"] == "conditional":
        arms = [arm["when"] for arm in step.get("conditions") or []]
        names = [*(step.get("conditional_branches") or {}), *arms, "default"]
    return [*names, "error", *(["reject"] if step["type"] == "approval" else [])]
