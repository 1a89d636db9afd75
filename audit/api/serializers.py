"""The shapes of entries."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audit.models import AuditEntry

ChangeField = extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": {"before": {}, "after": {}, "changed": {"type": "boolean"}},
        },
        "example": {"version": {"before": 3, "after": 4}, "headers": {"changed": True}},
    }
)
_OF_HISTORY = [
    *("id", "created_at", "action", "actor", "actor_kind"),
    *("object_kind", "object_id", "object_name", "summary", "changes", "details"),
]


class HistoryEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    """What was done to one object, for those who may change it.

    Groups that it was shared with are named as the object itself names them: all to its owner and staff, else one's
    own (`groups` in the context, null for all).
    """

    actor = serializers.CharField(
        source="actor_name", help_text="The user's name as it was then; empty where it was nobody."
    )
    changes = serializers.SerializerMethodField(
        help_text="By field: before and after where both are short and no secret, else `changed`."
    )
    details = serializers.DictField(help_text="What else is to be known, by the kind of action.")

    class Meta:
        model = AuditEntry
        fields = _OF_HISTORY
        read_only_fields = _OF_HISTORY

    @ChangeField
    def get_changes(self, entry: AuditEntry) -> dict[str, Any]:
        """As stored, but for groups that the reader is not in."""
        groups: set[str] | None = self.context.get("groups")
        if groups is None or "shared_with" not in entry.changes:
            return dict(entry.changes)
        change: Mapping[str, Any] = entry.changes["shared_with"]
        seen = {
            side: [name for name in names if name in groups]
            for side, names in change.items()
            if isinstance(names, list)
        }
        return {**entry.changes, "shared_with": seen or change}


class AuditEntrySerializer(HistoryEntrySerializer):
    """An entry with where it came from; of what others did that is for staff alone."""

    class Meta:
        model = AuditEntry
        fields = [*_OF_HISTORY, "channel", "via", "client_address", "request_id"]
        read_only_fields = fields

    def to_representation(self, instance: AuditEntry) -> dict[str, Any]:
        """With null for where another one was."""
        shown = super().to_representation(instance)
        viewer = self.context["request"].user
        is_open = instance.actor_kind == AuditEntry.ActorKind.NOBODY
        if not (is_open or viewer.is_staff or instance.actor_id == viewer.pk):
            shown |= {"via": "", "client_address": None, "request_id": ""}
        return shown
