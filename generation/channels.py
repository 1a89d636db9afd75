"""Where those who follow a generation, and the worker that designs it, wait for news."""


def channel_of(generation_id: str) -> str:
    """The Redis channel of one generation."""
    return f"generation:{generation_id}"
