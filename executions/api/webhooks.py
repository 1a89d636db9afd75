"""Webhooks over REST, and the address at which deliveries come in."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from common.rest import caller
from executions.api.webhook_serializers import (
    DeliverySerializer,
    NewWebhookSerializer,
    ReceiptSerializer,
    WebhookSerializer,
)
from executions.triggers import receiving, webhooks
from executions.triggers.models import MAX_BODY_BYTES, Webhook
from executions.triggers.selectors import webhooks_for
from workflows.api.idempotency import HEADER, idempotency_of
from workflows.models import Workflow
from workflows.selectors import workflows_for

TAGS = ["webhooks"]
HOOK_HEADERS = [
    OpenApiParameter(name, str, OpenApiParameter.HEADER, description=text)
    for name, text in {
        "X-Timestamp": "Seconds since 1970 at which the request was signed.",
        "X-Signature-256": "`sha256=` and the HMAC-SHA256 of the timestamp, a dot and the body, in hexadecimal.",
        "X-Hub-Signature-256": "With `signature: github` instead of both: the HMAC-SHA256 of the body.",
        "X-Delivery-Id": "The sender's own name of the delivery: the same one starts one run.",
    }.items()
]
HOOK_ANSWERS = {
    202: ReceiptSerializer,
    404: OpenApiResponse(description="No such webhook, or not signed as it expects."),
    413: OpenApiResponse(description="More than `max_body_bytes`."),
    415: OpenApiResponse(description="Not JSON."),
    429: OpenApiResponse(description="More than `rate_limit_per_minute`; see `Retry-After`."),
}


class WebhookViewSet(GenericViewSet[Webhook]):
    """The webhooks of one workflow."""

    queryset = Webhook.objects.none()
    serializer_class = WebhookSerializer
    filter_backends = ()
    ordering = "-created_at"
    ordering_fields = ("created_at",)

    def get_queryset(self) -> QuerySet[Webhook]:
        """Those of this workflow that the caller may see; 404 for a workflow that is not the caller's to see."""
        rows = webhooks_for(self.request.user).filter(workflow=self._workflow())
        return rows.select_related("created_by", "workflow")

    def get_object(self) -> Webhook:
        """By its id."""
        return get_object_or_404(self.get_queryset(), pk=self.kwargs["webhook_id"])

    @extend_schema(operation_id="list_webhooks", summary="List webhooks", tags=TAGS)
    def list(self, request: Request, workflow_id: str) -> Response:
        """Webhooks of this workflow, the newest first."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="create_webhook",
        summary="Make a webhook",
        tags=TAGS,
        parameters=[HEADER],
        responses={201: NewWebhookSerializer},
    )
    def create(self, request: Request, workflow_id: str) -> Response:
        """Let others start runs of this workflow, on your behalf; the answer alone shows the secret."""
        workflow = self._workflow()
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        row = webhooks.create_webhook(
            workflow=workflow,
            by=caller(request),
            **body.validated_data,
            **idempotency_of(request),
        )
        return self._with_secret(row, 201)

    @extend_schema(operation_id="read_webhook", summary="Read a webhook", tags=TAGS)
    def retrieve(self, request: Request, workflow_id: str, webhook_id: str) -> Response:
        """One webhook, without its secret."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(operation_id="replace_webhook", summary="Replace a webhook", tags=TAGS)
    def update(
        self, request: Request, workflow_id: str, webhook_id: str, *, partial: bool = False
    ) -> Response:
        """Replace what a webhook says; what is not given gets its default. Address and secret stay."""
        row = self.get_object()
        body = self.get_serializer(row, data=request.data, partial=partial)
        body.is_valid(raise_exception=True)
        changed = webhooks.change_webhook(row, by=caller(request), **body.validated_data)
        return Response(self.get_serializer(changed).data)

    @extend_schema(operation_id="change_webhook", summary="Change a webhook", tags=TAGS)
    def partial_update(self, request: Request, workflow_id: str, webhook_id: str) -> Response:
        """Change some fields of a webhook."""
        return self.update(request, workflow_id, webhook_id, partial=True)

    @extend_schema(operation_id="delete_webhook", summary="Delete a webhook", tags=TAGS)
    def destroy(self, request: Request, workflow_id: str, webhook_id: str) -> Response:
        """Delete a webhook; the runs it started stay."""
        webhooks.delete_webhook(self.get_object(), by=caller(request))
        return Response(status=204)

    @extend_schema(
        operation_id="rotate_webhook_secret",
        summary="Give a webhook a new secret",
        tags=TAGS,
        request=None,
        responses=NewWebhookSerializer,
    )
    def rotate_secret(self, request: Request, workflow_id: str, webhook_id: str) -> Response:
        """A new secret, shown in this answer alone; the old one is refused from now on."""
        return self._with_secret(webhooks.rotate_secret(self.get_object(), by=caller(request)), 200)

    @extend_schema(
        operation_id="list_deliveries",
        summary="List deliveries",
        tags=TAGS,
        responses=DeliverySerializer(many=True),
    )
    def deliveries(self, request: Request, workflow_id: str, webhook_id: str) -> Response:
        """The last signed requests and what came of them, the newest first."""
        rows: Any = self.get_object().deliveries.all()
        page: Any = self.paginate_queryset(rows)
        return self.get_paginated_response(DeliverySerializer(page, many=True).data)

    def _workflow(self) -> Workflow:
        return get_object_or_404(workflows_for(self.request.user), pk=self.kwargs["workflow_id"])

    def _with_secret(self, row: Webhook, status: int) -> Response:
        shown = NewWebhookSerializer(row, context=self.get_serializer_context())
        return Response(shown.data, status=status)


class HookView(APIView):
    """Where deliveries come in: the signature, not a log-in, says who asks."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        operation_id="receive_hook",
        summary="Receive a webhook",
        tags=["webhooks"],
        auth=[],
        request={"application/json": OpenApiTypes.ANY},
        parameters=HOOK_HEADERS,
        responses=HOOK_ANSWERS,
    )
    def post(self, request: Request, token: str) -> Response:
        """Start a run; the same delivery again gets the same run."""
        receiving.require_small(request.headers)
        # One byte more tells that there is more.
        body = request._request.read(MAX_BODY_BYTES + 1)
        came_in = receiving.Request(headers=request.headers, body=body)
        execution: Any = receiving.receive(token, came_in)
        return Response(ReceiptSerializer(execution).data, status=202)
