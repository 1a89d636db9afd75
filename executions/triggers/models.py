"""Schedules: what starts runs by the clock. The rows are the truth, Temporal carries them out."""

from django.conf import settings
from django.db import models

from workflows.models import Workflow


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
    input_json = models.JSONField(null=True, blank=True)
    context_json = models.JSONField(default=dict, blank=True)
    is_paused = models.BooleanField(default=False)
    note = models.CharField(max_length=500, blank=True, help_text="Why it is paused, for example.")
    error = models.CharField(
        max_length=1000, blank=True, help_text="Why the last start failed; empty after a good one."
    )
    failures = models.PositiveIntegerField(
        default=0, help_text="Starts that failed since the last good one."
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
