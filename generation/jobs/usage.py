"""What designing has cost, by user."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Q, Sum

from generation.jobs.limits import today
from generation.models import GenerationCall
from generation.selectors import generations_for

USAGE_COLUMNS = ("user", "generations", "calls", "tokens", "cost_usd", "calls_of_unknown_cost")


def usage_by_user(viewer: User, *, days: int) -> list[dict[str, Any]]:
    """Of the last days (UTC, with today), the greatest first; `cost_usd` sums what is known, in US dollars."""
    calls = GenerationCall.objects.filter(
        generation__in=generations_for(viewer), day__gt=today() - timedelta(days=days)
    )
    rows = calls.values("user__username").annotate(
        generations=Count("generation", distinct=True),
        calls=Count("pk"),
        tokens=Sum("tokens_counted"),
        cost=Sum("cost_usd"),
        unknown=Count("pk", filter=Q(cost_usd__isnull=True)),
    )
    return [
        {
            "user": row["user__username"],
            "generations": row["generations"],
            "calls": row["calls"],
            "tokens": row["tokens"],
            "cost_usd": None if row["cost"] is None else float(row["cost"]),
            "calls_of_unknown_cost": row["unknown"],
        }
        for row in rows.order_by("-tokens", "user__username")
    ]
