"""The validation of a definition that is not stored."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.rest import caller
from workflows.api.serializers import ValidationReportSerializer
from workflows.checking import check
from workflows.selectors import catalogue_for

# What is no definition is a finding of the validation, not a refusal.
ANYTHING: dict[str, Any] = {"description": "A definition, or an object with one as `definition`."}


class ValidateView(APIView):
    """Nothing is stored here."""

    @extend_schema(
        operation_id="validate_definition",
        summary="Validate a definition",
        request={"application/json": ANYTHING},
        responses={200: ValidationReportSerializer},
    )
    def post(self, request: Request) -> Response:
        """What is to be said about `{"definition": …}`, or about a definition sent as it is."""
        body: Any = request.data
        raw = body["definition"] if isinstance(body, dict) and "definition" in body else body
        report = check(raw, catalogue_for(caller(request)))
        return Response(ValidationReportSerializer(report).data)
