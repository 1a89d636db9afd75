"""Straight lines of quick native steps run in one local activity, and nobody can tell from what is recorded."""

import time
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from executions.models import ExecutionEvent
from tests.executions.conftest import Ran, RunDefinition, Runner, WorkerThread
from tests.executions.engine.building import broken, choose, echo, end, loop, parallel
from tests.executions.test_killed_worker import (
    WorkerProcess,
    another,
    own_queue,
    processes,
    wait_for,
)

__all__ = ["own_queue", "processes"]

RECORDED = ("path", "status", "input_json", "output_json", "error_json", "attempts")


def line(count: int) -> list[dict[str, Any]]:
    """Steps that each add a letter to what the one before gave."""
    first = echo("s1", "${user_input}")
    return [first, *(echo(f"s{n}", f"${{steps.s{n - 1}.output.result}}x") for n in range(2, count + 1))]  # fmt: skip


def markers(ran: Ran) -> int:
    """How many local activities that are no recording are in the history."""
    events = ran.history().events
    return sum(
        1
        for event in events
        if event.HasField("marker_recorded_event_attributes")
        and b'"record"' not in event.SerializeToString()
    )


def told(ran: Ran) -> list[Any]:
    """What is recorded of the steps, and the events in order, without times."""
    rows = sorted(ran._steps().values_list(*RECORDED), key=lambda row: row[0])
    events = ExecutionEvent.objects.filter(execution_id=ran.id).exclude(kind="run")
    told = [(event.kind, event.data["path"], event.data["status"]) for event in events]
    return [rows, sorted(told), ran.row.status, ran.row.output_json, ran.row.tool_calls]


def test_a_line_of_steps_is_one_local_activity(run: RunDefinition) -> None:
    ran = run({"steps": line(20)}, user_input="hi")
    assert ran.output == {"result": "hi" + "x" * 19, "found": True}
    assert markers(ran) == 1
    assert ran.row.tool_calls == 20


@pytest.mark.parametrize("count", [1, 20])
def test_the_last_segment_writes_down_how_the_run_ended(run: RunDefinition, count: int) -> None:
    ran = run(
        {"steps": [choose("way", "${user_input}", {"hi": "s1"}), *line(count)]}, user_input="hi"
    )
    events = ran.history().events
    assert sum(event.HasField("marker_recorded_event_attributes") for event in events) == 1
    assert ran.output == {"result": "hi" + "x" * (count - 1), "found": True}
    assert ran.paths == ["way", *(f"s{n}" for n in range(1, count + 1))]
    row = ran.row
    assert (row.tool_calls, row.last_sequence) == (count, 1)
    assert row.started_at is not None
    assert row.completed_at is not None
    (began,), _ = ran.times("s1")
    assert row.started_at <= began <= row.completed_at
    told = ExecutionEvent.objects.filter(execution_id=ran.id).order_by("number")
    kinds = [(event.kind, event.data.get("path"), event.data["status"]) for event in told]
    assert kinds[:4] == [
        ("run", None, "RUNNING"),
        ("step", "way", "RUNNING"),
        ("step", "way", "COMPLETED"),
        ("step", "s1", "RUNNING"),
    ]
    assert kinds[-2:] == [("step", f"s{count}", "COMPLETED"), ("run", None, "COMPLETED")]


def test_a_last_segment_with_a_failed_step_leaves_the_end_to_the_workflow(
    run: RunDefinition,
) -> None:
    ran = run({"steps": [echo("a", 1), broken("b"), echo("c", 2)]})
    assert ran.statuses == {"a": "COMPLETED", "b": "FAILED"}
    assert (ran.status, ran.row.failed_step) == ("FAILED", "b")


def test_each_step_has_its_own_times(run: RunDefinition) -> None:
    ran = run({"steps": line(20)}, user_input="hi")
    starts, ends = ran.times(*(f"s{n}" for n in range(1, 21)))
    assert all(start <= end for start, end in zip(starts, ends, strict=True))
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))
    assert len(set(starts)) == 20
    assert ran.row.started_at is not None
    assert ran.row.completed_at is not None
    assert ran.row.started_at <= starts[0]
    assert ends[-1] <= ran.row.completed_at


