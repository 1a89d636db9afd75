"""Runs that remember and pass much: they go on in new Temporal runs, whose histories stay small."""

from datetime import UTC, datetime

from discovery.models import Agent
from executions.engine.messages.outcomes import Outcome
from executions.engine.messages.state import RunState
from executions.engine.messages.values import Value
from executions.engine.spilling import PART_CHARACTERS, packed, unpacked
from executions.models import ModelCall
from tests.executions.conftest import Runner
from tests.executions.engine.building import echo, end, loop, parallel
from tests.executions.scale.measuring import MAX_BYTES, MAX_EVENTS, histories_of
from tests.executions.tap import Tap
from tests.fakes import model_server as answers
from tests.fakes.model_answers import Body
from tests.fakes.model_server import ModelServer

MEGABYTE = "m" * 1_000_000


def test_outputs_of_ten_megabytes_pass_between_steps(runner: Runner) -> None:
    make = echo("make", ["${input.text}"] * 10)
    loop_over = loop("each", "foreach", [echo("one", "${loop.item}")],
                     over="${steps.again.output.result}", output="${loop.index}",
                     collect_results=True, max_iterations=10)  # fmt: skip
    steps = [
        make,
        echo("again", "${steps.make.output.result}"),
        loop_over,
        end("done", {"all": "${steps.again.output.result}", "each": "${steps.each.output}"}),
    ]
    ran = runner.run({"steps": steps}, input={"text": MEGABYTE})
    assert ran.output == {"all": [MEGABYTE] * 10, "each": list(range(10))}
    assert sum(histories_of(ran).sizes) < 100_000


def test_a_context_and_inputs_under_way_do_not_weigh_on_what_is_handed_on(
    runner: Runner, tap: Tap
) -> None:
    context = {f"k{number}": "x" * 60_000 for number in range(20)}
    fan = parallel("fan", {f"b{n}": [tap.step(f"t{n}", f"ok/t{n}")] for n in range(6)})
    steps = [
        *[tap.step(f"u{n}", f"ok/u{n}") for n in range(6)],
        fan,
        end("done", "${context.k3}"),
    ]
    ran = runner.run({"steps": steps}, context=context, continue_after_events=20)
    assert ran.output == "x" * 60_000
    found = histories_of(ran)
    assert len(found.sizes) > 1
    # The first Temporal run was given all of it.
    assert max(found.sizes[:-1]) < 400_000


def test_a_state_too_large_to_travel_goes_on(runner: Runner, tap: Tap) -> None:
    """9,000 iterations that have ended: Temporal takes 2 MB, and this state has over three."""
    text = "t" * 200
    rounds = loop(
        "rounds", "count", [tap.step("call", "ok/call")], max_iterations=903,
        collect_results=True, output={"n": "${loop.iteration}", "text": "${input.text}"},
    )  # fmt: skip
    known = {
        f"fan/b{branch}/rounds/{n}": Outcome("COMPLETED", Value({"n": n, "text": text}))
        for branch in range(10)
        for n in range(1, 901)
    }
    ran = runner.run_on(
        {"steps": [parallel("fan", {f"b{branch}": [rounds] for branch in range(10)})]},
        RunState(started_at=datetime.now(UTC), outcomes=known),
        input={"text": text},
        continue_after_events=20,
    )
    assert ran.output == [[{"n": n, "text": text} for n in range(1, 904)]] * 10
    assert tap.count("call") == 30
    found = histories_of(ran)
    assert len(found.sizes) > 1
    assert max(found.sizes) < MAX_BYTES


def test_a_packed_state_is_the_same_again() -> None:
    known = {f"p{n}": Outcome("COMPLETED", Value({"é": n})) for n in range(50_000)}
    state = RunState(started_at=datetime.now(UTC), outcomes=known, steps_started=7)
    parts = packed(state)
    assert len(parts) == 1
    assert max(map(len, parts)) <= PART_CHARACTERS
    assert unpacked(parts) == state


def _asks_again(body: Body) -> answers.Answer:
    """A tool call for each turn before the hundredth."""
    turns = sum(message["role"] == "assistant" for message in body["messages"])
    if turns >= 99:
        return answers.text("done at last")
    return answers.tool_calls(("native__text_stats", {"text": f"turn {turns}"}))


def test_a_conversation_of_a_hundred_turns_is_cut_between_turns_and_not_asked_again(
    runner: Runner, model_server: ModelServer
) -> None:
    """Each request carries about 200,000 tokens; the history carries none of them."""
    agent: Agent = runner.agent("helper", tools=["native:text_stats"], max_turns=100)
    model_server.default = _asks_again
    ask = {"id": "ask", "type": "agent", "agent_id": agent.pk, "input": "${input.text}",
           "max_turns": 100}  # fmt: skip
    ran = runner.run({"steps": [ask]}, input={"text": "word " * 160_000}, continue_after_events=400)
    assert ran.output == "done at last"
    assert len(model_server.requests) == 100
    assert ModelCall.objects.filter(execution_id=ran.id).count() == 100
    assert (ran.row.model_calls, ran.row.tool_calls) == (100, 99)
    assert ran.step("ask").status == "COMPLETED"
    found = histories_of(ran)
    assert len(found.sizes) > 2
    assert max(found.events) < MAX_EVENTS
    assert sum(found.sizes) < 1_000_000
