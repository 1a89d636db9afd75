"""What Temporal's own pages know of a run, and what happens where they don't know our attributes."""

import time
import uuid
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from pytest_django import Settings
from temporalio.api.operatorservice.v1 import RemoveSearchAttributesRequest
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.service import RPCError

from executions import temporal, visibility
from executions.models import WorkflowExecution
from executions.starts.starting import start_on_temporal
from tests.executions.conftest import Ran, Runner
from workflowsite.localstack import temporal_server


def described(runner: Runner, execution: WorkflowExecution) -> WorkflowExecutionDescription:
    """What Temporal tells of it, once it has ended."""
    Ran(runner.worker, execution.pk).wait()
    found = runner.worker.call(temporal.describe(execution.pk))
    assert found is not None
    return found


def test_a_run_can_be_found_by_workflow_user_and_trigger(runner: Runner) -> None:
    execution = runner.prepare({"steps": [{"id": "e", "type": "end"}]}, {})
    start_on_temporal(execution)
    found = described(runner, execution)
    attributes = found.typed_search_attributes
    assert attributes[visibility.WORKFLOW] == "tried"
    assert (attributes[visibility.USER], attributes[visibility.TRIGGER]) == ("alice", "api")
    memo = runner.worker.call(found.memo())
    assert (memo["workflow_id"], memo["workflow_version"], memo["user"]) == ("tried", 1, "alice")


def test_the_local_server_knows_the_same_attributes() -> None:
    assert temporal_server.SEARCH_ATTRIBUTES == visibility.NAMES


def test_where_they_are_unknown_a_run_starts_without_them(
    runner: Runner, settings: Settings
) -> None:
    execution = runner.prepare({"steps": [{"id": "e", "type": "end"}]}, {})
    settings.TEMPORAL_NAMESPACE = runner.worker.call(_bare_namespace())
    start_on_temporal(execution)
    found = runner.worker.call(temporal.describe(execution.pk))
    assert found is not None
    assert list(found.typed_search_attributes) == []
    assert runner.worker.call(found.memo())["user"] == "alice"
    # A worker registers them when it starts.
    missing = runner.worker.call(_registered())
    assert missing == []


async def _bare_namespace() -> str:
    """A namespace without our attributes."""
    client = await temporal.connect()
    name = f"bare-{uuid.uuid4().hex[:8]}"
    day = Duration()
    day.FromTimedelta(timedelta(days=1))
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=day)
    )
    bare = await Client.connect(client.service_client.config.target_host, namespace=name)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            missing = await visibility.missing(bare)
            if known := [item for item in visibility.NAMES if item not in missing]:
                await bare.operator_service.remove_search_attributes(
                    RemoveSearchAttributesRequest(namespace=name, search_attributes=known)
                )
        except RPCError:
            continue
        else:
            return name
    raise AssertionError("the namespace did not come into being")


async def _registered() -> list[str]:
    client = await temporal.connect()
    await visibility.register(client)
    return await visibility.missing(client)
