"""Every refusal as a problem-details object (RFC 9457)."""

from typing import Any

from drf_standardized_errors.handler import exception_handler as standardized_handler
from rest_framework.response import Response


def exception_handler(error: Exception, context: Any) -> Response | None:
    """Every refusal as a problem-details object."""
    return standardized_handler(error, context)
