"""Explanations: every step of every type in sentences, also deep inside, and only what the reader may see."""

import random

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from generation.explaining.definitions import explain
from tests.conftest import ClientFor
from tests.generation.catalogues import OFFICE
from tests.generation.refining.flows import REPLY
from tests.workflows.definition.random_definitions import Generator
from tests.workflows.definition.worlds import CATALOGUE, example, example_names
from workflows.definition.catalogue import Catalogue
from workflows.definition.fields import STEP_CLASSES
from workflows.definition.normalise import normalise
from workflows.definition.problems import DefinitionError
from workflows.definition.steps import walk
from workflows.models import Workflow
from workflows.services import create_workflow, save_workflow

STEPS = [{"id": "count", "type": "tool", "tool": "native:text_stats", "arguments": {"text": "a"}}]


def test_a_workflow_is_told_in_sentences() -> None:
    told = explain(REPLY, OFFICE)
    assert told.summary == (
        "Reply. It has 4 steps and begins with 'read-ticket'. It works with Reply Drafter (reply_drafter) and "
        "Sentiment Analyzer (sentiment_analyzer). It uses gmail:send_email and zendesk:get_ticket."
    )
    assert [step.text for step in told.steps] == [
        "Calls the tool zendesk:get_ticket (Read a support ticket) with input = ${user_input}. Then 'draft' follows.",
        (
            "The agent Reply Drafter (reply_drafter) (Writes a reply to a customer e-mail) works, in at most 10 turns. "
            "It reads 'read-ticket'. Then 'tone' follows."
        ),
        (
            "The agent Sentiment Analyzer (sentiment_analyzer) (Scores the emotional tone of a text) works, in at most "
            "10 turns. It reads 'read-ticket'. Then 'send' follows."
        ),
        (
            "Calls the tool gmail:send_email (Send an e-mail message to one or more recipients) with input = "
            "${steps.draft.output}. Then this list ends."
        ),
    ]


def test_every_type_of_step_is_told_wherever_it_stands() -> None:
    chance, types, nested = random.Random(7), set[str](), 0
    for _ in range(150):
        try:
            definition = normalise(Generator(chance).definition())
        except DefinitionError:
            continue
        told = explain(definition, CATALOGUE)
        assert [step.id for step in told.steps] == [step.id for _, step in walk(definition.steps)]
        assert all(step.text.endswith(".") and "None" not in step.text for step in told.steps)
        types |= {step.type for step in told.steps}
        nested += sum("/" in step.container for step in told.steps)
    assert types == set(STEP_CLASSES)
    assert nested > 20


@pytest.mark.parametrize("name", example_names())
def test_the_examples_of_the_language_are_told(name: str) -> None:
    told = explain(normalise(example(name)), CATALOGUE)
    assert all(step.text for step in told.steps)


def test_what_the_reader_may_not_see_stays_a_bare_id() -> None:
    told = explain(REPLY, Catalogue())
    assert "The agent reply_drafter works" in told.steps[1].text
    assert "Calls the tool gmail:send_email with" in told.steps[3].text


def test_an_empty_workflow_is_told_too() -> None:
    empty = normalise({"id": "w", "name": "Draft", "steps": []})
    assert explain(empty, Catalogue()).summary == "Draft. It has no steps yet."


@pytest.fixture
def workflow(alice: User) -> Workflow:
    """Counts words."""
    return create_workflow(
        by=alice, definition={"id": "counting", "name": "Counting", "steps": STEPS}
    )


def test_a_stored_workflow_is_explained(workflow: Workflow, api: APIClient, alice: User) -> None:
    save_workflow(workflow, by=alice, name="Words")
    now = api.post("/api/v1/workflows/counting/explain").json()
    assert (now["workflow_id"], now["version"], now["summary"][:6]) == ("counting", 2, "Words.")
    before = api.post("/api/v1/workflows/counting/explain", {"version": 1}).json()
    assert (before["version"], before["summary"][:9]) == (1, "Counting.")
    assert [step["id"] for step in before["steps"]] == ["count"]
    assert api.post("/api/v1/workflows/counting/explain", {"version": 9}).status_code == 404
    assert api.post("/api/v1/workflows/counting/explain", {"version": "x"}).status_code == 400


def test_others_get_no_explanation(workflow: Workflow, bob: User, client_for: ClientFor) -> None:
    assert client_for(bob).post("/api/v1/workflows/counting/explain").status_code == 404
    assert client_for(bob).post("/api/v1/workflows/counting/repair").status_code == 404
