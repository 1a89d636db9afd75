"""Logging in, and what a token is good for."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from knox.models import AuthToken
from rest_framework.test import APIClient

from tests.conftest import ClientFor

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _no_earlier_attempts() -> None:
    cache.clear()


@pytest.fixture
def dana(db: None) -> User:
    return User.objects.create_user("dana", password=PASSWORD)


def test_name_and_password_give_a_token_that_works(dana: User, anonymous: APIClient) -> None:
    answer = anonymous.post("/api/v1/auth/login", {"name": "dana", "password": PASSWORD})
    assert answer.status_code == 200
    given = answer.json()
    assert given["user"]["name"] == "dana"
    anonymous.credentials(HTTP_AUTHORIZATION=f"Token {given['token']}")
    assert anonymous.get("/api/v1/auth/me").json() == {
        "id": dana.pk,
        "name": "dana",
        "email": "",
        "is_staff": False,
        "groups": [],
    }


def test_the_token_is_not_stored_and_not_shown_again(dana: User, anonymous: APIClient) -> None:
    token = anonymous.post("/api/v1/auth/login", {"name": "dana", "password": PASSWORD}).json()[
        "token"
    ]
    anonymous.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    listed = anonymous.get("/api/v1/auth/tokens")
    assert [row["id"] for row in listed.json()] == [token[:15]]
    assert token not in listed.content.decode()
    assert token not in str(AuthToken.objects.values())


@pytest.mark.parametrize(
    ("name", "password"),
    [("dana", "wrong"), ("nobody", PASSWORD), ("dana", "")],
)
def test_wrong_credentials_are_refused(
    dana: User, anonymous: APIClient, name: str, password: str
) -> None:
    answer = anonymous.post("/api/v1/auth/login", {"name": name, "password": password})
    assert answer.status_code in (400, 401)
    assert answer["Content-Type"] == "application/problem+json"
    assert AuthToken.objects.count() == 0


def test_a_user_who_was_deactivated_looks_like_a_wrong_password(
    dana: User, anonymous: APIClient
) -> None:
    dana.is_active = False
    dana.save()
    answer = anonymous.post("/api/v1/auth/login", {"name": "dana", "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_credentials")


def test_the_eleventh_attempt_of_a_minute_is_refused(dana: User, anonymous: APIClient) -> None:
    body = {"name": "dana", "password": "wrong"}
    answers = [anonymous.post("/api/v1/auth/login", body).status_code for _ in range(10)]
    assert answers == [401] * 10
    refused = anonymous.post("/api/v1/auth/login", {"name": "dana", "password": PASSWORD})
    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert 0 < int(refused["Retry-After"]) <= 60
    assert AuthToken.objects.count() == 0


def test_a_made_up_forwarding_header_is_no_way_round_the_limit(
    dana: User, anonymous: APIClient
) -> None:
    body = {"name": "dana", "password": "wrong"}
    answers = [
        anonymous.post(
            "/api/v1/auth/login", body, headers={"X-Forwarded-For": f"192.0.2.{number}"}
        ).status_code
        for number in range(11)
    ]
    assert answers == [401] * 10 + [429]


def test_logging_out_ends_this_token_only(alice: User, client_for: ClientFor) -> None:
    here, there = client_for(alice), client_for(alice)
    assert here.post("/api/v1/auth/logout").status_code == 204
    assert here.get("/api/v1/auth/me").status_code == 401
    assert there.get("/api/v1/auth/me").status_code == 200


def test_another_users_token_can_not_be_deleted(
    alice: User, bob: User, client_for: ClientFor
) -> None:
    alices = client_for(alice)
    key = AuthToken.objects.get(user=alice).token_key
    answer = client_for(bob).delete(f"/api/v1/auth/tokens/{key}")
    assert answer.status_code == 404
    assert alices.get("/api/v1/auth/me").status_code == 200


def test_one_of_several_tokens_can_be_deleted(alice: User, api: APIClient) -> None:
    made = api.post("/api/v1/auth/tokens", {}).json()
    assert api.delete(f"/api/v1/auth/tokens/{made['id']}").status_code == 204
    assert made["id"] not in [row["id"] for row in api.get("/api/v1/auth/tokens").json()]


def test_deleting_all_tokens_logs_out_everywhere(alice: User, client_for: ClientFor) -> None:
    here, there = client_for(alice), client_for(alice)
    assert here.delete("/api/v1/auth/tokens").status_code == 204
    assert there.get("/api/v1/auth/me").status_code == 401


@pytest.mark.parametrize(
    "header", ["Token", "Token a b", "Token \xff\xfe", "Token abc", "Bearer x"]
)
def test_a_malformed_token_is_401(db: None, anonymous: APIClient, header: str) -> None:
    anonymous.credentials(HTTP_AUTHORIZATION=header)
    answer = anonymous.get("/api/v1/auth/me")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"


def test_expired_tokens_neither_count_nor_show(alice: User, api: APIClient) -> None:
    for _ in range(60):
        AuthToken.objects.create(alice, expiry=timedelta(seconds=-1))
    assert len(api.get("/api/v1/auth/tokens").json()) == 1
    assert api.post("/api/v1/auth/tokens", {}).status_code == 201
    assert AuthToken.objects.filter(user=alice).count() == 2


def test_tokens_are_limited_in_number(alice: User, api: APIClient) -> None:
    for _ in range(49):
        AuthToken.objects.create(alice)
    answer = api.post("/api/v1/auth/tokens", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_tokens")
    assert AuthToken.objects.filter(user=alice).count() == 50
