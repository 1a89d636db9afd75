"""The figures of requests for people, and whether the aims are met."""

from collections.abc import Iterator

from benchmarks.report import Cells, aim, milliseconds, table
from benchmarks.web.figures import RequestRow, WebFigures

# Times the CPU of JSON that PostgreSQL makes.
MOST_OF_BARE = 2.5
MOST_GROWTH = 1.2
MOST_STATS_MS = 50.0


def web_tables(found: WebFigures) -> str:
    """All tables as text."""
    parts = []
    if found.requests:
        head = ("request", "CPU bare", "ours", "ratio", "web", "postgresql", "token", "ms bare", "ours")  # fmt: skip
        parts += ["CPU milliseconds of a request, nobody logging in (token: with one); milliseconds until the answer",
                  table(head, [_request(row) for row in found.requests])]  # fmt: skip
    if found.lists:
        rows = [
            (row.name, milliseconds(row.few_ms), milliseconds(row.many_ms), f"{row.ratio:.2f}")
            for row in found.lists
        ]
        parts += [
            "Lists: milliseconds until the answer",
            table(("list", "few", "many", "ratio"), rows),
        ]
    if found.stats:
        times = [
            (row.name, milliseconds(row.best_ms), milliseconds(row.median_ms))
            for row in found.stats
        ]
        parts += [
            "Statistics: milliseconds until the answer",
            table(("period", "best", "median"), times),
        ]
    return "\n\n".join([*parts, "Aims", table(("aim", "measured", ""), list(web_aims(found)))])


def web_aims(found: WebFigures) -> Iterator[Cells]:
    """Each aim that the rows can tell about: what it is, what was measured, whether it is met."""
    for row in found.requests:
        if row.limit_ms is None:
            continue
        yield aim(f"{row.name}: at most {row.limit_ms} ms of CPU", row.cpu_ms, row.limit_ms, " ms")
        name = f"{row.name}: at most {MOST_OF_BARE} times the bare view"
        yield aim(name, row.ratio, MOST_OF_BARE, "x")
    for page in found.lists:
        if page.is_constant:
            name = f"{page.name}: as long over many rows as over few"
            yield aim(name, page.ratio, MOST_GROWTH, "x")
    for period in found.stats:
        yield aim(
            f"statistics, {period.name}: at most 50 ms", period.median_ms, MOST_STATS_MS, " ms"
        )


def _request(row: RequestRow) -> Cells:
    costs = (sum(row.bare.values()), row.cpu_ms)
    return [
        row.name,
        *(f"{cost:.2f}" for cost in costs),
        f"{row.ratio:.2f}",
        *(f"{row.ours[name]:.2f}" for name in ("web", "postgresql")),
        f"{sum(row.with_token.values()):.2f}",
        *(f"{took:.2f}" for took in (row.bare_ms, row.ours_ms)),
    ]
