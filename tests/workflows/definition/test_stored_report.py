"""What is said of a definition as it is stored follows from the one check that it passed on its way there."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows.definition.random_definitions import random_definition
from tests.workflows.definition.worlds import CATALOGUE, example, example_names
from workflows.definition.validate import report


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_it_is_what_a_second_check_would_say(seed: int) -> None:
    _compare(random_definition(seed))


def test_of_the_examples_too() -> None:
    for name in example_names():
        _compare(example(name))


def _compare(raw: object) -> None:
    found = report(raw, CATALOGUE)
    if found.definition is not None:
        canonical = found.definition.to_json()
        again = report(canonical, CATALOGUE)
        assert found.of_stored(canonical).to_json() == again.to_json()
