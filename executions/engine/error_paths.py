"""Where the flow goes on after a step that failed, as its `on_error` says."""

from workflows.definition.steps import UNCATCHABLE, ApprovalStep, EndStep, ErrorKind, Step


def error_target(step: Step, kind: ErrorKind) -> str:
    """'fail', 'skip', or the id of the step (or 'end') to go to."""
    if isinstance(step, EndStep) or kind in UNCATCHABLE:
        return "fail"
    if isinstance(step, ApprovalStep) and kind == "rejected":
        # Where a rejection leads is for `on_reject` alone.
        return "fail"
    if isinstance(step.on_error, str):
        return step.on_error
    for arm in step.on_error:
        if not arm.match or kind in arm.match:
            return arm.next
    return "fail"
