"""The yardstick: views that send the product's own query and answer with JSON that PostgreSQL makes of the rows.

They pass the same middleware on the same server, have their statements prepared as the product has, and do nothing else:
no checks, no shapes, no ETag, no pages.
"""

from functools import cache
from typing import Any

import orjson
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from audit.recording import Action, ObjectKind, Subject, record
from benchmarks.web.trusting import owner
from common.prepared import prepared
from workflows.api.shapes import with_columns, with_row_columns
from workflows.selectors import workflows_for

PAGE = 50
ROW_AND_VERSION = """
WITH made AS (
    INSERT INTO workflows_workflow (
        id, name, description, category, tags, is_template, definition_json, layout, version, revision,
        is_active, is_published, can_execute, created_by_id, request_hash, created_at, updated_at
    ) VALUES (
        %(id)s, %(name)s, '', '', '{}', FALSE, %(definition)s::jsonb, '{}'::jsonb, 1, 1,
        TRUE, FALSE, TRUE, %(owner)s, '', now(), now()
    ) RETURNING *
), kept AS (
    INSERT INTO workflows_workflowversion
        (workflow_id, number, revision, definition_json, content_hash, message, summary, created_by_id, created_at)
    SELECT id, 1, 1, definition_json, encode(sha256(convert_to(definition_json::text, 'UTF8')), 'hex'),
        '', '', created_by_id, now()
    FROM made
)
"""
# What the definition uses, and the trail's entry.
USES_AND_ENTRY = """
, tools AS (
    INSERT INTO workflows_tooluse (workflow_id, tool)
    SELECT DISTINCT id, step ->> 'tool' FROM made, jsonb_array_elements(definition_json -> 'steps') AS step
), told AS (
    INSERT INTO audit_auditentry (
        created_at, action, actor_kind, actor_id, actor_name, channel, via, request_id, client_address,
        object_kind, object_id, object_name, summary, changes, details
    ) SELECT
        now(), 'created', 'user', created_by_id, %(owner_name)s, 'rest', '', '', '127.0.0.1',
        'workflow', id, name, '', '{}'::jsonb, '{}'::jsonb
    FROM made
)
"""
ANSWER = "SELECT (to_jsonb(made) - 'search_vector')::text FROM made"


def read(request: HttpRequest, workflow_id: str) -> HttpResponse:
    """One workflow."""
    sql, parameters = _one()
    return _answer(sql, [workflow_id if value == "?" else value for value in parameters])


def rows(request: HttpRequest) -> HttpResponse:
    """The newest."""
    return _answer(*_many())


@csrf_exempt
def create(request: HttpRequest) -> HttpResponse:
    """A workflow with all the rows that the product writes, of a body that is taken as it is."""
    return _answer(f"{ROW_AND_VERSION}{USES_AND_ENTRY}{ANSWER}", _given(request))


@csrf_exempt
def create_two_rows(request: HttpRequest) -> HttpResponse:
    """Only the row and its version: what the bare view was before it had to write what the product writes."""
    return _answer(f"{ROW_AND_VERSION}{ANSWER}", _given(request))


@transaction.atomic
def nothing(request: HttpRequest) -> HttpResponse:
    """A transaction that does nothing."""
    return _answer("SELECT '{}'", ())


@transaction.atomic
def entry(request: HttpRequest) -> HttpResponse:
    """The same transaction with an entry of the trail."""
    record(Action.UPDATED, Subject(ObjectKind.WORKFLOW, "nothing", "Nothing"), by=owner())
    return _answer("SELECT '{}'", ())


def _given(request: HttpRequest) -> dict[str, Any]:
    body = orjson.loads(request.body)
    return {
        "id": body["id"],
        "name": body["name"],
        "definition": orjson.dumps(body["definition"]).decode(),
        "owner": owner().pk,
        "owner_name": owner().username,
    }


def _answer(sql: str, parameters: Any) -> HttpResponse:
    with prepared(sql, parameters) as cursor:
        (text,) = cursor.fetchone() or ("null",)
    return HttpResponse(text, content_type="application/json")


@cache
def _one() -> tuple[str, tuple[Any, ...]]:
    rows = workflows_for(owner()).filter(pk="?")
    shown = with_columns(rows, owner(), "definition_json", "layout")
    return _as_json("row_to_json(found)::text", shown)


@cache
def _many() -> tuple[str, tuple[Any, ...]]:
    rows = workflows_for(owner()).filter(is_active=True)
    page = with_row_columns(rows, owner()).order_by("-updated_at", "pk")[: PAGE + 1]
    return _as_json("json_agg(row_to_json(found))::text", page)


def _as_json(what: str, queryset: QuerySet[Any, Any]) -> tuple[str, tuple[Any, ...]]:
    sql, parameters = queryset.query.sql_with_params()
    return f"SELECT {what} FROM ({sql}) AS found", parameters  # noqa: S608 - the ORM made it
