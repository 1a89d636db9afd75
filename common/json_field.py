"""JSON columns that give back numbers which JSON writers and other programs can take."""

import json
from typing import Any

from django.db import models

MAX_INTEGER = 2**63 - 1


class JSONField(models.JSONField):
    """Django's, but integers beyond 64 bits come back as floats.

    PostgreSQL's jsonb keeps numbers as decimals: what went in as the float 1e55 would come out as an integer of 56
    digits, which no JSON writer of ours takes, and neither do most readers.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("decoder", LargeNumberDecoder)
        super().__init__(*args, **options)

    def deconstruct(self) -> Any:
        """As Django's own field: the database sees no difference, so no migration shall."""
        name, _, args, options = super().deconstruct()
        options.pop("decoder", None)
        return name, "django.db.models.JSONField", args, options


class LargeNumberDecoder(json.JSONDecoder):
    """Reads integers beyond 64 bits as floats."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "parse_int": _number})


def _number(text: str) -> int | float:
    number = int(text) if len(text) <= 20 else float(text)
    return number if abs(number) <= MAX_INTEGER else float(text)
