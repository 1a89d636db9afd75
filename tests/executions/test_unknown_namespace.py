"""A namespace that Temporal does not know tells nothing about runs and schedules in it, whoever asks."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from pytest_django import Settings
from temporalio.service import RPCError
from temporalio.testing import ActivityEnvironment

from executions import temporal
from executions.activities.children import stop_child
from executions.activities.launches import await_run
from executions.engine.messages.children import ChildOf
from executions.models import WorkflowExecution
from executions.triggers import temporal_schedules
from tests.executions.engine.test_children import run_row
from tests.executions.flows import workflow_of

Given = TypeVar("Given")


@pytest.fixture(autouse=True)
def mistyped(settings: Settings) -> None:
    """As an operator may do it, between two starts."""
    settings.TEMPORAL_NAMESPACE = "mistyped"


@async_to_sync
async def call(activity: Callable[[Given], Awaitable[object]], given: Given) -> None:
    """The activity, as a worker of that namespace calls it."""
    await ActivityEnvironment(client=await temporal.connect()).run(activity, given)


def test_a_child_that_may_run_there_is_not_taken_for_one_that_never_started(
    transactional_db: None, alice: User
) -> None:
    parent = run_row(workflow_of(alice))
    child = run_row(workflow_of(alice), parent=parent)
    with pytest.raises(RPCError, match="mistyped"):
        call(stop_child, ChildOf(parent.pk, child.pk))
    assert set(WorkflowExecution.objects.values_list("status", flat=True)) == {"PENDING"}


def test_a_run_is_not_taken_for_over() -> None:
    with pytest.raises(RPCError, match="mistyped"):
        call(await_run, "execution-1")


def test_a_schedule_is_not_taken_for_removed() -> None:
    with pytest.raises(RPCError, match="mistyped"):
        async_to_sync(temporal_schedules.remove)("schedule-1")
