"""What is as good as a password is not in the log."""

import logging
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

TOKEN = "tok-verysecrettoken"


@pytest.mark.django_db
def test_the_token_of_a_webhook_is_in_no_line(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        assert client.post(f"/hooks/{TOKEN}?x=1", b"{}", "application/json").status_code == 404
    formatters: Any = settings.LOGGING["formatters"]
    shown = []
    for record in caplog.records:
        line = dict(record.msg) if isinstance(record.msg, dict) else {"event": record.getMessage()}
        for processor in formatters["structured"]["foreign_pre_chain"]:
            line = processor(logging.getLogger(record.name), record.levelname.lower(), line)
        shown.append(str(line))
    assert any("/hooks/***" in line for line in shown)
    assert [line for line in shown if TOKEN in line] == []
