"""What management commands share: as whom they act, and how they refuse."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import User
from django.core.checks import Tags
from django.core.management.base import CommandError

from common.errors import DomainError

# What Django checks before a command that looks at the rows of an installation: its secrets. All other checks are of the
# web part, which would have to be loaded for them: a third of a command's start.
CHECKED = [Tags.security]


def acting_user(name: str | None) -> User:
    """The active user of that name, or the first administrator. Raises `CommandError`."""
    users = User.objects.filter(is_active=True)
    found = users.filter(username=name) if name else users.filter(is_superuser=True).order_by("pk")
    user = found.first()
    if user is None:
        wanted = f"There is no active user {name!r}" if name else "There is no administrator"
        raise CommandError(f"{wanted}; name another with --user.")
    return user


@contextmanager
def refusals() -> Iterator[None]:
    """What a service refuses, as the command's error: a sentence, and the findings below it."""
    try:
        yield
    except DomainError as error:
        found = [f"  {problem['path']}: {problem['message']}" for problem in error.problems]
        raise CommandError("\n".join([error.detail, *found])) from error
