"""Users, groups and tokens in the admin: Django's and knox's own pages, with an entry in the trail for each change."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest, HttpResponseRedirect
from knox.admin import AuthTokenAdmin
from knox.models import AuthToken

from audit.admin_recording import RecordedWrites
from audit.changes import Changes, compared, named
from audit.log_ins import account
from audit.models import AuditEntry
from audit.recording import Action, ObjectKind, Subject, record

_FIELDS = ("username", "email", "first_name", "last_name", "is_active", "is_staff", "is_superuser")

# Of a deleted group's members, in the trail.
MOST_TOLD = 100


class RecordedUserAdmin(RecordedWrites, UserAdmin):  # type: ignore[type-arg]
    object_kind = AuditEntry.ObjectKind.USER

    def recorded_state(self, row: User) -> Mapping[str, Any]:
        """Names, and what the user may do."""
        return {
            **{name: getattr(row, name) for name in _FIELDS},
            "groups": sorted(row.groups.values_list("name", flat=True)),
            "permissions": sorted(row.user_permissions.values_list("codename", flat=True)),
        }

    def record_made(self, row: User, *, by: User, shared: Changes) -> None:
        """A user; the password is an entry of its own."""
        record(Action.CREATED, account(row), by=by)

    def record_changed(
        self, row: User, before: Mapping[str, Any], *, by: User, shared: Changes
    ) -> None:
        """What they are called, and what they may do."""
        changes = compared(before, self.recorded_state(row))
        if changes:
            record(named(changes), account(row), by=by, changes=changes)

    def record_deleted(self, row: User, *, by: User) -> None:
        """The entries of what they did stay."""
        record(Action.DELETED, account(row), by=by)


class RecordedGroupAdmin(RecordedWrites, GroupAdmin):
    """What is shared with a group is its members' to use, so who may do what changes with it."""

    object_kind = AuditEntry.ObjectKind.GROUP

    def recorded_state(self, row: Group) -> Mapping[str, Any]:
        """Its name, and what its members may do in the admin. Who they are stands on the pages of users."""
        permissions = row.permissions.order_by("codename").values_list("codename", flat=True)
        return {"name": row.name, "permissions": list(permissions)}

    def record_made(self, row: Group, *, by: User, shared: Changes) -> None:
        """A group, with what its members may do."""
        permissions = self.recorded_state(row)["permissions"]
        changes = compared({"permissions": []}, {"permissions": permissions})
        record(Action.CREATED, _group(row), by=by, changes=changes)

    def record_changed(
        self, row: Group, before: Mapping[str, Any], *, by: User, shared: Changes
    ) -> None:
        """What it is called, and what its members may do."""
        changes = compared(before, self.recorded_state(row))
        if changes:
            record(Action.UPDATED, _group(row), by=by, changes=changes)

    def record_deleted(self, row: Group, *, by: User) -> None:
        """A group with which nothing is shared any more; the entry has who was in it."""
        members = row.user_set.order_by("username").values_list("username", flat=True)
        record(Action.DELETED, _group(row), by=by, details={"members": list(members[:MOST_TOLD])})


def _group(row: Group) -> Subject:
    return Subject(ObjectKind.GROUP, str(row.pk), row.name)


class RecordedTokenAdmin(RecordedWrites, AuthTokenAdmin):  # type: ignore[misc]
    object_kind = AuditEntry.ObjectKind.USER

    def recorded_state(self, row: AuthToken) -> Mapping[str, Any]:
        """Nothing: the page of a token has no fields."""
        return {}

    def record_made(self, row: AuthToken, *, by: User, shared: Changes) -> None:
        """A token for somebody."""
        details = {"token": row.token_key}
        record(Action.TOKEN_CREATED, account(row.user), by=by, details=details)

    def record_changed(
        self, row: AuthToken, before: Mapping[str, Any], *, by: User, shared: Changes
    ) -> None:
        """There is nothing to change."""

    def record_deleted(self, row: AuthToken, *, by: User) -> None:
        """A token that opens nothing any more."""
        details = {"token": row.token_key}
        record(Action.TOKEN_REVOKED, account(row.user), by=by, details=details)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponseRedirect:
        """That of the token's user."""
        keys = AuthToken.objects.filter(pk=object_id).values_list("user_id", flat=True)
        return super().history_view(request, str(keys.first() or ""), extra_context)


_PAGES = ((User, RecordedUserAdmin), (Group, RecordedGroupAdmin), (AuthToken, RecordedTokenAdmin))
for model, page in _PAGES:
    admin.site.unregister(model)
    admin.site.register(model, page)
