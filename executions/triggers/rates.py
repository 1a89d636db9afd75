"""How often a webhook may be asked: counted in Redis, and in PostgreSQL while Redis is away."""

import logging
import time
from datetime import timedelta

import redis
from django.core.cache import cache
from django.utils import timezone

from common.errors import LimitReached
from executions.triggers.models import Webhook

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60


def require_rate(webhook: Webhook) -> None:
    """Count one signed request; raises `LimitReached`, with the seconds to wait, over the limit of this minute."""
    now = time.time()
    if _count(webhook, int(now // WINDOW_SECONDS)) > webhook.rate_limit_per_minute:
        raise LimitReached(
            f"This webhook takes {webhook.rate_limit_per_minute} requests a minute.",
            code="rate_limited",
            extra={"retry_after": WINDOW_SECONDS - int(now % WINDOW_SECONDS)},
        )


def _count(webhook: Webhook, minute: int) -> int:
    key = f"webhook-rate:{webhook.pk}:{minute}"
    try:
        cache.add(key, 0, timeout=2 * WINDOW_SECONDS)
        return cache.incr(key)
    except (redis.RedisError, ValueError) as error:
        logger.warning("webhook %s: counted without Redis: %s", webhook.pk, error)
    since = timezone.now() - timedelta(seconds=WINDOW_SECONDS)
    return webhook.deliveries.filter(created_at__gte=since).count() + 1
