"""What the serializers and views of every app share."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from django.contrib.auth.models import User
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, NotAuthenticated
from rest_framework.request import Request

from common.errors import Invalid


class StrictFieldsMixin(serializers.Serializer[Any]):
    """Refuses unknown fields, values of another JSON type, and changes to what only the server writes.

    In a change, a read-only field is let through where it repeats the stored value, so that what was read can be sent
    back; one named in `computed` always, since it may have moved on.
    """

    computed: ClassVar[frozenset[str]] = frozenset()
    # Whether a body must be sent although each field of it may be absent.
    needs_body: ClassVar[bool] = False

    def to_internal_value(self, data: Any) -> Any:
        """The validated fields; raises `ValidationError` with an entry for each refused name."""
        if isinstance(data, Mapping):
            refused = dict(self._refused(data))
            if refused:
                raise serializers.ValidationError(refused)
        return super().to_internal_value(data)

    def _refused(self, data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        writable = [name for name, field in self.fields.items() if not field.read_only]
        for name, value in data.items():
            field = self.fields.get(name)
            if name in self.computed and self.instance is not None:
                continue
            if field is None:
                yield name, [ErrorDetail(unknown_field(name, writable), "unknown_field")]
            elif field.read_only:
                if not self._repeats(name, value):
                    yield name, [ErrorDetail("Only the server writes this field.", "read_only")]
            elif wrong := wrong_type(field, value):
                yield name, wrong

    def _repeats(self, name: str, value: object) -> bool:
        if self.instance is None or self.root is not self:
            return False
        stored = self.to_representation(self.instance)
        return name in stored and bool(stored[name] == value)


class FieldsMadeOnce(serializers.ModelSerializer[Any]):
    """Keeps the fields that are declared or found in the model; making them anew took longer than all their checks.

    Each serializer gets shallow copies, since a serializer writes only to the fields themselves. Children of list
    fields are shared: they must do without the serializer's context.
    """

    def get_fields(self) -> dict[str, Any]:
        """Fields by name, not bound yet."""
        cls = type(self)
        if "_made_fields" not in cls.__dict__:
            cls._made_fields = super().get_fields()
        return {name: _copied(field) for name, field in cls._made_fields.items()}

    _made_fields: ClassVar[dict[str, Any]]


def _copied(field: Any) -> Any:
    """A shallow copy; the standard library's takes twice as long as all checks of the field."""
    copied = object.__new__(type(field))
    copied.__dict__.update(field.__dict__)
    return copied


class GroupNames(serializers.ListField):
    """The groups that a row is shared with, by name. Needs the request in the serializer's context.

    Its owner and staff see all of them; who sees the row through a group sees the groups they are in themselves.
    """

    _own_groups: set[str] | None = None

    def to_representation(self, data: Any) -> list[str]:
        """The names, sorted."""
        names = {group.name for group in data.all()}
        user = caller(self.context["request"])
        if names and not user.is_staff and data.instance.created_by_id != user.pk:
            names &= self._own_names(user)
        return sorted(names)

    def _own_names(self, user: User) -> set[str]:
        """Asked for once a page: all its rows share this field."""
        if self._own_groups is None:
            self._own_groups = set(user.groups.values_list("name", flat=True))
        return self._own_groups


def wrong_type(field: Any, value: object) -> Any:
    """REST framework's fields convert ('5' to 5, 'yes' to true); a JSON API says what is wrong instead. Null: nothing."""
    match field:
        case _ if value is None:
            return None
        case serializers.BooleanField():
            return None if isinstance(value, bool) else _expected("true or false")
        case serializers.IntegerField() | serializers.FloatField():
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return None if is_number else _expected("a number")
        case serializers.ListField():
            return _wrong_items(field.child, enumerate(value)) if isinstance(value, list) else None
        case serializers.DictField():
            return _wrong_items(field.child, value.items()) if isinstance(value, dict) else None
        case serializers.CharField() | serializers.ChoiceField() | serializers.DateTimeField():
            return None if isinstance(value, str) else _expected("a text")
    return None


def unknown_field(name: str, known: Iterable[str]) -> str:
    """The sentence that refuses an unknown field and names the nearest known one."""
    nearest = difflib.get_close_matches(name, list(known), n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    return f"There is no field {name[:100]!r}.{hint}"


def caller(request: Request) -> User:
    """The user who asks; raises `NotAuthenticated`."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def _wrong_items(child: Any, items: Iterable[tuple[Any, Any]]) -> Any:
    wrong = {key: found for key, item in items if (found := wrong_type(child, item))}
    return wrong or None


def _expected(what: str) -> list[ErrorDetail]:
    return [ErrorDetail(f"Give {what}.", "wrong_type")]


def limit_of(query: Mapping[str, str], *, default: int, most: int) -> int:
    """How many rows a page of a list has: the parameter `limit`. Raises `Invalid` for anything but a number up to `most`."""
    text = query.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= most):
        detail = f"limit is a number from 1 to {most}."
        raise Invalid(detail, code="invalid_limit", parameter="limit")
    return int(text)
