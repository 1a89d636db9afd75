"""Whether what a request was let in with still holds, asked long after the request began."""

from collections.abc import Callable
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.request import Request


def still_logged_in(request: Request) -> Callable[[], User | None]:
    """A function that gives the request's user as they are now, or null once token or session are no longer good."""
    token, key = request.auth, _session_key(request)
    if isinstance(token, AuthToken):
        return lambda: _user_of_token(token)
    return lambda: _user_of_session(key)


def _user_of_token(token: AuthToken) -> User | None:
    rows = AuthToken.objects.select_related("user").filter(pk=token.pk, user__is_active=True)
    row = rows.filter(Q(expiry__isnull=True) | Q(expiry__gt=timezone.now())).first()
    return row.user if row is not None else None


def _session_key(request: Request) -> str | None:
    session = getattr(request, "session", None)
    return getattr(session, "session_key", None)


def _user_of_session(key: str | None) -> User | None:
    """Django's own check: the session exists, its user is active, their password has not changed."""
    if key is None:
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(request)
    return user if isinstance(user, User) else None
