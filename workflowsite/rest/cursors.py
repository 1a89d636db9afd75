"""Cursors: the place between two rows of an ordered list, as an opaque text that is checked when it comes back."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.db.models import Field, Model

from common import strict_json
from common.errors import NotFound

MOST_CHARACTERS = 4000


@dataclass(frozen=True)
class Ordering:
    """A list's order: one field that is never null, then the key ascending."""

    field: str
    descending: bool

    @property
    def text(self) -> str:
        """As in the query string: '-updated_at'."""
        return f"-{self.field}" if self.descending else self.field


@dataclass(frozen=True)
class Cursor:
    """The row beside which the page begins; `backwards` pages end just before it."""

    ordering: Ordering
    value: Any
    key: Any
    backwards: bool

    def encode(self) -> str:
        """The opaque text."""
        value = self.value.isoformat() if isinstance(self.value, datetime) else self.value
        content = [self.ordering.text, value, self.key, self.backwards]
        return base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")


def decode(text: str, ordering: Ordering, model: type[Model]) -> Cursor:
    """The cursor in `text`; raises `NotFound` for anything that this list's order did not produce."""
    try:
        padded = text + "=" * (-len(text) % 4)
        content = strict_json.loads(
            base64.b64decode(padded, altchars=b"-_", validate=True), max_bytes=MOST_CHARACTERS
        )
        match content:
            case [
                str() as made_for,
                (str() | int() | float()) as value,
                (str() | int()) as key,
                bool() as backwards,
            ]:
                pass
            case _:
                raise _unusable()
        if made_for != ordering.text:
            raise _unusable()
        return Cursor(
            ordering=ordering,
            value=_python(model._meta.get_field(ordering.field), value),
            key=_python(model._meta.pk, key),
            backwards=backwards,
        )
    except (ValueError, TypeError, OverflowError, ValidationError) as error:
        raise _unusable() from error


def cursor_of(row: Any, ordering: Ordering, *, backwards: bool) -> Cursor:
    """The place beside `row` (a model or a mapping)."""
    if isinstance(row, Mapping):
        value, key = row[ordering.field], row.get("pk", row.get("id"))
    else:
        value, key = getattr(row, ordering.field), row.pk
    return Cursor(ordering=ordering, value=value, key=key, backwards=backwards)


def _python(field: Any, value: object) -> Any:
    assert isinstance(field, Field)
    converted = field.to_python(value)
    if converted is None or isinstance(converted, bool) != isinstance(value, bool):
        raise _unusable()
    if isinstance(converted, datetime) and converted.tzinfo is None:
        raise _unusable()
    return converted


def _unusable() -> NotFound:
    return NotFound(
        "This cursor leads to no page of this list; start again without it.", code="invalid_cursor"
    )
