"""Instructions without a model: what is understood, what it changes, and what changes nothing."""

import json
from dataclasses import replace
from typing import Any

import pytest

from generation.refining.refinement import refine_offline
from generation.refining.request import RefineRequest
from tests.generation.catalogues import OFFICE, tool
from tests.generation.refining.flows import REPLY, flow, refined_by, said, step
from tests.workflows.definition.worlds import choice
from workflows.definition.normalise import normalise
from workflows.definition.steps import to_json, walk

ORDER = ["read-ticket", "draft", "tone", "send"]


@pytest.mark.parametrize(
    ("instruction", "order"),
    [
        ("add a translation before send", ["read-ticket", "draft", "tone", "translator", "send"]),
        ("add a step that translates the reply to German before send",
         ["read-ticket", "draft", "tone", "translator", "send"]),
        ("Add a summary step after draft.", ["read-ticket", "draft", "summarizer", "tone", "send"]),
        ("at the end post it in Slack", [*ORDER, "post-message"]),
        ("notify the team in Slack when everything is done", [*ORDER, "post-message"]),
        ("first create a Jira ticket", ["create-ticket", *ORDER]),
        ("please remove tone", ["read-ticket", "draft", "send"]),
        ("don't score the tone any more", ["read-ticket", "draft", "send"]),
        ("ask me before the e-mail is sent", ["read-ticket", "draft", "tone", "approval", "send"]),
        ("add an approval before send", ["read-ticket", "draft", "tone", "approval", "send"]),
        ("wait 2 hours before send", ["read-ticket", "draft", "tone", "wait", "send"]),
        ("move tone before draft", ["read-ticket", "tone", "draft", "send"]),
        ("move tone to the end", ["read-ticket", "draft", "send", "tone"]),
        ("swap draft and tone", ["read-ticket", "tone", "draft", "send"]),
        ("run draft and tone in parallel", ["read-ticket", "at-the-same-time", "send"]),
        ("create a Jira ticket before draft and remove tone",
         ["read-ticket", "create-ticket", "draft", "send"]),
        ("entferne tone", ["read-ticket", "draft", "send"]),
        ("verschiebe tone vor draft", ["read-ticket", "tone", "draft", "send"]),
        ("warte 2 Stunden vor send", ["read-ticket", "draft", "tone", "wait", "send"]),
        ("elimina tone", ["read-ticket", "draft", "send"]),
        ("supprime tone", ["read-ticket", "draft", "send"]),
        ("demande-moi avant send", ["read-ticket", "draft", "tone", "approval", "send"]),
    ],
)  # fmt: skip
def test_an_instruction_changes_the_flow(instruction: str, order: list[str]) -> None:
    followed = said(instruction)
    assert followed.refusals == []
    assert flow(followed.outcome.definition) == order
    assert followed.outcome.new_errors == []


@pytest.mark.parametrize(
    ("instruction", "name", "field", "value"),
    [
        ("set the timeout of draft to 5 minutes", "draft", "timeout", 300),
        ("rename draft to Antwort", "draft", "name", "Antwort"),
        ("replace reply_drafter with summarizer", "draft", "agent_id", "summarizer"),
        ("use slack:post_message instead of gmail:send_email", "send", "tool", "slack:post_message"),
        ("benenne draft in Antwort um", "draft", "name", "Antwort"),
        ("ersetze reply_drafter durch summarizer", "draft", "agent_id", "summarizer"),
    ],
)  # fmt: skip
def test_an_instruction_changes_one_field(
    instruction: str, name: str, field: str, value: object
) -> None:
    followed = said(instruction)
    assert followed.refusals == []
    after, before = to_json(step(followed.outcome.definition, name)), to_json(step(REPLY, name))
    assert after == before | {field: value}


def test_a_step_may_be_tried_again() -> None:
    after = said("retry send 3 times").outcome.definition
    assert step(after, "send").retry.max_attempts == 4


def test_the_workflow_gets_another_name_and_description() -> None:
    after = said('rename the workflow to Antworten; set the description to "Answers mail"').outcome
    assert (after.definition.name, after.definition.description) == ("Antworten", "Answers mail")


def test_what_follows_reads_what_a_new_step_made_of_its_input() -> None:
    after = said("translate the reply into Spanish before sending it").outcome.definition
    assert step(after, "send").arguments == {"input": "${steps.translator.output}"}
    assert "${steps.draft.output}" in step(after, "translator").input


def test_what_read_a_removed_step_reads_what_that_had_read() -> None:
    followed = said("remove draft")
    assert step(followed.outcome.definition, "send").arguments == {
        "input": "${steps.read-ticket.output}"
    }
    assert any("'draft'" in note for note in followed.outcome.notes)


def test_steps_at_the_same_time_are_read_as_branches() -> None:
    after = said("run draft and tone at the same time").outcome.definition
    assert step(after, "send").arguments == {
        "input": "${steps.at-the-same-time.branches.draft.output}"
    }


def test_a_rejection_ends_the_flow_before_the_guarded_step() -> None:
    approval = step(said("ask me before send").outcome.definition, "approval")
    assert (approval.on_reject, approval.next) == ("end", "send")
    assert "E-mail the customer" in approval.approval_message


