"""Who asks is known without looking: what a log-in costs is told apart."""

from functools import cache

from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from benchmarks.rows import OWNER


@cache
def owner() -> User:
    """The benchmark's user, asked for once."""
    return User.objects.get(username=OWNER)


class Trusting(BaseAuthentication):
    """Everybody is the benchmark's user."""

    def authenticate(self, request: Request) -> tuple[User, None]:
        """The user."""
        return owner(), None
