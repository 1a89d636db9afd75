"""Which generations a caller may read."""

from django.contrib.auth.models import User
from django.db.models import QuerySet

from common.ownership import Caller
from generation.models import Generation


def generations_for(caller: Caller) -> QuerySet[Generation]:
    """The caller's own; staff see all, the anonymous nothing."""
    rows = Generation.objects.select_related("created_by")
    if not isinstance(caller, User) or not caller.is_active:
        return rows.none()
    return rows if caller.is_staff else rows.filter(created_by=caller)
