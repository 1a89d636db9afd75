"""One request to design or change a workflow, and what came of it."""

from django.conf import settings
from django.db import models

from common.json_field import JSONField
from workflows.models import Workflow


class Generation(models.Model):
    """A prompt, the job that answers it, and its result."""

    class Status(models.TextChoices):
        """Where the job stands; the last three are final."""

        PENDING = "PENDING"
        RUNNING = "RUNNING"
        COMPLETED = "COMPLETED"
        FAILED = "FAILED"
        CANCELLED = "CANCELLED"

    class Stage(models.TextChoices):
        """What the job is doing."""

        QUEUED = "queued"
        SHORTLISTING = "shortlisting"
        PLANNING = "planning"
        FILLING = "filling"
        CHECKING = "checking"
        REPAIRING_1 = "repairing_1"
        REPAIRING_2 = "repairing_2"
        READY = "ready"

    class Generator(models.TextChoices):
        """Who designed the workflow."""

        OPENAI = "openai"
        OFFLINE_PLANNER = "offline-planner"

    FINAL = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)

    id = models.CharField(primary_key=True, max_length=60, help_text="'generation-' and a UUID.")
    prompt = models.TextField(max_length=4000)
    context = JSONField(default=dict, blank=True)
    options = JSONField(
        default=dict, blank=True, help_text="preferred_complexity, include_agents, include_mcps."
    )
    workflow = models.ForeignKey(
        Workflow,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="refinements",
        help_text="The workflow to refine; empty: a new one.",
    )
    workflow_version = models.PositiveIntegerField(null=True, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    stage = models.CharField(max_length=20, choices=Stage.choices, default=Stage.QUEUED)
    generator = models.CharField(max_length=20, choices=Generator.choices, blank=True)
    model = models.CharField(max_length=100, blank=True)
    result = JSONField(null=True, blank=True)
    problems = JSONField(default=list, blank=True)
    catalogue_hash = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of everything that was offered."
    )
    schema_version = models.CharField(
        max_length=64,
        blank=True,
        help_text="SHA-256 of what every model is told and has to answer.",
    )
    last_event_number = models.PositiveIntegerField(default=0)
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=18, decimal_places=9, null=True, blank=True)
    error = models.TextField(blank=True)
    error_kind = models.CharField(max_length=40, blank=True)
    applied_workflow = models.ForeignKey(
        Workflow, null=True, blank=True, on_delete=models.SET_NULL, related_name="generations"
    )
    applied_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="generations"
    )
    idempotency_key = models.CharField(  # noqa: DJ001 - null is no key, and unique lets nulls be
        max_length=200, null=True, blank=True, editable=False
    )
    request_hash = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["created_by", "idempotency_key"], name="generation_idempotency_key_unique"
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_by", "-created_at", "id"], name="generation_owner_created"
            ),
            models.Index(fields=["status", "created_at"], name="generation_status_created"),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def is_finished(self) -> bool:
        """Whether the status is final."""
        return self.status in self.FINAL
