"""A workflow, its immutable versions, and what it uses."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models

from common.json_field import JSONField
from discovery.models import Agent, McpServer, identifier
from workflows.search import StepsText


class Workflow(models.Model):
    """A stored definition with its name, owner and state."""

    id = models.CharField(primary_key=True, max_length=100, validators=[identifier])
    name = models.CharField(max_length=200)
    description = models.CharField(max_length=1000, blank=True)
    category = models.CharField(max_length=50, blank=True)
    tags = ArrayField(models.CharField(max_length=50), default=list, blank=True, size=20)
    is_template = models.BooleanField(default=False)
    source_template = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="copies"
    )
    definition_json = JSONField(help_text="The canonical definition.")
    layout = JSONField(
        default=dict, blank=True, help_text="Node positions by step id; no part of the definition."
    )
    version = models.PositiveIntegerField(default=1, help_text="Counts definitions.")
    revision = models.PositiveIntegerField(default=1, help_text="Counts writes; the ETag.")
    published_version = models.PositiveIntegerField(null=True, blank=True)
    is_active = models.BooleanField(default=True, help_text="False: archived.")
    is_published = models.BooleanField(default=False, help_text="A template everyone may see.")
    can_execute = models.BooleanField(
        default=False, help_text="No error was found when it was last saved."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="workflows",
        help_text="Empty: an imported template.",
    )
    shared_with = models.ManyToManyField(Group, blank=True, related_name="shared_workflows")
    # Null, not empty: rows without a key must not collide.
    idempotency_key = models.CharField(  # noqa: DJ001
        max_length=200, null=True, blank=True, editable=False
    )
    request_hash = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    search_vector = models.GeneratedField(
        expression=SearchVector(
            "id", "name", "description", "category", StepsText("definition_json"), config="simple"
        ),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        ordering = ["-updated_at", "id"]
        constraints = [
            models.CheckConstraint(
                name="workflow_version_positive", condition=models.Q(version__gte=1)
            ),
            models.CheckConstraint(
                name="workflow_revision_positive", condition=models.Q(revision__gte=1)
            ),
            models.CheckConstraint(
                name="workflow_published_version_exists",
                condition=models.Q(published_version__isnull=True)
                | models.Q(published_version__range=(1, models.F("version"))),
            ),
            models.CheckConstraint(
                name="workflow_owned_or_template",
                condition=models.Q(created_by__isnull=False) | models.Q(is_template=True),
            ),
            models.UniqueConstraint(
                fields=["created_by", "idempotency_key"], name="workflow_idempotency_key_unique"
            ),
        ]
        indexes = [
            models.Index(fields=["created_by", "-updated_at", "id"], name="workflow_owner_updated"),
            models.Index(fields=["is_template", "category"], name="workflow_template_category"),
            models.Index(fields=["-updated_at", "id"], name="workflow_updated"),
            models.Index(fields=["name", "id"], name="workflow_name"),
            models.Index(fields=["-created_at", "id"], name="workflow_created"),
            GinIndex(fields=["tags"], name="workflow_tags"),
            GinIndex(fields=["search_vector"], name="workflow_search"),
        ]

    def __str__(self) -> str:
        return self.name


class WorkflowVersion(models.Model):
    """A definition as it was saved; never changed afterwards."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    revision = models.PositiveIntegerField(help_text="The workflow's revision that brought it.")
    definition_json = JSONField()
    content_hash = models.CharField(max_length=64, help_text="SHA-256 of the canonical JSON.")
    message = models.CharField(max_length=500, blank=True, help_text="What its author says of it.")
    summary = models.CharField(
        max_length=500, blank=True, help_text="What it changed in the version before, in a line."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["workflow_id", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "number"], name="workflow_version_number_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id} v{self.number}"


class AgentUse(models.Model):
    """The current version of a workflow names this agent; protects the agent from deletion."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="agent_uses")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="uses")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "agent"], name="agent_use_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id} uses {self.agent_id}"


class ToolUse(models.Model):
    """The current version of a workflow names this tool; protects its server from deletion."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="tool_uses")
    server = models.ForeignKey(
        McpServer,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="uses",
        help_text="Empty: a native tool.",
    )
    tool = models.CharField(max_length=230, help_text="'server-id:tool' or 'native:tool'.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "tool"], name="tool_use_unique"),
        ]
        indexes = [models.Index(fields=["tool"], name="tool_use_tool")]

    def __str__(self) -> str:
        return f"{self.workflow_id} uses {self.tool}"


class WorkflowUse(models.Model):
    """The current or the published version of a workflow runs this one as a step; circles are found by these rows.

    The workflow that is run may be unknown, or archived later: then the step says so when it is checked.
    """

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="workflow_uses")
    called = models.CharField(max_length=100, help_text="The id of the workflow that is run.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "called"], name="workflow_use_unique"),
        ]
        indexes = [models.Index(fields=["called"], name="workflow_use_called")]

    def __str__(self) -> str:
        return f"{self.workflow_id} runs {self.called}"


class PublishedUse(models.Model):
    """An agent or tool as it was when a version that uses it was published, or when a change of it was accepted.

    A version that a schedule or webhook names counts as published to them: it is kept since they named it.
    """

    class Kind(models.TextChoices):
        """What was used."""

        AGENT = "agent"
        TOOL = "tool"

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="published_uses")
    version = models.PositiveIntegerField(
        help_text="The published version, or one that a schedule or webhook names."
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    resource = models.CharField(
        max_length=230, help_text="An agent's id, or 'server-id:tool', or 'native:tool'."
    )
    server = models.CharField(max_length=100, blank=True, help_text="Of a tool: before the colon.")
    name = models.CharField(max_length=128, blank=True, help_text="Of a tool: after the colon.")
    fingerprint = models.CharField(
        max_length=64, blank=True, help_text="Differs from today's: it changed. Empty: it was gone."
    )
    contract_hash = models.CharField(
        max_length=64, blank=True, help_text="Of a tool: what a step's call depends on."
    )
    content_json = JSONField(help_text="What it was.")
    told_fingerprint = models.CharField(
        max_length=64, blank=True, help_text="Of the last state that was told of; empty: gone."
    )
    drifted_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was noticed to be another; empty: it is not."
    )
    recorded_at = models.DateTimeField(auto_now_add=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["workflow_id", "version", "kind", "resource"]
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "version", "kind", "resource"], name="published_use_unique"
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "resource"], name="published_use_resource"),
            models.Index(fields=["server"], name="published_use_server"),
            models.Index(
                fields=["workflow"],
                name="published_use_drifted",
                condition=models.Q(drifted_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id} v{self.version} uses {self.resource}"


class WorkflowEvent(models.Model):
    """What those who follow a published workflow are told; numbers grow without gaps within a workflow."""

    # The constraint below begins with it.
    workflow = models.ForeignKey(
        Workflow, on_delete=models.CASCADE, related_name="events", db_index=False
    )
    number = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=40)
    data = JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["workflow_id", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "number"], name="workflow_event_number_unique"
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="workflow_event_created")]

    def __str__(self) -> str:
        return f"{self.workflow_id} #{self.number} {self.kind}"
