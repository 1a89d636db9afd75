"""Values as they are shown: whole up to 32 KiB, else their beginning and where the whole is; PostgreSQL does the cutting."""

import json
from typing import Any, TypeVar

from django.db.models import Case, F, JSONField, Model, Q, QuerySet, Value, When
from django.db.models.expressions import Func
from django.db.models.fields import IntegerField, TextField
from django.db.models.functions import Cast, Left

M = TypeVar("M", bound=Model)

PREVIEW_OVER_BYTES = 32 * 1024
# A run's own input and output are what its starter waits for, so more of them is shown.
RUN_PREVIEW_OVER_BYTES = 256 * 1024
PREVIEW_CHARACTERS = 2_000


def with_shown(rows: QuerySet[M], *columns: str) -> QuerySet[M]:
    """The rows with what `shown` needs for these JSON columns, which themselves are not read."""
    for column in columns:
        text = Cast(column, TextField())
        fits = Q(**{f"{column}_size__lte": PREVIEW_OVER_BYTES})
        rows = rows.annotate(
            **{f"{column}_size": Func(text, function="octet_length", output_field=IntegerField())}
        ).annotate(
            **{
                f"{column}_whole": Case(
                    When(fits, then=F(column)), default=None, output_field=JSONField()
                ),
                f"{column}_preview": Case(
                    When(fits, then=Value("")),
                    default=Left(text, PREVIEW_CHARACTERS),
                    output_field=TextField(),
                ),
            }
        )
    return rows.defer(*columns)


def is_cut(row: Model, column: str) -> bool:
    """Whether the value is too large to be shown whole; `row` comes from `with_shown`."""
    return (vars(row)[f"{column}_size"] or 0) > PREVIEW_OVER_BYTES


def shown(row: Model, column: str, link: str) -> Any:
    """The value, or `{preview, size_bytes, truncated, link}`; `row` comes from `with_shown`."""
    known = vars(row)
    if not is_cut(row, column):
        return known[f"{column}_whole"]
    return {
        "preview": known[f"{column}_preview"],
        "size_bytes": known[f"{column}_size"],
        "truncated": True,
        "link": link,
    }


def cut(value: Any, link: str) -> Any:
    """A run's own value that was read already, or `{preview, size_bytes, truncated, link}`."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = json.dumps(value, ensure_ascii=False)
    size = len(text.encode())
    if size <= RUN_PREVIEW_OVER_BYTES:
        return value
    preview = text[:PREVIEW_CHARACTERS]
    return {"preview": preview, "size_bytes": size, "truncated": True, "link": link}
