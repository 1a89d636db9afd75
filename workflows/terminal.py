"""Rows as a table for a terminal; nothing in a cell can steer it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflows.definition.caption import one_line

CELL_CHARACTERS = 80


def table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A line of titles, then the rows."""
    cells = [[_cell(row[name]) for name in columns] for row in rows]
    titles = [name.upper() for name in columns]
    widths = [max(map(len, column)) for column in zip(titles, *cells, strict=True)]
    for line in (titles, *cells):
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        yield "  ".join(padded).rstrip()


def _cell(value: Any) -> str:
    match value:
        case None | False:
            return "-"
        case True:
            return "yes"
        case _:
            return one_line(str(value), CELL_CHARACTERS) or "-"
