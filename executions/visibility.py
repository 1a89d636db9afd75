"""What Temporal's own pages show of a run: its workflow, user and trigger, and whether it waits, to read and to search by.

The status is Temporal's own, to which a run adds that it waits (`engine/shown_status.py`).
"""

import logging
import time
from dataclasses import dataclass

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

from executions.engine.messages.run_input import RunInput
from executions.engine.shown_status import NOTHING_MORE, STATUS

logger = logging.getLogger(__name__)

WORKFLOW = SearchAttributeKey.for_keyword("BuilderWorkflow")
USER = SearchAttributeKey.for_keyword("BuilderUser")
TRIGGER = SearchAttributeKey.for_keyword("BuilderTrigger")
NAMES = (WORKFLOW.name, USER.name, TRIGGER.name, STATUS.name)
# A server learns of new attributes within a minute or so.
FORGET_SECONDS = 60.0

# When a namespace refused them last.
_refused_at: dict[str, float] = {}


@dataclass(frozen=True)
class Labels:
    """Who started which version how."""

    user: str
    trigger: str
    version: int


def attributes_of(client: Client, run_input: RunInput, labels: Labels) -> TypedSearchAttributes:
    """The run's search attributes; none for a namespace that has just refused them."""
    refused_at = _refused_at.get(client.namespace)
    if refused_at is not None and time.monotonic() - refused_at < FORGET_SECONDS:
        return TypedSearchAttributes.empty
    return TypedSearchAttributes(
        [
            SearchAttributePair(SearchAttributeKey.for_keyword(name), value)
            for name, value in _values(run_input, labels).items()
        ]
    )


async def known_attributes(client: Client, run_input: RunInput, labels: Labels) -> dict[str, str]:
    """The run's search attributes by name, for whoever can't try; none where the namespace lacks one, or does not tell."""
    try:
        lacking = await missing(client)
    except RPCError as error:
        logger.info("Temporal does not tell its search attributes: %s", error)
        return {}
    return {} if lacking else _values(run_input, labels)


def _values(run_input: RunInput, labels: Labels) -> dict[str, str]:
    return {
        WORKFLOW.name: str(run_input.definition.get("id", "")),
        USER.name: labels.user,
        TRIGGER.name: labels.trigger,
        STATUS.name: NOTHING_MORE,
    }


def memo_of(run_input: RunInput, labels: Labels | None) -> dict[str, str | int]:
    """What belongs to the run without being searched by."""
    definition = run_input.definition
    known: dict[str, str | int] = {
        "workflow_id": str(definition.get("id", "")),
        "workflow_name": str(definition.get("name", "")),
    }
    if labels is None:
        return known
    return known | {
        "workflow_version": labels.version,
        "user": labels.user,
        "triggered_by": labels.trigger,
    }


def details_of(run_input: RunInput, labels: Labels) -> str:
    """Two lines of Markdown."""
    workflow_id = run_input.definition.get("id", "")
    kind = "simulated run" if run_input.simulate else "run"
    return (
        f"A {kind} of workflow `{workflow_id}`, version {labels.version}\n\n"
        f"Started by {labels.user} ({labels.trigger})"
    )


def are_unknown(client: Client, error: RPCError) -> bool:
    """Whether the server refused a start because it does not know our attributes; then it is not asked for a while."""
    is_it = (
        error.status == RPCStatusCode.INVALID_ARGUMENT and "search attribute" in str(error).lower()
    )
    if is_it:
        _refused_at[client.namespace] = time.monotonic()
        logger.info("Temporal does not know the search attributes %s", ", ".join(NAMES))
    return is_it


async def missing(client: Client) -> list[str]:
    """Our attributes that the namespace lacks. Raises `RPCError`."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    known = await client.operator_service.list_search_attributes(request)
    return [name for name in NAMES if name not in known.custom_attributes]


async def register(client: Client) -> None:
    """Add those that are missing. Where a server forbids it, runs start without them."""
    try:
        wanted = await missing(client)
        if not wanted:
            return
        keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=client.namespace, search_attributes=dict.fromkeys(wanted, keyword)
            )
        )
    except RPCError as error:
        logger.info("Temporal's search attributes can't be registered: %s", error)
