"""Schedules and webhooks: what starts runs by the clock and when others ask. Rows are the truth."""

from django.conf import settings
from django.db import models

from common.json_field import JSONField
from discovery.secret_field import SecretJSONField
from workflows.models import Workflow

# No webhook takes more: so much may be read of who has not yet shown a signature.
MAX_BODY_BYTES = 1024 * 1024


class Schedule(models.Model):
    """When runs of a workflow start by themselves, with what, and on whose behalf."""

    class Overlap(models.TextChoices):
        """What happens when a run is due while the one before still goes on; Temporal's names."""

        SKIP = "skip"
        BUFFER_ONE = "buffer_one"
        BUFFER_ALL = "buffer_all"
        CANCEL_OTHER = "cancel_other"
        TERMINATE_OTHER = "terminate_other"
        ALLOW_ALL = "allow_all"

    id = models.CharField(
        primary_key=True, max_length=60, help_text="'schedule-' and a UUID; also Temporal's id."
    )
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="schedules")
    name = models.CharField(max_length=200)
    cron = models.CharField(
        max_length=200,
        blank=True,
        help_text="Five fields: minute, hour, day of the month, month, day of the week. "
        "Empty: `interval_seconds` counts.",
    )
    time_zone = models.CharField(
        max_length=64, default="UTC", help_text="IANA name in which `cron` is meant."
    )
    interval_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="Counted from 1970-01-01T00:00Z: 3600 is every full hour."
    )
    jitter_seconds = models.PositiveIntegerField(
        default=0, help_text="Each start is delayed at random by up to this."
    )
    overlap_policy = models.CharField(
        max_length=20,
        choices=Overlap.choices,
        default=Overlap.SKIP,
        help_text="When a run is due while the one before still goes on.",
    )
    catchup_window_seconds = models.PositiveIntegerField(
        default=3600,
        help_text="Starts that Temporal missed while it was away are made up for if they are younger.",
    )
    version = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Null: the published version at the time of firing, else the current one.",
    )
    user_input = models.TextField(blank=True)
    input_json = JSONField(null=True, blank=True)
    context_json = JSONField(default=dict, blank=True)
    is_paused = models.BooleanField(default=False)
    note = models.CharField(max_length=500, blank=True, help_text="Why it is paused, for example.")
    error = models.CharField(
        max_length=1000, blank=True, help_text="Why the last start failed; empty after a good one."
    )
    failures = models.PositiveIntegerField(
        default=0, help_text="Starts that failed since the last good one, or since it was resumed."
    )
    revision = models.PositiveIntegerField(default=1, help_text="Counts writes.")
    is_synced = models.BooleanField(
        default=False, help_text="Whether Temporal knows the row as it is now."
    )
    synced_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="schedules",
        help_text="Runs are started on behalf of this user, with their agents and tools.",
    )
    # Null, not empty: rows without a key must not collide.
    idempotency_key = models.CharField(  # noqa: DJ001
        max_length=200, null=True, blank=True, editable=False
    )
    request_hash = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.CheckConstraint(
                name="schedule_cron_or_interval",
                condition=models.Q(cron="") ^ models.Q(interval_seconds__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["created_by", "idempotency_key"], name="schedule_idempotency_key_unique"
            ),
        ]
        indexes = [
            models.Index(
                fields=["workflow", "-created_at", "id"], name="schedule_workflow_created"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Webhook(models.Model):
    """An address at which others start runs of a workflow, each request signed with a shared secret."""

    class Signature(models.TextChoices):
        """What is signed: `timestamp.body` (X-Signature-256, X-Timestamp), or as GitHub does the body alone."""

        TIMESTAMP = "timestamp"
        GITHUB = "github"

    id = models.CharField(primary_key=True, max_length=60, help_text="'webhook-' and a UUID.")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="webhooks")
    name = models.CharField(max_length=200)
    token = models.CharField(max_length=64, unique=True, help_text="Its part of the address.")
    secret = SecretJSONField(help_text="The HMAC secret. Shown once, encrypted.")
    signature = models.CharField(
        max_length=20, choices=Signature.choices, default=Signature.TIMESTAMP
    )
    replay_window_seconds = models.PositiveIntegerField(
        default=300, help_text="How far X-Timestamp may be from now."
    )
    rate_limit_per_minute = models.PositiveIntegerField(default=60)
    max_body_bytes = models.PositiveIntegerField(default=262_144)
    expected_fields = JSONField(
        default=list, blank=True, help_text="Names that the body must have, or a JSON Schema of it."
    )
    input_map = JSONField(
        default=dict,
        blank=True,
        help_text="Field of `input` to JSON Pointer ('/a/b') or JMESPath. Empty: the whole body.",
    )
    user_input_from = models.CharField(
        max_length=2000, blank=True, help_text="JSON Pointer or JMESPath of the run's `user_input`."
    )
    version = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Null: the published version at the time of the delivery, else the current one.",
    )
    is_active = models.BooleanField(default=True)
    last_delivery_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="webhooks",
        help_text="Runs are started on behalf of this user, with their agents and tools.",
    )
    # Null, not empty: rows without a key must not collide.
    idempotency_key = models.CharField(  # noqa: DJ001
        max_length=200, null=True, blank=True, editable=False
    )
    request_hash = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["created_by", "idempotency_key"], name="webhook_idempotency_key_unique"
            ),
        ]
        indexes = [
            models.Index(fields=["workflow", "-created_at", "id"], name="webhook_workflow_created"),
        ]

    def __str__(self) -> str:
        return self.name


class WebhookDelivery(models.Model):
    """One signed request to a webhook and what came of it; the last hundred are kept."""

    class Status(models.TextChoices):
        """What came of it."""

        ACCEPTED = "accepted"
        DUPLICATE = "duplicate"
        REFUSED = "refused"

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    status = models.CharField(max_length=20, choices=Status.choices)
    reason = models.CharField(max_length=500, blank=True)
    execution = models.ForeignKey(
        "executions.WorkflowExecution", null=True, blank=True, on_delete=models.SET_NULL
    )
    # Of accepted ones: what makes a repetition one. Null, not empty: others must not collide.
    delivery_id = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001
    fingerprint = models.CharField(  # noqa: DJ001
        max_length=64, null=True, blank=True, editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        ordering = ["-created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["webhook", "delivery_id"], name="webhook_delivery_id_unique"
            ),
            models.UniqueConstraint(
                fields=["webhook", "fingerprint"], name="webhook_delivery_fingerprint_unique"
            ),
        ]
        indexes = [
            models.Index(fields=["webhook", "-created_at"], name="webhook_delivery_created"),
        ]

    def __str__(self) -> str:
        return f"{self.webhook_id} {self.status}"
