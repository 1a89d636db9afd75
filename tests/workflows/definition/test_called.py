"""Workflows that steps run."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.workflows.definition.worlds import CATALOGUE, workflow
from workflows.definition.catalogue import Catalogue, WorkflowEntry
from workflows.definition.validate import report

ENTRIES = (
    WorkflowEntry("child", version=3),
    WorkflowEntry("archived", is_active=False),
    WorkflowEntry("circle", calls_back=True),
    WorkflowEntry("broken", can_execute=False, version=2),
    WorkflowEntry("mended", can_execute=False, version=2, published_version=1),
)


class World:
    """A catalogue that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[set[str], str]] = []

    def find(self, ids: Collection[str], *, asked_by: str) -> Mapping[str, WorkflowEntry]:
        self.asked.append((set(ids), asked_by))
        return {entry.id: entry for entry in ENTRIES if entry.id in ids}

    @property
    def catalogue(self) -> Catalogue:
        return replace(CATALOGUE, find_workflows=self.find)


def call(workflow_id: str, **fields: Any) -> dict[str, Any]:
    """A step that runs a workflow."""
    return {"id": f"run-{workflow_id}", "type": "workflow", "workflow_id": workflow_id} | fields


@pytest.mark.parametrize(
    ("step", "code", "severity", "field"),
    [
        (call("nothing"), "unknown_workflow", "error", "workflow_id"),
        (call("archived"), "inactive_workflow", "error", "workflow_id"),
        (call("circle"), "workflow_cycle", "error", "workflow_id"),
        (call("w"), "workflow_cycle", "error", "workflow_id"),
        (call("child", version=4), "unknown_version", "error", "version"),
        (call("broken"), "workflow_blocked", "warning", "workflow_id"),
        (call("broken", version=2), "workflow_blocked", "warning", "workflow_id"),
    ],
)
def test_what_cant_be_run_is_found(
    step: dict[str, Any], code: str, severity: str, field: str
) -> None:
    found = report(workflow(step), World().catalogue)
    assert [(p.code, p.severity, p.path) for p in found.problems] == [
        (code, severity, f"/steps/0/{field}")
    ]
    assert found.blocked_steps == ([step["id"]] if severity == "error" else [])
    assert found.can_execute is (severity == "warning")


@pytest.mark.parametrize(
    "step",
    [call("child"), call("child", version=3), call("broken", version=1), call("mended")],
)
def test_what_can_be_run_gives_no_finding(step: dict[str, Any]) -> None:
    assert report(workflow(step), World().catalogue).problems == []


def test_workflows_are_looked_up_once_for_the_whole_definition() -> None:
    world = World()
    steps = [call("child"), call("circle"), call("w"), call("child") | {"id": "again"}]
    report(workflow(*steps), world.catalogue)
    assert world.asked == [({"child", "circle"}, "w")]


def test_without_such_steps_nothing_is_looked_up() -> None:
    world = World()
    report(workflow({"id": "a", "type": "wait", "duration_seconds": 1}), world.catalogue)
    assert world.asked == []
