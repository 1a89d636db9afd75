"""What the log says of a request."""

import pytest
from django.test import Client


def test_a_request_has_one_line_and_nobodys_header_says_where_it_comes_from(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        client.get("/api/nowhere", headers={"x-forwarded-for": "203.0.113.9"})
    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    told = [line for line in lines if line.get("request") == "GET /api/nowhere"]
    assert [(line["event"], line["code"], line["ip"]) for line in told] == [
        ("request_finished", 404, "127.0.0.1")
    ]
