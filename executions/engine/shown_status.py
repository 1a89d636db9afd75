"""What Temporal's own pages show beside its own status: that a run waits, by a search attribute that changes with it.

Temporal refuses a command with an attribute that its namespace does not know, and tries it again for ever. So only a
run that was started with the attribute, empty, changes it: then the server has taken it.
"""

import asyncio

from temporalio import workflow
from temporalio.common import SearchAttributeKey

from executions.engine.standing import Standing

STATUS = SearchAttributeKey.for_keyword("BuilderStatus")
WAITING = "WAITING"
# Temporal's own status says it all.
NOTHING_MORE = ""
# Before that a waiting run is Running there, and no more.
FIRST_ENGINE = 6


def show_soon(standing: Standing) -> None:
    """Once the workflow's code has gone on as far as it comes: a wait that follows another one costs nothing."""
    asyncio.get_running_loop().call_soon(_show, standing)


def show_nothing_more() -> None:
    """For a Temporal run that another one follows: it does not wait itself any more."""
    _set(NOTHING_MORE)


def _show(standing: Standing) -> None:
    _set(WAITING if standing.is_waiting else NOTHING_MORE)


def _set(status: str) -> None:
    shown = workflow.info().typed_search_attributes.get(STATUS)
    if shown not in (None, status):
        workflow.upsert_search_attributes([STATUS.value_set(status)])
