"""Durations as counts on a logarithmic scale: sums of them are percentiles of all, with a known error.

Two neighbours differ by 2%, so that what is put at the nearest is at most 1% off, and so is what lies between two
such values. The idea is DDSketch's (https://arxiv.org/abs/1908.10693).
"""

from collections.abc import Sequence
from itertools import accumulate
from math import floor

RATIO = 1.02
# How far a percentile may lie from that of the durations themselves, as a share of it.
ERROR = 0.01
# What is shorter than this, or ends before it begins because clocks differ, counts as so long: in whole ms it is 0.
LEAST_MS = 0.25
# The place of one row's duration, null where it says nothing: what somebody stopped, or what never started.
PLACE = f"""
CASE WHEN {{row}}.status IN ('COMPLETED', 'FAILED') THEN round(
    ln(greatest(extract(epoch FROM {{row}}.completed_at - {{row}}.started_at)::float8 * 1000, {LEAST_MS}))
    / ln({RATIO}::float8)
)::smallint END"""


def percentile_ms(places: Sequence[int], counts: Sequence[int], fraction: float) -> int | None:
    """The percentile as PERCENTILE_CONT defines it, in whole milliseconds; null over nothing. `places` ascend."""
    if not places:
        return None
    ends = list(accumulate(counts))
    rank = fraction * (ends[-1] - 1)
    low, share = floor(rank), rank - floor(rank)
    return round(_at(places, ends, low) * (1 - share) + _at(places, ends, low + 1) * share)


def _at(places: Sequence[int], ends: Sequence[int], index: int) -> float:
    """The value with this index (from 0) among all in ascending order; of an index beyond, the last."""
    found = next(
        (place for place, end in zip(places, ends, strict=True) if index < end), places[-1]
    )
    return float(RATIO**found)
