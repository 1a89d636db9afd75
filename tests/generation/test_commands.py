"""The management commands: what they print and how they end."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from generation.models import Generation
from tests.generation import score
from workflows.models import Workflow
from workflows.services import create_workflow

PROMPT = "Summarise the text and post the summary in Slack."
PROMPTS = Path(__file__).parent / "prompts.jsonl"


def run(*arguments: Any) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_a_design_is_drawn_as_a_tree(office: None, staff: User) -> None:
    told = run("generate_workflow", PROMPT)
    assert "Designed by offline-planner." in told
    assert "summarizer" in told
    assert "slack:post_message" in told
    assert not Workflow.objects.exists()


def test_with_apply_it_is_stored(office: None, alice: User) -> None:
    told = json.loads(
        run("generate_workflow", PROMPT, "--apply", "--name", "Digest", "--user", "alice", "--json")
    )
    workflow = Workflow.objects.get(pk=told["applied"]["workflow_id"])
    assert (workflow.name, workflow.created_by, workflow.can_execute) == ("Digest", alice, True)
    assert Generation.objects.get(pk=told["id"]).applied_workflow == workflow


def test_an_unknown_user_is_an_error(office: None) -> None:
    with pytest.raises(CommandError, match="no active user 'ghost'"):
        run("generate_workflow", PROMPT, "--user", "ghost")
    assert not Generation.objects.exists()


def test_a_short_prompt_is_an_error(staff: User) -> None:
    with pytest.raises(CommandError, match="10 to 4,000"):
        run("generate_workflow", "short")


def test_an_evaluation_writes_a_line_for_each_prompt(tmp_path: Path) -> None:
    out = tmp_path / "answers.jsonl"
    told = run("evaluate_generation", PROMPTS, "--out", out)
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    items = [json.loads(line) for line in PROMPTS.read_text(encoding="utf-8").splitlines()]
    assert [line["id"] for line in lines] == [item["id"] for item in items]
    assert {frozenset(line) for line in lines} == {frozenset({"id", "response", "seconds"})}
    assert f"{len(items)} of {len(items)} answered by offline-planner." in told
    summary, _ = score.score_set(  # type: ignore[no-untyped-call]
        items, {line["id"]: line["response"] for line in lines}
    )
    assert summary["all"]["valid"] == 1.0


def test_a_model_has_to_be_configured_to_be_evaluated(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="OPENAI_API_KEY"):
        run("evaluate_generation", PROMPTS, "--out", tmp_path / "x", "--generator", "openai")
    assert not (tmp_path / "x").exists()


def test_an_unreadable_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can't be read"):
        run("evaluate_generation", tmp_path / "none", "--out", tmp_path / "x")


@pytest.mark.django_db(transaction=True)
def test_stages_are_told_as_they_come(office: None, staff: User) -> None:
    told = run("generate_workflow", PROMPT, "--follow").splitlines()
    assert told[0].endswith("RUNNING")
    assert told[1].endswith("planning")
    assert any("Designed by offline-planner." in line for line in told)
    lines = [
        json.loads(line)
        for line in run("generate_workflow", PROMPT, "--follow", "--json").splitlines()
    ]
    assert [line["kind"] for line in lines[:-1]] == ["generation", "stage", "stage", "generation"]
    assert lines[-1]["status"] == "COMPLETED"


def test_generations_are_listed_shown_and_cancelled(alice: User, bob: User) -> None:
    row = Generation.objects.create(id="generation-1", prompt=PROMPT, created_by=alice)
    row.calls.create(
        number=1, purpose="plan", user=alice, day=timezone.now().date(), model="m",
        tokens_counted=15, input_tokens=10, output_tokens=5, cost_usd="0.5",
    )  # fmt: skip
    listed = json.loads(run("generations", "list", "--user", "alice", "--json"))["results"]
    assert [(r["id"], r["status"]) for r in listed] == [("generation-1", "PENDING")]
    assert "generation-1" in run("generations", "list", "--user", "alice", "--status", "PENDING")
    assert json.loads(run("generations", "list", "--user", "bob", "--json"))["results"] == []
    shown = json.loads(run("generations", "show", "generation-1", "--user", "alice", "--json"))
    assert shown["calls"][0]["tokens"] == 15
    assert "plan" in run("generations", "show", "generation-1", "--user", "alice")
    [usage] = json.loads(run("generations", "usage", "--user", "alice", "--json"))["results"]
    assert (usage["user"], usage["tokens"], usage["cost_usd"]) == ("alice", 15, 0.5)
    with pytest.raises(CommandError, match="no generation"):
        run("generations", "cancel", "generation-1", "--user", "bob")
    assert "is cancelled" in run("generations", "cancel", "generation-1", "--user", "alice")
    with pytest.raises(CommandError, match="ended already"):
        run("generations", "cancel", "generation-1", "--user", "alice")
    row.refresh_from_db()
    assert row.status == "CANCELLED"


def test_a_workflow_is_changed_from_the_command_line(alice: User) -> None:
    steps = [
        {"id": "count", "type": "tool", "tool": "native:text_stats", "arguments": {"text": "a"}},
        {"id": "pause", "type": "wait", "duration_seconds": 60},
    ]
    row = create_workflow(
        by=alice, definition={"id": "counting", "name": "Counting", "steps": steps}
    )
    shown = run("generate_workflow", "drop pause", "--workflow", "counting", "--user", "alice")
    assert "Change: Removed the wait step 'pause'." in shown
    row.refresh_from_db()
    assert row.version == 1
    run("generate_workflow", "drop pause", "--workflow", "counting", "--user", "alice", "--apply")
    row.refresh_from_db()
    assert (row.version, len(row.definition_json["steps"])) == (2, 1)


def test_a_change_that_is_not_understood_ends_with_an_error_when_applied(alice: User) -> None:
    create_workflow(by=alice, definition={"id": "counting", "name": "Counting", "steps": []})
    arguments = ("generate_workflow", "make it nicer", "--workflow", "counting", "--user", "alice")
    assert "Nothing was changed." in run(*arguments)
    with pytest.raises(CommandError, match="nothing to apply"):
        run(*arguments, "--apply")


def test_only_who_sees_a_workflow_changes_or_explains_it(alice: User, bob: User) -> None:
    create_workflow(by=alice, definition={"id": "counting", "name": "Counting", "steps": []})
    for command in (("generate_workflow", "drop it", "--workflow"), ("explain_workflow",)):
        with pytest.raises(CommandError, match="There is no workflow"):
            run(*command, "counting", "--user", "bob")
    assert not Generation.objects.exists()


def test_a_workflow_is_explained_on_the_terminal(alice: User) -> None:
    steps = [{"id": "pause", "type": "wait", "name": "\x1b[31m", "duration_seconds": 60}]
    create_workflow(by=alice, definition={"id": "w", "name": "Red\x1b[31m", "steps": steps})
    told = run("explain_workflow", "w", "--user", "alice")
    assert "pause [wait] Waits 1 minute. Then this list ends." in told
    assert "\x1b" not in told
    whole = json.loads(run("explain_workflow", "w", "--user", "alice", "--json"))
    assert (whole["version"], whole["steps"][0]["id"]) == (1, "pause")
    with pytest.raises(CommandError, match="no version 7"):
        run("explain_workflow", "w", "--user", "alice", "--version-number", "7")
