"""A definition as a Mermaid flowchart, for documents and issues that draw them."""

import re
from collections.abc import Iterator

from workflows.definition.caption import caption, one_line
from workflows.definition.routes import exits
from workflows.definition.steps import (
    END,
    ConditionalStep,
    Definition,
    EndStep,
    LoopStep,
    ParallelStep,
    Step,
    walk,
)

TEXT_LENGTH = 60


def mermaid(definition: Definition) -> str:
    """The flowchart's text, from top to bottom, containers as subgraphs; no text of the definition is read as syntax."""
    return "\n".join(["flowchart TD", *_Flowchart(definition).lines()]) + "\n"


class _Flowchart:
    """The lines of one definition; steps are called s0, s1, … because ids may hold what Mermaid reads as syntax."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.keys = {step.id: f"s{n}" for n, (_, step) in enumerate(walk(definition.steps))}
        self.lists = 0

    def lines(self) -> Iterator[str]:
        """Everything below the first line."""
        return self._list(self.definition.steps, "  ")

    def _list(self, steps: list[Step], indent: str) -> Iterator[str]:
        end, self.lists = f"end{self.lists}", self.lists + 1
        for step in steps:
            yield from self._step(step, indent)
        ways = [(step, way) for step in steps for way in exits(step)]
        for step, way in ways:
            target = end if way.target == END else self.keys.get(way.target, end)
            label = f'|"{_text(way.label)}"|' if way.label else ""
            arrow = "-.->" if way.kind == "error" else "-->"
            yield f"{indent}{self.keys[step.id]} {arrow}{label} {target}"
        if any(way.target == END or way.target not in self.keys for _, way in ways):
            yield f"{indent}{end}(( ))"

    def _step(self, step: Step, indent: str) -> Iterator[str]:
        key, title = self.keys[step.id], _text(step.name or step.id)
        match step:
            case LoopStep():
                yield from self._subgraph(
                    key, f"{title}: {_text(caption(step))}", step.steps, indent
                )
            case ParallelStep():
                yield f'{indent}subgraph {key}["{title}"]'
                for number, branch in enumerate(step.branches):
                    inner = f"{key}b{number}"
                    yield from self._subgraph(inner, _text(branch.id), branch.steps, f"{indent}  ")
                yield f"{indent}end"
            case ConditionalStep():
                yield f'{indent}{key}{{"{title}"}}'
            case EndStep():
                yield f'{indent}{key}(["{title}"])'
            case _:
                yield f'{indent}{key}["{title}<br/>{_text(step.type)}: {_text(caption(step))}"]'

    def _subgraph(self, key: str, title: str, steps: list[Step], indent: str) -> Iterator[str]:
        yield f'{indent}subgraph {key}["{title}"]'
        yield from self._list(steps, f"{indent}  ")
        yield f"{indent}end"


def _text(text: str) -> str:
    """One line in which nothing is syntax: what is no letter, digit or plain sign becomes its character code."""
    shown = one_line(text, TEXT_LENGTH)
    return re.sub(r"[^\w .,:!?()+*=/-]", lambda found: f"#{ord(found[0])};", shown)
