"""What a workflow can use: agents, MCP servers and the tools that those servers offered."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from common.json_field import JSONField
from discovery.agent_fingerprint import AgentFingerprint
from discovery.secret_field import SecretJSONField

# `\Z`, not `$`: a `$` lets a trailing newline through.
IDENTIFIER = r"\A[a-zA-Z][a-zA-Z0-9_-]{0,99}\Z"
identifier = RegexValidator(
    IDENTIFIER,
    "Start with a letter, then letters, digits, '-' and '_'; at most 100 characters.",
    code="invalid_id",
)


class Agent(models.Model):
    """A model with a role, instructions and an allow-list of tools."""

    class Kind(models.TextChoices):
        """What the agent is for; the engine treats all alike."""

        CHAT = "chat"
        TOOL = "tool"
        ROUTER = "router"

    id = models.CharField(primary_key=True, max_length=100, validators=[identifier])
    name = models.CharField(max_length=200)
    description = models.CharField(max_length=1000, blank=True)
    agent_type = models.CharField(max_length=20, choices=Kind.choices, default=Kind.CHAT)
    model = models.CharField(  # noqa: DJ001  # the API says null for the default
        max_length=100, null=True, blank=True, help_text="Empty: the installation's default model."
    )
    role = models.CharField(max_length=500, blank=True)
    goal = models.CharField(max_length=1000, blank=True)
    instructions = models.TextField(max_length=20_000, blank=True)
    tools = JSONField(
        default=list, blank=True, help_text="Tools it may call: 'server-id:tool' or 'native:tool'."
    )
    output_schema = JSONField(
        null=True, blank=True, help_text="JSON Schema of its answer. Empty: free text."
    )
    temperature = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0), MaxValueValidator(2)]
    )
    max_turns = models.PositiveSmallIntegerField(
        default=10, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1, help_text="Grows with every change.")
    fingerprint = models.GeneratedField(
        expression=AgentFingerprint(),
        output_field=models.CharField(max_length=32),
        db_persist=True,
        help_text="Equal for agents that work alike; what a published workflow used is compared by it.",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="agents",
        help_text="Empty: it belongs to the installation. Everyone may use it, staff change it.",
    )
    shared_with = models.ManyToManyField(Group, blank=True, related_name="shared_agents")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="agent_max_turns_in_range", condition=models.Q(max_turns__range=(1, 100))
            ),
        ]
        indexes = [models.Index(fields=["-updated_at", "id"], name="agent_updated")]

    def __str__(self) -> str:
        return self.name


class McpServer(models.Model):
    """An MCP server: HTTP ones are registered by people, stdio ones mirror the operator's file."""

    class Transport(models.TextChoices):
        """How the server is reached."""

        STREAMABLE_HTTP = "streamable_http"
        STDIO = "stdio"

    class Status(models.TextChoices):
        """What the last attempt to reach it showed."""

        UNCHECKED = "unchecked"
        CONNECTED = "connected"
        UNREACHABLE = "unreachable"
        DISABLED = "disabled"

    id = models.CharField(primary_key=True, max_length=100, validators=[identifier])
    name = models.CharField(max_length=200)
    description = models.CharField(max_length=1000, blank=True)
    transport = models.CharField(max_length=20, choices=Transport.choices)
    url = models.URLField(max_length=1000, blank=True)
    headers = SecretJSONField(
        null=True, blank=True, help_text="Sent with every request. Write-only, encrypted."
    )
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.UNCHECKED)
    last_checked_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(
        max_length=1000,
        blank=True,
        help_text="Why it can't be reached, or which tools were left out.",
    )
    refresh_requested_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Empty: no refresh waits for a worker."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="mcp_servers",
        help_text="Empty: it belongs to the installation. Everyone may use it, staff change it.",
    )
    shared_with = models.ManyToManyField(Group, blank=True, related_name="shared_mcp_servers")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "MCP server"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="mcp_server_http_has_url",
                condition=models.Q(transport="stdio", url="")
                | (models.Q(transport="streamable_http") & ~models.Q(url="")),
            ),
        ]
        indexes = [models.Index(fields=["-updated_at", "id"], name="mcp_server_updated")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        """False: nobody can call its tools."""
        return self.status != self.Status.DISABLED


class McpTool(models.Model):
    """A tool as its server described it last; one that disappeared is marked, never deleted."""

    server = models.ForeignKey(McpServer, on_delete=models.CASCADE, related_name="tools")
    name = models.CharField(max_length=128)
    description = models.TextField(blank=True)
    input_schema = JSONField(default=dict)
    output_schema = JSONField(null=True, blank=True)
    read_only = models.BooleanField(default=False)
    destructive = models.BooleanField(
        default=True,
        help_text="What its server says; MCP's default for tools that are not read-only.",
    )
    idempotent = models.BooleanField(default=False)
    schema_hash = models.CharField(
        max_length=64, help_text="SHA-256 of name, description, schemas and annotations."
    )
    is_available = models.BooleanField(
        default=True, help_text="False: the server no longer lists it."
    )
    first_seen_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField()

    class Meta:
        verbose_name = "MCP tool"
        ordering = ["server_id", "name"]
        constraints = [
            models.UniqueConstraint(fields=["server", "name"], name="mcp_tool_unique_in_server"),
        ]

    def __str__(self) -> str:
        return f"{self.server_id}:{self.name}"


class PastTool(models.Model):
    """A definition that a tool had before: calls were made under it, and want to be explained."""

    # No foreign key: the server may be gone.
    server = models.CharField(max_length=100, help_text="Its id.")
    name = models.CharField(max_length=128)
    schema_hash = models.CharField(max_length=64, help_text="As of `McpTool`.")
    input_schema = JSONField(default=dict)
    output_schema = JSONField(null=True, blank=True)
    replaced_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["server", "name", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["server", "name", "schema_hash"], name="past_tool_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.server}:{self.name}"


class ResourceChange(models.Model):
    """An agent or server that is, or may be, another: written with the change, deleted by who has drawn the conclusions."""

    class Kind(models.TextChoices):
        """What changed; with a server, its tools."""

        AGENT = "agent"
        SERVER = "server"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    # No foreign key: it may be gone.
    resource = models.CharField(max_length=100, help_text="Its id.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.resource}"
