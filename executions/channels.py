"""Where the readers of runs wait for news."""

from common.live import announcing


def channel_of(execution_id: str) -> str:
    """The Redis channel on which readers of one run wait."""
    return f"execution:{execution_id}"


def announce(execution_id: str) -> None:
    """Wake the readers of a run; call it after the commit."""
    announcing.announce(channel_of(execution_id))
