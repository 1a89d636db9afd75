"""What is counted of runs and of their steps: the columns of both tables, and the same of the rows themselves as SQL."""

from dataclasses import dataclass

from executions.sums.histograms import PLACE

UNPRICED = "({row}.cost_usd IS NULL AND ({row}.input_tokens > 0 OR {row}.output_tokens > 0))::int"
# Runs that were meant: neither simulations nor trials of one step.
MEANT = "NOT run.simulated AND run.tested_step = ''"


@dataclass(frozen=True)
class Subject:
    """What is counted: `key` tells rows apart, `columns` are put together as the functions say, `raw` gives each row.

    `unstored` are counts of what the sums never hold.
    """

    table: str
    key: str
    columns: dict[str, str]
    raw: str
    unstored: tuple[str, ...] = ()

    @property
    def names(self) -> str:
        """The columns, with commas."""
        return ", ".join(self.columns)

    @property
    def totals(self) -> str:
        """Each column of several rows as one, under its name."""
        return ", ".join(f"{how}({name}) AS {name}" for name, how in self.columns.items())


RUNS = Subject(
    table="executions_runsums",
    key="workflow_version",
    columns=dict.fromkeys(
        (
            *("completed", "failed", "cancelled", "model_calls", "tool_calls"),
            *("input_tokens", "output_tokens", "cost_usd", "unpriced"),
        ),
        "sum",
    ),
    unstored=("pending", "running", "waiting"),
    raw=f"""
SELECT run.workflow_id, run.created_by_id, run.created_at, run.workflow_version,
    (run.status = 'COMPLETED')::int AS completed, (run.status = 'FAILED')::int AS failed,
    (run.status = 'CANCELLED')::int AS cancelled, (run.status = 'PENDING')::int AS pending,
    (run.status = 'RUNNING')::int AS running, (run.status = 'WAITING')::int AS waiting,
    run.model_calls, run.tool_calls, run.input_tokens, run.output_tokens, run.cost_usd,
    {UNPRICED.format(row="run")} AS unpriced, {PLACE.format(row="run")} AS place
FROM executions_workflowexecution AS run WHERE {MEANT} AND """,  # noqa: S608 - constants
)
# What a fork took over is counted in the run in which it ran.
STEPS = Subject(
    table="executions_stepsums",
    key="step_id",
    columns={
        **dict.fromkeys(("runs", "skipped", "failures", "attempts", "retries"), "sum"),
        **dict.fromkeys(("input_tokens", "output_tokens", "cost_usd", "unpriced"), "sum"),
        "newest": "max",
        "first": "min",
    },
    raw=f"""
SELECT run.workflow_id, run.created_by_id, run.created_at, step.step_id,
    (step.status <> 'SKIPPED')::int AS runs, (step.status = 'SKIPPED')::int AS skipped,
    (step.status = 'FAILED')::int AS failures,
    step.attempts, greatest(step.attempts - 1, 0) AS retries,
    step.input_tokens, step.output_tokens, step.cost_usd,
    {UNPRICED.format(row="step")} AS unpriced, step.id AS newest, step.position AS first,
    {PLACE.format(row="step")} AS place
FROM executions_workflowexecution AS run
JOIN executions_steprun AS step ON step.execution_id = run.id AND NOT step.is_reused
WHERE {MEANT} AND """,  # noqa: S608 - constants
)
