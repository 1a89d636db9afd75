"""The canonical definition as typed values: what is stored, hashed, compared and executed.

`normalise` makes these from what people write; see docs/definition-language.md for what each field means.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

MAX_STEPS = 1_000
MAX_NESTING = 8
MAX_CANONICAL_BYTES = 1024 * 1024
MAX_ITERATIONS = 1_000
# A year.
MAX_WAIT_SECONDS = 31_536_000
# Of a `set` step's `values` and `compute` each.
MAX_KEYS = 100
RESERVED_STEP_IDS = frozenset({"end", "fail", "skip"})
END = "end"

# `\Z`, not `$`: a `$` lets a trailing newline through.
Identifier = Annotated[str, StringConstraints(pattern=r"\A[a-zA-Z][a-zA-Z0-9_-]{0,99}\z")]
Seconds = Annotated[int, Field(ge=1, le=86_400)]

ErrorKind = Literal[
    "timeout",
    "tool_error",
    "tool_missing",
    "agent_error",
    "model_not_configured",
    "schema_mismatch",
    "template_error",
    "condition_error",
    "no_match",
    "merge_conflict",
    "rejected",
    "approval_timeout",
    "budget_exceeded",
    "limit_exceeded",
    "child_failed",
    "exhausted",
    "raised",
    "worker_lost",
    "cancelled",
    "internal",
]
ERROR_KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)
# An `on_error` never catches these.
UNCATCHABLE: frozenset[ErrorKind] = frozenset({"cancelled", "limit_exceeded", "budget_exceeded"})


class Canonical(BaseModel):
    """A part of the canonical form: closed, immutable, without coercion. Fields that are null are left out of its JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class RetryPolicy(Canonical):
    """How often one model turn or tool call is tried; carried out by Temporal."""

    max_attempts: int = Field(default=1, ge=1, le=11)
    initial_interval_seconds: float = Field(default=1.0, gt=0, le=3600)
    backoff_coefficient: float = Field(default=2.0, ge=1, le=10)
    maximum_interval_seconds: float = Field(default=60.0, gt=0, le=86_400)


class ErrorArm(Canonical):
    """Where to go for some kinds of error; an empty `match` takes all that can be caught."""

    match: list[ErrorKind] = Field(default_factory=list)
    next: str


class CommonFields(Canonical):
    """What every step has."""

    id: Identifier
    name: str = Field(default="", max_length=200)
    description: str = Field(default="", max_length=2_000)


class InlineAgent(Canonical):
    """An agent written into the step itself."""

    name: str = Field(default="", max_length=200)
    instructions: str = Field(min_length=1, max_length=20_000)
    model: str | None = Field(default=None, max_length=100)
    tools: list[str] = Field(default_factory=list, max_length=100)


class StepLimits(Canonical):
    """What one step, with all that runs inside it, may spend; null is no limit."""

    max_tokens: int | None = Field(default=None, ge=1)
    max_cost_usd: float | None = Field(default=None, gt=0)
    max_tool_calls: int | None = Field(default=None, ge=1)


class AgentStep(CommonFields):
    """Lets a model work, turn by turn, with its allowed tools."""

    type: Literal["agent"] = "agent"
    agent_id: str | None = None
    agent: InlineAgent | None = None
    input: JsonValue = "${user_input}"
    tools: list[str] | None = Field(default=None, max_length=100)
    output_schema: dict[str, JsonValue] | None = None
    max_turns: int = Field(default=10, ge=1, le=100)
    limits: StepLimits | None = None
    timeout: Seconds = 120
    retry: RetryPolicy = RetryPolicy()
    on_error: str | list[ErrorArm] = "fail"
    next: str = END


class ToolStep(CommonFields):
    """Calls one tool; `tool` is null in a draft that has not chosen one."""

    type: Literal["tool"] = "tool"
    tool: str | None = None
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    limits: StepLimits | None = None
    timeout: Seconds = 120
    retry: RetryPolicy = RetryPolicy()
    on_error: str | list[ErrorArm] = "fail"
    next: str = END


class Branch(Canonical):
    """One list of steps of a parallel."""

    id: Identifier
    steps: list["Step"]
    entry_step: str | None = None
    output: JsonValue = None


class ParallelStep(CommonFields):
    """Runs its branches at the same time and joins their outputs."""

    type: Literal["parallel"] = "parallel"
    branches: list[Branch]
    aggregation: Literal["all", "merge", "first", "best"] = "all"
    judge_agent_id: str | None = None
    max_concurrency: int | None = Field(default=None, ge=1, le=100)
    min_success: int | None = Field(default=None, ge=1)
    limits: StepLimits | None = None
    timeout: Seconds | None = None
    on_error: str | list[ErrorArm] = "fail"
    next: str = END


class ConditionArm(Canonical):
    """One way out of a conditional."""

    when: str
    next: str


class ConditionalStep(CommonFields):
    """Chooses the next step by a text (`conditional_branches`) or by CEL conditions in order."""

    type: Literal["conditional"] = "conditional"
    condition_source: str | None = None
    conditional_branches: dict[str, str] | None = None
    conditions: list[ConditionArm] | None = None
    default: str | None = None
    timeout: Seconds | None = None
    on_error: str | list[ErrorArm] = "fail"


