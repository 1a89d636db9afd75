"""Making and changing webhooks; each function is one transaction."""

import logging
import secrets
import uuid
from typing import Any, TypedDict, Unpack

import jmespath
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from audit.recording import Action
from common import strict_json
from common.errors import Conflict, Forbidden, Invalid, NotFound
from common.idempotency import first_answer
from common.ownership import may_change
from executions.trail import (
    record_new_secret,
    record_trigger,
    record_trigger_changed,
    state_of,
)
from executions.triggers.models import Webhook
from executions.triggers.selectors import webhooks_for
from workflows.definition.json_schemas import JsonSchema, UnusableSchema
from workflows.drift.pinning import hold_pins, keep_pins
from workflows.models import Workflow
from workflows.selectors import version_of, workflows_for

logger = logging.getLogger(__name__)


class WebhookFields(TypedDict, total=False):
    """What a person may say about a webhook."""

    name: str
    signature: str
    replay_window_seconds: int
    rate_limit_per_minute: int
    max_body_bytes: int
    expected_fields: list[str] | dict[str, Any]
    input_map: dict[str, str]
    user_input_from: str
    version: int | None
    is_active: bool


def create_webhook(
    *,
    workflow: Workflow,
    by: User,
    idempotency_key: str | None = None,
    request_hash: str = "",
    **fields: Unpack[WebhookFields],
) -> Webhook:
    """A new webhook with a token and a secret of its own; a repeated request gets the row of the first one.

    Raises `NotFound`, `Conflict` (archived), `Invalid` and `Unprocessable`.
    """
    rows = Webhook.objects.all()
    repeated = first_answer(rows, owner=by, key=idempotency_key, request_hash=request_hash)
    if repeated is not None:
        return repeated
    row = Webhook(
        id=f"webhook-{uuid.uuid4()}",
        workflow=workflow,
        created_by=by,
        token=secrets.token_urlsafe(32),
        secret=new_secret(),
        idempotency_key=idempotency_key,
        request_hash=request_hash,
        **fields,
    )
    if not workflows_for(by).filter(pk=workflow.pk).exists():
        raise NotFound("There is no such workflow.")
    if not workflow.is_active:
        raise Conflict("This workflow is archived; restore it first.", code="inactive")
    _require_sound(row)
    try:
        with transaction.atomic():
            hold_pins(workflow.pk)
            row.save(force_insert=True)
            keep_pins(workflow.pk, by=by)
            record_trigger(Action.CREATED, row, by=by)
    except IntegrityError:
        repeated = first_answer(rows, owner=by, key=idempotency_key, request_hash=request_hash)
        if repeated is None:
            raise
        return repeated
    logger.info("webhook %s of %s created by %s", row.pk, workflow.pk, by.pk)
    return row


@transaction.atomic
def change_webhook(webhook: Webhook, *, by: User, **fields: Unpack[WebhookFields]) -> Webhook:
    """Change what is given; only who made it, or staff: it starts runs on its maker's behalf."""
    row = _locked(webhook, by)
    _require_maker(row, by)
    before = state_of(row)
    for name, value in fields.items():
        setattr(row, name, value)
    _require_sound(row)
    row.save()
    if "version" in fields:
        keep_pins(row.workflow_id, by=by)
    record_trigger_changed(row, before, by=by)
    logger.info("webhook %s saved by %s", row.pk, by.pk)
    return row


@transaction.atomic
def rotate_secret(webhook: Webhook, *, by: User) -> Webhook:
    """A new secret; the old one is worth nothing from now on."""
    row = _locked(webhook, by)
    _require_maker(row, by)
    row.secret = new_secret()  # type: ignore[assignment]  # the package has no types
    row.save(update_fields=["secret", "updated_at"])
    record_new_secret(row, by=by)
    logger.info("webhook %s: new secret for %s", row.pk, by.pk)
    return row


@transaction.atomic
def set_active(webhook: Webhook, is_active: bool, *, by: User) -> Webhook:
    """Switch it on or off; also those who may change the workflow may."""
    row = _locked(webhook, by)
    _require_answerable(row, by)
    before = state_of(row)
    row.is_active = is_active
    row.save(update_fields=["is_active", "updated_at"])
    record_trigger_changed(row, before, by=by)
    logger.info("webhook %s: is_active=%s by %s", row.pk, is_active, by.pk)
    return row


@transaction.atomic
def delete_webhook(webhook: Webhook, *, by: User) -> None:
    """Remove it and its deliveries; its runs stay."""
    row = _locked(webhook, by)
    _require_answerable(row, by)
    record_trigger(Action.DELETED, row, by=by)
    logger.info("webhook %s deleted by %s", row.pk, by.pk)
    row.delete()
    keep_pins(row.workflow_id, by=by)


def new_secret() -> dict[str, str]:
    """256 random bits."""
    return {"hmac": secrets.token_hex(32)}


def _require_sound(row: Webhook) -> None:
    if row.version is not None:
        try:
            version_of(row.workflow, row.version)
        except NotFound as error:
            raise Invalid(error.detail, code="unknown_version", pointer="/version") from error
    if isinstance(row.expected_fields, dict):
        try:
            JsonSchema(row.expected_fields)
        except UnusableSchema as error:
            raise Invalid(str(error), code="invalid_schema", pointer="/expected_fields") from error
    for name, expression in row.input_map.items():
        _require_expression(expression, f"/input_map/{strict_json.escape(name)}")
    _require_expression(row.user_input_from, "/user_input_from")


def _require_expression(expression: str, pointer: str) -> None:
    """Every expression can be read; whether it fits a body shows when one comes."""
    if not expression or expression.startswith("/"):
        return
    try:
        jmespath.compile(expression)
    except (ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Invalid(
            f"{expression[:200]!r} is neither a JSON Pointer ('/a/b') nor JMESPath: {reason[:300]}",
            code="invalid_expression",
            pointer=pointer,
        ) from error


def _locked(webhook: Webhook, by: User) -> Webhook:
    hold_pins(webhook.workflow_id)
    rows = webhooks_for(by).select_for_update(of=("self",)).select_related("workflow")
    row = rows.filter(pk=webhook.pk).first()
    if row is None:
        raise NotFound("There is no such webhook.")
    return row


def _require_maker(row: Webhook, by: User) -> None:
    if row.created_by_id != by.pk and not by.is_staff:
        raise Forbidden(
            "This webhook starts runs on behalf of who made it; only they or staff may change it."
        )


def _require_answerable(row: Webhook, by: User) -> None:
    if row.created_by_id != by.pk and not may_change(row.workflow, by):
        raise Forbidden("Only who made it, or who may change the workflow, may do this.")
