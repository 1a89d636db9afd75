"""Log-ins, tokens and passwords in the trail."""

import logging

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.audit.conftest import Trail
from tests.conftest import ClientFor

PASSWORD = "correct horse battery"
LOG_IN = "/api/v1/auth/login"


@pytest.fixture(autouse=True)
def _no_earlier_attempts(settings: Settings) -> None:
    cache.clear()


@pytest.fixture
def dana(db: None) -> User:
    return User.objects.create_user("dana", password=PASSWORD, is_staff=True)


def test_a_log_in_over_rest_names_the_token(dana: User, anonymous: APIClient, trail: Trail) -> None:
    token = anonymous.post(LOG_IN, {"name": "dana", "password": PASSWORD}).json()["token"]
    row = trail.one()
    assert (row.action, row.actor_name, row.object_id) == ("logged_in", "dana", str(dana.pk))
    assert row.details == {"token": token[:15]}
    assert (row.channel, row.client_address) == ("rest", "127.0.0.1")
    anonymous.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert anonymous.post("/api/v1/auth/logout").status_code == 204
    row = trail.one()
    assert (row.action, row.actor_name, row.via) == ("logged_out", "dana", token[:15])


def test_a_log_in_at_the_admin(dana: User, trail: Trail) -> None:
    client = Client()
    body = {"username": "dana", "password": PASSWORD}
    assert client.post("/admin/login/?next=/admin/", body).status_code == 302
    row = trail.one()
    assert (row.action, row.actor_name, row.channel) == ("logged_in", "dana", "admin")
    client.post("/admin/logout/")
    row = trail.one()
    assert (row.action, row.actor_name, row.channel) == ("logged_out", "dana", "admin")


@pytest.mark.parametrize("way", ["rest", "admin"])
def test_a_failed_log_in_names_the_account_and_not_the_password(
    dana: User, anonymous: APIClient, client: Client, trail: Trail, way: str
) -> None:
    if way == "rest":
        anonymous.post(LOG_IN, {"name": "dana", "password": "wr0ng"})
    else:
        client.post("/admin/login/", {"username": "dana", "password": "wr0ng"})
    row = trail.one()
    assert (row.action, row.actor_kind, row.actor) == ("log_in_failed", "nobody", None)
    assert (row.object_id, row.object_name) == (str(dana.pk), "dana")
    assert (row.channel, row.client_address) == (way, "127.0.0.1")
    assert "wr0ng" not in str(vars(row))


def test_of_a_name_that_nobody_has_little_is_kept(anonymous: APIClient, trail: Trail) -> None:
    anonymous.post(LOG_IN, {"name": "p" * 150, "password": "x"})
    row = trail.one()
    assert (row.object_id, row.object_name) == ("", "p" * 30)


def test_an_hour_keeps_so_many_failed_log_ins(
    anonymous: APIClient,
    trail: Trail,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.AUDIT_FAILED_LOG_INS_PER_HOUR = 3
    with caplog.at_level(logging.WARNING, "audit.log_ins"):
        for _ in range(5):
            anonymous.post(LOG_IN, {"name": "dana", "password": "x"})
    assert len(trail.added()) == 3
    assert "a failed log-in is not recorded" in caplog.text


def test_attempts_beyond_the_rate_are_not_even_tried(anonymous: APIClient, trail: Trail) -> None:
    for _ in range(12):
        anonymous.post(LOG_IN, {"name": "dana", "password": "x"})
    assert len(trail.added()) == 10


def test_tokens(alice: User, client_for: ClientFor, trail: Trail) -> None:
    api = client_for(alice)
    made = api.post("/api/v1/auth/tokens", {}).json()
    row = trail.one()
    assert (row.action, row.details) == ("token_created", {"token": made["id"]})
    with trail.unchanged():
        assert api.delete("/api/v1/auth/tokens/nothing").status_code == 404
    api.delete(f"/api/v1/auth/tokens/{made['id']}")
    row = trail.one()
    assert (row.action, row.details) == ("token_revoked", {"token": made["id"]})
    assert made["token"] not in str(vars(row))
    api.delete("/api/v1/auth/tokens")
    assert trail.one().details == {"tokens": 1}


def test_a_new_password_is_told_and_who_set_it(dana: User, desk: Client, trail: Trail) -> None:
    body = {"password1": "another horse 77", "password2": "another horse 77"}
    body |= {"usable_password": "true"}
    answer = desk.post(f"/admin/auth/user/{dana.pk}/password/", body)
    assert answer.status_code == 302
    row = trail.one()
    assert (row.action, row.actor_name, row.object_name) == ("password_changed", "staff", "dana")
    assert "another horse" not in str(vars(row))


def test_hashing_a_password_anew_is_no_change_of_it(
    dana: User, anonymous: APIClient, settings: Settings, trail: Trail
) -> None:
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        *settings.PASSWORD_HASHERS,
    ]
    anonymous.post(LOG_IN, {"name": "dana", "password": PASSWORD})
    assert trail.one().action == "logged_in"


def test_an_address_that_is_none_is_left_out(
    dana: User, anonymous: APIClient, trail: Trail
) -> None:
    body = {"name": "dana", "password": "x"}
    anonymous.post(LOG_IN, body, REMOTE_ADDR="")
    assert trail.one().client_address is None
