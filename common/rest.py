"""What the serializers of every app share."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from rest_framework import serializers


class StrictFieldsMixin(serializers.Serializer[Any]):
    """Refuses fields that the serializer does not know, and changes to those that only the server writes.

    A read-only field is let through where it repeats the stored value, so that what was read can be sent back.
    """

    def to_internal_value(self, data: Any) -> Any:
        """The validated fields; raises `ValidationError` with an entry for each refused name."""
        if isinstance(data, Mapping):
            refused = self._refused(data)
            if refused:
                raise serializers.ValidationError(refused)
        return super().to_internal_value(data)

    def _refused(self, data: Mapping[str, Any]) -> dict[str, list[serializers.ErrorDetail]]:
        writable = [name for name, field in self.fields.items() if not field.read_only]
        refused = {}
        unchanged: Mapping[str, Any] | None = None
        for name in data:
            if name not in self.fields:
                refused[name] = [_detail(unknown_field(name, writable), "unknown_field")]
            elif self.fields[name].read_only:
                if unchanged is None:
                    unchanged = self._stored()
                if name not in unchanged or unchanged[name] != data[name]:
                    refused[name] = [_detail("Only the server writes this field.", "read_only")]
        return refused

    def _stored(self) -> Mapping[str, Any]:
        if self.instance is None or self.root is not self:
            return {}
        return dict(self.to_representation(self.instance))


def unknown_field(name: str, known: Iterable[str]) -> str:
    """The sentence that refuses an unknown field and names the nearest known one."""
    nearest = difflib.get_close_matches(name, list(known), n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    return f"There is no field {name[:100]!r}.{hint}"


def _detail(text: str, code: str) -> serializers.ErrorDetail:
    return serializers.ErrorDetail(text, code=code)