def test_at_the_end_is_the_end_of_every_way() -> None:
    fork = normalise(
        {
            "id": "fork",
            "name": "Fork",
            "steps": [
                choice("kind", {"a": "one"}, default="two"),
                {"id": "one", "type": "wait", "duration_seconds": 1, "next": "end"},
                {"id": "two", "type": "wait", "duration_seconds": 2, "next": "end"},
            ],
        }
    )
    after = said("post it in Slack at the end", fork).outcome.definition
    assert {step(after, name).next for name in ("one", "two")} == {"post-message"}


@pytest.mark.parametrize(
    ("instruction", "told"),
    [
        ("frobnicate the thing", "it was not understood. Say it like: \"remove draft\""),
        ("make it better", "Say it like"),
        ("order pizza before send", "No agent or tool of yours"),
        ("remove everything", "The steps are"),
        ("remove the review", "The steps are"),
        ("replace draft with frobnicator", "is called 'frobnicator'"),
        ("repeat draft 3 times", "would break the workflow"),
        ("move draft before draft", "there already"),
        ("swap draft and draft", "two different steps"),
        ("run draft and send in parallel", "would break the workflow"),
        ("set the colour of draft to red", "can't be set"),
    ],
)  # fmt: skip
def test_what_is_not_understood_changes_nothing_and_says_so(instruction: str, told: str) -> None:
    followed = said(instruction)
    assert followed.outcome.definition is REPLY
    assert len(followed.refusals) == 1
    assert told in followed.refusals[0]


def test_words_that_could_mean_two_steps_are_no_guess() -> None:
    two = normalise(
        {
            "id": "two",
            "name": "Two",
            "steps": [
                {"id": "send-a", "type": "wait", "name": "Send", "duration_seconds": 1},
                {"id": "send-b", "type": "wait", "name": "Send", "duration_seconds": 1},
            ],
        }
    )
    followed = said("remove send", two)
    assert followed.outcome.definition is two
    assert "'send-a', 'send-b'" in followed.refusals[0]


def test_a_part_that_is_not_understood_leaves_the_others() -> None:
    followed = said("remove tone; frobnicate it")
    assert flow(followed.outcome.definition) == ["read-ticket", "draft", "send"]
    assert len(followed.refusals) == 1


def test_a_destructive_tool_comes_with_an_approval() -> None:
    wipe = tool("zendesk:delete_ticket", "Delete a support ticket", destructive=True)
    catalogue = replace(OFFICE, tools={**OFFICE.tools, wipe.id: wipe})

    def made(instruction: str) -> dict[str, Any]:
        request = RefineRequest(
            prompt=instruction, catalogue=catalogue, definition=REPLY, version=1
        )
        return refine_offline(request).result

    guarded = made("add zendesk:delete_ticket at the end")
    assert flow(normalise(guarded["workflow"])) == [
        *ORDER,
        "approve-delete-ticket",
        "delete-ticket",
    ]
    unasked = made("add zendesk:delete_ticket at the end; do not ask")
    assert flow(normalise(unasked["workflow"])) == [*ORDER, "delete-ticket"]
    assert any("can't be undone" in warning for warning in unasked["warnings"])


async def test_nothing_changed_is_said_plainly() -> None:
    made = (await refined_by("make it better")).drafted.result
    assert made["explanation"] == "Nothing was changed."
    assert (made["changes"], made["operations"]) == ([], [])
    assert made["workflow"] == REPLY.to_json()
    assert "make it better" in made["warnings"][0]


async def test_a_result_tells_its_changes_in_sentences() -> None:
    made = (await refined_by("remove tone")).drafted.result
    assert made["refines"] == {"workflow_id": "reply", "version": 3}
    assert [one["text"] for one in made["changes"] if one["kind"] == "step"] == [
        "Removed the agent step 'tone' (Score the tone)."
    ]
    edges = [one for one in made["changes"] if one["kind"] == "edge"]
    assert {(one["edge_kind"], one["change"], one["target"]) for one in edges} == {
        ("next", "added", "send"),
        ("next", "removed", "send"),
        ("next", "removed", "tone"),
    }
    assert made["explanation"] == "Removed the agent step 'tone' (Score the tone)."
    assert made["operations"] == [{"remove": "tone"}]
    assert made["can_execute"] is True


INSTRUCTIONS = [
    "remove {a}", "move {a} before {b}", "swap {a} and {b}", "wait 2 hours before {a}",
    "ask me before {a}", "run {a} and {b} in parallel", "rename {a} to X", "add a translation before {b}",
    "set the timeout of {a} to 9 seconds", "post it in Slack at the end", "repeat {a} 3 times",
]  # fmt: skip


@pytest.mark.parametrize("pattern", INSTRUCTIONS)
def test_what_an_instruction_does_not_name_stays_byte_identical(pattern: str) -> None:
    ids = [one.id for _, one in walk(REPLY.steps)]
    for first in ids:
        for second in ids:
            followed = said(pattern.format(a=first, b=second))
            changed = {one.step for one in followed.outcome.difference.steps}
            for name in set(ids) - changed:
                after = to_json(step(followed.outcome.definition, name))
                before = to_json(step(REPLY, name))
                assert json.dumps(after | {"next": ""}) == json.dumps(before | {"next": ""})
            assert followed.outcome.new_errors == []
