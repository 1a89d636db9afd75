"""What becomes of log-ins that are over."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from knox.models import AuthToken

from common.upkeep import mend

pytestmark = pytest.mark.django_db(transaction=True)


def test_tokens_and_sessions_that_have_expired_are_forgotten_and_others_stay() -> None:
    dana = User.objects.create_user("dana")
    AuthToken.objects.create(dana, expiry=timedelta(seconds=-1))
    valid, _ = AuthToken.objects.create(dana, expiry=timedelta(hours=1))
    endless, _ = AuthToken.objects.create(dana, expiry=None)
    _session(expires_in=-1)
    kept = _session(expires_in=60)

    assert mend()["log_ins"] == {"tokens": 1, "sessions": 1}

    assert set(AuthToken.objects.all()) == {valid, endless}
    assert Session.objects.get().session_key == kept


def _session(*, expires_in: int) -> str | None:
    """The key of a session that ends in so many seconds."""
    store = SessionStore()
    store.set_expiry(expires_in)
    store.save()
    return store.session_key
