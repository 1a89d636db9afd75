"""What JSON columns give back can be written as JSON again."""

from typing import Any

import orjson
import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import models

from common.json_field import JSONField
from discovery.secret_field import SecretJSONField
from generation.models import Generation

OURS = {"discovery", "workflows", "executions", "generation"}


@pytest.mark.parametrize(
    "value",
    [
        1e55,
        -1e55,
        2**63 - 1,
        -(2**63) + 1,
        1.5,
        1e18,
        0,
        True,
        None,
        "9" * 30,
        [1e300, {"a": 1e19}],
    ],
)
@pytest.mark.django_db
def test_a_number_that_was_stored_can_be_answered(alice: User, value: Any) -> None:
    Generation.objects.create(id="generation-1", prompt="p", context={"n": value}, created_by=alice)
    read = Generation.objects.get().context
    assert read == {"n": value}
    assert orjson.loads(orjson.dumps(read)) == {"n": value}
    assert Generation.objects.values_list("context", flat=True).get() == {"n": value}


def test_every_json_column_is_such_a_column() -> None:
    fields = [
        field
        for model in apps.get_models()
        if model._meta.app_label in OURS
        for field in model._meta.get_fields()
        # Headers are encrypted text, whose values are text.
        if isinstance(field, models.JSONField) and not isinstance(field, SecretJSONField)
    ]
    assert len(fields) > 20
    assert [str(field) for field in fields if not isinstance(field, JSONField)] == []
