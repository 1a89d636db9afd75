"""Adds runs that have ended to the sums of their workflows, each once, some at a time.

Nothing is written when a run ends: the row itself says that it is not added yet (`is_summed`), and until it is, it is
counted by its own rows. So the recording of runs costs nothing more, runs that end together wait for no common row,
and runs from before the sums are added like all others.
"""

import logging
import time
from collections.abc import Iterator

from django.db import connection, transaction

from common.upkeep import Done
from executions.sums.rows import MEANT, RUNS, STEPS, Subject
from executions.sums.spans import SPANS_OF_ROW

logger = logging.getLogger(__name__)

SECONDS_PER_PASS = 10.0
RUNS_AT_ONCE = 500
# Two that add to the same sums would only wait for each other; any number will do that nobody else locks.
LOCK = 823_475_102

# Rows that somebody else has locked are left for the next time.
CLAIM = f"""
UPDATE executions_workflowexecution SET is_summed = TRUE WHERE id IN (
    SELECT id FROM executions_workflowexecution AS run
    WHERE {MEANT} AND NOT run.is_summed AND run.completed_at IS NOT NULL
    LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
) RETURNING id
"""  # noqa: S608 - constants
BOTH_HISTOGRAMS = """(
    SELECT coalesce(array_agg(place ORDER BY place), '{}'), coalesce(array_agg(count ORDER BY place), '{}')
    FROM (
        SELECT place, sum(count)::int AS count FROM (
            SELECT * FROM unnest(kept.places, kept.counts) AS held(place, count)
            UNION ALL SELECT * FROM unnest(EXCLUDED.places, EXCLUDED.counts) AS held(place, count)
        ) AS either GROUP BY place
    ) AS both_of_them
)"""
TOGETHER = {
    "sum": "coalesce(kept.{0} + EXCLUDED.{0}, kept.{0}, EXCLUDED.{0})",
    "max": "greatest(kept.{0}, EXCLUDED.{0})",
    "min": "least(kept.{0}, EXCLUDED.{0})",
}


def add_ended_runs(at_most: int = RUNS_AT_ONCE) -> int:
    """Add some runs that have ended since, in one transaction; gives how many, 0 also while another process is at it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if cursor.fetchone() != (True,):
            return 0
        cursor.execute(CLAIM, [at_most])
        keys = [key for (key,) in cursor.fetchall()]
        for subject in (RUNS, STEPS) if keys else ():
            cursor.execute(_addition(subject), {"runs": keys})
    return len(keys)


def mend_sums() -> Done:
    """A chore: add what has ended since, some 10 seconds at a time."""
    deadline = time.monotonic() + SECONDS_PER_PASS
    return {"added": sum(_batches(deadline))}


def _batches(deadline: float) -> Iterator[int]:
    while added := add_ended_runs():
        yield added
        if added < RUNS_AT_ONCE or time.monotonic() > deadline:
            return


def _addition(subject: Subject) -> str:
    key = f"workflow_id, span, begins_at, created_by_id, {subject.key}"
    return f"""
INSERT INTO {subject.table} AS kept ({key}, {subject.names}, places, counts)
SELECT {key}, {subject.totals},
    coalesce(array_agg(place ORDER BY place) FILTER (WHERE place IS NOT NULL), '{{}}'),
    coalesce(array_agg(timed ORDER BY place) FILTER (WHERE place IS NOT NULL), '{{}}')
FROM (
    SELECT {key}, place, {subject.totals}, count(*)::int AS timed
    FROM ({subject.raw} run.id = ANY(%(runs)s)) AS raw CROSS JOIN LATERAL {SPANS_OF_ROW}
    GROUP BY {key}, place
) AS by_place
GROUP BY {key}
ON CONFLICT ({key}) DO UPDATE SET {_together(subject)}, (places, counts) = {BOTH_HISTOGRAMS}
"""  # noqa: S608 - constants


def _together(subject: Subject) -> str:
    return ", ".join(
        f"{name} = {TOGETHER[how].format(name)}" for name, how in subject.columns.items()
    )
