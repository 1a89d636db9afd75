"""From what people write to the canonical shape, as plain JSON: shorthand, defaults, and where everything came from."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from workflows.definition import flow
from workflows.definition.fields import (
    DEFINITION_FIELDS,
    STEP_CLASSES,
    STEP_FIELDS,
    nearest,
    unknown_fields,
)
from workflows.definition.plain_json import at, copied, join, split
from workflows.definition.problems import DefinitionError, Problem
from workflows.definition.steps import (
    END,
    MAX_NESTING,
    MAX_STEPS,
    Branch,
    ConditionArm,
    ErrorArm,
    InlineAgent,
    Limits,
    RetryPolicy,
    StepLimits,
)

# A definition with more is not worth listing further.
MAX_PROBLEMS = 1_000
MAX_RETRIES = 10
# The field that tells what a branch of one step does: the step's type, and what it works on.
_BRANCH_SHORTHAND = {
    "agent_id": ("agent", "input"),
    "tool": ("tool", "arguments"),
    "workflow_id": ("workflow", "input"),
}

_TELLING_FIELDS = {
    "agent": {"agent_id", "agent"},
    "tool": {"tool"},
    "parallel": {"branches"},
    "conditional": {"conditions", "conditional_branches"},
    "loop": {"loop_mode"},
    "approval": {"approvers", "approval_message", "on_reject"},
    "wait": {"duration_seconds", "until"},
    "set": {"values", "compute"},
    "workflow": {"workflow_id"},
}


class Sources:
    """Which place in what the caller sent each place of the canonical form came from."""

    def __init__(self, raw: object) -> None:
        self.raw = raw
        self._moved: dict[str, str] = {}

    def move(self, canonical: str, source: str) -> None:
        """Note that everything at `canonical` came from `source`."""
        self._moved[canonical] = source

    def pointer(self, canonical: str) -> str:
        """Where `canonical` stands, or would stand, in what the caller sent."""
        if not self._moved:
            return canonical
        head, tail = canonical, ""
        while head:
            if head in self._moved:
                return self._moved[head] + tail
            cut = head.rfind("/")
            head, tail = head[:cut], head[cut:] + tail
        return canonical

    def nearest(self, canonical: str) -> str:
        """The innermost place that the caller did send and that holds `canonical`."""
        return self.existing(self.pointer(canonical))

    def existing(self, pointer: str) -> str:
        """The longest part of `pointer` that leads to something in what the caller sent."""
        value, found = self.raw, ""
        for key in split(pointer):
            try:
                value = at(value, join("", key))
            except (LookupError, ValueError):
                return found
            found = join(found, key)
        return found


@dataclass
class Expansion:
    """The canonical shape of what was sent, not yet checked for types; `broken` are places already complained about."""

    canonical: dict[str, Any]
    sources: Sources
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)


def expand(raw: object) -> Expansion:
    """Expand shorthand and write defaults out. Raises `DefinitionError` only where nothing can be expanded."""
    value = copied(raw)
    if not isinstance(value, dict):
        problem = Problem("wrong_type", "error", "", "A definition is a JSON object.")
        raise DefinitionError([problem])
    return _Expander(value).run()


class _Expander:
    """Collects problems while it walks what was sent, with the canonical pointer and the source of each part."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self.sources = Sources(raw)
        self.result = Expansion({}, self.sources)
        self.step_count = 0

    def run(self) -> Expansion:
        canonical = self._part(self.raw, DEFINITION_FIELDS, "", "A definition")
        if isinstance(canonical.get("limits"), dict):
            limits = Limits.model_fields
            canonical["limits"] = self._part(canonical["limits"], limits, "/limits", "limits")
        if isinstance(canonical.get("steps"), list):
            self._list(canonical, "", depth=0)
        self.result.canonical = canonical
        return self.result

    def _problem(
        self, code: str, pointer: str, message: str, hint: str = "", fix: Any = None
    ) -> None:
        self._add(Problem(code, "error", pointer, message, hint, fix))

    def _add(self, problem: Problem) -> None:
        self.result.errors.append(problem)
        if len(self.result.errors) >= MAX_PROBLEMS:
            raise DefinitionError(self.result.errors)

    def _part(
        self, part: dict[str, Any], known: Collection[str], source: str, what: str
    ) -> dict[str, Any]:
        """`part` without null and unknown fields; the latter are problems."""
        for problem in unknown_fields(part, known, source, what):
            self._add(problem)
        return {key: value for key, value in part.items() if value is not None and key in known}

    def _list(self, owner: dict[str, Any], pointer: str, *, depth: int) -> None:
        """Expand the `steps` of a definition, branch or loop in place, and give it its `entry_step`."""
        steps = owner["steps"]
        here = f"{pointer}/steps"
        source = self.sources.pointer(here)
        if depth > MAX_NESTING:
            self._problem(
                "too_deep",
                source,
                f"Steps are nested more than {MAX_NESTING} deep.",
                "Flatten them.",
            )
            raise DefinitionError(self.result.errors)
        self.step_count += len(steps)
        if self.step_count > MAX_STEPS:
            self._problem("too_many_steps", "/steps", f"More than {MAX_STEPS} steps.")
            raise DefinitionError(self.result.errors)
        inferred = flow.infer(steps)
        owner["steps"] = [
            self._step(step, index, inferred, f"{here}/{index}", depth)
            for index, step in enumerate(steps)
        ]
        if "entry_step" not in owner and steps and isinstance(steps[0], dict):
            owner["entry_step"] = steps[0].get("id")

    def _step(self, step: Any, index: int, inferred: flow.Flow, pointer: str, depth: int) -> Any:
        source = self.sources.pointer(pointer)
        if not isinstance(step, dict):
            self.result.broken.add(pointer)
            self._problem("wrong_type", source, "A step is a JSON object.")
            return step
        kind = step.get("type")
        if not isinstance(kind, str) or kind not in STEP_CLASSES:
            self.result.broken.add(pointer)
            self._unknown_type(step, source)
            return step
        if kind == "end" and step.get("next", END) is None:
            step = {key: value for key, value in step.items() if key != "next"}
        result = self._part(step, STEP_FIELDS[kind], source, f"A step of the type {kind!r}")
        self._put_flow(result, index, inferred, pointer)
        self._retries(result, pointer, source)
        self._arms(result, source)
        self._step_limits(result, source)
        if kind == "approval" and isinstance(result.get("approvers"), str):
            result["approvers"] = [result["approvers"]]
        if kind == "parallel" and isinstance(result.get("branches"), list):
            result["branches"] = [
                self._branch(branch, f"{pointer}/branches/{number}", depth)
                for number, branch in enumerate(result["branches"])
            ]
        if kind == "loop":
            if isinstance(result.get("steps"), list):
                self._list(result, pointer, depth=depth + 1)
            result.setdefault("collect_results", result.get("loop_mode") == "foreach")
        return result

    def _unknown_type(self, step: dict[str, Any], source: str) -> None:
        kind = step.get("type")
        names = ", ".join(STEP_CLASSES)
        if kind is None:
            guess = _implied_type(step)
            fix = ({"op": "add", "path": join(source, "type"), "value": guess},) if guess else None
            self._problem(
                "missing_field", source, "A step needs a `type`.", f"The types are {names}.", fix
            )
            return
        near = nearest(kind, STEP_CLASSES) if isinstance(kind, str) else None
        here = join(source, "type")
        fix = ({"op": "replace", "path": here, "value": near},) if near else None
        shown = repr(kind)[:60]
        hint = f"The types are {names}."
        self._problem("unknown_step_type", here, f"No step type is called {shown}.", hint, fix)

    def _put_flow(
        self, result: dict[str, Any], index: int, inferred: flow.Flow, pointer: str
    ) -> None:
        source = self.sources.pointer(pointer)
        if result["type"] == "conditional":
            result.pop("next", None)
        for name, values in (("default", inferred.defaults), ("next", inferred.nexts)):
            if index not in values:
                continue
            result[name] = values[index]
            if index in inferred.origins:
                origin = f"{pointer.rsplit('/', 1)[0]}/{inferred.origins[index]}/next"
                self.sources.move(f"{pointer}/{name}", self.sources.pointer(origin))
        if index in inferred.guesses:
            message = f"`next` is missing; taken as {result['next']!r}, which passes over steps."
            hint = "Write `next` out if something else is meant."
            fix = ({"op": "add", "path": join(source, "next"), "value": result["next"]},)
            warning = Problem("guessed_next", "warning", source, message, hint, fix)
            self.result.warnings.append(warning)

    def _retries(self, result: dict[str, Any], pointer: str, source: str) -> None:
        if isinstance(result.get("retry"), dict):
            known = RetryPolicy.model_fields
            result["retry"] = self._part(result["retry"], known, join(source, "retry"), "retry")
        if "retries" not in result:
            return
        here = join(source, "retries")
        retries = result.pop("retries")
        if "retry" in result:
            fix = ({"op": "remove", "path": here},)
            message = "`retries` and `retry` say the same thing twice; keep one."
            self._problem("conflicting_fields", here, message, fix=fix)
            return
        if type(retries) is not int or not 0 <= retries <= MAX_RETRIES:
            self._problem("wrong_type", here, f"`retries` is a whole number, 0 to {MAX_RETRIES}.")
            return
        self.sources.move(f"{pointer}/retry", here)
        result["retry"] = {"max_attempts": retries + 1}

    def _step_limits(self, result: dict[str, Any], source: str) -> None:
        """`limits` without unknown fields; without any limit they are none."""
        if isinstance(result.get("limits"), dict):
            known, here = StepLimits.model_fields, join(source, "limits")
            result["limits"] = self._part(result["limits"], known, here, "A step's limits")
        if result.get("limits") == {}:
            del result["limits"]

    def _arms(self, result: dict[str, Any], source: str) -> None:
        """The small closed objects inside a step."""
        if isinstance(result.get("agent"), dict):
            known = InlineAgent.model_fields
            result["agent"] = self._part(result["agent"], known, join(source, "agent"), "An agent")
        for name, known in (
            ("on_error", ErrorArm.model_fields),
            ("conditions", ConditionArm.model_fields),
        ):
            arms = result.get(name)
            if isinstance(arms, list):
                result[name] = [
                    self._part(arm, known, join(source, name, number), f"An entry of {name}")
                    if isinstance(arm, dict)
                    else arm
                    for number, arm in enumerate(arms)
                ]

    def _branch(self, branch: Any, pointer: str, depth: int) -> Any:
        if not isinstance(branch, dict):
            return branch
        source = self.sources.pointer(pointer)
        short = next((key for key in _BRANCH_SHORTHAND if branch.get(key) is not None), None)
        if short and branch.get("steps") is None:
            branch = self._long_branch(branch, short, pointer, source)
        result = self._part(branch, Branch.model_fields, source, "A branch")
        if isinstance(result.get("steps"), list):
            self._list(result, pointer, depth=depth + 1)
        return result

    def _long_branch(
        self, branch: dict[str, Any], short: str, pointer: str, source: str
    ) -> dict[str, Any]:
        """A branch such as `{id, agent_id, input}` as one of one step that has the branch's id."""
        kind, works_on = _BRANCH_SHORTHAND[short]
        taken = {short, works_on}
        step = {key: branch[key] for key in branch if key in taken}
        step |= {"id": branch.get("id"), "type": kind}
        self.sources.move(f"{pointer}/steps/0", source)
        rest = {key: value for key, value in branch.items() if key not in taken}
        return rest | {"steps": [step]}


def _implied_type(step: dict[str, Any]) -> str | None:
    """The type that a step without one evidently has, offered as a fix, never assumed."""
    for kind, fields in _TELLING_FIELDS.items():
        if not fields.isdisjoint(step):
            return kind
    return None
