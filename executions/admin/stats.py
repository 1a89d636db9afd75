"""What a workflow has cost lately, for its page in the admin."""

from django.contrib import admin
from django.utils import timezone

from executions.reading import stats
from executions.sums.reading import SeenRuns
from workflows.models import Workflow

DAYS = 30


@admin.display(description=f"last {DAYS} days")
def lately(workflow: Workflow) -> str:
    """Runs, tokens and cost of everybody, without simulations."""
    period = stats.last_days(DAYS, timezone.now(), stats.zone_of_the_installation())
    found = stats.totals_of(SeenRuns(workflow.pk), period)
    usage = found["usage"]
    tokens = f"{usage['input_tokens']} tokens in, {usage['output_tokens']} out"
    return f"{found['runs']} runs, {tokens}, {_cost(usage)}"


def _cost(usage: stats.Json) -> str:
    known, unknown = usage["cost_usd"], usage["unpriced_runs"]
    if not known and unknown:
        return "cost unknown"
    rest = f" and {unknown} runs of unknown cost" if unknown else ""
    return f"{known or 0:.2f} US dollars{rest}"
