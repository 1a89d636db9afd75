"""Reads a chat completion that came over the wire: untrusted bytes in, a `ModelAnswer` or a `ModelError` out."""

import json
from typing import Any, Literal, NoReturn

from pydantic import BaseModel, Field, ValidationError

from common import strict_json
from discovery.language_model.formats import unpacked
from discovery.language_model.messages import ModelAnswer, ModelError, RequestedCall, Spent

MAX_ANSWER_BYTES = 4 * 1024 * 1024
MAX_TOOL_CALLS = 128
MAX_TOKENS = 100_000_000


class _Function(BaseModel):
    name: str = Field(min_length=1, max_length=256)
    # Some compatible servers send the object itself instead of its JSON text.
    arguments: str | dict[str, Any] = ""


class _ToolCall(BaseModel):
    id: str | None = Field(default=None, max_length=200)
    type: Literal["function"] = "function"
    function: _Function


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = Field(default=None, max_length=MAX_TOOL_CALLS)


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    # No call counts more: sums of it have to fit into the database's columns.
    prompt_tokens: int = Field(default=0, ge=0, le=MAX_TOKENS)
    completion_tokens: int = Field(default=0, ge=0, le=MAX_TOKENS)


class _Completion(BaseModel):
    model: str = ""
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


def read_answer(raw: bytes, *, output_schema: dict[str, Any] | None) -> ModelAnswer:
    """The first choice of a chat completion; raises `ModelError` for everything that is no usable answer."""
    completion = _parse(raw)
    try:
        return _read(completion, output_schema)
    except ModelError as error:
        if completion.usage is not None:
            usage = completion.usage
            error.spent = Spent(usage.prompt_tokens, usage.completion_tokens)
        raise


def _read(completion: _Completion, output_schema: dict[str, Any] | None) -> ModelAnswer:
    choice = completion.choices[0]
    _refuse_declined(choice)
    calls = _requested_calls(choice.message)
    text = choice.message.content or None
    if text is None and not calls:
        _invalid("The model answered with neither text nor a tool call.")
    if text is not None and output_schema is not None and not calls:
        text = unpacked(text, output_schema)
    usage = completion.usage or _Usage()
    return ModelAnswer(
        message=_as_message(choice.message.content, calls),
        text=text,
        tool_calls=calls,
        finish_reason=choice.finish_reason or "stop",
        model=completion.model,
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
    )


def _parse(raw: bytes) -> _Completion:
    try:
        return _Completion.model_validate(strict_json.loads(raw, max_bytes=MAX_ANSWER_BYTES))
    except strict_json.RefusedJson as error:
        _invalid(f"The model service answered with unacceptable JSON ({error.code}).")
    except ValidationError as error:
        place = "/".join(str(part) for part in error.errors()[0]["loc"])
        _invalid(
            f"The model service answered with something that is no chat completion (at {place!r})."
        )


def _refuse_declined(choice: _Choice) -> None:
    if choice.message.refusal:
        raise ModelError("The model declined to answer this request.", code="refused")
    if choice.finish_reason == "content_filter":
        raise ModelError("The model service's content filter stopped the answer.", code="refused")
    if choice.finish_reason == "length":
        raise ModelError(
            "The answer reached the model's length limit and is incomplete. Ask for less at once.",
            code="truncated",
        )


def _requested_calls(message: _Message) -> tuple[RequestedCall, ...]:
    return tuple(
        RequestedCall(call.id or f"call_{number}", call.function.name, _text_of(call.function))
        for number, call in enumerate(message.tool_calls or [], start=1)
    )


def _text_of(function: _Function) -> str:
    if isinstance(function.arguments, str):
        return function.arguments
    return json.dumps(function.arguments, ensure_ascii=False)


def _as_message(content: str | None, calls: tuple[RequestedCall, ...]) -> dict[str, Any]:
    """Only known fields: what else a server adds is not sent back to it, nor to another one."""
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments_text},
            }
            for call in calls
        ]
    return message


def _invalid(message: str) -> NoReturn:
    raise ModelError(message, code="invalid_answer", is_retryable=True)
