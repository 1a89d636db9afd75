"""What of the web is measured, in an installation that runs."""

from collections.abc import Collection

from django.contrib.auth.models import User
from django.db import connections
from knox.models import AuthToken

from benchmarks.installation import Installation
from benchmarks.rows import OWNER
from benchmarks.web.figures import WebFigures
from benchmarks.web.measuring import WebEffort, list_rows, request_rows, stats_rows
from benchmarks.web.serving import logged_in_web, trusting_web


def measure_web(made: Installation, names: Collection[str], effort: WebEffort) -> WebFigures:
    """The rows of these names (`benchmarks.web.NAMES`)."""
    try:
        owner, _ = User.objects.get_or_create(username=OWNER)
        _, token = AuthToken.objects.create(owner)
        with trusting_web(made) as web:
            logged_in = logged_in_web(made, token)
            # Each has the rows of those before it in its tables; the lists must begin with few.
            lists = list_rows(web, effort) if "lists" in names else []
            requests = (
                list(request_rows(made, web, logged_in, effort)) if "requests" in names else []
            )
            stats = stats_rows(web, effort) if "stats" in names else []
            return WebFigures(requests, lists, stats)
    finally:
        connections.close_all()
