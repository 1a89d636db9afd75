"""How many tokens something is at most, as far as that can be told before the service has counted them."""

import json
import math
from collections.abc import Sequence
from typing import Any

from discovery.language_model.messages import ModelRequest

# Tokenizers take three to four bytes of ordinary text as one token, of JSON and digits less, hardly ever under two.
BYTES_PER_TOKEN = 2
# Each message has a frame of its own.
TOKENS_PER_MESSAGE = 16


def tokens_of_request(request: ModelRequest) -> int:
    """Tokens of a whole question: its messages, tools and the shape of the answer."""
    rest = [request.tools, request.output_schema] if request.tools or request.output_schema else []
    return tokens_of_messages(request.messages) + (tokens_of(rest) if rest else 0)


def tokens_of_messages(messages: Sequence[Any]) -> int:
    """Tokens of messages in a conversation."""
    return sum(tokens_of(message) + TOKENS_PER_MESSAGE for message in messages)


def tokens_of(value: Any) -> int:
    """About how many tokens the value's JSON is at most."""
    return math.ceil(len(json.dumps(value, ensure_ascii=False).encode()) / BYTES_PER_TOKEN)
