"""The trail over REST; there is nothing to write."""

from typing import Any

from django.db.models import Model, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from audit.api.filters import AuditFilter
from audit.api.serializers import AuditEntrySerializer, HistoryEntrySerializer
from audit.models import AuditEntry
from audit.selectors import entries_for, history_of
from common.ownership import require_change
from common.rest import caller


class AuditView(GenericAPIView[AuditEntry]):
    """What the caller did and what happened to their account; for staff, everything."""

    queryset = AuditEntry.objects.none()
    serializer_class = AuditEntrySerializer
    filterset_class = AuditFilter
    ordering = "-created_at"

    def get_queryset(self) -> QuerySet[AuditEntry]:
        """Starts from the caller."""
        return entries_for(self.request.user)

    @extend_schema(
        operation_id="list_audit_entries",
        summary="List who did what",
        tags=["audit"],
        responses={200: AuditEntrySerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """Your own actions, log-ins and what was done to your account; for staff those of all. Newest first."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class HistoryView(GenericAPIView[AuditEntry]):
    """What was done to one object; a subclass finds it."""

    queryset = AuditEntry.objects.none()
    serializer_class = HistoryEntrySerializer
    filter_backends: tuple[Any, ...] = ()
    ordering = "-created_at"
    object_kind: AuditEntry.ObjectKind

    def found(self) -> Model:
        """The object of the address, if the caller may see it; raises `NotFound`."""
        raise NotImplementedError

    def page_of(self, request: Request) -> Response:
        """A page of its history; raises `Forbidden` for who may not change it."""
        row: Any = self.found()
        user = caller(request)
        require_change(row, user)
        entries = history_of(self.object_kind, row.pk, since=row.created_at)
        page = self.paginate_queryset(entries)
        sees_all = user.is_staff or row.created_by_id == user.pk
        groups = None if sees_all else set(user.groups.values_list("name", flat=True))
        context = {**self.get_serializer_context(), "groups": groups}
        return self.get_paginated_response(
            HistoryEntrySerializer(page, many=True, context=context).data
        )
