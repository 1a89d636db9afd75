"""Runs whose histories are kept: between them they use every part of the engine that leaves a trace in Temporal."""

from collections.abc import Callable
from typing import Any

from tests.executions.conftest import Ran, Runner
from tests.executions.engine.building import broken, choose, decide, echo, end, loop, parallel
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


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        straight,
        loops,
        branches,
        agents,
        errors,
        large,
        continued,
        cancelled,
        simulated,
        out_of_steps,
    )
}
