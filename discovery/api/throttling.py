"""How often a user may try tools out."""

from common.throttling import UserThrottle


class TryThrottle(UserThrottle):
    """Counts calls of tools that are made without a run."""

    setting = "TRY_RATE"
