"""Several objects at the same time that one agent works on: a branch for each."""

import pytest

from generation.drafting import DraftRequest, plan_offline
from tests.generation.catalogues import CRITIC, TRANSLATOR, catalogue
from workflows.definition.catalogue import Catalogue

HOME = catalogue(TRANSLATOR, CRITIC)


def branches(prompt: str, known: Catalogue = HOME) -> list[str]:
    """The first line of what each branch of the first step is told."""
    result = plan_offline(DraftRequest(prompt=prompt, catalogue=known)).result
    step = result["workflow"]["steps"][0]
    return [branch["steps"][0]["input"].splitlines()[0] for branch in step["branches"]]


@pytest.mark.parametrize("known", [HOME, catalogue(CRITIC)], ids=["there", "to be created"])
def test_each_language_is_a_branch(known: Catalogue) -> None:
    prompt = "Translate my text to German and French at the same time."
    told = ["Translate my text to German", "Translate my text to French"]
    assert branches(prompt, known) == told


def test_one_after_the_other_is_one_step() -> None:
    result = plan_offline(
        DraftRequest(prompt="Translate my text to German and French.", catalogue=HOME)
    ).result
    assert [step["type"] for step in result["workflow"]["steps"]] == ["agent"]


def test_who_only_judges_puts_nothing_together() -> None:
    prompt = "Translate my text to German and French at the same time, then put both together."
    result = plan_offline(DraftRequest(prompt=prompt, catalogue=HOME)).result
    assert [step["type"] for step in result["workflow"]["steps"]] == ["parallel"]
    assert result["warnings"] == ["Nothing in the catalogue covers this part: 'put together both'."]
