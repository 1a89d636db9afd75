"""Workflows over REST: each view names the shapes and calls one service."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import Invalid, NotFound
from common.rest import caller
from workflows import services
from workflows.api import conditional, idempotency
from workflows.api.conditional import etag, expected_revision
from workflows.api.filters import WorkflowFilter
from workflows.api.idempotency import idempotency_of
from workflows.api.reading import is_plain, listed, one_row, one_workflow, plain_list
from workflows.api.serializers import (
    CopySerializer,
    StoredReportSerializer,
    UnsavedSerializer,
    WorkflowCreateSerializer,
    WorkflowRowSerializer,
    WorkflowSerializer,
    WorkflowWrittenSerializer,
)
from workflows.api.shapes import (
    row_json,
    with_row_columns,
    workflow_json,
    written_json,
)
from workflows.checking import check, described
from workflows.definition.validate import Report
from workflows.drift.current import drift_count
from workflows.few_visible import few_visible
from workflows.identifiers import require_same_id
from workflows.models import Workflow
from workflows.selectors import catalogue_for

STALE = OpenApiResponse(description="The `If-Match` no longer holds; says what changed since.")
ARCHIVED = OpenApiParameter("archived", bool, description="true: read an archived one too.")


def written(
    workflow: Workflow,
    request: Request,
    code: int = status.HTTP_200_OK,
    *,
    report: Report | None = None,
    is_shared: bool = True,
) -> Response:
    """A workflow just written, with its `ETag` and what validation says of it (null: by the caller's catalogue).

    `is_shared` is false where it is known to be shared with no group.
    """
    user = caller(request)
    report = report or check(workflow.definition_json, catalogue_for(user))
    headers = {"ETag": etag(workflow.revision)}
    if code == status.HTTP_201_CREATED:
        headers["Location"] = f"/api/v1/workflows/{workflow.pk}"
    told = written_json(workflow, report, user, is_shared=is_shared)
    return Response(told, status=code, headers=headers)


def visible_workflow(request: Request, workflow_id: str, *, archived: bool = False) -> Workflow:
    """The workflow, if the caller may see it; raises `NotFound`, for an archived one too unless `archived`."""
    row = one_workflow(workflow_id, caller(request))
    if row is None or not (row.is_active or archived):
        raise no_such_workflow()
    return row


def no_such_workflow() -> NotFound:
    """What is said of one that there is not, and of one that is not the caller's to see."""
    return NotFound("There is no such workflow.")


def _archived_too(request: Request) -> bool:
    """The parameter `archived`; raises `Invalid` for anything but true and false."""
    given = request.query_params.getlist("archived", ["false"])
    if given not in (["true"], ["false"]):
        detail = "archived is true or false, once."
        raise Invalid(detail, code="invalid_archived", parameter="archived")
    return given == ["true"]


class WorkflowScopedView(GenericAPIView[Workflow]):
    """A view of one workflow that the caller may see."""

    queryset = Workflow.objects.none()
    pagination_class = None

    def workflow(self, *, archived: bool = False) -> Workflow:
        """The workflow of the address; raises `NotFound`."""
        return visible_workflow(self.request, self.kwargs["workflow_id"], archived=archived)

    def body(self) -> Any:
        """The validated body."""
        serializer = self.get_serializer(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data


class WorkflowsView(GenericAPIView[Workflow]):
    """All workflows that the caller may see."""

    queryset = Workflow.objects.none()
    serializer_class = WorkflowRowSerializer
    filterset_class = WorkflowFilter
    ordering_fields = ["updated_at", "created_at", "name", "id"]
    ordering = "-updated_at"

    def get_queryset(self) -> QuerySet[Workflow, dict[str, Any]]:  # type: ignore[override]
        """The rows of a list, with how they did lately, without what a row does not show."""
        user = caller(self.request)
        return with_row_columns(listed(user, few_visible(user)), user)

    @extend_schema(
        operation_id="list_workflows",
        summary="List workflows",
        responses={200: WorkflowRowSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """Workflows that the caller owns, that are shared with them, and published templates."""
        user = caller(request)
        rows: Any = (
            plain_list(user, few_visible(user))
            if user.is_active and is_plain(request.query_params)
            else self.filter_queryset(self.get_queryset())
        )
        page = self.paginate_queryset(rows) or ()
        return self.get_paginated_response([row_json(row) for row in page])

    @extend_schema(
        operation_id="create_workflow",
        summary="Store a workflow",
        request=WorkflowCreateSerializer,
        parameters=[idempotency.HEADER, conditional.ETAG, conditional.LOCATION],
        responses={201: WorkflowWrittenSerializer},
    )
    def post(self, request: Request) -> Response:
        """Store a workflow. A definition with problems becomes a draft (`can_execute` false)."""
        body = WorkflowCreateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        fields = dict(body.validated_data)
        own = {key: fields.pop(key, None) for key in ("id", "name", "description")}
        definition = described(fields.pop("definition_json", {}), **own)
        user = caller(request)
        stored = services.store_workflow(
            by=user, definition=definition, **fields, **idempotency_of(request)
        )
        is_shared = stored.report is None or bool(fields.get("shared_with"))
        return written(stored.workflow, request, 201, report=stored.report, is_shared=is_shared)


class WorkflowView(WorkflowScopedView):
    """One workflow."""

    serializer_class = WorkflowSerializer

    @extend_schema(
        operation_id="read_workflow",
        summary="Read a workflow",
        parameters=[ARCHIVED, conditional.ETAG],
        responses={200: WorkflowSerializer},
    )
    def get(self, request: Request, workflow_id: str) -> Response:
        """The workflow with its definition; `ETag` names its revision."""
        user, archived = caller(request), _archived_too(request)
        row = one_row(workflow_id, user)
        if row is None or not (row["is_active"] or archived):
            raise no_such_workflow()
        return Response(workflow_json(row), headers={"ETag": etag(row["revision"])})

    @extend_schema(
        operation_id="replace_workflow",
        summary="Replace a workflow",
        request=WorkflowSerializer,
        parameters=conditional.HEADERS,
        responses={200: WorkflowWrittenSerializer, 412: STALE},
    )
    def put(self, request: Request, workflow_id: str) -> Response:
        """Replace name, description, category, tags and definition; what else is not given stays."""
        emptied = {"description": "", "category": "", "tags": [], "definition_json": {}}
        return self._save(request, emptied)

    @extend_schema(
        operation_id="change_workflow",
        summary="Change a workflow",
        request=WorkflowSerializer,
        parameters=conditional.HEADERS,
        responses={200: WorkflowWrittenSerializer, 412: STALE},
    )
    def patch(self, request: Request, workflow_id: str) -> Response:
        """Change what is given; the definition is replaced as a whole."""
        return self._save(request, {})

    @extend_schema(
        operation_id="archive_workflow",
        summary="Archive a workflow",
        parameters=conditional.HEADERS,
        responses={204: None, 412: STALE},
    )
    def delete(self, request: Request, workflow_id: str) -> Response:
        """Archive it: its runs stay, its id stays taken, `restore` brings it back."""
        services.archive_workflow(
            self.workflow(), by=caller(request), expected_revision=expected_revision(request)
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _save(self, request: Request, absent: dict[str, Any]) -> Response:
        workflow = self.workflow()
        body = self.get_serializer(workflow, data=request.data)
        body.is_valid(raise_exception=True)
        fields = {**absent, **body.validated_data}
        require_same_id(workflow, fields.pop("id", None), pointer="/id")
        if "definition_json" in fields:
            fields["definition"] = fields.pop("definition_json")
        changed = services.change_workflow(
            workflow, by=caller(request), expected_revision=expected_revision(request), **fields
        )
        return written(changed.workflow, request, report=changed.report)


class WorkflowRestoreView(WorkflowScopedView):
    """An archived workflow."""

    @extend_schema(
        operation_id="restore_workflow",
        summary="Bring a workflow back",
        request=None,
        parameters=conditional.HEADERS,
        responses={200: WorkflowWrittenSerializer, 412: STALE},
    )
    def post(self, request: Request, workflow_id: str) -> Response:
        """Bring it back from the archive."""
        restored = services.restore_workflow(
            self.workflow(archived=True),
            by=caller(request),
            expected_revision=expected_revision(request),
        )
        return written(restored, request)


class WorkflowCopyView(WorkflowScopedView):
    """A workflow to copy."""

    serializer_class = CopySerializer

    @extend_schema(
        operation_id="copy_workflow",
        summary="Copy a workflow",
        request=CopySerializer,
        parameters=[idempotency.HEADER, conditional.ETAG, conditional.LOCATION],
        responses={201: WorkflowWrittenSerializer},
    )
    def post(self, request: Request, workflow_id: str) -> Response:
        """An own copy of the current version."""
        copied = services.copy_workflow(
            self.workflow(), by=caller(request), **self.body(), **idempotency_of(request)
        )
        return written(copied, request, status.HTTP_201_CREATED)


class WorkflowValidateView(WorkflowScopedView):
    """The validation of a stored workflow."""

    serializer_class = UnsavedSerializer

    @extend_schema(
        operation_id="validate_workflow",
        summary="Validate a stored workflow",
        request=UnsavedSerializer,
        responses={200: StoredReportSerializer},
    )
    def post(self, request: Request, workflow_id: str) -> Response:
        """What is to be said about the stored definition, or about the one in the body."""
        workflow = self.workflow()
        raw = self.body().get("definition_json", workflow.definition_json)
        report = check(described(raw, id=workflow.pk), catalogue_for(caller(request)))
        found = {**report.to_json(), "drift": drift_count(workflow.pk, workflow.published_version)}
        return Response(StoredReportSerializer(found).data)
