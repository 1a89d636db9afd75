"""What is measured: definitions of ours and the raw shapes that do the same number of steps."""

from dataclasses import dataclass
from typing import Any

from benchmarks.raw_workflows import How, Shape

Step = dict[str, Any]
SERVER = "bench"
COUNTS = (1, 10, 100)
LOOPS = (100, 300, 1_000)
# Calls, three in each iteration; the longest continues as new on its way.
LOOPS_OF_CALLS = (300, 1_500)


@dataclass(frozen=True)
class Case:
    """One row: `count` steps of a kind. `is_long`: a single run tells enough, and no crowd of clients is needed."""

    name: str
    kind: str
    count: int
    steps: tuple[Step, ...]
    how: How
    is_long: bool = False

    @property
    def definition(self) -> dict[str, Any]:
        """Ours, as a person would write it."""
        return {"id": self.name, "name": self.name, "steps": list(self.steps)}

    @property
    def shape(self) -> Shape:
        """The raw one."""
        return Shape(self.how, self.count, "hello")

    @property
    def bare_shape(self) -> Shape | None:
        """Where the raw steps call something: the same with steps that do nothing, to tell what the calls cost."""
        calls = self.how in ("mcp", "model") and not self.is_long
        return Shape("activity", self.count, "hello") if calls else None

    @property
    def is_code_alone(self) -> bool:
        """Whether the raw steps are nothing but code in the workflow, and what is recorded is all that there is."""
        return self.how == "inline" and not self.is_long


def all_cases() -> list[Case]:
    """Every row, in the order in which it is shown."""
    kinds = {"pure": (pure, "inline"), "native": (native, "local"),
             "mcp": (mcp, "mcp"), "agent": (agent, "model")}  # fmt: skip
    rows = [
        Case(f"{kind}-{count}", kind, count, make(count), how)  # type: ignore[arg-type]
        for kind, (make, how) in kinds.items()
        for count in COUNTS
    ]
    return [Case("empty", "empty", 0, (), "inline"), *rows, *long_cases()]


def long_cases() -> list[Case]:
    """Rows that show whether the cost grows with the number of steps alone."""
    loops = [Case(f"loop-{n}", "loop", n, loop(n), "local", is_long=True) for n in LOOPS]
    calls = [
        Case(f"calls-{n}", "calls", n, loop_of_calls(n), "mcp", is_long=True)
        for n in LOOPS_OF_CALLS
    ]
    wide = [
        Case("pure-1000", "pure", 1_000, pure(1_000), "inline", is_long=True),
        Case("native-1000", "native", 1_000, native(1_000), "local", is_long=True),
    ]
    return loops + calls + wide


def pure(count: int) -> tuple[Step, ...]:
    """Conditionals and writes to the context by turns, which need nothing but the workflow."""
    return tuple(_decide(n, count) if n % 2 else _set(n) for n in range(1, count + 1))


def _decide(number: int, count: int) -> Step:
    following = f"s{number + 1}" if number < count else "end"
    never = {"when": "${user_input} == 'never'", "next": "end"}
    return {"id": f"s{number}", "type": "conditional", "conditions": [never], "default": following}


def _set(number: int) -> Step:
    return {"id": f"s{number}", "type": "set", "values": {"last": f"${{user_input}} {number}"}}


def native(count: int) -> tuple[Step, ...]:
    """Built-in tools, each working on what the one before gave."""
    return tuple(_query(f"s{n}", _previous(n)) for n in range(1, count + 1))


def mcp(count: int) -> tuple[Step, ...]:
    """Calls of a real MCP server over stdio."""
    return tuple(
        {"id": f"s{n}", "type": "tool", "tool": f"{SERVER}:add", "arguments": {"a": n, "b": 1}}
        for n in range(1, count + 1)
    )


def agent(count: int) -> tuple[Step, ...]:
    """Questions to a model server that answers at once."""
    return tuple(
        {"id": f"s{n}", "type": "agent", "agent": {"instructions": "Answer."}}
        for n in range(1, count + 1)
    )


def loop(count: int) -> tuple[Step, ...]:
    """One built-in tool, again and again."""
    body = [_query("said", "${loop.iteration}")]
    fields = {"loop_mode": "count", "max_iterations": count, "steps": body}
    return ({"id": "rounds", "type": "loop", **fields},)


def loop_of_calls(count: int) -> tuple[Step, ...]:
    """So many calls of an MCP server, three in each iteration."""
    body = list(mcp(3))
    fields = {"loop_mode": "count", "max_iterations": count // 3, "steps": body}
    return ({"id": "rounds", "type": "loop", **fields},)


def _previous(number: int) -> str:
    return f"${{steps.s{number - 1}.output.result}}" if number > 1 else "${user_input}"


def _query(step_id: str, value: str) -> Step:
    arguments = {"data": {"v": value}, "expression": "v"}
    return {"id": step_id, "type": "tool", "tool": "native:json_query", "arguments": arguments}
