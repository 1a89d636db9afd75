"""How often somebody may ask for something: counted in Redis, and in this process while Redis does not answer."""

import logging
from typing import Any

from django.conf import settings
from django.core.cache.backends.locmem import LocMemCache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

logger = logging.getLogger(__name__)

NO_LIMIT = "none"
_of_this_process = LocMemCache("throttles", {})


class SteadyThrottle(SimpleRateThrottle):
    """A rate from the setting `setting` ('600/min', or 'none'); a subclass says whom it counts.

    Without Redis each process counts for itself: the limit is then looser, but neither gone nor an error.
    """

    setting: str

    def get_rate(self) -> str | None:
        """The setting as it is now; null is no limit."""
        rate = str(getattr(settings, self.setting))
        return None if rate == NO_LIMIT else rate

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether the request may go on; it is counted if so."""
        try:
            return bool(super().allow_request(request, view))
        except RedisError as error:
            logger.warning(
                "Redis does not answer; %s is counted in this process: %s", self.setting, error
            )
            self.cache = _of_this_process
            return bool(super().allow_request(request, view))


class UserThrottle(SteadyThrottle):
    """Counts requests per user, whatever token or session they come with."""

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        """One counter per user; nobody else gets as far as this."""
        return self.cache_format % {"scope": self.setting, "ident": request.user.pk}
