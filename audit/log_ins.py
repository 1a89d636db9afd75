"""Log-ins, successful or not, and passwords: Django tells of them, whichever way they come in."""

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import MinimumLengthValidator
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone

from audit.models import AuditEntry
from audit.origin import current_origin
from audit.recording import Action, ObjectKind, Subject, record, record_of_nobody

logger = logging.getLogger(__name__)

WINDOW = timedelta(hours=1)
# Of a name that nobody has: enough to recognise a mistyped one, and little of a password typed in the wrong field.
MAX_UNKNOWN_NAME = 30


def account(user: User) -> Subject:
    """The user as what something is done to."""
    return Subject(ObjectKind.USER, str(user.pk), user.get_username())


@receiver(user_logged_in)
@transaction.atomic
def _note_log_in(user: Any, token: str = "", **_: Any) -> None:
    """`token`: the beginning of the token that was given out, if one was."""
    if isinstance(user, User):
        details = {"token": token} if token else {}
        record(Action.LOGGED_IN, account(user), by=user, details=details)


@receiver(user_logged_out)
@transaction.atomic
def _note_log_out(user: Any, **_: Any) -> None:
    if isinstance(user, User):
        record(Action.LOGGED_OUT, account(user), by=user)


@receiver(user_login_failed)
@transaction.atomic
def _note_failure(credentials: dict[str, Any], **_: Any) -> None:
    """Anybody can make these, so an hour keeps a limited number; the log says when that is reached."""
    since = timezone.now() - WINDOW
    recent = AuditEntry.objects.filter(action=Action.LOG_IN_FAILED, created_at__gte=since)
    allowed: int = settings.AUDIT_FAILED_LOG_INS_PER_HOUR
    if recent.order_by()[:allowed].count() >= allowed:
        logger.warning("a failed log-in is not recorded: %s within an hour already", allowed)
        return
    name = str(credentials.get("username") or "")
    known = None if "\x00" in name else User.objects.filter(username=name[:150]).first()
    subject = account(known) if known else Subject(ObjectKind.USER, "", name[:MAX_UNKNOWN_NAME])
    record_of_nobody(Action.LOG_IN_FAILED, subject)


class RecordedPasswordValidator(MinimumLengthValidator):
    """Django's, and the place where Django says that a password was set: no signal does (`password_changed`)."""

    def password_changed(self, password: str, user: Any = None) -> None:
        """Record who set it, never what it is; within the transaction that stores it, if there is one."""
        if isinstance(user, User):
            with transaction.atomic():
                record(Action.PASSWORD_CHANGED, account(user), by=current_origin().user)
