"""A definition as a tree of text lines: for terminals, and as the text alternative of a drawing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from workflows.definition.caption import caption, one_line
from workflows.definition.routes import exits
from workflows.definition.steps import (
    ConditionalStep,
    Definition,
    EndStep,
    LoopStep,
    ParallelStep,
    Step,
)

WIDTH = 100


@dataclass(frozen=True)
class _Node:
    text: str
    inner: list["_Node"] = field(default_factory=list)


def text_tree(definition: Definition) -> list[str]:
    """Lines with box-drawing characters; control characters are left out, so that no text can steer a terminal."""
    title = definition.name if definition.name == definition.id else _title(definition)
    nodes = _nodes(definition.steps)
    return [one_line(title, WIDTH), *_lines(nodes or [_Node("(no steps yet)")], "")]


def _title(definition: Definition) -> str:
    return f"{definition.name} ({definition.id})"


def _nodes(steps: Sequence[Step]) -> list[_Node]:
    following = [step.id for step in steps[1:]]
    return [_node(step, after) for step, after in zip_longest(steps, following)]


def _node(step: Step, following: str | None) -> _Node:
    text = f"{step.id}  [{step.type}] {caption(step)}"
    inner = []
    match step:
        case ParallelStep():
            inner = [_Node(f"branch {b.id}", _nodes(b.steps)) for b in step.branches]
        case LoopStep():
            inner = _nodes(step.steps)
        case _:
            pass
    return _Node(text, inner + _ways(step, following))


def _ways(step: Step, following: str | None) -> list[_Node]:
    """The ways that the order of the lines does not already tell."""
    if isinstance(step, EndStep):
        return []
    obvious = {following} if following else {"end"}
    nodes = []
    for way in exits(step):
        if isinstance(step, ConditionalStep) or way.label:
            nodes.append(_Node(f"{way.label} -> {way.target}"))
        elif way.target not in obvious:
            nodes.append(_Node(f"then -> {way.target}"))
    return nodes


def _lines(nodes: list[_Node], indent: str) -> Iterator[str]:
    for number, node in enumerate(nodes, start=1):
        is_last = number == len(nodes)
        branch, deeper = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
        yield f"{indent}{branch}{one_line(node.text, WIDTH)}"
        yield from _lines(node.inner, indent + deeper)
