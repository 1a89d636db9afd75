"""Small definitions and workflows."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from workflows import services
from workflows.models import Workflow

MakeWorkflow = Callable[..., Workflow]


def stats_step(step_id: str = "stats", **fields: Any) -> dict[str, Any]:
    """A step that needs nothing but the product itself."""
    return {
        "id": step_id,
        "type": "tool",
        "tool": "native:text_stats",
        "arguments": {"text": "${user_input}"},
        **fields,
    }


def definition(*steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A definition that can run."""
    return {"steps": list(steps) or [stats_step()], **fields}


@pytest.fixture
def make_workflow(db: None) -> MakeWorkflow:
    """Stores a workflow of a user: `make_workflow(alice, "digest", category="text")`."""

    def make(by: User, workflow_id: str, **fields: Any) -> Workflow:
        steps = fields.pop("definition", definition())
        return services.create_workflow(
            by=by, definition={**steps, "id": workflow_id, "name": workflow_id}, **fields
        )

    return make
