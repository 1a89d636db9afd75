"""A request to a webhook: who is it from, is it new, and the run it starts."""

import logging
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from pydantic import JsonValue

from common import strict_json
from common.errors import Conflict, DomainError, Invalid, NotFound, Unavailable
from executions.models import WorkflowExecution
from executions.services import start_execution
from executions.starts.launching import Launch
from executions.triggers.mapping import input_of, require_expected, user_input_of
from executions.triggers.models import MAX_BODY_BYTES, Webhook, WebhookDelivery
from executions.triggers.rates import require_rate
from executions.triggers.signatures import fingerprint_of, is_signed

logger = logging.getLogger(__name__)

KEPT_DELIVERIES = 100
DELIVERY_HEADERS = ("Idempotency-Key", "X-Delivery-Id", "X-GitHub-Delivery")
_DELIVERY_ID = re.compile(r"[\x21-\x7e]{1,200}\Z")
Status = WebhookDelivery.Status


class BodyTooLarge(DomainError):
    """More than the webhook takes."""

    status = 413
    code = "too_large"


def require_small(headers: Mapping[str, str]) -> None:
    """Raise `BodyTooLarge` for a body that says of itself that no webhook takes it."""
    length = headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > MAX_BODY_BYTES:
        raise _too_large(MAX_BODY_BYTES)


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"This webhook takes bodies of up to {limit} bytes.")


class NotJson(DomainError):
    """Another media type."""

    status = 415
    code = "unsupported_media_type"


@dataclass(frozen=True)
class Request:
    """What came in. Header names are looked up without regard to case."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def delivery_id(self) -> str | None:
        """The sender's own name for what it delivers; raises `Invalid` for one that can't be kept."""
        given = [self.headers[name] for name in DELIVERY_HEADERS if self.headers.get(name)]
        if given and not _DELIVERY_ID.match(given[0]):
            raise Invalid(
                "A delivery id has 1 to 200 visible ASCII characters.", code="invalid_delivery_id"
            )
        return given[0] if given else None


def receive(token: str, request: Request) -> WorkflowExecution:
    """The run that the request starts, or started when it came before.

    Raises `BodyTooLarge` for what no webhook takes; `NotFound`, the same for an unknown token, an inactive webhook and a wrong or old signature; else, and
    recorded with the webhook, `LimitReached`, `BodyTooLarge`, `NotJson`, `Invalid` and what a start raises.
    """
    if len(request.body) > MAX_BODY_BYTES:
        raise _too_large(MAX_BODY_BYTES)
    webhook = _webhook(token)
    signed = is_signed(webhook, request.headers, request.body, now=time.time())
    if webhook is None or not signed:
        raise NotFound("There is no such webhook, or the request is not signed as it expects.")
    try:
        require_rate(webhook)
        execution = _accepted(webhook, request)
    except DomainError as error:
        _note(webhook, Status.REFUSED, reason=f"{error.code}: {error.detail}")
        raise
    return execution


def _webhook(token: str) -> Webhook | None:
    rows = Webhook.objects.select_related("workflow", "created_by")
    return rows.filter(token=token, is_active=True).first()


def _accepted(webhook: Webhook, request: Request) -> WorkflowExecution:
    known = _known(webhook, request)
    if known is not None:
        _note(webhook, Status.DUPLICATE, execution=known)
        return known
    launch = _launch(webhook, _body(webhook, request))
    delivery = WebhookDelivery(
        webhook=webhook,
        status=Status.ACCEPTED,
        delivery_id=request.delivery_id,
        fingerprint=fingerprint_of(webhook, request.headers, request.delivery_id),
    )
    try:
        with transaction.atomic():
            # First, so that the same request at the same time waits here.
            delivery.save()
            delivery.execution = start_execution(launch)
            delivery.save()
            Webhook.objects.filter(pk=webhook.pk).update(last_delivery_at=delivery.created_at)
    except IntegrityError:
        known = _known(webhook, request)
        if known is None:
            raise
        _note(webhook, Status.DUPLICATE, execution=known)
        return known
    except Unavailable:
        logger.warning("webhook %s: the run is kept until Temporal is back", webhook.pk)
    assert delivery.execution is not None
    _forget_old(webhook)
    return delivery.execution


def _known(webhook: Webhook, request: Request) -> WorkflowExecution | None:
    """The run of the same delivery id, or of the very same signed request."""
    fingerprint = fingerprint_of(webhook, request.headers, request.delivery_id)
    same = Q(fingerprint=fingerprint) if fingerprint else Q()
    if request.delivery_id is not None:
        same |= Q(delivery_id=request.delivery_id)
    rows = webhook.deliveries.filter(same, execution__isnull=False).select_related("execution")
    row = rows.first()
    return row.execution if row is not None else None


def _body(webhook: Webhook, request: Request) -> JsonValue:
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise NotJson("Send application/json.")
    if len(request.body) > webhook.max_body_bytes:
        raise _too_large(webhook.max_body_bytes)
    try:
        body: JsonValue = strict_json.loads(request.body)
    except strict_json.RefusedJson as error:
        raise Invalid(error.detail, code=error.code, pointer=error.pointer) from error
    require_expected(webhook, body)
    return body


def _launch(webhook: Webhook, body: JsonValue) -> Launch:
    if not webhook.created_by.is_active:
        raise Conflict(
            "The user on whose behalf this webhook starts runs is deactivated.", code="inactive"
        )
    return Launch(
        workflow=webhook.workflow,
        by=webhook.created_by,
        triggered_by=WorkflowExecution.Trigger.WEBHOOK,
        user_input=user_input_of(webhook, body),
        input=input_of(webhook, body),
        version=webhook.version or webhook.workflow.published_version,
        webhook=webhook,
        id=f"execution-{uuid.uuid4()}",
    )


def _note(
    webhook: Webhook,
    status: WebhookDelivery.Status,
    *,
    reason: str = "",
    execution: WorkflowExecution | None = None,
) -> None:
    logger.info("webhook %s: %s %s", webhook.pk, status, reason[:200])
    row = WebhookDelivery.objects.create(
        webhook=webhook, status=status, reason=reason[:500], execution=execution
    )
    Webhook.objects.filter(pk=webhook.pk).update(last_delivery_at=row.created_at)
    _forget_old(webhook)


def _forget_old(webhook: Webhook) -> None:
    """Keep a hundred, and for a day what tells that a delivery came before."""
    kept = webhook.deliveries.order_by("-created_at").values("pk")[:KEPT_DELIVERIES]
    window = timedelta(days=1, seconds=webhook.replay_window_seconds)
    needed = Q(status=Status.ACCEPTED, created_at__gte=timezone.now() - window)
    webhook.deliveries.exclude(pk__in=kept).exclude(needed).delete()
