"""Webhooks and their deliveries as JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from common.rest import StrictFieldsMixin
from executions.models import WorkflowExecution
from executions.triggers.mapping import MAX_EXPRESSION_CHARACTERS, MAX_FIELDS
from executions.triggers.models import MAX_BODY_BYTES, Webhook, WebhookDelivery

BIGGEST = 2**31 - 1


class ExpectedField(serializers.JSONField):
    """Names of fields, or a JSON Schema."""

    def to_internal_value(self, data: Any) -> Any:
        """A list of names or an object; raises `ValidationError` for anything else."""
        value = super().to_internal_value(data)
        names = isinstance(value, list) and all(isinstance(one, str) for one in value)
        if not isinstance(value, dict) and not (names and len(value) <= MAX_FIELDS):
            raise serializers.ValidationError(
                f"Give a list of up to {MAX_FIELDS} names, or a JSON Schema.", code="wrong_type"
            )
        return value


class WebhookSerializer(StrictFieldsMixin, serializers.ModelSerializer[Webhook]):
    """An address at which others start runs of a workflow."""

    computed = frozenset({"url", "last_delivery_at", "updated_at"})

    workflow_id = serializers.CharField(read_only=True)
    url = serializers.SerializerMethodField(help_text="Where deliveries are posted.")
    expected_fields = ExpectedField(
        default=list,  # type: ignore[arg-type]
        help_text="Names that the body must have, or a JSON Schema of it.",
    )
    input_map = serializers.DictField(
        child=serializers.CharField(max_length=MAX_EXPRESSION_CHARACTERS),
        default=dict,
        help_text="Field of `input` to JSON Pointer ('/a/b') or JMESPath. Empty: the whole body.",
    )
    version = serializers.IntegerField(
        allow_null=True, default=None, min_value=1, max_value=BIGGEST
    )
    created_by = serializers.CharField(source="created_by.username", read_only=True)

    class Meta:
        model = Webhook
        fields = (
            "id",
            "workflow_id",
            "name",
            "url",
            "signature",
            "replay_window_seconds",
            "rate_limit_per_minute",
            "max_body_bytes",
            "expected_fields",
            "input_map",
            "user_input_from",
            "version",
            "is_active",
            "last_delivery_at",
            "created_by",
            "created_at",
            "updated_at",
        )
        read_only_fields = ("id", "last_delivery_at", "created_at", "updated_at")
        extra_kwargs = {
            "signature": {"default": Webhook.Signature.TIMESTAMP},
            "replay_window_seconds": {"default": 300, "min_value": 1, "max_value": 86_400},
            "rate_limit_per_minute": {"default": 60, "min_value": 1, "max_value": 10_000},
            "max_body_bytes": {"default": 262_144, "min_value": 1, "max_value": MAX_BODY_BYTES},
            "user_input_from": {"default": ""},
            "is_active": {"default": True},
        }

    def get_url(self, row: Webhook) -> str:
        """With the host that was asked."""
        path = f"/hooks/{row.token}"
        request = self.context.get("request")
        return request.build_absolute_uri(path) if isinstance(request, Request) else path


class NewWebhookSerializer(WebhookSerializer):
    """A webhook with its secret, which is shown this once."""

    secret = serializers.SerializerMethodField(help_text="Sign with it. It is not shown again.")

    class Meta(WebhookSerializer.Meta):
        fields = (*WebhookSerializer.Meta.fields, "secret")  # type: ignore[assignment]

    @extend_schema_field(str)
    def get_secret(self, row: Webhook) -> str:
        """As the sender needs it."""
        return str(row.secret["hmac"])


class DeliverySerializer(serializers.ModelSerializer[WebhookDelivery]):
    """A signed request and what came of it."""

    execution_id = serializers.CharField(allow_null=True, read_only=True)

    class Meta:
        model = WebhookDelivery
        fields = ("id", "status", "reason", "execution_id", "delivery_id", "created_at")
        read_only_fields = fields


class ReceiptSerializer(serializers.ModelSerializer[WorkflowExecution]):
    """What a sender is told."""

    execution_id = serializers.CharField(source="id", read_only=True)

    class Meta:
        model = WorkflowExecution
        fields = ("execution_id", "status")
        read_only_fields = fields
