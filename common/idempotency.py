"""Repeating a request that creates a row gives the row of the first request."""

from typing import TypeVar

from django.db.models import Model, QuerySet

from common.errors import Unprocessable
from common.ownership import Caller

Row = TypeVar("Row", bound=Model)


def first_answer(
    rows: QuerySet[Row], *, owner: Caller | None, key: str | None, request_hash: str
) -> Row | None:
    """The row that `owner` created under `key`, or null; raises `Unprocessable` if its request was another one.

    For models with `created_by`, `idempotency_key` (unique together) and `request_hash`.
    """
    if key is None or owner is None:
        return None
    row = rows.filter(created_by=owner, idempotency_key=key).first()
    if row is not None and getattr(row, "request_hash", "") != request_hash:
        raise Unprocessable(
            "This Idempotency-Key was used for another request; use a new key.",
            code="idempotency_key_reused",
        )
    return row
