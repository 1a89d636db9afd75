"""Giving out API tokens."""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from knox.models import AuthToken
from knox.settings import knox_settings

from common.errors import Conflict


def valid_tokens(user: User) -> QuerySet[AuthToken]:
    """The user's tokens that still open something, the newest first; at most `TOKEN_LIMIT_PER_USER`."""
    valid = Q(expiry__gt=timezone.now()) | Q(expiry__isnull=True)
    rows: QuerySet[AuthToken] = AuthToken.objects.filter(valid, user=user)
    return rows.order_by("-created", "digest")


@transaction.atomic
def issue_token(user: User) -> dict[str, Any]:
    """A new token as the API shows it, this once; raises `Conflict` when the user has too many.

    The user's expired tokens go: they count no more and open nothing.
    """
    # Held until the token is stored, or two requests at once would pass the limit.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    AuthToken.objects.filter(user=user, expiry__lte=timezone.now()).delete()
    if valid_tokens(user).count() >= knox_settings.TOKEN_LIMIT_PER_USER:
        raise Conflict(
            f"You have {knox_settings.TOKEN_LIMIT_PER_USER} tokens; delete one first.",
            code="too_many_tokens",
        )
    row, token = AuthToken.objects.create(user)
    return {"id": row.token_key, "token": token, "expires_at": row.expiry, "user": user}
