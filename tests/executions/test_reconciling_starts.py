"""A run whose start fails by a mistake of ours is tried a few times, and then says so."""

import pytest

from executions.reconciling import MAX_START_FAILURES, reconcile_all
from tests.executions.conftest import Runner
from tests.executions.flows import RENDER


def test_a_start_that_always_fails_is_given_up_with_the_reason(
    runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    broken = runner.prepare({"steps": [RENDER]}, {})
    broken.workflow.versions.update(definition_json={"steps": 7})
    broken.workflow.definition_json = {"steps": 7}
    broken.workflow.save()
    for _ in range(MAX_START_FAILURES - 1):
        assert reconcile_all(older_than_seconds=0)["left"] == [broken.pk]
        broken.refresh_from_db()
        assert broken.status == "PENDING"
    assert reconcile_all(older_than_seconds=0)["finished"] == [broken.pk]
    broken.refresh_from_db()
    assert (broken.status, broken.error_kind) == ("FAILED", "internal")
    assert "could not be started" in broken.error
    assert broken.error_hint
    assert reconcile_all(older_than_seconds=0) == {"started": [], "finished": [], "left": []}
