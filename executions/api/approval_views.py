"""The questions of runs that wait for their caller."""

from typing import Any

import django_filters as filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from common.filters import IdFilter, StrictFilterSet
from executions.api.approval_serializers import ApprovalDetailSerializer, ApprovalSerializer
from executions.models import Approval
from executions.selectors import approvals_for, open_approvals_for


class ApprovalFilter(StrictFilterSet):
    """`?status=&execution_id=&workflow_id=`; `status` may be repeated."""

    status = filters.MultipleChoiceFilter(
        choices=Approval.Status.choices,
        help_text="Without it: what the caller can decide now. With it: all that they were asked.",
    )
    execution_id = IdFilter()
    workflow_id = IdFilter(field_name="execution__workflow_id")

    class Meta:
        model = Approval
        fields: tuple[str, ...] = ()


class ApprovalViewSet(mixins.ListModelMixin, GenericViewSet[Approval]):
    """What the caller was asked to decide."""

    queryset = Approval.objects.none()
    serializer_class = ApprovalSerializer
    filterset_class = ApprovalFilter
    ordering = "-created_at"
    ordering_fields = ("created_at",)

    def get_queryset(self) -> QuerySet[Approval]:
        """Starts from the caller: open questions, or all of them when a status is asked for."""
        user = self.request.user
        is_history = "status" in self.request.query_params
        rows = approvals_for(user) if is_history else open_approvals_for(user)
        return _with_related(rows).defer("content_json", "edited_json")

    @extend_schema(
        operation_id="read_approval",
        summary="Read a decision",
        tags=["executions"],
        responses=ApprovalDetailSerializer,
    )
    def retrieve(self, request: Request, approval_id: int) -> Response:
        """One question that the caller is or was asked, with its content and every decision."""
        rows = _with_related(approvals_for(request.user))
        approval = get_object_or_404(rows, pk=approval_id)
        return Response(ApprovalDetailSerializer(approval).data)

    @extend_schema(operation_id="list_approvals", summary="List decisions", tags=["executions"])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The caller's open decisions, the newest first."""
        return super().list(request, *args, **kwargs)


def _with_related(rows: QuerySet[Approval]) -> QuerySet[Approval]:
    """With what every answer shows, and without the values of runs, which may be large."""
    return (
        rows.select_related("execution__workflow")
        .defer(
            "execution__user_input",
            "execution__input_json",
            "execution__context_json",
            "execution__output_json",
            "execution__workflow__definition_json",
        )
        .prefetch_related("decisions__user")
    )
