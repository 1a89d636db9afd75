"""The only place that talks to a language model: one client, total deadlines, usage and cost of every call.

It speaks the chat-completions protocol, so OPENAI_BASE_URL may name any compatible server. That address is the
operator's, so it may be on the loopback interface; redirects and proxies of the environment are not followed.
"""

import asyncio
import email.utils
import logging
import math
import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx2
from django.conf import settings

from discovery.language_model import connections
from discovery.language_model.answers import read_answer
from discovery.language_model.formats import response_format
from discovery.language_model.messages import (
    ModelAnswer,
    ModelError,
    ModelRequest,
    RequestedCall,
    Spent,
)
from discovery.outbound.bounded_transport import AnswerTooLarge

if TYPE_CHECKING:
    import openai

__all__ = [
    "ModelAnswer",
    "ModelError",
    "ModelRequest",
    "RequestedCall",
    "Spent",
    "complete",
    "is_configured",
    "prices_of",
]

logger = logging.getLogger(__name__)

OPENAI_URL = "https://api.openai.com/v1"
# A service may ask for any pause; a longer one than this is shortened, and the retry policy decides.
MAX_RETRY_AFTER_SECONDS = 120.0
_TOKENS_PER_PRICE = Decimal(1_000_000)
_RETRYABLE_STATUS = frozenset({408, 409, 425})


def is_configured() -> bool:
    """Whether a key is given, or the address of a server of one's own (which may need none)."""
    return bool(settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL)


async def complete(request: ModelRequest) -> ModelAnswer:
    """Ask the model for one turn. Raises `ModelError`, and never retries: that is the caller's policy.

    The deadline covers everything from the connection to the answer's last byte.
    """
    # It takes longer to load than all of Django, and most processes never ask a model.
    import openai  # noqa: PLC0415

    _require_configuration()
    model = request.model or settings.OPENAI_MODEL
    seconds = request.timeout_seconds or settings.OPENAI_TIMEOUT_SECONDS
    started = time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            raw = await _ask(_body(request, model), seconds)
    except (TimeoutError, openai.APITimeoutError):
        raise _late(seconds) from None
    except openai.APIStatusError as error:
        logger.warning(
            "Model call failed: HTTP %s, request %s", error.status_code, error.request_id
        )
        # Not chained: a cause is written to histories and logs, and this one holds the provider's text.
        raise _of_status(error, model) from None
    except openai.APIConnectionError as error:
        raise _of_connection(error) from error
    answer = _read(raw, request, model)
    return replace(
        answer,
        model=answer.model or model,
        cost_usd=_cost(answer, answer.model, model),
        duration_ms=round((time.monotonic() - started) * 1000),
    )


def prices_of(model: str) -> tuple[Decimal, Decimal] | None:
    """US dollars per token in and out; null for a model that MODEL_PRICES does not name."""
    prices = settings.MODEL_PRICES.get(model)
    if not prices:
        return None
    input_price, output_price = (Decimal(str(price)) / _TOKENS_PER_PRICE for price in prices)
    return input_price, output_price


def _read(raw: bytes, request: ModelRequest, model: str) -> ModelAnswer:
    try:
        return read_answer(raw, output_schema=request.output_schema)
    except ModelError as error:
        if error.spent is not None:
            error.spent = replace(error.spent, cost_usd=_cost(error.spent, "", model))
        raise


async def _ask(body: dict[str, Any], seconds: float) -> bytes:
    # Servers of one's own often need no key, but the SDK insists on one.
    key, url = settings.OPENAI_API_KEY or "none", settings.OPENAI_BASE_URL or OPENAI_URL
    async with connections.to_service(url, key) as client:
        # Not `chat.completions.create`: it looks through every message for Python's names of fields, of which there are
        # none. The raw bytes, because the SDK's own reading turns an HTML page with status 200 into a plain str.
        response = await client.post(
            "/chat/completions",
            cast_to=httpx2.Response,
            body=body,
            options={"timeout": seconds},
        )
        return response.content


def _body(request: ModelRequest, model: str) -> dict[str, Any]:
    body: dict[str, Any] = {"model": model, "messages": request.messages}
    if request.tools:
        body["tools"] = request.tools
    if request.max_output_tokens is not None:
        body["max_completion_tokens"] = request.max_output_tokens
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.output_schema is not None:
        body["response_format"] = response_format(request.output_schema, request.output_name)
    return body


def _cost(spent: ModelAnswer | Spent, named: str, asked: str) -> Decimal | None:
    """US dollars; the answer may name a dated variant of the model that was asked for, or no model at all."""
    prices = prices_of(named)
    if prices is None and (not named or named.startswith(f"{asked}-20")):
        prices = prices_of(asked)
    if prices is None:
        return None
    return spent.input_tokens * prices[0] + spent.output_tokens * prices[1]


def _require_configuration() -> None:
    if is_configured():
        return
    raise ModelError(
        "No language model is configured. Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own.",
        kind="model_not_configured",
        code="not_configured",
    )


def _late(seconds: float) -> ModelError:
    return ModelError(
        f"The model did not answer within {seconds:g} seconds.",
        kind="timeout",
        code="unavailable",
        is_retryable=True,
    )


def _of_connection(error: "openai.APIConnectionError") -> ModelError:
    if isinstance(error.__cause__, AnswerTooLarge):
        return ModelError(
            "The model service sent a larger answer than is accepted, or a compressed one.",
            code="invalid_answer",
        )
    return ModelError(
        "The model service could not be reached. Check OPENAI_BASE_URL and the network.",
        code="unavailable",
        is_retryable=True,
    )


def _of_status(error: "openai.APIStatusError", model: str) -> ModelError:
    status, pause = error.status_code, _retry_after(error.response.headers)
    if status == 429:
        return _of_rate_limit(error, pause)
    if status >= 500 or status in _RETRYABLE_STATUS:
        return ModelError(
            f"The model service is not available (HTTP {status}).",
            code="unavailable",
            is_retryable=True,
            retry_after_seconds=pause,
        )
    if error.code == "content_filter":
        return ModelError("The model service's content filter refused this.", code="refused")
    return ModelError(_rejection(error, model), code="rejected")


def _of_rate_limit(error: "openai.APIStatusError", pause: float | None) -> ModelError:
    if error.code == "insufficient_quota":
        return ModelError(
            "The account at the model service has no quota left. Add credit there.",
            code="rate_limited",
        )
    return ModelError(
        "The model service takes no more requests for the moment (HTTP 429).",
        code="rate_limited",
        is_retryable=True,
        retry_after_seconds=pause,
    )


def _rejection(error: "openai.APIStatusError", model: str) -> str:
    match error.status_code:
        case 401 | 403:
            return f"The model service refused the key (HTTP {error.status_code}). Check OPENAI_API_KEY."
        case 404:
            return (
                f"The model service does not know {model!r} or this address. Check OPENAI_BASE_URL."
            )
        case status if status < 400:
            return f"The model service redirects (HTTP {status}). Set OPENAI_BASE_URL to the final address."
        case _ if error.code == "context_length_exceeded":
            return f"The conversation is longer than {model!r} can read."
        case status:
            return f"The model service did not take the request (HTTP {status})."


def _retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds until a retry makes sense (RFC 9110, 10.2.3: a number or a date), capped; None if not said."""
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(text)
    if not math.isfinite(seconds) or seconds < 0:
        return None
    return min(seconds, MAX_RETRY_AFTER_SECONDS)


def _seconds_until(text: str) -> float:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return math.nan
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
