"""`manage.py prepare` and the shortcut that spares it: work is done once, and again only when something changed."""

import os
from collections.abc import Iterator
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management.base import OutputWrapper
from django.db import connection
from knox.models import AuthToken

from workflowsite.prepared import STAMPS_PATH, TOKEN_PATH, known_log_in, set_stamp
from workflowsite.preparing import prepare

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def fresh_folder() -> Iterator[None]:
    """A state folder in which nothing was prepared, before and after."""
    for path in (STAMPS_PATH, TOKEN_PATH):
        path.unlink(missing_ok=True)
    yield
    for path in (STAMPS_PATH, TOKEN_PATH):
        path.unlink(missing_ok=True)


def _prepare() -> tuple[dict[str, str], str]:
    """What it tells, and its progress lines."""
    lines = StringIO()
    told = prepare(with_demo_data=False, output=OutputWrapper(lines))
    return told, lines.getvalue()


def _known() -> dict[str, str] | None:
    """What the shortcut knows about this test's database."""
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    name = connection.settings_dict["NAME"]
    return known_log_in(f"{server}/{name}", with_demo_data=False)


def test_the_second_time_nothing_is_left_to_do() -> None:
    assert _known() is None
    first, lines = _prepare()
    assert "Running import_templates" in lines
    assert User.objects.get(username=first["username"]).check_password(first["password"])

    log_in = {"username": "admin", "token": first["token"]}
    assert _known() == log_in
    assert _prepare() == (log_in, "")
    assert User.objects.count() == 1


def test_a_revoked_token_is_replaced() -> None:
    first, _ = _prepare()
    AuthToken.objects.all().delete()
    assert _known() is None
    second, lines = _prepare()
    assert second["token"] != first["token"]
    assert lines == ""


def test_changed_templates_are_imported_again() -> None:
    _prepare()
    set_stamp("import_templates", "of other files")
    assert _known() is None
    assert _prepare()[1] == "Running import_templates\n"
