"""How often a user may start runs."""

from common.throttling import UserThrottle


class ExecuteThrottle(UserThrottle):
    """Counts what starts a run, repeated requests with the same idempotency key too."""

    setting = "EXECUTE_RATE"
