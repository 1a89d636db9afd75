"""How the API knows its callers: knox tokens, and Django's session for the web."""

from typing import Any

from django.contrib.auth.models import User
from knox.auth import TokenAuthentication
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed


class ApiTokenAuthentication(TokenAuthentication):  # type: ignore[misc]
    """knox's tokens; bytes that are no text are a wrong token, not a crash."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        """The token's user; raises `AuthenticationFailed`."""
        if not token.isascii() or b"\x00" in token:
            raise AuthenticationFailed("Invalid token.")
        found: tuple[Any, Any] = super().authenticate_credentials(token)
        return found
