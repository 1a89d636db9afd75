"""native:http_request: what it sends, what it gives back, and what it refuses."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from discovery.native_tools import call_native_tool
from discovery.tool_errors import ToolCallFailed
from tests.fakes.web_server import WebServer


@pytest.fixture
def web(settings: Settings) -> Iterator[WebServer]:
    with WebServer() as server:
        settings.OUTBOUND_ALLOWLIST = [f"127.0.0.1:{server.port}"]
        yield server


async def request(web: WebServer, path: str, *, key: str = "", **arguments: Any) -> Any:
    return await call_native_tool(
        "http_request", {"url": f"{web.url}/{path}", **arguments}, idempotency_key=key
    )


async def test_a_json_answer_comes_as_a_value_with_chosen_headers(web: WebServer) -> None:
    answer = await request(web, "echo?a=1", query={"b": 2})
    assert answer["status"] == 200
    assert answer["ok"] is True
    assert answer["body"]["query"] == {"a": ["1"], "b": ["2"]}
    assert set(answer["headers"]) == {"content-type", "date"}


async def test_text_is_decoded_as_the_server_says(web: WebServer) -> None:
    assert (await request(web, "text"))["body"] == "Grüße"


async def test_an_empty_body_is_null(web: WebServer) -> None:
    assert (await request(web, "echo", method="HEAD"))["body"] is None


async def test_json_and_headers_are_sent(web: WebServer) -> None:
    await request(web, "echo", method="POST", json={"ü": [1]}, headers={"X-Team": "support"})
    sent = web.received[0]
    assert sent["method"] == "POST"
    assert sent["body"] == '{"ü":[1]}'
    assert sent["headers"]["content-type"] == "application/json"
    assert sent["headers"]["x-team"] == "support"


async def test_text_is_sent_as_text(web: WebServer) -> None:
    await request(web, "echo", method="PUT", body="Grüße")
    assert web.received[0]["body"] == "Grüße"
    assert web.received[0]["headers"]["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_changing_request_carries_the_steps_idempotency_key(
    web: WebServer, method: str
) -> None:
    await request(web, "echo", method=method, key="execution-1/pay/1")
    assert web.received[0]["headers"]["idempotency-key"] == "execution-1/pay/1"


async def test_a_reading_request_carries_no_idempotency_key(web: WebServer) -> None:
    await request(web, "echo", key="execution-1/read/1")
    assert "idempotency-key" not in web.received[0]["headers"]


async def test_a_key_given_by_the_author_wins(web: WebServer) -> None:
    await request(web, "echo", method="POST", key="ours", headers={"Idempotency-Key": "theirs"})
    assert web.received[0]["headers"]["idempotency-key"] == "theirs"


@pytest.mark.parametrize(
    ("status", "is_retryable"), [(400, False), (404, False), (429, True), (503, True)]
)
async def test_an_error_status_fails_without_repeating_the_servers_text(
    web: WebServer, status: int, is_retryable: bool
) -> None:
    with pytest.raises(ToolCallFailed) as failure:
        await request(web, f"status/{status}")
    assert failure.value.kind == "tool_error"
    assert failure.value.code == f"http_{status}"
    assert failure.value.is_retryable is is_retryable
    assert "SECRET" not in failure.value.message + failure.value.hint


async def test_an_error_status_is_a_result_where_the_author_wants_it(web: WebServer) -> None:
    answer = await request(web, "status/404", fail_on_error=False)
    assert answer["status"] == 404
    assert answer["ok"] is False
    assert answer["body"] == {"detail": "SECRET upstream text"}


async def test_a_redirect_is_an_error_that_says_so(web: WebServer) -> None:
    with pytest.raises(ToolCallFailed) as failure:
        await request(web, "redirect")
    assert failure.value.code == "http_302"
    assert "not followed" in failure.value.hint
    assert len(web.received) == 1


async def test_duplicate_keys_in_an_answer_are_refused(web: WebServer) -> None:
    with pytest.raises(ToolCallFailed) as failure:
        await request(web, "bad-json")
    assert failure.value.code == "invalid_json"
    assert (await request(web, "bad-json", response_format="text"))["body"] == '{"a": 1, "a": 2}'


async def test_bytes_that_are_no_text_are_refused(web: WebServer) -> None:
    with pytest.raises(ToolCallFailed) as failure:
        await request(web, "binary")
    assert failure.value.code == "not_text"


async def test_an_inside_address_is_refused_and_not_reached(
    web: WebServer, settings: Settings
) -> None:
    settings.OUTBOUND_ALLOWLIST = []
    with pytest.raises(ToolCallFailed) as failure:
        await request(web, "echo")
    assert failure.value.code == "address_refused"
    assert not failure.value.is_retryable
    assert web.received == []


async def test_a_slow_answer_is_a_timeout_that_may_be_retried(web: WebServer) -> None:
    with pytest.raises(ToolCallFailed) as failure:
        await request(web, "drip", timeout_seconds=0.3)
    assert failure.value.kind == "timeout"
    assert failure.value.is_retryable


async def test_the_operators_time_limit_can_not_be_extended(
    web: WebServer, settings: Settings
) -> None:
    settings.OUTBOUND_TIMEOUT_SECONDS = 0.3
    with pytest.raises(ToolCallFailed) as failure:
        await request(web, "hang", timeout_seconds=600)
    assert failure.value.kind == "timeout"


async def test_a_large_answer_is_refused(web: WebServer, settings: Settings) -> None:
    settings.OUTBOUND_MAX_BYTES = 1000
    with pytest.raises(ToolCallFailed) as failure:
        await request(web, "endless")
    assert failure.value.code == "answer_too_large"


async def test_a_closed_port_may_be_retried() -> None:
    with WebServer() as gone:
        url = f"{gone.url}/echo"
    with pytest.raises(ToolCallFailed) as failure:
        await call_native_tool("http_request", {"url": url})
    # Not on the operator's list: refused before anything is tried.
    assert failure.value.code == "address_refused"


async def test_an_unreachable_server_may_be_retried(web: WebServer, settings: Settings) -> None:
    settings.OUTBOUND_ALLOWLIST = ["127.0.0.0/8"]
    with WebServer() as gone:
        url = f"{gone.url}/echo"
    with pytest.raises(ToolCallFailed) as failure:
        await call_native_tool("http_request", {"url": url})
    assert failure.value.code == "unreachable"
    assert failure.value.is_retryable


async def test_a_server_that_hangs_up_had_the_request(web: WebServer) -> None:
    with pytest.raises(ToolCallFailed) as failure:
        await request(web, "hang-up", method="POST")
    assert (failure.value.code, failure.value.is_retryable) == ("connection_lost", True)
    assert len(web.received) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"headers": {"Host": "inside"}}, "reserved_header"),
        ({"headers": {"content-length": "5"}}, "reserved_header"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "reserved_header"),
        ({"headers": {"X-A": "1\r\nX-B: 2"}}, "invalid_arguments"),
        ({"headers": {"X A": "1"}}, "invalid_arguments"),
        ({"headers": {"X-A": "ü"}}, "invalid_headers"),
        ({"method": "TRACE"}, "invalid_arguments"),
        ({"method": "GET", "json": {}}, "unexpected_body"),
        ({"method": "POST", "json": {}, "body": ""}, "two_bodies"),
        ({"verify": False}, "invalid_arguments"),
    ],
)
async def test_arguments_that_do_not_fit_reach_no_server(
    web: WebServer, arguments: dict[str, Any], code: str
) -> None:
    with pytest.raises(ToolCallFailed) as failure:
        await request(web, "echo", **arguments)
    assert failure.value.code == code
    assert web.received == []
