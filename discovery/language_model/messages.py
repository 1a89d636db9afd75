"""What goes to a language model and what comes back, as plain values without a vendor's types."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

ModelErrorKind = Literal["model_not_configured", "timeout", "agent_error"]
ModelErrorCode = Literal[
    "not_configured",  # no key and no address is set
    "rate_limited",  # 429: too many requests, or the quota is used up
    "unavailable",  # no connection, no answer in time, or a 5xx
    "refused",  # the model or a content filter declined
    "invalid_answer",  # something came back that is no chat completion
    "truncated",  # the model's own length limit cut the answer off
    "rejected",  # the service does not take this request: key, model name, parameters
]


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """One turn: the conversation so far and what kind of answer is wanted.

    `messages` and `tools` are in the chat-completions shape. `output_schema` asks for JSON that satisfies it; the
    caller still checks the answer, which is untrusted. `model` and `timeout_seconds` default to the settings.
    """

    messages: list[dict[str, Any]]
    model: str | None = None
    tools: list[dict[str, Any]] = field(default_factory=list)
    output_schema: dict[str, Any] | None = None
    output_name: str = "answer"
    temperature: float | None = None
    timeout_seconds: float | None = None
    max_output_tokens: int | None = None


@dataclass(frozen=True)
class RequestedCall:
    """A tool call that the model asks for; `arguments_text` should be a JSON object but nobody has checked."""

    id: str
    name: str
    arguments_text: str


@dataclass(frozen=True, kw_only=True)
class ModelAnswer:
    """One assistant turn; `message` can be appended to the conversation as it is.

    `cost_usd` is None for a model without a price in the settings: unknown is not free.
    """

    message: dict[str, Any]
    text: str | None
    tool_calls: tuple[RequestedCall, ...]
    finish_reason: str
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None = None
    duration_ms: int = 0


@dataclass(frozen=True)
class Spent:
    """The tokens of one call and what they cost; null where the model's price is not known."""

    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None = None


class ModelError(Exception):
    """A model call without a usable answer; `message` is ours, the provider's own text is never shown.

    `spent` is there where the service answered and said what it counted, though the answer is no good.
    """

    def __init__(
        self,
        message: str,
        *,
        code: ModelErrorCode,
        kind: ModelErrorKind = "agent_error",
        is_retryable: bool = False,
        retry_after_seconds: float | None = None,
        spent: Spent | None = None,
    ) -> None:
        super().__init__(message)
        self.spent = spent
        self.message = message
        self.code = code
        self.kind = kind
        self.is_retryable = is_retryable
        self.retry_after_seconds = retry_after_seconds
