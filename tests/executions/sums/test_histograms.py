"""Percentiles of the histogram lie within its stated error of the exact ones."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from executions.sums.histograms import ERROR, PLACE, percentile_ms

START = datetime(2026, 1, 1, tzinfo=UTC)
# Up to a year, in microseconds.
DURATIONS = st.lists(st.integers(0, 31_536_000_000_000), min_size=1, max_size=40)
BOTH = f"""
SELECT array_agg(place ORDER BY place),
    percentile_cont(%(fraction)s) WITHIN GROUP (ORDER BY extract(epoch FROM took)::float8 * 1000)
FROM (
    SELECT run.completed_at - run.started_at AS took, {PLACE.format(row="run")} AS place
    FROM (
        SELECT 'COMPLETED' AS status, %(start)s::timestamptz AS started_at, ended AS completed_at
        FROM unnest(%(ends)s::timestamptz[]) AS ended
    ) AS run
) AS places
"""


def both(durations: list[int], fraction: float) -> tuple[list[int], float]:
    ends = [START + timedelta(microseconds=duration) for duration in durations]
    with connection.cursor() as cursor:
        cursor.execute(BOTH, {"fraction": fraction, "start": START, "ends": ends})
        places, exact = cursor.fetchone() or ([], 0.0)
    return places, exact


@pytest.mark.django_db
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(durations=DURATIONS, fraction=st.sampled_from([0.0, 0.5, 0.95, 1.0]))
@example(durations=[0], fraction=0.5)
@example(durations=[1_000, 31_536_000_000_000], fraction=0.5)
def test_a_percentile_is_at_most_one_percent_off(durations: list[int], fraction: float) -> None:
    places, exact = both(durations, fraction)
    told = percentile_ms(places, [1] * len(places), fraction)
    # Told in whole milliseconds.
    assert told is not None
    assert abs(told - exact) <= ERROR * exact + 0.5


def test_counts_are_as_good_as_repetitions() -> None:
    assert percentile_ms([10, 200], [3, 1], 0.5) == percentile_ms([10, 10, 10, 200], [1] * 4, 0.5)
    assert percentile_ms([], [], 0.5) is None
