"""How the API knows its callers: knox tokens, and Django's session for the web."""

from collections.abc import Iterator, Mapping
from functools import cache
from hmac import compare_digest
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from knox.settings import CONSTANTS
from rest_framework.exceptions import AuthenticationFailed

from common.statements import Statement

SOME_KEY = "the beginning of the token that is looked for"
OF_TOKEN = tuple(field.attname for field in AuthToken._meta.concrete_fields)
OF_USER = tuple(field.attname for field in User._meta.concrete_fields)


class ApiTokenAuthentication(TokenAuthentication):  # type: ignore[misc]
    """knox's tokens, looked up by one query that is put together once.

    knox goes through all tokens of the user at each request, to delete those that have expired; here a new token does
    that (accounts/tokens.py). Tokens are not renewed by being used.
    """

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        """The token's user; raises `AuthenticationFailed`."""
        # Bytes that are no text are a wrong token, not a crash.
        if not token.isascii() or b"\x00" in token:
            raise AuthenticationFailed("Invalid token.")
        text = token.decode()
        for row in _tokens(text[: CONSTANTS.TOKEN_KEY_LENGTH]):
            is_valid = row.expiry is None or row.expiry >= timezone.now()
            if is_valid and compare_digest(hash_token(text), row.digest):
                found: tuple[User, AuthToken] = self.validate_user(row)
                return found
        raise AuthenticationFailed("Invalid token.")


def _tokens(key: str) -> Iterator[AuthToken]:
    """The tokens that begin so, each with its user."""
    for row in _statement().rows(key=key):
        token = AuthToken.from_db(connection.alias, OF_TOKEN, _values(row, "", OF_TOKEN))
        token.user = User.from_db(connection.alias, OF_USER, _values(row, "user__", OF_USER))
        yield token


def _values(row: Mapping[str, Any], prefix: str, names: tuple[str, ...]) -> list[Any]:
    return [row[f"{prefix}{name}"] for name in names]


@cache
def _statement() -> Statement:
    rows = AuthToken.objects.filter(token_key=SOME_KEY[: CONSTANTS.TOKEN_KEY_LENGTH])
    columns = (*OF_TOKEN, *(f"user__{name}" for name in OF_USER))
    return Statement(rows.values(*columns), key=SOME_KEY[: CONSTANTS.TOKEN_KEY_LENGTH])
