"""The model client against a real small server: good turns, every fault, and what never leaks."""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import pytest
from pytest_django import Settings

from discovery.language_model import connections
from discovery.language_model.client import (
    ModelAnswer,
    ModelError,
    ModelRequest,
    complete,
    is_configured,
)
from tests.fakes import model_server as fake
from tests.fakes.model_server import ModelServer
from tests.fakes.web_server import WebServer

STRICT = {
    "type": "object",
    "properties": {"mood": {"type": "string", "enum": ["good", "bad"]}},
    "required": ["mood"],
    "additionalProperties": False,
}


async def ask(**options: Any) -> ModelAnswer:
    options.setdefault("timeout_seconds", 10)
    return await complete(ModelRequest(messages=[{"role": "user", "content": "Hello"}], **options))


async def fault(**options: Any) -> ModelError:
    with pytest.raises(ModelError) as failure:
        await ask(**options)
    return failure.value


async def test_text_comes_with_its_usage(model_server: ModelServer) -> None:
    model_server.script([fake.text("Good morning", usage=(12, 3))])
    answer = await ask()
    assert answer.text == "Good morning"
    assert answer.message == {"role": "assistant", "content": "Good morning"}
    assert answer.tool_calls == ()
    assert (answer.input_tokens, answer.output_tokens) == (12, 3)
    assert answer.finish_reason == "stop"
    assert answer.duration_ms > 0


async def test_a_call_opens_and_closes_a_connection_of_its_own(model_server: ModelServer) -> None:
    model_server.keeps_connections = True
    await ask()
    await ask()
    assert model_server.connections == 2


async def test_kept_connections_serve_many_calls(model_server: ModelServer) -> None:
    model_server.keeps_connections = True
    async with connections.kept():
        await ask()
        await ask(timeout_seconds=5)
    assert model_server.connections == 1
    await ask()
    assert model_server.connections == 2


async def test_a_call_over_a_kept_connection_ends_in_time(model_server: ModelServer) -> None:
    model_server.keeps_connections = True
    async with connections.kept():
        await ask()
        model_server.script([fake.hang()])
        started = time.monotonic()
        error = await fault(timeout_seconds=0.5)
        assert time.monotonic() - started < 3
        assert (error.kind, error.code) == ("timeout", "unavailable")
        assert (await ask()).text == "Answer to: Hello"


async def test_the_request_says_what_is_asked_and_nothing_else(model_server: ModelServer) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    await ask(model="small", temperature=0.5, tools=tools)
    assert model_server.requests == [
        {
            "model": "small",
            "messages": [{"role": "user", "content": "Hello"}],
            "temperature": 0.5,
            "tools": tools,
        }
    ]
    assert model_server.headers[0]["authorization"] == "Bearer sk-test"


async def test_the_model_of_the_settings_is_the_default(
    model_server: ModelServer, settings: Settings
) -> None:
    settings.OPENAI_MODEL = "house-model"
    await ask()
    assert model_server.requests[0]["model"] == "house-model"


async def test_requested_tool_calls_are_read_and_can_be_appended(model_server: ModelServer) -> None:
    model_server.script([fake.tool_calls(("now", {"zone": "UTC"}), ("now", "{broken"))])
    answer = await ask()
    assert answer.text is None
    assert [(call.id, call.name, call.arguments_text) for call in answer.tool_calls] == [
        ("call_1", "now", '{"zone": "UTC"}'),
        ("call_2", "now", "{broken"),
    ]
    assert [call["id"] for call in answer.message["tool_calls"]] == ["call_1", "call_2"]
    await complete(ModelRequest(messages=[{"role": "user", "content": "Hi"}, answer.message]))
    assert model_server.requests[1]["messages"][1] == answer.message


async def test_arguments_sent_as_an_object_and_missing_ids_are_put_right(
    model_server: ModelServer,
) -> None:
    call = {"type": "function", "function": {"name": "now", "arguments": {"a": 1}}}
    model_server.script([fake.completion({"content": None, "tool_calls": [call]})])
    (requested,) = (await ask()).tool_calls
    assert (requested.id, requested.arguments_text) == ("call_1", '{"a": 1}')


