"""The trail: one row for each thing that somebody did."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from common.json_field import JSONField


class AuditEntry(models.Model):
    """Who did what to which object, when and from where; the database refuses to change or delete it (decisions/0013).

    Objects are named, not referred to: the entry outlives them, and its author.
    """

    class Action(models.TextChoices):
        """What was done."""

        CREATED = "created"
        UPDATED = "updated"
        DELETED = "deleted"
        COPIED = "copied"
        IMPORTED = "imported"
        APPLIED = "applied", "applied a generation"
        ARCHIVED = "archived"
        RESTORED = "restored"
        PUBLISHED = "published"
        UNPUBLISHED = "unpublished"
        ACCEPTED = "accepted", "accepted changes of what it uses"
        SHARED = "shared", "changed with whom it is shared"
        ACTIVATED = "activated"
        DEACTIVATED = "deactivated"
        SECRET_CHANGED = "secret_changed"
        DECIDED = "decided"
        CANCELLED = "cancelled"
        RETRIED = "retried"
        FORKED = "forked"
        LOGGED_IN = "logged_in"
        LOGGED_OUT = "logged_out"
        LOG_IN_FAILED = "log_in_failed"
        TOKEN_CREATED = "token_created"
        TOKEN_REVOKED = "token_revoked"
        PASSWORD_CHANGED = "password_changed"

    class ActorKind(models.TextChoices):
        """What did it."""

        USER = "user"
        SYSTEM = "system", "the installation"
        NOBODY = "nobody", "not logged in"

    class Channel(models.TextChoices):
        """The way it came in."""

        REST = "rest", "REST"
        WEB = "web", "REST, in a browser's session"
        ADMIN = "admin"
        COMMAND = "command"
        SYSTEM = "system", "the installation"

    class ObjectKind(models.TextChoices):
        """What it was done to."""

        WORKFLOW = "workflow"
        AGENT = "agent"
        MCP_SERVER = "mcp_server", "MCP server"
        SCHEDULE = "schedule"
        WEBHOOK = "webhook"
        APPROVAL = "approval"
        EXECUTION = "execution"
        USER = "user"
        GROUP = "group"

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    action = models.CharField(max_length=20, choices=Action.choices)
    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices)
    # No constraint, so that deleting a user leaves the number, and the row, as it is.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    actor_name = models.CharField(
        max_length=150, blank=True, help_text="The user's name as it was then."
    )
    channel = models.CharField(max_length=10, choices=Channel.choices)
    via = models.CharField(
        max_length=64, blank=True, help_text="The beginning of the token, or the command."
    )
    request_id = models.CharField(max_length=64, blank=True)
    client_address = models.GenericIPAddressField(null=True)
    object_kind = models.CharField(max_length=20, choices=ObjectKind.choices)
    object_id = models.CharField(max_length=100, blank=True)
    object_name = models.CharField(max_length=200, blank=True)
    summary = models.CharField(
        max_length=500, blank=True, help_text="Of a definition's change: its version's line."
    )
    changes = JSONField(
        default=dict,
        help_text="By field: {before, after} where both are short and no secret, else {changed: true}.",
    )
    details = JSONField(default=dict, help_text="What else is to be known, by the kind of action.")

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        ordering = ["-created_at", "id"]
        indexes = [
            models.Index(fields=["-created_at", "id"], name="audit_created"),
            models.Index(fields=["actor", "-created_at", "id"], name="audit_actor_created"),
            models.Index(
                fields=["object_kind", "object_id", "-created_at", "id"],
                name="audit_object_created",
            ),
            models.Index(
                fields=["-created_at"],
                name="audit_failed_log_ins",
                condition=models.Q(action="log_in_failed"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name or self.actor_kind} {self.action} {self.object_kind} {self.object_id}"
