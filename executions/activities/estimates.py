"""What a model call may cost at most, as far as that can be told before it is made."""

from collections.abc import Sequence
from typing import Any

from discovery.language_model.client import ModelRequest
from discovery.language_model.estimates import tokens_of_messages, tokens_of_request
from executions.models import ModelCall

# An answer with less room than this is not worth asking for.
LEAST_OUTPUT_TOKENS = 16


def input_tokens(request: ModelRequest, earlier: Sequence[ModelCall], added: Sequence[Any]) -> int:
    """Tokens of the question: counted by the service for the turns before, estimated for what is new."""
    last = earlier[-1] if earlier else None
    if last is not None and last.input_tokens:
        return last.input_tokens + last.output_tokens + tokens_of_messages(added)
    return tokens_of_request(request)