async def test_a_schema_of_the_strict_subset_is_sent_strict(model_server: ModelServer) -> None:
    model_server.script([fake.structured({"mood": "good"})])
    answer = await ask(output_schema=STRICT, output_name="the mood!")
    assert answer.text == '{"mood": "good"}'
    assert model_server.requests[0]["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "the_mood_", "schema": STRICT, "strict": True},
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {**STRICT, "additionalProperties": True},
        {**STRICT, "required": []},
        {**STRICT, "properties": {"mood": {"type": "object"}}},
        {**STRICT, "properties": {"mood": {"oneOf": [{"type": "string"}]}}},
        {**STRICT, "properties": {"mood": {}}},
    ],
)
async def test_another_schema_is_sent_as_guidance(
    model_server: ModelServer, schema: dict[str, Any]
) -> None:
    await ask(output_schema=schema)
    sent = model_server.requests[0]["response_format"]["json_schema"]
    assert sent == {"name": "answer", "schema": schema, "strict": False}


@pytest.mark.parametrize(
    ("schema", "value", "text"),
    [
        ({"type": "string", "enum": ["a", "b"]}, "a", '"a"'),
        (
            {"type": "array", "items": {"$ref": "#/$defs/n"}, "$defs": {"n": {"type": "integer"}}},
            [1],
            "[1]",
        ),
        ({"type": "boolean"}, False, "false"),
    ],
)
async def test_a_schema_that_is_no_object_travels_inside_one(
    model_server: ModelServer, schema: dict[str, Any], value: Any, text: str
) -> None:
    model_server.script([fake.structured({"answer": value})])
    answer = await ask(output_schema=schema)
    assert answer.text == text
    sent = model_server.requests[0]["response_format"]["json_schema"]
    assert sent["strict"] is True
    assert sent["schema"]["required"] == ["answer"]
    assert sent["schema"].get("$defs") == schema.get("$defs")


async def test_a_server_that_ignores_the_wanted_shape_is_passed_on_to_the_callers_check(
    model_server: ModelServer,
) -> None:
    model_server.script([fake.text("just a")])
    assert (await ask(output_schema={"type": "string"})).text == "just a"


@pytest.mark.parametrize(
    ("asked", "answered", "cost"),
    [
        ("gpt-4o", "gpt-4o", Decimal("0.0125")),
        ("gpt-4o", "gpt-4o-2024-08-06", Decimal("0.0125")),
        ("gpt-4o", "", Decimal("0.0125")),
        ("gpt-4o", "gpt-4o-mini", Decimal("0.00075")),
        ("gpt-4o", "llama-3", None),
        ("my-own", "my-own", None),
    ],
)
async def test_the_cost_follows_the_price_list_and_is_unknown_without_a_price(
    model_server: ModelServer, settings: Settings, asked: str, answered: str, cost: Decimal | None
) -> None:
    settings.MODEL_PRICES = {"gpt-4o": [2.5, 10.0], "gpt-4o-mini": [0.15, 0.6]}
    model_server.script([fake.text("x", usage=(1000, 1000), model=answered)])
    assert (await ask(model=asked)).cost_usd == cost


async def test_missing_usage_counts_as_no_tokens(model_server: ModelServer) -> None:
    model_server.script([fake.text("x", usage=None)])
    answer = await ask()
    assert (answer.input_tokens, answer.output_tokens) == (0, 0)


async def test_without_key_and_address_nothing_is_called_and_the_setting_is_named(
    model_server: ModelServer, settings: Settings
) -> None:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    assert not is_configured()
    error = await fault()
    assert (error.kind, error.code) == ("model_not_configured", "not_configured")
    assert not error.is_retryable
    assert "OPENAI_API_KEY" in error.message
    assert model_server.requests == []


async def test_a_server_of_ones_own_needs_no_key(
    model_server: ModelServer, settings: Settings
) -> None:
    settings.OPENAI_API_KEY = ""
    assert is_configured()
    assert (await ask()).text == "Answer to: Hello"


