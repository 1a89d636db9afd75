"""The steps of a workflow over REST: each edit is one transaction and answers what it changed."""

from collections.abc import Callable
from functools import partial
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from common.rest import caller
from workflows.api import conditional
from workflows.api.canvas_serializers import (
    EditedSerializer,
    StepAddSerializer,
    StepChangeBodySerializer,
    StepConnectSerializer,
    StepMoveSerializer,
    StepOrderSerializer,
)
from workflows.api.conditional import etag, expected_revision
from workflows.api.views import STALE, WorkflowScopedView
from workflows.definition.canvas_change import canvas_change
from workflows.definition.diff import difference, summary
from workflows.definition.edit import (
    add_step,
    connect_steps,
    delete_step,
    disconnect_steps,
    move_step,
    reorder_steps,
    update_step,
)
from workflows.definition.steps import Definition
from workflows.editing import Edited, edit_workflow

ANSWERS: dict[int, Any] = {200: EditedSerializer, 412: STALE}
BRANCH = OpenApiParameter(
    "branch", str, description="Which way out; as for a new step. Absent: `next`."
)


def edited_answer(edited: Edited, code: int = status.HTTP_200_OK) -> Response:
    """What an edit changed, what validation says of the result, and its `ETag`."""
    row = edited.workflow
    changes = difference(edited.before, edited.after)
    part = canvas_change(
        edited.before,
        edited.after,
        stored_before=edited.layout_before,
        stored_after=row.layout,
    )
    answer = {
        "version": row.version,
        "revision": row.revision,
        "summary": summary(changes),
        "changes": changes,
        "canvas": part,
        "validation": edited.report,
    }
    headers = {"ETag": etag(row.revision)}
    return Response(EditedSerializer(answer).data, status=code, headers=headers)


class EditingView(WorkflowScopedView):
    """A view that edits the workflow of its address."""

    def edited(
        self, edit: Callable[[Definition], Definition], *, message: str = "", code: int = 200
    ) -> Response:
        """Carry out the edit; raises what `edit_workflow` raises."""
        edited = edit_workflow(
            self.workflow(),
            edit,
            by=caller(self.request),
            expected_revision=expected_revision(self.request),
            message=message,
        )
        return edited_answer(edited, code)


class StepsView(EditingView):
    """The steps of a workflow."""

    serializer_class = StepAddSerializer

    @extend_schema(
        operation_id="add_step",
        summary="Add a step",
        tags=["steps"],
        request=StepAddSerializer,
        parameters=conditional.HEADERS,
        responses={201: EditedSerializer, 412: STALE},
    )
    def post(self, request: Request, workflow_id: str) -> Response:
        """Add a step: on a way out of another, before another, or at the end of a list."""
        body = self.body()
        message, step = body.pop("message"), body.pop("step")
        edit = partial(add_step, step=step, **body)
        return self.edited(edit, message=message, code=status.HTTP_201_CREATED)


class StepView(EditingView):
    """One step, wherever it stands."""

    serializer_class = StepChangeBodySerializer

    @extend_schema(
        operation_id="replace_step",
        summary="Change a step",
        tags=["steps"],
        request=StepChangeBodySerializer,
        parameters=conditional.HEADERS,
        responses=ANSWERS,
    )
    def put(self, request: Request, workflow_id: str, step_id: str) -> Response:
        """Replace its fields; its place, `next` and the steps inside stay where they are not given."""
        body = self.body()
        edit = partial(update_step, step_id=step_id, step=body["step"])
        return self.edited(edit, message=body["message"])

    @extend_schema(
        operation_id="delete_step",
        summary="Delete a step",
        tags=["steps"],
        parameters=conditional.HEADERS,
        responses=ANSWERS,
    )
    def delete(self, request: Request, workflow_id: str, step_id: str) -> Response:
        """Take it out, with all inside; what led to it leads to where it went on."""
        return self.edited(partial(delete_step, step_id=step_id))


class StepOrderView(StepView):
    """The order of the steps of a list; also the step 'reorder', if somebody calls one so."""

    def get_serializer_class(self) -> Any:
        """An order is posted, a step is put."""
        return StepOrderSerializer if self.request.method == "POST" else self.serializer_class

    @extend_schema(
        operation_id="replace_step_called_reorder",
        summary="Change a step called 'reorder'",
        tags=["steps"],
        request=StepChangeBodySerializer,
        parameters=conditional.HEADERS,
        responses=ANSWERS,
    )
    def put(self, request: Request, workflow_id: str, step_id: str = "reorder") -> Response:
        """Replace the fields of a step that is called 'reorder'."""
        return super().put(request, workflow_id, step_id)

    @extend_schema(
        operation_id="delete_step_called_reorder",
        summary="Delete a step called 'reorder'",
        tags=["steps"],
        parameters=conditional.HEADERS,
        responses=ANSWERS,
    )
    def delete(self, request: Request, workflow_id: str, step_id: str = "reorder") -> Response:
        """Delete a step that is called 'reorder'."""
        return super().delete(request, workflow_id, step_id)

    @extend_schema(
        operation_id="reorder_steps",
        summary="Reorder steps",
        tags=["steps"],
        request=StepOrderSerializer,
        parameters=conditional.HEADERS,
        responses=ANSWERS,
    )
    def post(self, request: Request, workflow_id: str) -> Response:
        """Put all steps of a list into a new order."""
        body = self.body()
        message = body.pop("message")
        return self.edited(partial(reorder_steps, **body), message=message)


class StepMoveView(EditingView):
    """The place of a step."""

    serializer_class = StepMoveSerializer

    @extend_schema(
        operation_id="move_step",
        summary="Move a step",
        tags=["steps"],
        request=StepMoveSerializer,
        parameters=conditional.HEADERS,
        responses=ANSWERS,
    )
    def post(self, request: Request, workflow_id: str, step_id: str) -> Response:
        """Take the step out and put it elsewhere, into another container too."""
        body = self.body()
        message = body.pop("message")
        return self.edited(partial(move_step, step_id=step_id, **body), message=message)


class StepConnectionView(EditingView):
    """A way out of a step."""

    serializer_class = StepConnectSerializer

    @extend_schema(
        operation_id="connect_steps",
        summary="Connect two steps",
        tags=["steps"],
        request=StepConnectSerializer,
        parameters=conditional.HEADERS,
        responses=ANSWERS,
    )
    def post(self, request: Request, workflow_id: str, step_id: str) -> Response:
        """Let it lead to a step of the same list, or to the end; a conditional gets a missing choice."""
        body = self.body()
        message = body.pop("message")
        return self.edited(partial(connect_steps, step_id=step_id, **body), message=message)

    @extend_schema(
        operation_id="disconnect_steps",
        summary="Disconnect a step",
        tags=["steps"],
        parameters=[BRANCH, *conditional.HEADERS],
        responses=ANSWERS,
    )
    def delete(self, request: Request, workflow_id: str, step_id: str) -> Response:
        """Take it away: `next` then ends the list, a choice goes, errors and rejections fail again."""
        branch = request.query_params.get("branch")
        return self.edited(partial(disconnect_steps, step_id=step_id, branch=branch))
