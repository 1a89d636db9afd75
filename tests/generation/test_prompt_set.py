"""The offline planner against the project's prompts: what `make eval-generation` measures, held as a floor.

`held_out*.jsonl` hold prompts that nobody looked at while the planner was improved.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from generation.drafting import OFFLINE_PLANNER
from generation.evaluation import answer
from tests.generation import score

FOLDER = Path(__file__).parent
PROMPTS = FOLDER / "prompts.jsonl"
# Sets that the planner was changed for: no less of resources, edges, structure and suggestions than here.
FLOORS = {
    "development": (0.93, 0.83, 0.89, 0.97),
    "development_2": (0.88, 0.73, 0.78, 0.97),
    "development_3": (0.92, 0.81, 0.86, 0.97),
    "development_4": (0.90, 0.78, 0.88, 0.94),
    "development_5": (0.92, 0.82, 0.91, 0.97),
    "development_6": (0.90, 0.75, 0.88, 0.93),
    "development_7": (0.91, 0.78, 0.90, 0.90),
    "development_8": (0.89, 0.73, 0.86, 0.97),
}
HELD_OUT = ("held_out", *(f"held_out_{number}" for number in range(2, 11)))


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    """The scorer's summary."""
    return measure(PROMPTS)


def measure(path: Path) -> dict[str, Any]:
    """Every prompt of a file answered and scored."""
    items = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    answers = [answer(item, generator=OFFLINE_PLANNER) for item in items]
    summary, _ = score.score_set(  # type: ignore[no-untyped-call]
        items, {line["id"]: line["response"] for line in answers}
    )
    return dict(summary)


def test_every_answer_is_valid_and_nothing_is_invented(measured: Any) -> None:
    total = measured["all"]
    assert total["valid"] == 1.0
    assert total["hallucinated_total"] == 0
    assert total["declared_consistent"] == 1.0


def test_the_right_tools_and_agents_in_the_right_places(measured: Any) -> None:
    total = measured["all"]
    assert total["resource_f1"] >= 0.95
    assert total["edge_f1"] >= 0.9
    assert total["structure"] >= 0.95
    assert total["new_f1"] >= 0.98


@pytest.mark.parametrize("name", FLOORS)
def test_prompts_it_was_made_for_are_understood_as_well_as_they_were(name: str) -> None:
    total = measure(FOLDER / f"{name}.jsonl")["all"]
    assert (total["valid"], total["hallucinated_total"]) == (1.0, 0)
    resources, edges, structure, suggestions = FLOORS[name]
    assert total["resource_f1"] >= resources
    assert total["edge_f1"] >= edges
    assert total["structure"] >= structure
    assert total["new_f1"] >= suggestions


@pytest.mark.parametrize("name", HELD_OUT)
def test_prompts_it_was_not_made_for_are_valid_and_invent_nothing(name: str) -> None:
    total = measure(FOLDER / f"{name}.jsonl")["all"]
    assert total["valid"] == 1.0
    assert total["hallucinated_total"] == 0
    assert total["declared_consistent"] == 1.0


def test_an_answer_without_steps_scores_nothing_instead_of_stopping_the_scorer() -> None:
    item = json.loads(PROMPTS.read_text(encoding="utf-8").splitlines()[0])
    empty = {"workflow": {"id": "x", "name": "x", "steps": []}, "explanation": "Nothing."}
    assert score.score_item(item, empty)["valid"] == 0  # type: ignore[no-untyped-call]
