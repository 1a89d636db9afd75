"""Why a tool call failed, in words for a person and codes for a program."""

from typing import Literal

ToolErrorKind = Literal["tool_error", "tool_missing", "timeout", "schema_mismatch"]

# Codes of failures that came after the tool had been asked: what it did is done, or nobody knows.
AFTER_THE_CALL = frozenset(
    {
        "connection_lost",
        # Its answer was of no use.
        *("answer_too_large", "result_too_large", "invalid_result", "invalid_json", "not_text"),
    }
)


class ToolCallFailed(Exception):
    """A tool call that gave no result.

    `kind` is one of the language's error kinds, `code` the tool's own, `message` says what happened, `hint` what to
    do about it. `is_retryable`: the same call may succeed later (a time-out, a busy server), so a retry policy applies.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: ToolErrorKind = "tool_error",
        code: str = "",
        hint: str = "",
        is_retryable: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code or kind
        self.message = message
        self.hint = hint
        self.is_retryable = is_retryable
