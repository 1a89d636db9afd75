"""What a model call may cost at most, as far as that can be told before it is made."""

import json
import math
from collections.abc import Sequence
from typing import Any

from discovery.language_model.client import ModelRequest
from executions.models import ModelCall

# Tokenizers take three to four bytes of ordinary text as one token, of JSON and digits less, hardly ever under two.
BYTES_PER_TOKEN = 2
# Each message has a frame of its own.
TOKENS_PER_MESSAGE = 16
# An answer with less room than this is not worth asking for.
LEAST_OUTPUT_TOKENS = 16


def input_tokens(request: ModelRequest, earlier: Sequence[ModelCall], added: Sequence[Any]) -> int:
    """Tokens of the question: counted by the service for the turns before, estimated for what is new."""
    last = earlier[-1] if earlier else None
    if last is not None and last.input_tokens:
        return last.input_tokens + last.output_tokens + _of_messages(added)
    rest = [request.tools, request.output_schema] if request.tools or request.output_schema else []
    return _of_messages(request.messages) + (tokens_of(rest) if rest else 0)


def tokens_of(value: Any) -> int:
    """About how many tokens the value's JSON is at most."""
    return math.ceil(len(json.dumps(value, ensure_ascii=False).encode()) / BYTES_PER_TOKEN)


def _of_messages(messages: Sequence[Any]) -> int:
    return sum(tokens_of(message) + TOKENS_PER_MESSAGE for message in messages)
