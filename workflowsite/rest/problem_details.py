"""Every refusal as a problem-details object (RFC 9457)."""

import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import structlog
from django.core import exceptions as django_exceptions
from django.db import DataError, IntegrityError, OperationalError
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error
from rest_framework.settings import api_settings

from common.errors import DomainError
from common.strict_json import escape

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
# Named by RFC 9457, section 4.2.1: the status says all there is to say.
BLANK_TYPE = "about:blank"
INTERNAL = "Something went wrong here; it was logged under this request_id."


class Refusal(exceptions.APIException):
    """A domain error on its way through REST framework."""

    def __init__(self, error: DomainError) -> None:
        super().__init__(error.detail, error.code)
        self.status_code = error.status
        self.error = error
        if "retry_after" in error.extra:
            self.wait = error.extra["retry_after"]


class ProblemHandler(ExceptionHandler):
    """Turns what views raise into answers; what a client's values caused is never a 500."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        """An `APIException` for every error that is not a bug."""
        match exc:
            case DomainError():
                return Refusal(exc)
            case django_exceptions.RequestDataTooBig():
                return Refusal(_with_status(413, "The body is larger than 2 MiB.", "too_large"))
            case django_exceptions.SuspiciousOperation():
                return Refusal(_with_status(400, "The request is malformed.", "malformed"))
            case django_exceptions.ValidationError():
                return exceptions.ValidationError(as_serializer_error(exc))
            case IntegrityError():
                logger.warning("refused by a constraint: %s", exc)
                return Refusal(
                    _with_status(409, "This contradicts what is stored; read it again.", "conflict")
                )
            case DataError():
                logger.warning("refused by the database: %s", exc)
                return Refusal(_with_status(400, "A value can't be stored or compared.", "invalid"))
            case OperationalError():
                logger.error("database: %s", exc)
                return Refusal(
                    _with_status(503, "The database can't be reached; try again.", "unavailable")
                )
        return super().convert_known_exceptions(exc)

    def get_response(self, exc: exceptions.APIException, data: dict[str, Any]) -> Response:
        """The answer with its own media type."""
        return Response(
            data,
            status=exc.status_code,
            headers=self.get_headers(exc),
            content_type=MEDIA_TYPE,
        )


class ProblemFormatter(ExceptionFormatter):
    """The body: RFC 9457's members, `code`, `request_id`, `errors` and `problems`."""

    def run(self) -> dict[str, Any]:
        """The problem-details object of this exception."""
        if isinstance(self.exc, Refusal):
            return _of_domain(self.exc.error)
        if self.exc.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return problem(self.exc.status_code, INTERNAL, "internal")
        request = self.context["request"]
        in_body = request is None or request.method in ("POST", "PUT", "PATCH")
        errors = list(_located(self.exc.detail, "", in_body=in_body))
        first = errors[0]
        code = first["code"] if len(errors) == 1 else "invalid"
        place = first["pointer"] or first.get("parameter")
        detail = f"{place}: {first['detail']}" if place else first["detail"]
        return problem(self.exc.status_code, detail, code, errors=errors)


def problem(
    status: int,
    detail: str,
    code: str,
    *,
    errors: list[dict[str, Any]] | None = None,
    problems: list[Any] | None = None,
    extra: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A problem-details object; `extra` adds members of its own."""
    return {
        "type": BLANK_TYPE,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": structlog.contextvars.get_contextvars().get("request_id"),
        "errors": errors or [{"code": code, "detail": detail, "pointer": None}],
        "problems": problems or [],
        **(extra or {}),
    }


def _of_domain(error: DomainError) -> dict[str, Any]:
    entry = {"code": error.code, "detail": error.detail, "pointer": error.pointer}
    errors = [entry | ({"parameter": error.parameter} if error.parameter else {})]
    return problem(
        error.status,
        error.detail,
        error.code,
        errors=errors,
        problems=error.problems,
        extra=error.extra,
    )


def _with_status(status: int, detail: str, code: str) -> DomainError:
    error = DomainError(detail, code=code)
    error.status = status
    return error


def _located(detail: Any, pointer: str, *, in_body: bool) -> Iterator[dict[str, Any]]:
    """REST framework's nested messages as flat entries with a JSON Pointer, or the query parameter's name."""
    if isinstance(detail, dict):
        for key, inner in detail.items():
            step = "" if key == api_settings.NON_FIELD_ERRORS_KEY else f"/{escape(str(key))}"
            yield from _located(inner, pointer + step, in_body=in_body)
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            step = "" if isinstance(inner, str) else f"/{index}"
            yield from _located(inner, pointer + step, in_body=in_body)
    elif in_body or not pointer:
        yield {"code": detail.code, "detail": str(detail), "pointer": pointer or None}
    else:
        entry = {"code": detail.code, "detail": str(detail), "pointer": None}
        yield {**entry, "parameter": pointer.removeprefix("/")}
