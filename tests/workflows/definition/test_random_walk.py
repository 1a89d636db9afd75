"""What the static analysis calls assigned is never missing at run time, and what it calls impossible never happens."""

import random

from tests.workflows.definition.random_definitions import random_definition
from tests.workflows.definition.walker import Walker
from tests.workflows.definition.worlds import CATALOGUE
from workflows.definition.checks import assignment
from workflows.definition.checks.subject import Subject
from workflows.definition.dataflow import analyse
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


def test_a_graph_that_is_not_followed_to_the_end_is_vague_but_not_wrong() -> None:
    facts = 0
    for seed in range(DEFINITIONS // 4):
        definition = normalise(random_definition(seed))
        flow = analyse(definition, max_passes=1)
        everywhere = {use.pointer for use in flow.uses}
        for walk in range(WALKS):
            walker = Walker(definition, flow, everywhere, random.Random(seed * 100 + walk))
            walker.walk()
            facts += walker.facts_confirmed
    assert facts > 100
