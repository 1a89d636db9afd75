"""Runs whose histories are kept: between them they use every part of the engine that leaves a trace in Temporal."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from executions import temporal
from executions.approvals.deciding import Vote
from executions.approvals.deciding import decide as decide_approval
from executions.engine.messages.launches import SCHEDULED_START
from executions.engine.messages.outcomes import Outcome
from executions.engine.messages.state import RunState
from executions.engine.messages.values import Value
from executions.models import Schedule
from executions.starts.starting import start_on_temporal
from tests.executions.conftest import Ran, Runner
from tests.executions.engine.building import (
    ask,
    broken,
    choose,
    decide,
    echo,
    end,
    loop,
    parallel,
    pause,
    put,
)
from tests.executions.engine.test_cancelled_too_late import cancelled_at_the_end
from tests.executions.families import first_child, wait_for_step
from tests.executions.flows import workflow_of
from tests.executions.tap import Tap
from tests.fakes import model_server as answers
from tests.fakes.model_server import ModelServer

Scenario = Callable[[Runner, Tap, ModelServer], Ran]

ITEMS = [{"name": f"item {number}", "text": "x" * 900} for number in range(100)]
SCORE = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}


def _call(tap: Tap, step_id: str, path: str, **more: Any) -> dict[str, Any]:
    """A call whose path may hold templates."""
    step = tap.step(step_id, "ok/x", **more)
    step["arguments"]["url"] = tap.url(path)
    return step


def straight(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """Local tools, a call, conditionals, a back edge and a declared output."""
    steps = [
        echo("n", '${steps.call.status ?? "first"}'),
        _call(tap, "call", "ok/${steps.n.output.result}"),
        decide("again", ('${steps.n.output.result} == "first"', "n"), default="kind"),
        choose("kind", "${user_input}", {"yes": "last"}, default="end"),
        echo("last", "${context.who} ${input.n}"),
    ]
    definition = {
        "context": {"who": "${user_input}"},
        "steps": steps,
        "output": "${steps.last.output}",
    }
    return runner.run(definition, user_input="Yes", input={"n": 1})


def loops(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """All modes, nested, one after the other and at once."""
    inner = loop("inner", "foreach", [echo("say", "${loop.parent.iteration}${loop.item}")],
                 over=["a", "b"])  # fmt: skip
    steps = [
        loop("count", "count", [inner], max_iterations=2),
        loop("until", "until", [_call(tap, "u", "ok/u${loop.iteration}")],
             exit_condition="${loop.iteration} == 3", break_condition="${loop.index} > 7"),
        loop("at-once", "foreach", [_call(tap, "o", "wait/0.0${loop.item}/o")],
             over=[5, 3, 1, 4], max_concurrency=2, output="${loop.item}"),
    ]  # fmt: skip
    return runner.run({"steps": steps})


def iterations(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """Loops of quick steps, whose iterations run ahead: several segments, a failure inside, one that stays outside."""
    again = loop("again", "until", [echo("inner", "${loop.parent.iteration}")],
                 exit_condition="${loop.iteration} == 2")  # fmt: skip
    body = [
        echo("a", ["${loop.iteration}", "${context.n ?? 0}"]),
        put("b", {"n": "${loop.iteration} * 2"}),
        broken("c", on_error="skip"),
        again,
    ]
    steps = [
        loop("many", "count", body, max_iterations=60),
        loop("large", "count", [echo("d", "${user_input}"), put("e", x="${steps.d.output.result}")],
             max_iterations=3),
        loop("caught", "foreach", [echo("f", "${loop.item.x}")], over=[{"x": 1}, {}], on_error="last"),
        echo("last", "${error.kind}"),
    ]  # fmt: skip
    return runner.run({"steps": steps}, user_input="x" * 20_000)


def branches(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """Every aggregation, failures that are tolerated, and a race."""
    runner.agent("judge")
    model.script([answers.text("b")])
    steps = [
        parallel("all", {"a": [tap.step("a1", "ok/a1")], "b": [broken("b1")]}, min_success=1),
        parallel("merge", {"c": [end("c1", {"x": 1}, scope="container")],
                           "d": [end("d1", {"y": 2}, scope="container")]}, aggregation="merge"),
        parallel("first", {"e": [tap.step("e1", "hold/e1")], "f": [tap.step("f1", "wait/0.1/f1")]},
                 aggregation="first"),
        parallel("best", {"g": [echo("g1", 1)], "b": [echo("h1", 2)]}, aggregation="best",
                 judge_agent_id="judge"),
    ]  # fmt: skip
    return runner.run({"steps": steps})


def agents(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """Turns, tool calls at the same time, a complaint and a retry."""
    runner.agent("helper", tools=["native:text_stats"])
    stats = ("native__text_stats", {"text": "one two"})
    model.script(
        [
            answers.tool_calls(stats, stats),
            answers.text("no json"),
            answers.server_error(),
            answers.structured({"score": 3}),
        ]
    )
    retry = {"max_attempts": 2, "initial_interval_seconds": 0.05}
    ask = {
        "id": "ask",
        "type": "agent",
        "agent_id": "helper",
        "output_schema": SCORE,
        "retry": retry,
    }
    return runner.run({"steps": [ask, end("done", "${steps.ask.output.score}")]})


def errors(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """Skipped, caught, timed out, and at last raised."""
    slow = parallel("box", {"a": [tap.step("s", "hold/s")], "b": [echo("q")]}, timeout=1,
                    on_error="late")  # fmt: skip
    steps = [
        broken("skipped", on_error="skip"),
        broken("caught", on_error=[{"match": ["timeout"], "next": "end"}, {"next": "slow"}]),
        _call(tap, "slow", "hold/x", timeout=1, on_error="box"),
        slow,
        end("late", status="failed", error="${error.kind} after ${error.step}"),
    ]
    return runner.run({"steps": steps})


def large(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """Values that stay in PostgreSQL: resolved, looked at, walked and joined there."""
    steps = [
        echo("make", "${input.items}"),
        echo("one", "${steps.make.output.result[3].name}"),
        decide("see", ("size(${steps.make.output.result[3]}) == 2", "each"), default="end"),
        loop("each", "foreach", [echo("say", "${loop.item.name}")], over="${steps.make.output.result}",
             max_iterations=100, max_concurrency=10),
        parallel("fan", {"a": [echo("a1", "${input.items}")], "b": [echo("b1", 1)]}),
    ]  # fmt: skip
    return runner.run({"steps": steps}, input={"items": ITEMS})


def continued(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """The last of several Temporal runs, which starts with a state."""
    fan = parallel("fan", {"a": [_call(tap, f"a{n}", f"ok/a{n}") for n in range(3)],
                           "b": [_call(tap, f"b{n}", f"ok/b{n}") for n in range(3)]})  # fmt: skip
    rounds = loop("rounds", "count", [_call(tap, "call", "ok/c"), fan], max_iterations=3)
    return runner.run({"steps": [rounds]}, continue_after_events=25)


def handed_on(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """The first of several Temporal runs, which ends by continuing as new."""
    ran = continued(runner, tap, model)
    return replace(ran, temporal_run=ran.temporal_runs()[-1])


def cancelled(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """Cancelled in the middle of two branches."""
    fan = parallel("fan", {"a": [tap.step("s", "hold/s")], "b": [tap.step("t", "hold/t")]})
    ran = runner.start({"steps": [fan]})
    tap.wait_for("s")
    tap.wait_for("t")
    ran.cancel()
    return ran.wait()


def simulated(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """Nothing but stand-ins."""
    steps = [
        {"id": "ask", "type": "agent", "agent_id": "any", "output_schema": SCORE},
        loop("r", "until", [echo("say")], exit_condition="${steps.ask.output.score} > 5"),
    ]
    return runner.run({"steps": steps}, simulate=True)


def out_of_steps(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """So many steps without a call that the engine has to pause."""
    steps = [decide("a", ("true", "b")), decide("b", ("true", "a"))]
    return runner.run({"limits": {"max_steps": 350}, "steps": steps})


def steered(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """The context is written, in turn and by branches, and time passes."""
    counted = loop("rounds", "count", [put("add", {"n": "${context.n} + 1"})], max_iterations=3)
    fan = parallel("fan", {"a": [put("x", a=1), pause("p", 1)], "b": [_call(tap, "c", "ok/c")]})
    past = {"id": "past", "type": "wait", "until": "2020-01-01T00:00:00Z"}
    steps = [counted, fan, past, end("done", ["${context.n}", "${context.a}"])]
    return runner.run({"context": {"n": 0}, "steps": steps})


def budgeted(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """Limits of the run and of a step, which the last call breaks."""
    runner.agent("helper")
    model.default = answers.text("said")
    box = loop("box", "count", [_call(tap, "call", "ok/c")], max_iterations=3,
               limits={"max_tool_calls": 2}, on_error="skip")  # fmt: skip
    steps = [{"id": "ask", "type": "agent", "agent_id": "helper"}, box]
    return runner.run({"limits": {"max_tokens": 1_000_000, "max_tool_calls": 9}, "steps": steps})


def conversation(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """The last of several Temporal runs, which goes on in the middle of a conversation."""
    runner.agent("helper", tools=["native:text_stats"])
    stats = ("native__text_stats", {"text": "one two"})
    model.script([*[answers.tool_calls(stats) for _ in range(6)], answers.text("done")])
    ask = {"id": "ask", "type": "agent", "agent_id": "helper", "max_turns": 10}
    return runner.run({"steps": [ask]}, continue_after_events=25)


def forked(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """Begins with the outcomes of another run."""
    fan = parallel("fan", {"a": [_call(tap, "a1", "ok/a"), _call(tap, "a2", "ok/a")],
                           "b": [_call(tap, "b1", "ok/b")]})  # fmt: skip
    rounds = loop("rounds", "count", [_call(tap, "call", "ok/c")], max_iterations=3)
    known = {
        "first": Outcome("COMPLETED", Value({"n": 1}), next="fan"),
        "fan/a/a1": Outcome("COMPLETED", Value({"n": 2}), next="a2"),
        "fan/b": Outcome("COMPLETED", Value({"n": 3})),
        "rounds/1": Outcome("COMPLETED", Value(7)),
    }
    state = RunState(started_at=datetime.now(UTC), outcomes=known)
    return runner.run({"steps": [_call(tap, "first", "ok/f"), fan, rounds]}, state=state)


def approved(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """Somebody decides, and nobody does in time."""
    late = ask("late", approval_timeout_seconds=1, on_error="skip")
    steps = [ask("ok", content="draft"), late, end("done", "${steps.ok.output.edited}")]
    ran = runner.start({"steps": steps})
    ran.wait_for("WAITING")
    decide_approval(ran.row, "ok", Vote(approved=True, edited="final"), by=runner.owner)
    return ran.wait()


def shown(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """Waits for somebody and for time, which Temporal's own pages show; the others were started without them."""
    execution = runner.prepare(
        {"steps": [ask("ok"), _call(tap, "c", "ok/c"), pause("rest", 1)]}, {}
    )
    start_on_temporal(execution)
    ran = Ran(runner.worker, execution.pk).wait_for("WAITING")
    decide_approval(ran.row, "ok", Vote(approved=True), by=runner.owner)
    return ran.wait()


