"""Every case is a definition that the language accepts, with as many steps as it says."""

import pytest

from benchmarks.cases import Case, all_cases
from workflows.definition.normalise import normalise


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_a_case_is_a_definition(case: Case) -> None:
    definition = normalise(case.definition)
    assert len(definition.steps) == (1 if case.kind in ("loop", "calls") else case.count)
