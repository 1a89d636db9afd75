"""What the fake model server can be told to answer: good turns and every fault that has been seen in the wild."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """One HTTP answer. `delay_seconds` passes before the first byte, `byte_seconds` between the bytes."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    delay_seconds: float = 0
    byte_seconds: float = 0


# A function sees the request and answers it: for calls that come in no fixed order.
Scripted = Answer | Callable[[Body], Answer]


def completion(
    message: Body,
    *,
    finish_reason: str = "stop",
    usage: tuple[int, int] | None = (10, 5),
    model: str = "fake-model",
) -> Answer:
    """A chat completion with this assistant message."""
    body: Body = {
        "id": "chatcmpl-fake",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", **message},
                "finish_reason": finish_reason,
            }
        ],
    }
    if usage is not None:
        body["usage"] = {
            "prompt_tokens": usage[0],
            "completion_tokens": usage[1],
            "total_tokens": sum(usage),
        }
    return Answer(json.dumps(body).encode())


def text(content: str, **options: Any) -> Answer:
    """The model says `content`."""
    return completion({"content": content}, **options)


def structured(value: object, **options: Any) -> Answer:
    """The model answers with JSON text. A value that is no object is to be given as {"answer": value}."""
    return text(json.dumps(value), **options)


def tool_call(name: str, arguments: object, *, call_id: str = "call_1", **options: Any) -> Answer:
    """The model asks for one tool call; a str as `arguments` goes out as it is, valid JSON or not."""
    return tool_calls((name, arguments), call_ids=(call_id,), **options)


def tool_calls(
    *calls: tuple[str, object], call_ids: tuple[str, ...] = (), **options: Any
) -> Answer:
    """The model asks for several tool calls in one turn."""
    ids = call_ids or tuple(f"call_{number}" for number in range(1, len(calls) + 1))
    requested = [
        {
            "id": call_id,
            "type": "function",
            "function": {
                "name": name,
                "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments),
            },
        }
        for call_id, (name, arguments) in zip(ids, calls, strict=True)
    ]
    return completion(
        {"content": None, "tool_calls": requested}, finish_reason="tool_calls", **options
    )


def refusal(reason: str = "I can't help with that.") -> Answer:
    """The model declines."""
    return completion({"content": None, "refusal": reason})


def cut_off(content: str = "This answer stops in the mid") -> Answer:
    """The model ran into its length limit."""
    return text(content, finish_reason="length")


def filtered() -> Answer:
    """The service's content filter stopped the answer."""
    return text("", finish_reason="content_filter")


def no_choices() -> Answer:
    """A completion that completes nothing."""
    return Answer(b'{"id": "x", "object": "chat.completion", "model": "fake-model", "choices": []}')


def raw(body: bytes, *, status: int = 200, content_type: str = "application/json") -> Answer:
    """Any bytes at all."""
    return Answer(body, status, {"Content-Type": content_type})


def rate_limited(
    retry_after: float | str | None = None, *, code: str = "rate_limit_exceeded"
) -> Answer:
    """429, with `Retry-After` in seconds or as an HTTP date."""
    headers = {"Content-Type": "application/json"}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return Answer(_error("Rate limit reached for org-SECRET", code), 429, headers)


def server_error(status: int = 500) -> Answer:
    """The service is broken, and says more than it should."""
    return Answer(_error("Traceback: internal SECRET detail", "server_error"), status)


def rejected(status: int = 400, code: str = "invalid_request_error") -> Answer:
    """The service does not take the request."""
    return Answer(_error("Incorrect API key provided: sk-SECRET", code), status)


def hang(seconds: float = 30) -> Answer:
    """Nothing comes for that long, then an answer nobody waits for."""
    whole = text("too late")
    return Answer(whole.body, whole.status, whole.headers, delay_seconds=seconds)


def slow_drip(byte_seconds: float = 0.05) -> Answer:
    """A byte now and then: each read is in time, the answer never is."""
    whole = text("x" * 2_000)
    return Answer(whole.body, whole.status, whole.headers, byte_seconds=byte_seconds)


def truncated_json() -> Answer:
    """The connection was closed in the middle of the body, but the length is said to be right."""
    return Answer(text("a perfectly fine answer").body[:-40])


def html_200() -> Answer:
    """A proxy's log-in page, with status 200."""
    return raw(b"<!doctype html><title>Sign in</title>", content_type="text/html; charset=utf-8")


def redirect(location: str) -> Answer:
    """Somewhere else, says the service."""
    return Answer(b"", 307, {"Location": location})


def huge(megabytes: int = 10) -> Answer:
    """A valid answer that is far too large."""
    return text("x" * megabytes * 1024 * 1024)


def _error(message: str, code: str) -> bytes:
    return json.dumps({"error": {"message": message, "type": code, "code": code}}).encode()
