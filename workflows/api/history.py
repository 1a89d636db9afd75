"""Who changed a workflow, over REST."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from audit.api.serializers import HistoryEntrySerializer
from audit.api.views import HistoryView
from audit.models import AuditEntry
from workflows.api.views import visible_workflow
from workflows.models import Workflow


class WorkflowHistoryView(HistoryView):
    """The history of a workflow."""

    object_kind = AuditEntry.ObjectKind.WORKFLOW

    def found(self) -> Workflow:
        """An archived one too: who archived it is what one wants to know."""
        return visible_workflow(self.request, self.kwargs["workflow_id"], archived=True)

    @extend_schema(
        operation_id="list_workflow_history",
        summary="List who changed a workflow",
        tags=["versions"],
        responses={200: HistoryEntrySerializer(many=True)},
    )
    def get(self, request: Request, workflow_id: str) -> Response:
        """Who changed it, when and what, also of an archived one; for those who may change it."""
        return self.page_of(request)
