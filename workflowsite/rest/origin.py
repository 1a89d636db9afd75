"""Tells the audit trail where a request comes from; nothing is looked up unless something is recorded."""

import ipaddress
from collections.abc import Callable
from functools import partial
from typing import cast

import structlog
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from knox.models import AuthToken
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from audit.origin import Channel, Origin, coming_from


def origin_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """What is recorded while the request is answered comes from it. Stands below the authentication."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        with coming_from(partial(origin_of, request)):
            return get_response(request)

    return answer


def origin_of(request: HttpRequest) -> Origin:
    """Where a request comes from, once its caller is known."""
    # REST framework leaves what let the caller in on Django's request.
    token = getattr(request, "auth", None)
    user = getattr(request, "user", None)
    return Origin(
        channel=_channel(request, token),
        via=token.token_key if isinstance(token, AuthToken) else "",
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", "")),
        client_address=client_address(request),
        user=user if isinstance(user, User) else None,
    )


def _channel(request: HttpRequest, token: object) -> Channel:
    if request.path.startswith("/admin/"):
        return "admin"
    is_session = token is None and getattr(request, "user", None) is not None
    return "web" if is_session and request.user.is_authenticated else "rest"


def client_address(request: HttpRequest) -> str | None:
    """Where a request comes from, as the limit on log-ins sees it (`TRUSTED_PROXIES`); null for what is no address."""
    # It looks at nothing but headers, which both kinds of request have.
    given = BaseThrottle().get_ident(cast(Request, request))
    try:
        return str(ipaddress.ip_address(str(given)))
    except ValueError:
        return None
