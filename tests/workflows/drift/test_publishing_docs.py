"""The requests and answers that docs/publishing.md shows, one after the other as they stand there."""

import json
import re
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from rest_framework.test import APIClient

from tests.workflows.drift.conftest import SEARCH, Change

PAGE = Path(__file__).parents[3] / "docs" / "publishing.md"
EXAMPLE = re.compile(
    r"```\n(?P<method>[A-Z]+) (?P<address>/\S+)\n(?P<body>\{.*?\n)?```"
    r"(?:\n```json\n(?P<answer>.*?)```)?",
    re.DOTALL,
)
WITHOUT_LIMIT = {**SEARCH, "properties": {"query": SEARCH["properties"]["query"]}}


def holds(answer: Any, shown: Any) -> bool:
    """Whether everything that the page shows of the answer is in it."""
    if isinstance(shown, dict):
        return isinstance(answer, dict) and all(
            key in answer and holds(answer[key], value) for key, value in shown.items()
        )
    if isinstance(shown, list):
        return isinstance(answer, list) and all(map(holds, answer, shown))
    return bool(answer == shown)


def test_the_page_does_what_it_says(api: APIClient, alice: User, change: Change) -> None:
    change("search", input_schema=WITHOUT_LIMIT)
    seen = []
    for example in EXAMPLE.finditer(PAGE.read_text()):
        state = api.get("/api/v1/workflows/digest/drift").json()["state"]
        body = json.loads((example["body"] or "null").replace("$state", state))
        method, address = example["method"].lower(), example["address"]
        if address.endswith("/accept"):
            # Something that can be accepted.
            change("search", input_schema=WITHOUT_LIMIT, description="x", schema_hash="anew")
            body["state"] = api.get("/api/v1/workflows/digest/drift").json()["state"]
        answer = getattr(api, method)(address, body)
        assert answer.status_code == 200, answer.content
        if example["answer"]:
            shown = json.loads(example["answer"])
            assert holds(answer.json(), shown), json.dumps(answer.json(), indent=1)
        seen.append(f"{method} {address.rpartition('/')[2]}")
    assert seen == ["get drift", "patch digest", "post accept", "get events"]
    assert not api.get("/api/v1/workflows/digest/drift").json()["is_drifted"]
