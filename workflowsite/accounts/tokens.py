"""Giving out API tokens."""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from knox.models import AuthToken
from knox.settings import knox_settings

from audit.log_ins import account
from audit.recording import Action, record
from common.errors import Conflict, NotFound


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


@transaction.atomic
def create_token(user: User) -> dict[str, Any]:
    """One more token, as `issue_token` gives it; the trail tells of it."""
    given = issue_token(user)
    record(Action.TOKEN_CREATED, account(user), by=user, details={"token": given["id"]})
    return given


@transaction.atomic
def revoke_token(user: User, token_key: str) -> None:
    """Delete one of the user's tokens, named by its first characters; raises `NotFound`."""
    deleted, _ = AuthToken.objects.filter(user=user, token_key=token_key).delete()
    if not deleted:
        raise NotFound("You have no such token.")
    record(Action.TOKEN_REVOKED, account(user), by=user, details={"token": token_key})


@transaction.atomic
def revoke_tokens(user: User) -> None:
    """Delete all of the user's tokens."""
    deleted, _ = AuthToken.objects.filter(user=user).delete()
    if deleted:
        record(Action.TOKEN_REVOKED, account(user), by=user, details={"tokens": deleted})
