"""For admin pages of objects in the trail: the way to their history, and the recording of what the admin itself writes."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from audit.changes import Changes, regrouped
from audit.models import AuditEntry

ObjectKind = AuditEntry.ObjectKind


def history_address(kind: ObjectKind, key: str) -> str:
    """The list of what was done to one object."""
    asked = urlencode({"object_kind__exact": str(kind), "object_id__exact": key})
    return f"{reverse('admin:audit_auditentry_changelist')}?{asked}"


class AuditedHistory:
    """The page's History button leads to the trail, which knows more than the admin's own log."""

    object_kind: ClassVar[ObjectKind]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponseRedirect:
        """To the trail; whether one may read it is asked there."""
        return HttpResponseRedirect(history_address(self.object_kind, object_id))


class RecordedWrites(AuditedHistory):
    """A model admin that writes rows itself, not through services; records each in the transaction of the page."""

    def recorded_state(self, row: Any) -> Mapping[str, Any]:
        """What is compared of a row, before and after a change."""
        raise NotImplementedError

    def record_made(self, row: Any, *, by: Any, shared: Changes) -> None:
        """Tell of a new row."""
        raise NotImplementedError

    def record_changed(
        self, row: Any, before: Mapping[str, Any], *, by: Any, shared: Changes
    ) -> None:
        """Tell of a changed row, if it is changed."""
        raise NotImplementedError

    def record_deleted(self, row: Any, *, by: Any) -> None:
        """Tell of a row that is about to go."""
        raise NotImplementedError

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Remember what is stored before it is written over."""
        if change:
            stored = type(obj)._default_manager.get(pk=obj.pk)
            form.recorded_before = (self.recorded_state(stored), _groups(stored))
        super().save_model(request, obj, form, change)  # type: ignore[misc]  # of the admin

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Everything is written by now, groups too."""
        super().save_related(request, form, formsets, change)  # type: ignore[misc]  # of the admin
        row = form.instance
        before, shared_before = getattr(form, "recorded_before", (None, []))
        groups = _groups(row)
        shared = regrouped(None if groups == shared_before else (shared_before, groups))
        if before is None:
            self.record_made(row, by=request.user, shared=shared)
        else:
            self.record_changed(row, before, by=request.user, shared=shared)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """One row."""
        with transaction.atomic():
            self.record_deleted(obj, by=request.user)
            super().delete_model(request, obj)  # type: ignore[misc]  # of the admin

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """The chosen rows: each is recorded, all or none go."""
        with transaction.atomic():
            for row in queryset:
                self.record_deleted(row, by=request.user)
            super().delete_queryset(request, queryset)  # type: ignore[misc]  # of the admin


def _groups(row: Any) -> list[str]:
    shared_with = getattr(row, "shared_with", None)
    names = shared_with.values_list("name", flat=True) if shared_with is not None else ()
    return sorted(names)
