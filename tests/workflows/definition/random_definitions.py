"""Random definitions, as they would be sent: of a lawful shape, of any meaning."""

import random
from collections.abc import Callable
from typing import Any

# Of the context; `d` is computed.
KEYS = ["a", "b", "c"]
KINDS = ["timeout", "tool_error", "agent_error", "template_error", "exhausted"]


class Generator:
    """Makes one definition from a random number generator."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.names: list[str] = []
        self.branches: list[tuple[str, str]] = []
        self.count = 0

    def definition(self) -> dict[str, Any]:
        """A definition of 1 to about 25 steps."""
        steps = self.plan_list(0)
        self._fill(steps)
        result: dict[str, Any] = {"id": "w", "name": "W", "steps": steps, "context": {"team": "a"}}
        if self.chance.random() < 0.7:
            result["output"] = self.template()
        return result

    def plan_list(self, depth: int) -> list[dict[str, Any]]:
        """Steps with their flow, still without references."""
        steps = [self._plan_step(depth) for _ in range(self.chance.randint(1, 5 - depth))]
        names = [step["id"] for step in steps]
        for step in steps:
            self._plan_flow(step, names)
        return steps

    def _plan_step(self, depth: int) -> dict[str, Any]:
        self.count += 1
        step: dict[str, Any] = {"id": f"s{self.count}"}
        self.names.append(step["id"])
        kinds = ["agent", "agent", "tool", "conditional", "conditional", "end"]
        kinds += ["approval", "wait", "set", "set", "workflow"]
        if depth < 3 and self.count < 25:
            kinds += ["parallel", "loop"]
        step["type"] = self.chance.choice(kinds)
        if step["type"] == "parallel":
            self._plan_parallel(step, depth)
        elif step["type"] == "loop":
            self._plan_loop(step, depth)
        return step

    def _plan_parallel(self, step: dict[str, Any], depth: int) -> None:
        step["branches"] = []
        for number in range(self.chance.randint(1, 3)):
            name = f"b{number}"
            self.branches.append((step["id"], name))
            step["branches"].append({"id": name, "steps": self.plan_list(depth + 1)})
        step["aggregation"] = self.chance.choice(["all", "first", "merge"])
        if self.chance.random() < 0.3:
            step["min_success"] = self.chance.randint(1, len(step["branches"]))

    def _plan_loop(self, step: dict[str, Any], depth: int) -> None:
        step["loop_mode"] = self.chance.choice(["count", "foreach", "until"])
        step["max_iterations"] = self.chance.randint(1, 3)
        if self.chance.random() < 0.2 and step["loop_mode"] != "until":
            step["max_concurrency"] = 2
        step["steps"] = self.plan_list(depth + 1)

    def _plan_flow(self, step: dict[str, Any], names: list[str]) -> None:
        def target() -> str:
            return self.chance.choice([*names, *names, "end"])

        if step["type"] == "end":
            step["status"] = self.chance.choice(["completed", "completed", "failed"])
            step["scope"] = self.chance.choice(["run", "container"])
            return
        if step["type"] == "conditional":
            step["conditional_branches"] = {
                f"k{number}": target() for number in range(self.chance.randint(1, 3))
            }
            if self.chance.random() < 0.5:
                step["default"] = target()
        if self.chance.random() < 0.4:
            step["next"] = target()
        self._plan_error(step, target)

    def _plan_error(self, step: dict[str, Any], target: Callable[[], str]) -> None:
        dice = self.chance.random()
        if step["type"] == "approval" and self.chance.random() < 0.6:
            step["on_reject"] = target()
        if dice < 0.15 and step["type"] != "conditional":
            step["on_error"] = "skip"
        elif dice < 0.3:
            step["on_error"] = target()
        elif dice < 0.4:
            step["on_error"] = [
                {"match": [self.chance.choice(KINDS)], "next": target()},
                *([{"next": target()}] if self.chance.random() < 0.5 else []),
            ]

    def _fill(self, steps: list[dict[str, Any]]) -> None:
        """Put references in, now that all names are known."""
        for step in steps:
            match step["type"]:
                case "agent":
                    step["input"] = [self.template() for _ in range(self.chance.randint(0, 3))]
                case "tool":
                    step["arguments"] = {"a": self.template(), "b": {"c": self.template()}}
                case "approval" | "wait" | "set" | "workflow":
                    self._fill_steering(step)
                case "conditional":
                    step["condition_source"] = self.template()
                case "end" if self.chance.random() < 0.5:
                    step["output"] = self.template()
                case "loop":
                    self._fill_loop(step)
                case "parallel":
                    self._fill_branches(step)

    def _fill_steering(self, step: dict[str, Any]) -> None:
        match step["type"]:
            case "approval":
                step["content"] = {"text": self.template()}
                step["approval_message"] = f"Is {self.template()} right?"
            case "wait":
                step["until"] = self.template()
            case "set":
                step["values"] = {self.chance.choice(KEYS): self.template()}
                if self.chance.random() < 0.4:
                    step["compute"] = {"d": f"size({self.template()})"}
            case "workflow":
                step["workflow_id"] = "child"
                step["context"] = {"a": self.template()}

    def _fill_branches(self, step: dict[str, Any]) -> None:
        for branch in step["branches"]:
            self._fill(branch["steps"])
            if self.chance.random() < 0.5:
                branch["output"] = self.template()

    def _fill_loop(self, step: dict[str, Any]) -> None:
        if step["loop_mode"] == "foreach":
            step["over"] = self.template()
        if step["loop_mode"] == "until":
            step["exit_condition"] = f"{self.template()} == 1"
        if self.chance.random() < 0.3 and "max_concurrency" not in step:
            step["break_condition"] = f"{self.template()} == 2"
        if self.chance.random() < 0.5:
            step["output"] = self.template()
        self._fill(step["steps"])

    def template(self) -> str:
        """One expression of one to three alternatives, perhaps with a literal."""
        parts = [self.reference() for _ in range(self.chance.choice([1, 1, 1, 2, 2, 3]))]
        if self.chance.random() < 0.15:
            parts.append("1")
        return "${" + " ?? ".join(parts) + "}"

    def reference(self) -> str:
        """A reference to something that may or may not be there."""
        dice = self.chance.random()
        if dice < 0.6:
            part = self.chance.choice(["output", "output", "output", "status", "error"])
            return f"steps.{self.chance.choice(self.names)}.{part}"
        if dice < 0.75 and self.branches:
            parallel, branch = self.chance.choice(self.branches)
            part = self.chance.choice(["output", "status", "error"])
            return f"steps.{parallel}.branches.{branch}.{part}"
        others = ["user_input", "context.team", "context.gone", "error", "error.kind"]
        others += [f"context.{key}" for key in [*KEYS, "d"]]
        others += ["loop.item", "loop.index", "loop.last", "loop.parent.index", "loop.parent.last"]
        return self.chance.choice(others)


def random_definition(seed: int) -> dict[str, Any]:
    """The definition of a seed, always the same."""
    return Generator(random.Random(seed)).definition()
