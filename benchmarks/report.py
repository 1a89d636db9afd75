"""The figures for people, and whether the aims are met."""

from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.figures import Row, Side

Cells = Sequence[str]
LOOP_KINDS = ("loop", "calls")
HEAD = ("case", "alone raw", "ours", "ratio", "extra ms", "p50 raw", "ours", "p95 raw", "ours",
        "runs/s raw", "ours")  # fmt: skip
BARE_HEAD = ("case", "alone no-op", "raw", "ours", "ratio", "CPU no-op", "raw", "ours", "ratio")
RECORDED_HEAD = ("case", "alone raw", "by hand", "ours", "ratio", "CPU raw", "by hand", "ours",
                 "by hand to raw", "ours to by hand")  # fmt: skip
CPU_HEAD = ("case", "CPU raw", "ours", "ratio", "raw worker", "worker", "temporal raw", "ours",
            "postgresql", "redis", "events raw", "ours", "KiB raw", "ours", "MiB worker")  # fmt: skip


def tables(rows: Sequence[Row]) -> str:
    """All tables as text."""
    parts = [
        "One run after the other (alone) and by many clients at once: milliseconds from start to result",
        table(HEAD, [_latency(row) for row in rows]),
        "CPU milliseconds per execution by process, history, memory",
        table(CPU_HEAD, [_costs(row) for row in rows if row.ours.cpu_ms]),
        *_over_nothing(rows),
        *_over_records(rows),
        "Aims",
        table(("aim", "measured", ""), list(aims(rows))),
    ]
    return "\n\n".join(parts)


def aims(rows: Sequence[Row]) -> Iterator[Cells]:
    """Each aim that the rows can tell about: what it is, what was measured, whether it is met."""
    by_name = {row.name: row for row in rows}
    empty = by_name.get("empty")
    if row := by_name.get("native-1"):
        yield aim("one native step takes at most 1.5 times the raw one", row.alone_ratio, 1.5, "x")
    if (row := by_name.get("pure-100")) and empty:
        more = median(row.ours.alone_ms) - median(empty.ours.alone_ms)
        yield aim("100 pure steps: at most 35 ms more than an empty workflow", more, 35, " ms")
    if row := by_name.get("native-100"):
        took = median(row.ours.alone_ms)
        yield aim("100 native steps in a row: at most 60 ms", took, 60, " ms")
    for row in rows:
        if row.cpu_ratio is not None and row.kind not in LOOP_KINDS:
            yield aim(f"CPU of {row.name}: at most 1.5 times the raw one", row.cpu_ratio, 1.5, "x")
    for kind in LOOP_KINDS:
        loops = [row for row in rows if row.kind == kind]
        if len(loops) > 1:
            growth = _per_step(loops[-1]) / _per_step(loops[0])
            name = f"a step of {loops[-1].name} costs as much CPU as one of {loops[0].name}"
            yield aim(name, growth, 1.3, "x")
    if rows:
        longest = max(rows, key=lambda row: row.ours.history.longest)
        name = f"events of Temporal's longest run of ours ({longest.name}): at most 10,000"
        yield aim(name, longest.ours.history.longest, 10_000, "")


def _over_nothing(rows: Sequence[Row]) -> Iterator[str]:
    """Rows whose raw steps call something, over steps that do nothing."""
    cells = [_bare(row, row.bare) for row in rows if row.bare is not None]
    if cells:
        yield "The same over raw activities that do nothing: no server is called, no model asked"
        yield table(BARE_HEAD, cells)


def _over_records(rows: Sequence[Row]) -> Iterator[str]:
    """Rows whose raw steps are code alone, over the same with the records written by hand."""
    cells = [_recorded(row, row.recorded) for row in rows if row.recorded is not None]
    if cells:
        yield "The same over a raw workflow that writes down by hand what ours records, in one statement"
        yield table(RECORDED_HEAD, cells)


def _recorded(row: Row, recorded: Side) -> Cells:
    times = [median(side.alone_ms) for side in (row.raw, recorded, row.ours)]
    raw, by_hand, ours = (side.total_cpu() for side in (row.raw, recorded, row.ours))
    return [
        row.name,
        *map(milliseconds, times),
        f"{times[2] / times[1]:.2f}",
        *map(milliseconds, (raw, by_hand, ours)),
        f"{by_hand / raw:.2f}",
        f"{ours / by_hand:.2f}",
    ]


def _bare(row: Row, bare: Side) -> Cells:
    times = [median(side.alone_ms) for side in (bare, row.raw, row.ours)]
    spent = [side.total_cpu() for side in (bare, row.raw, row.ours)]
    return [
        row.name,
        *map(milliseconds, times),
        f"{times[2] / times[0]:.2f}",
        *map(milliseconds, spent),
        f"{spent[2] / spent[0]:.2f}",
    ]


def _per_step(row: Row) -> float:
    return row.ours.total_cpu() / row.count


def aim(name: str, measured: float, limit: float, unit: str) -> Cells:
    """A line of the table of aims."""
    return name, f"{measured:.2f}{unit}", "met" if measured <= limit else "MISSED"


def _latency(row: Row) -> Cells:
    raw, ours = median(row.raw.alone_ms), median(row.ours.alone_ms)
    cells = [
        row.name,
        milliseconds(raw),
        milliseconds(ours),
        f"{row.alone_ratio:.2f}",
        milliseconds(ours - raw),
    ]
    if not row.ours.per_second:
        return [*cells, *[""] * 6]
    pairs = zip(
        (row.raw.crowd_p50_ms, row.raw.crowd_p95_ms, row.raw.per_second),
        (row.ours.crowd_p50_ms, row.ours.crowd_p95_ms, row.ours.per_second),
        strict=True,
    )
    return [*cells, *(milliseconds(median(values)) for pair in pairs for values in pair)]


def _costs(row: Row) -> Cells:
    raw, ours = row.raw.cpu(), row.ours.cpu()
    ratio = "" if row.cpu_ratio is None else f"{row.cpu_ratio:.2f}"
    return [
        row.name,
        *(milliseconds(side.total_cpu()) for side in (row.raw, row.ours)),
        ratio,
        *(milliseconds(value) for value in (raw["raw worker"], ours["worker"])),
        *(milliseconds(value) for value in (raw["temporal"], ours["temporal"])),
        *(milliseconds(value) for value in (ours["postgresql"], ours["redis"])),
        *(str(side.history.events) for side in (row.raw, row.ours)),
        *(milliseconds(side.history.bytes / 1024) for side in (row.raw, row.ours)),
        f"{row.ours.worker_mib:.0f}",
    ]


def milliseconds(value: float) -> str:
    """As text."""
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def table(head: Cells, rows: Sequence[Cells]) -> str:
    """Columns of one width, the first to the left."""
    lines = [head, *rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(head))]
    return "\n".join(_line(line, widths) for line in lines)


def _line(cells: Cells, widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)])
