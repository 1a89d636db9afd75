"""The requests that docs/generation.md begins with, as they stand there, one after the other."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from workflows.models import Workflow
from workflowsite.celery import app

PAGE = Path(__file__).parents[2] / "docs" / "generation.md"


@pytest.fixture(autouse=True)
def done_at_once() -> Iterator[None]:
    """Celery's tasks run where they are sent: no worker is needed."""
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def examples() -> list[tuple[str, str]]:
    """Address and body of every request of the section."""
    section = PAGE.read_text().split("## In five requests\n")[1].split("\n## ")[0]
    return re.findall(r"```\nPOST (\S+)\n(\{.*?\})\n```", section, re.DOTALL)


@pytest.mark.django_db(transaction=True)
def test_the_requests_of_the_page_do_what_it_says(api: APIClient) -> None:
    names = {"generation": "", "workflow": ""}
    answers: list[Any] = []
    for address, body in examples():
        filled = [_filled(text, names) for text in (address, body)]
        answer = api.post(f"/api/v1{filled[0]}", json.loads(filled[1]))
        assert answer.status_code in (200, 201), answer.content
        answers.append(answer.json())
        if address.startswith("/workflows/generate?"):
            names["generation"] = answers[-1]["id"]
        if address == "/workflows/generate/apply":
            names["workflow"] = answers[-1]["workflow"]["id"]
    designed, stored, changed, _, explained = answers
    assert designed["status"] == changed["status"] == "COMPLETED"
    assert stored["workflow"]["name"] == "Words and addresses"
    assert any(change.get("type") == "wait" for change in changed["result"]["changes"])
    row = Workflow.objects.get()
    assert row.version == 2
    kinds = [step["type"] for step in row.definition_json["steps"]]
    assert kinds == ["tool", "wait", "tool"]
    assert "wait" in json.dumps(explained).lower()


def _filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text