@pytest.mark.parametrize(
    ("answer", "code", "is_retryable"),
    [
        (fake.rate_limited(), "rate_limited", True),
        (fake.rate_limited(code="insufficient_quota"), "rate_limited", False),
        (fake.server_error(500), "unavailable", True),
        (fake.server_error(503), "unavailable", True),
        (fake.server_error(529), "unavailable", True),
        (fake.rejected(400), "rejected", False),
        (fake.rejected(401), "rejected", False),
        (fake.rejected(403), "rejected", False),
        (fake.rejected(404), "rejected", False),
        (fake.rejected(422), "rejected", False),
        (fake.rejected(400, code="context_length_exceeded"), "rejected", False),
        (fake.rejected(400, code="content_filter"), "refused", False),
        (fake.refusal(), "refused", False),
        (fake.filtered(), "refused", False),
        (fake.cut_off(), "truncated", False),
        (fake.truncated_json(), "invalid_answer", True),
        (fake.html_200(), "invalid_answer", True),
        (fake.no_choices(), "invalid_answer", True),
        (fake.text(""), "invalid_answer", True),
        (fake.raw(b""), "invalid_answer", True),
        (fake.raw(b'"just a string"'), "invalid_answer", True),
        (fake.raw(b"[]"), "invalid_answer", True),
        (fake.raw(b"\xff\xfe"), "invalid_answer", True),
        (fake.text("a NUL \x00 inside"), "invalid_answer", True),
        (fake.text("a lone \ud800 surrogate"), "invalid_answer", True),
        (fake.completion({"content": {"not": "text"}}), "invalid_answer", True),
        (fake.tool_call("", {}), "invalid_answer", True),
        (fake.tool_calls(*[("f", {})] * 129), "invalid_answer", True),
        (fake.text("x", usage=(-1, 0)), "invalid_answer", True),
        (fake.raw(b"[" * 100_000), "invalid_answer", True),
    ],
)
async def test_each_fault_has_its_code_and_shows_nothing_of_the_providers(
    model_server: ModelServer, answer: fake.Answer, code: str, is_retryable: bool
) -> None:
    model_server.script([answer])
    error = await fault()
    assert (error.kind, error.code, error.is_retryable) == ("agent_error", code, is_retryable)
    assert "SECRET" not in error.message
    # A cause would be written into histories and logs.
    assert "SECRET" not in repr(error.__cause__)
    assert len(model_server.requests) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (3, 3.0),
        (0, 0.0),
        ("0.5", 0.5),
        (999_999, 120.0),
        (-5, None),
        ("nan", None),
        ("soon", None),
        (None, None),
    ],
)
async def test_retry_after_is_passed_on_and_capped(
    model_server: ModelServer, header: float | str | None, seconds: float | None
) -> None:
    model_server.script([fake.rate_limited(header)])
    assert (await fault()).retry_after_seconds == seconds


async def test_retry_after_may_be_a_date(model_server: ModelServer) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=30)
    model_server.script([fake.rate_limited(format_datetime(moment, usegmt=True))])
    seconds = (await fault()).retry_after_seconds
    assert seconds is not None
    assert 25 < seconds <= 30


@pytest.mark.parametrize("answer", [fake.hang(30), fake.slow_drip()])
async def test_the_deadline_covers_the_whole_answer(
    model_server: ModelServer, answer: fake.Answer
) -> None:
    model_server.script([answer])
    started = time.monotonic()
    error = await fault(timeout_seconds=0.4)
    assert time.monotonic() - started < 3
    assert (error.kind, error.is_retryable) == ("timeout", True)
    assert "0.4 seconds" in error.message


async def test_the_deadline_of_the_settings_is_the_default(
    model_server: ModelServer, settings: Settings
) -> None:
    settings.OPENAI_TIMEOUT_SECONDS = 0.3
    model_server.script([fake.hang(30)])
    assert (await fault(timeout_seconds=None)).kind == "timeout"


async def test_a_huge_answer_is_refused(model_server: ModelServer) -> None:
    model_server.script([fake.huge(10)])
    error = await fault()
    assert (error.code, error.is_retryable) == ("invalid_answer", False)


async def test_a_huge_error_is_refused_too(model_server: ModelServer) -> None:
    model_server.script([fake.raw(b"x" * 10_000_000, status=500)])
    assert (await fault()).code == "invalid_answer"


async def test_a_redirect_is_not_followed(model_server: ModelServer) -> None:
    with WebServer() as elsewhere:
        model_server.script([fake.redirect(f"{elsewhere.url}/echo")])
        assert (await fault()).code == "rejected"
        assert elsewhere.received == []


async def test_a_proxy_of_the_environment_is_not_used(
    model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with WebServer() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        assert (await ask()).text == "Answer to: Hello"
        assert proxy.received == []


async def test_a_server_that_is_gone_is_unavailable(settings: Settings) -> None:
    with ModelServer() as gone:
        settings.OPENAI_BASE_URL = gone.base_url
    error = await fault()
    assert (error.code, error.is_retryable) == ("unavailable", True)


async def test_the_fake_answers_a_wanted_schema_with_a_value_of_it(
    model_server: ModelServer,
) -> None:
    assert (await ask(output_schema=STRICT)).text == '{"mood": "good"}'
