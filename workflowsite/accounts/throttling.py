"""How often someone may try to log in."""

from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle
from rest_framework.views import APIView


class LoginThrottle(AnonRateThrottle):
    """Counts attempts per address, whoever they are for."""

    scope = "login"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """One counter per address, for callers who already have a session or token too."""
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}
