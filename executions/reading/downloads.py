"""Whole values as JSON text, read in slices: a value of any size takes little memory."""

from collections.abc import Iterator
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.db.models.fields import TextField
from django.db.models.functions import Cast, Substr

from executions.models import ModelCall

M = TypeVar("M", bound=Model)

SLICE_CHARACTERS = 512 * 1024


def json_of(rows: QuerySet[M], column: str) -> Iterator[bytes]:
    """The JSON text of one row's column in slices; null where there is no value."""
    start = 1
    while True:
        piece = Substr(Cast(column, TextField()), start, SLICE_CHARACTERS)
        text = rows.annotate(piece=piece).values_list("piece", flat=True).first()
        if start == 1 and text is None:
            yield b"null"
        if not text:
            return
        yield text.encode()
        if len(text) < SLICE_CHARACTERS:
            return
        start += SLICE_CHARACTERS


def conversation_of(execution_id: str, path: str) -> Iterator[bytes]:
    """An agent's messages as one JSON array, read turn by turn."""
    rows = ModelCall.objects.filter(execution_id=execution_id, path=path, failed_try="").order_by(
        "turn"
    )
    is_first = True
    yield b"["
    for pk in list(rows.values_list("pk", flat=True)):
        turn = ModelCall.objects.annotate(
            said=Cast("new_messages", TextField()), answered=Cast("answer", TextField())
        ).values_list("said", "answered")
        said, answered = turn.get(pk=pk)
        messages = [part for part in (said.strip()[1:-1], answered) if part]
        for text in messages:
            yield text.encode() if is_first else b"," + text.encode()
            is_first = False
    yield b"]"
