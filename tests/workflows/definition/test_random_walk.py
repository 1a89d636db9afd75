"""What the static analysis calls assigned is never missing at run time, and what it calls impossible never happens."""

import random

from tests.workflows.definition.random_definitions import random_definition
from tests.workflows.definition.walker import Walker
from tests.workflows.definition.worlds import CATALOGUE
from workflows.definition.checks import assignment
from workflows.definition.checks.subject import Subject
from workflows.definition.normalise import normalise

DEFINITIONS = 2_000
WALKS = 4


def test_no_walk_contradicts_the_analysis() -> None:
    facts = uses = steps = 0
    for seed in range(DEFINITIONS):
        definition = normalise(random_definition(seed))
        subject = Subject(definition, CATALOGUE)
        reported = {problem.path for problem in assignment.check(subject)}
        for walk in range(WALKS):
            walker = Walker(definition, subject.flow, reported, random.Random(seed * 100 + walk))
            walker.walk()
            facts += walker.facts_confirmed
            uses += walker.uses_confirmed
            steps += walker.steps_taken
    # The walks must have seen enough for silence to mean something.
    assert facts > 50_000
    assert uses > 4_000
    assert steps > 40_000
