"""The admin's log-in page, which may be tried as often as the API's and no oftener."""

from typing import cast

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from workflowsite.accounts.throttling import LoginThrottle


def login(request: HttpRequest) -> HttpResponseBase:
    """The page; 429 for one attempt too many of this address."""
    throttle = LoginThrottle()
    # It looks at nothing but the address, which both kinds of request have.
    if request.method == "POST" and not throttle.allow_request(cast(Request, request), None):
        seconds = round(throttle.wait() or 60) or 1
        return HttpResponse(
            f"Too many attempts to log in. Try again in {seconds} seconds.",
            status=429,
            content_type="text/plain; charset=utf-8",
            headers={"Retry-After": str(seconds)},
        )
    return admin.site.login(request)
