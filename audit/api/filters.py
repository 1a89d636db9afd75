"""Which entries of the trail are asked for."""

import django_filters

from audit.models import AuditEntry
from common.filters import StrictFilterSet, TextFilter


class AuditFilter(StrictFilterSet):
    """Of the trail."""

    actor = TextFilter(field_name="actor_name", max_length=150, label="A user's name as it was.")
    action = django_filters.ChoiceFilter(choices=AuditEntry.Action.choices)
    object_kind = django_filters.ChoiceFilter(choices=AuditEntry.ObjectKind.choices)
    object_id = TextFilter(max_length=100, label="Give object_kind with it.")
    channel = django_filters.ChoiceFilter(choices=AuditEntry.Channel.choices)
    since = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    until = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = AuditEntry
        fields: list[str] = []
