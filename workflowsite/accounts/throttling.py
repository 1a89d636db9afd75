"""How often someone may try to log in."""

from typing import Any

from rest_framework.request import Request

from common.throttling import SteadyThrottle


class LoginThrottle(SteadyThrottle):
    """Counts attempts per address, whoever they are for; the API and the admin share the count."""

    setting = "LOGIN_RATE"

    def get_cache_key(self, request: Request, view: Any) -> str:
        """One counter per address, for callers who already have a session or token too."""
        return self.cache_format % {"scope": "login", "ident": self.get_ident(request)}
