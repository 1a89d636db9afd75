"""Flow: one step after the other, ways that part and meet, edges that lead back."""

from tests.executions.conftest import RunDefinition


def text(step_id: str, template: str, **more: object) -> dict[str, object]:
    """A step whose output is the rendered text."""
    return {"id": step_id, "type": "end", "output": template, **more}


def test_a_run_gives_the_output_of_its_end(run: RunDefinition) -> None:
    ran = run(
        {"steps": [{"id": "done", "type": "end", "output": "Hello ${user_input}"}]},
        user_input="you",
    )
    assert ran.output == "Hello you"
    assert ran.statuses == {"done": "COMPLETED"}
