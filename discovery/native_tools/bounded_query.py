"""JMESPath with a bound on the work: the language has no loops, but a short expression can still double without end.

`[@,@]|[@,@]|…` builds a value whose tree has 2^n leaves from n shared parts; `[]`, `join` and `to_string` would unfold
it. So each visited node and the whole tree of each value that is built or handed to a function is paid from a budget.
(Projections and `[]` visit each of their items, which pays for them.)
"""

from typing import Any, cast

import jmespath
from jmespath.functions import Functions
from jmespath.visitor import TreeInterpreter
from pydantic import JsonValue

MAX_WORK = 1_000_000
# A long text costs like the small values it could hold.
_CHARACTERS_PER_UNIT = 64


class TooMuchWork(Exception):
    """The expression needs more work on this data than is allowed."""


def search(expression: str, data: JsonValue) -> Any:
    """What the expression finds in the data. Raises `TooMuchWork`, and for a bad expression what jmespath raises."""
    parsed = jmespath.compile(expression)
    result = _Interpreter().visit(parsed.parsed, data)
    weigh(result, MAX_WORK)
    return result


def weigh(value: Any, limit: int) -> int:
    """How large the value is as a tree; raises `TooMuchWork` as soon as it is over the limit."""
    weight, pending = 0, [value]
    while pending:
        item = pending.pop()
        weight += 1
        if isinstance(item, str):
            weight += len(item) // _CHARACTERS_PER_UNIT
        elif isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, dict):
            pending.extend(item.values())
        if weight + len(pending) > limit:
            raise TooMuchWork
    return weight


class _Interpreter(TreeInterpreter):
    """jmespath's interpreter, paying as it goes; one for each search."""

    def __init__(self) -> None:
        super().__init__()
        self._remaining = MAX_WORK
        self._library = Functions()

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self._pay(1)
        return super().visit(node, *args, **kwargs)

    def visit_multi_select_list(self, node: Any, value: Any) -> Any:
        return self._paid(super().visit_multi_select_list(node, value))

    def visit_multi_select_dict(self, node: Any, value: Any) -> Any:
        return self._paid(super().visit_multi_select_dict(node, value))

    def visit_comparator(self, node: Any, value: Any) -> Any:
        sides = [self._paid(self.visit(child, value)) for child in node["children"]]
        compared = dict(node)
        compared["children"] = [{"type": "literal", "value": side} for side in sides]
        return super().visit_comparator(cast("Any", compared), value)

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        arguments = [self.visit(child, value) for child in node["children"]]
        for argument in arguments:
            self._paid(argument)
        if node["value"] == "join":
            self._pay_joining(arguments)
        return self._paid(self._library.call_function(node["value"], arguments))

    def _pay_joining(self, arguments: list[Any]) -> None:
        match arguments:
            case [str() as separator, list() as parts]:
                self._pay(len(separator) * len(parts) // _CHARACTERS_PER_UNIT)

    def _paid(self, value: Any) -> Any:
        self._pay(weigh(value, self._remaining))
        return value

    def _pay(self, units: int) -> None:
        self._remaining -= units
        if self._remaining < 0:
            raise TooMuchWork
