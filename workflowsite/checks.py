"""System checks of our own: a server must not start with secrets that everyone can read in the source."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured


def require_own_secrets() -> None:
    """For entry points that Django does not check: raises ImproperlyConfigured as `default_secrets` finds."""
    messages = default_secrets(None)
    if messages:
        raise ImproperlyConfigured(" ".join(f"{found.msg} {found.hint}" for found in messages))


def default_secrets(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[CheckMessage]:
    """Refuse the default key and salt where `DEBUG` is off; a developer's machine may have them."""
    if settings.DEBUG:
        return []
    return [*_secret_key(), *_salts()]


def _secret_key() -> list[CheckMessage]:
    insecure = settings.INSECURE_SECRET_KEY
    if insecure not in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        return []
    return [
        Error(
            "SECRET_KEY is the default that everyone knows.",
            hint="Set SECRET_KEY to a long random value, or DEBUG=true on your own machine.",
            id="workflowsite.E001",
        )
    ]


def _salts() -> list[CheckMessage]:
    if settings.INSECURE_SALT not in settings.SALT_KEY and all(settings.SALT_KEY):
        return []
    return [
        Error(
            "ENCRYPTION_SALTS holds the default salt that everyone knows, or an empty one.",
            hint="Set ENCRYPTION_SALTS to one or more random values, separated by commas.",
            id="workflowsite.E002",
        )
    ]