@pytest.mark.parametrize(
    "steps",
    [
        [*line(3), echo("s4", {"a": ["${steps.s1.output}", "${steps.s2.status}", "${input.n}"]})],
        [*line(2), broken("s3"), echo("s4")],
        [*line(2), broken("s3", on_error="skip"), echo("s4", "${steps.s3.error.kind}"), *[echo("s5")]],
        [*line(2), broken("s3", on_error="s5"), echo("s4"), echo("s5", "${error.message}")],
        [*line(2), echo("s3", "${steps.s1.output.nothing}", on_error="skip"), echo("s4")],
        [*line(2), echo("s3", "${steps.s4.output ?? 'none'}".replace("'", '"')), echo("s4")],
        [*line(2), echo("s3", next="end"), echo("s4")],
        [*line(2), choose("c", "${steps.s1.output.result}", {"hi": "s3"}), echo("s3"), echo("s4")],
        [loop("l", "count", [*line(2), echo("s3", "${loop.iteration}")], max_iterations=3)],
        [parallel("p", {"a": line(3), "b": [*line(2), broken("s3")]}, min_success=1)],
    ],
    ids=["templates", "failed", "skipped", "target", "template_error", "later_step", "end_early",
         "conditional", "loop", "parallel"],
)  # fmt: skip
def test_what_is_recorded_is_the_same_as_without_segments(
    run: RunDefinition, steps: list[dict[str, Any]]
) -> None:
    given = {"user_input": "hi", "input": {"n": 7}}
    together = run({"steps": steps}, **given)
    apart = run({"steps": steps}, **given, engine=1)
    assert told(together) == told(apart)
    assert markers(together) < markers(apart)


def test_a_second_visit_sees_the_earlier_record_until_it_is_replaced(run: RunDefinition) -> None:
    again = choose("again", "${steps.b.output.result}", {"2": "last"}, default="a")
    steps = [
        echo("a", '${steps.b.output.result ?? "0"}'),
        echo("b", '${steps.c.output.result ?? "1"}'),
        echo("c", "2"),
        again,
        end("last", ["${steps.a.output.result}", "${steps.b.output.result}"]),
    ]
    ran = run({"steps": steps})
    assert ran.output == ["1", "2"]
    assert [path for path in ran.paths if "@" in path] == ["a@2", "b@2", "c@2", "again@2"]


def test_large_values_pass_through_a_segment_by_key(run: RunDefinition) -> None:
    text = "word " * 15_000
    steps = [
        echo("a", "${user_input}"),
        echo("b", "${steps.a.output.result} and more"),
        {
            "id": "c",
            "type": "tool",
            "tool": "native:text_stats",
            "arguments": {"text": "${steps.b.output.result}", "top": 1},
        },
    ]
    ran = run({"steps": steps}, user_input=text)
    assert ran.output["words"] == 15_002
    assert ran.outputs["b"]["result"] == text + " and more"
    assert ran.step("c").input_json == {"text": text + " and more", "top": 1}
    assert ran.history_bytes() < 50_000


def test_what_a_segment_gives_stays_small_enough_for_one_message(run: RunDefinition) -> None:
    text = "x" * 12_000
    steps = [echo(f"s{n}", "${user_input}") for n in range(1, 41)]
    ran = run({"steps": steps}, user_input=text)
    assert ran.output["result"] == text
    assert 2 <= markers(ran) <= 8
    assert len(ran.paths) == 40


def test_no_more_steps_are_called_than_the_limit_allows(run: RunDefinition) -> None:
    ran = run({"steps": line(10), "limits": {"max_steps": 4}})
    assert (ran.status, ran.row.error_kind, ran.row.failed_step) == (
        "FAILED",
        "limit_exceeded",
        "s5",
    )
    assert list(ran.statuses.values()) == ["COMPLETED"] * 4 + ["FAILED"]
    assert ran.row.tool_calls == 4


