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

PROMPTS = Path(__file__).parent / "prompts.jsonl"
DEVELOPMENT = Path(__file__).parent / "development.jsonl"
DEVELOPMENT_2 = Path(__file__).parent / "development_2.jsonl"
DEVELOPMENT_3 = Path(__file__).parent / "development_3.jsonl"
DEVELOPMENT_4 = Path(__file__).parent / "development_4.jsonl"
DEVELOPMENT_6 = Path(__file__).parent / "development_6.jsonl"
DEVELOPMENT_5 = Path(__file__).parent / "development_5.jsonl"
HELD_OUT = (
    "held_out.jsonl",
    "held_out_2.jsonl",
    "held_out_3.jsonl",
    "held_out_4.jsonl",
    "held_out_5.jsonl",
)
SECONDS = 0.3


@pytest.fixture(scope="module")
def measured() -> tuple[dict[str, Any], list[float]]:
    """The scorer's summary, and how long each answer took."""
    return measure(PROMPTS)


def measure(path: Path) -> tuple[dict[str, Any], list[float]]:
    """Every prompt of a file answered and scored."""
    items = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    answers = [answer(item, generator=OFFLINE_PLANNER) for item in items]
    summary, _ = score.score_set(  # type: ignore[no-untyped-call]
        items, {line["id"]: line["response"] for line in answers}
    )
    return summary, [line["seconds"] for line in answers]


def test_every_answer_is_valid_and_nothing_is_invented(measured: Any) -> None:
    total = measured[0]["all"]
    assert total["valid"] == 1.0
    assert total["hallucinated_total"] == 0
    assert total["declared_consistent"] == 1.0


def test_the_right_tools_and_agents_in_the_right_places(measured: Any) -> None:
    total = measured[0]["all"]
    assert total["resource_f1"] >= 0.95
    assert total["edge_f1"] >= 0.9
    assert total["structure"] >= 0.95
    assert total["new_f1"] >= 0.98


def test_answers_come_at_once(measured: Any) -> None:
    seconds = sorted(measured[1])
    assert seconds[int(len(seconds) * 0.95)] <= SECONDS


def test_other_wordings_and_catalogues_are_understood_too() -> None:
    total = measure(DEVELOPMENT)[0]["all"]
    assert (total["valid"], total["hallucinated_total"]) == (1.0, 0)
    assert total["resource_f1"] >= 0.91
    assert total["edge_f1"] >= 0.78
    assert total["structure"] >= 0.87
    assert total["new_f1"] >= 0.95


def test_prompts_of_others_are_understood_as_well_as_they_were() -> None:
    total = measure(DEVELOPMENT_2)[0]["all"]
    assert (total["valid"], total["hallucinated_total"]) == (1.0, 0)
    assert total["resource_f1"] >= 0.83
    assert total["edge_f1"] >= 0.62
    assert total["structure"] >= 0.72
    assert total["new_f1"] >= 0.94


def test_control_flow_that_other_words_tell_is_understood_as_well_as_it_was() -> None:
    total = measure(DEVELOPMENT_3)[0]["all"]
    assert (total["valid"], total["hallucinated_total"]) == (1.0, 0)
    assert total["resource_f1"] >= 0.85
    assert total["edge_f1"] >= 0.65
    assert total["structure"] >= 0.82
    assert total["new_f1"] >= 0.96


def test_the_latest_prompts_are_understood_as_well_as_they_were() -> None:
    total = measure(DEVELOPMENT_4)[0]["all"]
    assert (total["valid"], total["hallucinated_total"]) == (1.0, 0)
    assert total["resource_f1"] >= 0.88
    assert total["edge_f1"] >= 0.7
    assert total["structure"] >= 0.8
    assert total["new_f1"] >= 0.93


def test_prompts_of_another_author_are_understood_as_well_as_they_were() -> None:
    total = measure(DEVELOPMENT_6)[0]["all"]
    assert (total["valid"], total["hallucinated_total"]) == (1.0, 0)
    assert total["resource_f1"] >= 0.87
    assert total["edge_f1"] >= 0.7
    assert total["structure"] >= 0.87
    assert total["new_f1"] >= 0.93


def test_prompts_of_one_more_author_are_understood_as_well_as_they_were() -> None:
    total = measure(DEVELOPMENT_5)[0]["all"]
    assert (total["valid"], total["hallucinated_total"]) == (1.0, 0)
    assert total["resource_f1"] >= 0.9
    assert total["edge_f1"] >= 0.75
    assert total["structure"] >= 0.8
    assert total["new_f1"] >= 0.95


@pytest.mark.parametrize("name", HELD_OUT)
def test_prompts_it_was_not_made_for_are_valid_and_invent_nothing(name: str) -> None:
    total = measure(Path(__file__).parent / name)[0]["all"]
    assert total["valid"] == 1.0
    assert total["hallucinated_total"] == 0
    assert total["declared_consistent"] == 1.0


def test_an_answer_without_steps_scores_nothing_instead_of_stopping_the_scorer() -> None:
    item = json.loads(PROMPTS.read_text(encoding="utf-8").splitlines()[0])
    empty = {"workflow": {"id": "x", "name": "x", "steps": []}, "explanation": "Nothing."}
    assert score.score_item(item, empty)["valid"] == 0  # type: ignore[no-untyped-call]
