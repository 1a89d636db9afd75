"""What all runs of a workflow in a period came to: the sums, and those that are not added to them yet.

Each reading is one statement, so it sees every run either in the sums or by itself, and none twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from executions.sums.rows import RUNS, Subject
from executions.sums.spans import Piece, longest_between, pieces

Row = dict[str, Any]
STARTER = "(%(starter)s::int IS NULL OR created_by_id = %(starter)s)"
STORED = f"workflow_id = %(workflow)s AND {STARTER}"
NOT_ADDED = f"""NOT run.is_summed AND run.workflow_id = %(workflow)s AND run.created_at >= %(since)s
    AND {STARTER}"""


@dataclass(frozen=True)
class SeenRuns:
    """The runs of one workflow that somebody may see: everybody's, or (`starter_id`) only those one person started."""

    workflow_id: str
    starter_id: int | None = None

    def parameters(self, since: datetime) -> Row:
        """What every statement here is given."""
        return {"workflow": self.workflow_id, "starter": self.starter_id, "since": since}


def totals_by_key(subject: Subject, seen: SeenRuns, since: datetime) -> list[Row]:
    """A dict for each key: the key, all columns, `places` and `counts` of the durations; one query."""
    parts = list(pieces(since))
    moments = {key: value for at, part in enumerate(parts) for key, value in _bounds(at, part)}
    ranges = " OR ".join(_range(at, part) for at, part in enumerate(parts))
    return _rows(_totals(subject, ranges), {**seen.parameters(since), **moments})


def counts_between(seen: SeenRuns, moments: Sequence[datetime]) -> dict[int, Row]:
    """`{place: {runs, completed, failed}}` of what was asked for from each moment to the next, from 1; one query.

    The last lasts until now.
    """
    parameters = {
        **seen.parameters(moments[0]),
        "moments": moments,
        "span": longest_between(moments).value,
    }
    found = _rows(COUNTS, parameters)
    return {row.pop("place"): row for row in found}


COUNTS = f"""
SELECT width_bucket(at, %(moments)s::timestamptz[]) AS place,
    sum(runs)::int AS runs, sum(completed)::int AS completed, sum(failed)::int AS failed
FROM (
    SELECT begins_at AS at, completed + failed + cancelled AS runs, completed, failed
    FROM {RUNS.table} WHERE {STORED} AND span = %(span)s AND begins_at >= %(since)s
    UNION ALL SELECT created_at, 1, completed, failed FROM ({RUNS.raw} {NOT_ADDED}) AS raw
) AS either GROUP BY place
"""  # noqa: S608 - constants


def _totals(subject: Subject, ranges: str) -> str:
    """The statement: rows of both kinds one below the other, and the same for their durations."""
    key, columns = subject.key, subject.columns
    unstored = "".join(f", 0 AS {name}" for name in subject.unstored)
    names = ", ".join([*columns, *subject.unstored])
    totals = ", ".join([subject.totals, *(f"sum({name}) AS {name}" for name in subject.unstored)])
    return f"""
WITH stored AS MATERIALIZED (
    SELECT *{unstored} FROM {subject.table} WHERE {STORED} AND ({ranges})
), live AS MATERIALIZED ({subject.raw} {NOT_ADDED}),
totals AS (
    SELECT {key}, {totals} FROM (
        SELECT {key}, {names} FROM stored UNION ALL SELECT {key}, {names} FROM live
    ) AS either GROUP BY {key}
), timed AS (
    SELECT {key}, array_agg(place ORDER BY place) AS places, array_agg(count ORDER BY place) AS counts
    FROM (
        SELECT {key}, place, sum(count)::int AS count FROM (
            SELECT {key}, place, count FROM stored
                CROSS JOIN LATERAL unnest(places, counts) AS held(place, count)
            UNION ALL SELECT {key}, place, 1 FROM live WHERE place IS NOT NULL
        ) AS either GROUP BY {key}, place
    ) AS by_place GROUP BY {key}
)
SELECT * FROM totals LEFT JOIN timed USING ({key})
"""  # noqa: S608 - constants


def _range(at: int, part: Piece) -> str:
    end = "" if part.until is None else f" AND begins_at < %(until{at})s"
    return f"(span = %(span{at})s AND begins_at >= %(since{at})s{end})"


def _bounds(at: int, part: Piece) -> list[tuple[str, Any]]:
    return [(f"span{at}", part.span.value), (f"since{at}", part.since), (f"until{at}", part.until)]


def _rows(statement: str, parameters: Row) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
