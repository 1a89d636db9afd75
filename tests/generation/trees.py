"""The planner's reading of a request as nested lists, for comparison."""

from generation.planning.reading.structure import read_structure
from generation.planning.reading.tree import Act, Choose, Node, Repeat


def told(text: str) -> list[object]:
    """The tree of `text`: texts of acts, {"if", "else"}, {mode: phrase, "do"} and {"together"}."""
    return [_told(node) for node in read_structure(text)]


def _told(node: Node) -> object:
    match node:
        case Act():
            return f"not {node.text}" if node.is_negated else node.text
        case Choose():
            arms = [(condition, [_told(n) for n in body]) for condition, body in node.arms]
            return {"if": arms, "else": [_told(n) for n in node.otherwise or ()]}
        case Repeat():
            return {node.mode: node.phrase, "do": [_told(n) for n in node.body]}
    return {"together": [[_told(n) for n in branch] for branch in node.branches]}
