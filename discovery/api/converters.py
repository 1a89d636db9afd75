"""What may stand in an address where an id belongs; anything else is no such page."""


class IdConverter:
    """An id of ours: `%00` and the like never reach the database."""

    regex = "[a-zA-Z][a-zA-Z0-9_-]{0,99}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value
