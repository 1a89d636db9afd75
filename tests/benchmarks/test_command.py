"""The benchmark's command runs, against an installation of its own, and tells figures for both sides."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import judged

PROJECT = Path(__file__).resolve().parents[2]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as `make bench` does."""
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


def test_a_quick_look_tells_figures_for_both_sides(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    arguments = (
        "--quick",
        "--only",
        "pure-1,native-1,mcp-1,requests,lists,stats",
        "--clients",
        "4",
        "--crowd-steps",
        "24",
    )
    outcome = bench(*arguments, "--json", str(file))
    # 2 is the loud failure about slow activities, which a busy machine may earn.
    assert outcome.returncode in (0, 2), outcome.stderr
    assert "one native step takes at most 1.5 times the raw one" in outcome.stdout
    told = json.loads(file.read_text())
    pure, row, calling = told["rows"]
    assert pure["recorded_cpu_ratio"] > 0
    assert "by hand" in outcome.stdout
    assert (row["name"], row["count"]) == ("native-1", 1)
    assert (calling["name"], calling["bare"]["history"]["events"]) == (
        "mcp-1",
        calling["raw"]["history"]["events"],
    )
    assert calling["bare_cpu_ratio"] > 0
    for side in ("raw", "ours"):
        assert row[side]["alone_ms"][0] > 0
        assert row[side]["per_second"][0] > 0
        assert row[side]["history"]["events"] > 0
    assert set(row["ours"]["cpu_ms"][0]) == {"worker", "temporal", "postgresql", "redis"}
    assert row["alone_ratio"] > 0
    # A difference of two times, which other work on the machine may turn round.
    assert isinstance(told["idle_activity_ms"], float)
    require_web_figures(told["web"], outcome.stdout)


def require_web_figures(web: dict[str, Any], text: str) -> None:
    """All three kinds of rows about requests are there."""
    names = ["read one", "list of 50", "store one"]
    assert [row["name"] for row in web["requests"] if row["limit_ms"] is not None] == names
    told = {row["name"]: row for row in web["requests"]}
    assert told.pop("an entry of the trail")["with_token"] == {}
    for row in told.values():
        assert row["ours_ms"] > 0
        assert row["bare_ms"] > 0
        assert set(row["with_token"]) == {"web", "postgresql"}
    assert [row["name"] for row in web["lists"] if row["is_constant"]]
    assert all(row["ratio"] > 0 for row in web["lists"])
    assert all(0 < row["best_ms"] <= row["median_ms"] for row in web["stats"])
    assert "statistics, 30 days: at most 50 ms" in text


@pytest.mark.parametrize(("idle_ms", "code"), [(39.0, 0), (41.0, 2)])
def test_slow_idle_activities_are_a_loud_failure(
    idle_ms: float, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(idle_ms) == code
    assert ("50 ms grid is back" in capsys.readouterr().out) == (code == 2)


def test_an_unknown_case_is_refused_with_those_there_are() -> None:
    outcome = bench("--only", "everything")
    assert outcome.returncode == 1
    assert "There is no case 'everything'. There are: empty, pure-1," in outcome.stdout
