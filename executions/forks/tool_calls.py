"""Which tools runs have called, or may have: calls that are written down, and those whose end nobody saw."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Count, F, IntegerField, Max, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from discovery.tool_errors import AFTER_THE_CALL
from executions.models import TOOL_CALL, ExecutionEvent, ToolCall

# After these nobody knows what the call did.
UNCLEAR_KINDS = ("timeout", "worker_lost")
# What a call's row is unique by.
KEY = ("execution_id", "path", "turn", "call_id")


@dataclass(frozen=True)
class Made:
    """A call that was made, or may have been. Without a row nothing came of it that a run could go on with."""

    execution_id: str
    path: str
    tool: str
    has_row: bool


def calls_made(executions: Collection[str], *, but: Collection[str]) -> Iterator[Made]:
    """The calls of those runs in the order of their ends, then those of which a try may have done something.

    Calls of the tools `but` are left out, and those of which every try is known to have failed.
    """
    rows = ToolCall.objects.filter(execution__in=executions).exclude(tool__in=but).order_by("id")
    written = set()
    for execution_id, path, turn, call_id, tool, kind, code in rows.values_list(
        *KEY, "tool", "error_json__kind", "error_json__code"
    ):
        written.add((execution_id, path, turn, call_id))
        if kind is None or kind in UNCLEAR_KINDS or code in AFTER_THE_CALL:
            yield Made(execution_id, path, tool, has_row=True)
    for execution_id, path, turn, call_id, tool in _unclear_calls(executions):
        if tool not in but:
            has_row = (execution_id, path, turn, call_id) in written
            yield Made(execution_id, path, tool, has_row=has_row)


def _unclear_calls(executions: Collection[str]) -> QuerySet[Any, tuple[str, str, int, str, str]]:
    """Key and tool of calls of which a try began and was not seen to end, or ended so that nobody knows what it did.

    A row tells of the last try alone, and of none before its end.
    """
    told = ExecutionEvent.objects.filter(execution__in=executions, kind=TOOL_CALL)
    tries = told.annotate(
        path=KT("data__path"),
        turn=Cast(KT("data__turn"), IntegerField()),
        call_id=KT("data__call_id"),
        status=KT("data__status"),
        error_kind=KT("data__error__kind"),
        error_code=KT("data__error__code"),
    )
    is_unclear = Q(error_kind__in=UNCLEAR_KINDS) | Q(error_code__in=AFTER_THE_CALL)
    calls = tries.values(*KEY).annotate(
        tool=Max(KT("data__tool"), output_field=CharField()),
        begun=Count("pk", filter=Q(status="started")),
        ended=Count("pk", filter=~Q(status="started")),
        unclear=Count("pk", filter=is_unclear),
    )
    calls = calls.filter(Q(begun__gt=F("ended")) | Q(unclear__gt=0))
    found: QuerySet[Any, tuple[str, str, int, str, str]] = calls.values_list(*KEY, "tool")
    return found.order_by(*KEY)
