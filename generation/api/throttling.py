"""How often a user may have workflows explained."""

from common.throttling import UserThrottle


class ExplainThrottle(UserThrottle):
    """Counts explanations, with a model and without."""

    setting = "EXPLAIN_RATE"