def child(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """Runs other workflows: one that completes, and one that fails and is caught."""
    good = workflow_of(runner.owner, echo("say", "${user_input}"))
    bad = workflow_of(runner.owner, end("stop", status="failed", error="No."))
    steps = [
        {"id": "good", "type": "workflow", "workflow_id": good.pk, "input": "hello"},
        {"id": "bad", "type": "workflow", "workflow_id": bad.pk, "on_error": "skip"},
        end("done", "${steps.good.output.result}"),
    ]
    return runner.run({"steps": steps})


def steered_child(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """An approval, a wait, and a child that asks somebody under the budget of its parent, which waits with it."""
    model.default = answers.text("said")
    asking = {"id": "say", "type": "agent", "agent": {"instructions": "Answer."}}
    kid = workflow_of(runner.owner, asking, ask("inner"), _call(tap, "call", "ok/c"))
    steps = [
        ask("ok"),
        pause("rest", 1),
        {"id": "kid", "type": "workflow", "workflow_id": kid.pk, "input": "hello"},
        _call(tap, "last", "ok/l"),
    ]
    ran = runner.start({"limits": {"max_tokens": 100_000, "max_tool_calls": 2}, "steps": steps})
    ran.wait_for("WAITING")
    decide_approval(ran.row, "ok", Vote(approved=True), by=runner.owner)
    below = first_child(ran).wait_for("WAITING")
    wait_for_step(ran, "kid", "WAITING")
    decide_approval(below.row, "inner", Vote(approved=True), by=runner.owner)
    return ran.wait()


def told_parent(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """The child of the scenario before: it tells its parent when it begins and ends to wait."""
    ran = steered_child(runner, tap, model)
    return first_child(ran)


def scheduled(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """The start of a schedule, which waits for its run."""
    schedule = Schedule.objects.create(
        id=f"schedule-{uuid.uuid4()}",
        workflow=workflow_of(runner.owner, _call(tap, "call", "ok/c")),
        name="Daily",
        cron="0 9 * * *",
        created_by=runner.owner,
    )

    async def start() -> str:
        client = await temporal.connect()
        queue = settings.TEMPORAL_TASK_QUEUE
        key = f"{schedule.pk}-2026-01-01T09:00:00Z"
        await client.execute_workflow(SCHEDULED_START, schedule.pk, id=key, task_queue=queue)
        return key

    return Ran(runner.worker, runner.worker.call(start()))


def cancelled_late(runner: Runner, tap: Tap, model: ModelServer) -> Ran:
    """Cancelled while its good end was written; Temporal refused the task that wrote it."""
    return cancelled_at_the_end(runner, {"steps": [echo("say", "${user_input}")]})


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        straight,
        loops,
        iterations,
        branches,
        agents,
        errors,
        large,
        continued,
        handed_on,
        cancelled,
        cancelled_late,
        simulated,
        out_of_steps,
        steered,
        budgeted,
        conversation,
        forked,
        approved,
        shown,
        child,
        steered_child,
        told_parent,
        scheduled,
    )
}
