"""What to do about each kind of error, where the failure itself has no better advice."""

from collections.abc import Mapping

from executions.engine.messages.outcomes import ErrorInfo
from workflows.definition.steps import ErrorKind

HINTS: Mapping[ErrorKind, str] = {
    "timeout": "Give the step a longer `timeout`, add `retries`, or ask for less at once.",
    "tool_error": "Look at the call's arguments and at what the tool answered; `retries` help with faults that pass.",
    "tool_missing": "Look at the tool's server: it may be disabled, no longer offer the tool, or not be yours to use.",
    "agent_error": "Look at the agent's messages in this step, and at its instructions, model and tools.",
    "model_not_configured": "Set OPENAI_API_KEY, or OPENAI_BASE_URL for a model server of your own.",
    "schema_mismatch": "Compare the value with the schema that it should satisfy; simplify the schema or give an example.",
    "template_error": "Look at the `${…}` that is named: write `??` with a fallback where the value may be missing.",
    "condition_error": "Look at the condition and at the values that it refers to.",
    "no_match": "Add a `default` to the conditional, or a branch for this value.",
    "merge_conflict": "Give the colliding keys different names, or use another `aggregation`.",
    "rejected": "Look at the comment of who rejected it; `on_reject` may name a step to go on with.",
    "approval_timeout": "Decide earlier, give it more `approval_timeout_seconds`, or catch it with `on_error`.",
    "budget_exceeded": "Raise the limit that is named, or let the workflow do less.",
    "limit_exceeded": "Raise the limit that is named, or look for a loop that does not end.",
    "child_failed": "Look at the child's execution, which says where and why it failed.",
    "exhausted": "Raise `max_iterations`, or set `on_exhausted` to 'continue'.",
    "raised": "The workflow itself ended this run: look at the `end` step and at what led there.",
    "worker_lost": "Look at what the call may have done before you run it again.",
    "cancelled": "Start it again if it should not have been stopped.",
    "internal": "Look into the worker's log, and report it with the execution's id.",
}


def hint_of(error: ErrorInfo) -> str:
    """The failure's own advice, else that of its kind."""
    return error.hint or HINTS[error.kind]