@pytest.mark.parametrize(
    ("limits", "calls"),
    [({"max_tool_calls": 5}, 3), ({"max_tokens": 100}, 1), ({"max_cost_usd": 1.0}, 1)],
)
def test_tool_calls_that_a_budget_counts_are_made_one_by_one(
    run: RunDefinition, limits: dict[str, Any], calls: int
) -> None:
    ran = run({"steps": line(3), "limits": limits})
    assert ran.status == "COMPLETED"
    assert markers(ran) == calls


def test_a_step_with_limits_of_its_own_is_called_by_itself(run: RunDefinition) -> None:
    ran = run({"steps": [*line(2), echo("s3", limits={"max_tool_calls": 1})]})
    assert ran.status == "COMPLETED"
    assert markers(ran) == 2


def test_steps_with_retries_run_alone(run: RunDefinition) -> None:
    retry = {"retry": {"max_attempts": 2}}
    ran = run({"steps": [*line(2), echo("s3", **retry), echo("s4"), echo("s5")]})
    assert ran.status == "COMPLETED"
    assert markers(ran) == 3


def heavy(count: int) -> list[dict[str, Any]]:
    """Steps of some 100 ms each."""
    arguments = {"text": "${user_input}", "top": 1}
    return [
        {"id": f"s{n}", "type": "tool", "tool": "native:text_stats", "arguments": arguments}
        for n in range(1, count + 1)
    ]


TEXT = "one two three " * 12_000


def completed_steps(ran: Ran) -> int:
    """How many steps are recorded as completed."""
    return list(ran.statuses.values()).count("COMPLETED")


def test_a_cancelled_run_starts_no_further_step(runner: Runner) -> None:
    ran = runner.start({"steps": heavy(200)}, user_input=TEXT)
    wait_for(lambda: completed_steps(ran) > 0)
    asked_at = time.monotonic()
    ran.cancel()
    ran.wait()
    assert time.monotonic() - asked_at < 5
    assert ran.status == "CANCELLED"
    assert 0 < completed_steps(ran) < 200
    assert set(ran.statuses.values()) <= {"COMPLETED", "CANCELLED"}
    assert len(ran.paths) <= completed_steps(ran) + 1


def test_a_worker_killed_inside_a_segment_loses_nothing(
    runner: Runner, processes: list[WorkerProcess], tmp_path: Path, settings: Settings
) -> None:
    first = another(processes, tmp_path)
    ran = runner.start({"steps": [*heavy(12), end("done", "${steps.s12.output.words}")]},
                       user_input=TEXT)  # fmt: skip
    wait_for(lambda: completed_steps(ran) > 0)
    first.kill()
    processes.remove(first)
    another(processes, tmp_path)
    ran.wait()
    assert ran.output == 36_000
    assert ran.paths == [*(f"s{n}" for n in range(1, 13)), "done"]
    assert set(ran.statuses.values()) == {"COMPLETED"}
    assert ran.event_numbers() == list(range(1, 2 * 13 + 3))
    assert ran.row.tool_calls == 12


def test_segments_end_after_a_second(runner: Runner, temporal_worker: WorkerThread) -> None:
    ran = runner.run({"steps": heavy(12)}, user_input=TEXT)
    starts, ends = ran.times(*(f"s{n}" for n in range(1, 13)))
    total = (ends[-1] - starts[0]).total_seconds()
    # A segment goes on for at most its last step after the second is over.
    longest = max((e - s).total_seconds() for s, e in zip(starts, ends, strict=True))
    assert markers(ran) >= total / (1 + longest) - 1
    assert completed_steps(ran) == 12


def test_a_segment_leaves_the_end_to_the_recorder_while_earlier_news_are_on_their_way(
    run: RunDefinition,
) -> None:
    def write(key: str) -> dict[str, Any]:
        return {"id": f"write-{key}", "type": "set", "values": {key: 1}}

    fan = parallel("fan", {"a": [write("a")], "b": [write("b")]})
    ran = run({"steps": [fan, echo("look", "${context.a}")]})
    # Else the end could be written first, and what came before it would be lost.
    assert b'"is_recorded":true' not in b"".join(
        e.SerializeToString() for e in ran.history().events
    )
    assert ran.row.started_at is not None
    assert set(ran._steps().values_list("status", flat=True)) == {"COMPLETED"}
    assert ran._steps().count() == 4
