"""The scores of a set of answers as JSON: over all, by language, by kind and by item; 1 when an answer is not valid or invents something.

usage: python -m tests.generation.scores PROMPTS.jsonl ANSWERS.jsonl [--per-item]
"""

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from generation.planning.language.languages import language_of
from tests.generation import score

SHOWN = ("valid", "resource_f1", "edge_f1", "structure", "new_f1", "overall")


def lines(path: str) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    text = Path(path).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def scored(items: list[dict[str, Any]], answers: list[dict[str, Any]]) -> dict[str, Any]:
    """The scorer's summary, with `by_language` (the item's `language`, else what the planner takes it for) and `seconds`."""
    summary, rows = score.score_set(  # type: ignore[no-untyped-call]
        items, {line["id"]: line.get("response") for line in answers}
    )
    groups = defaultdict(list)
    for item, row in zip(items, rows, strict=True):
        groups[item.get("language") or language_of(item["prompt"]) or "en"].append(row)
    summary["by_language"] = {
        language: {"n": len(found)} | {name: mean(found, name) for name in SHOWN}
        for language, found in sorted(groups.items())
    }
    seconds = sorted(line["seconds"] for line in answers if "seconds" in line)
    if seconds:
        at = min(len(seconds) - 1, int(len(seconds) * 0.95))
        summary["seconds"] = {"p50": seconds[len(seconds) // 2], "p95": seconds[at]}
    return {**summary, "items": rows}


def mean(rows: list[dict[str, Any]], name: str) -> float:
    """The mean of one score."""
    return round(float(sum(row[name] for row in rows)) / len(rows), 4)


def main(arguments: list[str]) -> int:
    """Prints the scores; see the module's text for the exit code."""
    paths = [argument for argument in arguments if not argument.startswith("--")]
    summary = scored(lines(paths[0]), lines(paths[1]))
    if "--per-item" not in arguments:
        del summary["items"]
    sys.stdout.write(json.dumps(summary, indent=1) + "\n")
    total = summary["all"]
    return int(total["valid"] < 1 or total["hallucinated_total"] > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