class LoopStep(CommonFields):
    """Repeats its steps a number of times, over a list, or until a condition holds."""

    type: Literal["loop"] = "loop"
    loop_mode: Literal["count", "foreach", "until"]
    over: JsonValue = None
    exit_condition: str | None = None
    break_condition: str | None = None
    max_iterations: int | None = Field(default=None, ge=1, le=MAX_ITERATIONS)
    steps: list["Step"]
    entry_step: str | None = None
    output: JsonValue = None
    max_concurrency: int = Field(default=1, ge=1, le=100)
    collect_results: bool = False
    on_exhausted: Literal["continue", "fail"] = "continue"
    limits: StepLimits | None = None
    timeout: Seconds | None = None
    on_error: str | list[ErrorArm] = "fail"
    next: str = END


class ApprovalStep(CommonFields):
    """Waits until people have approved or rejected, and lets them edit `content`.

    `approvers` are user names or 'group:NAME'; nobody named means the run's owner. A rejection goes where `on_reject`
    says, never through `on_error`.
    """

    type: Literal["approval"] = "approval"
    approval_message: str = ""
    content: JsonValue = None
    approvers: list[str] = Field(default_factory=list, max_length=50)
    required_approvals: int = Field(default=1, ge=1, le=20)
    approval_timeout_seconds: int | None = Field(default=None, ge=1, le=MAX_WAIT_SECONDS)
    on_reject: str = "fail"
    timeout: Seconds | None = None
    on_error: str | list[ErrorArm] = "fail"
    next: str = END


class WaitStep(CommonFields):
    """Waits for some time, or until a time: ISO 8601 with a time zone, or a template that gives one."""

    type: Literal["wait"] = "wait"
    duration_seconds: int | None = Field(default=None, ge=1, le=MAX_WAIT_SECONDS)
    until: str | None = Field(default=None, max_length=4_000)
    timeout: Seconds | None = None
    on_error: str | list[ErrorArm] = "fail"
    next: str = END


class SetStep(CommonFields):
    """Writes keys of the run's `context`: `values` by template, `compute` by CEL."""

    type: Literal["set"] = "set"
    values: dict[str, JsonValue] = Field(default_factory=dict, max_length=MAX_KEYS)
    compute: dict[str, str] = Field(default_factory=dict, max_length=MAX_KEYS)
    timeout: Seconds | None = None
    on_error: str | list[ErrorArm] = "fail"
    next: str = END


class WorkflowStep(CommonFields):
    """Runs another workflow; a null `version` is the published one, else the current one."""

    type: Literal["workflow"] = "workflow"
    workflow_id: str | None = None
    version: int | None = Field(default=None, ge=1)
    input: JsonValue = "${user_input}"
    context: dict[str, JsonValue] = Field(default_factory=dict)
    limits: StepLimits | None = None
    timeout: Seconds | None = None
    on_error: str | list[ErrorArm] = "fail"
    next: str = END


class EndStep(CommonFields):
    """Ends the run, or only its own list."""

    type: Literal["end"] = "end"
    status: Literal["completed", "failed"] = "completed"
    output: JsonValue = None
    error: str | None = None
    scope: Literal["run", "container"] = "run"


Step = Annotated[
    AgentStep
    | ToolStep
    | ParallelStep
    | ConditionalStep
    | LoopStep
    | ApprovalStep
    | WaitStep
    | SetStep
    | WorkflowStep
    | EndStep,
    Field(discriminator="type"),
]


class Limits(Canonical):
    """What one run may spend; null is no limit."""

    max_steps: int = Field(default=5_000, ge=1, le=100_000)
    timeout_seconds: int = Field(default=86_400, ge=1, le=31_536_000)
    max_tokens: int | None = Field(default=None, ge=1)
    max_cost_usd: float | None = Field(default=None, gt=0)
    max_tool_calls: int | None = Field(default=None, ge=1)


class Definition(Canonical):
    """A whole workflow program."""

    id: Identifier
    name: str = Field(max_length=200)
    description: str = Field(default="", max_length=1_000)
    entry_step: str | None = None
    input_schema: dict[str, JsonValue] | None = None
    context: dict[str, JsonValue] = Field(default_factory=dict)
    limits: Limits = Limits()
    output: JsonValue = None
    steps: list[Step] = Field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The canonical JSON: defaults written out, null fields left out (nulls inside values stay)."""
        return to_json(self)


def to_json(part: Canonical) -> dict[str, Any]:
    """`part` as plain JSON values; fields that are null are left out, nulls inside JSON values stay."""
    # What pydantic keeps is in the order of the fields; most of it is plain.
    return {
        name: value if type(value) in _PLAIN else _value_to_json(value)
        for name, value in vars(part).items()
        if value is not None
    }


_PLAIN = frozenset({str, int, float, bool, dict})


def _value_to_json(value: Any) -> Any:
    if isinstance(value, Canonical):
        return to_json(value)
    if isinstance(value, list):
        return [_value_to_json(item) for item in value]
    return value


def walk(steps: list[Step], prefix: str = "/steps") -> Iterator[tuple[str, Step]]:
    """Every step, nested ones included, in document order, with its JSON Pointer in the canonical form."""
    for index, step in enumerate(steps):
        pointer = f"{prefix}/{index}"
        yield pointer, step
        if isinstance(step, ParallelStep):
            for number, branch in enumerate(step.branches):
                yield from walk(branch.steps, f"{pointer}/branches/{number}/steps")
        elif isinstance(step, LoopStep):
            yield from walk(step.steps, f"{pointer}/steps")


Branch.model_rebuild()
ParallelStep.model_rebuild()
LoopStep.model_rebuild()
Definition.model_rebuild()
