"""What of a server's address may be kept or handed on: any part of an address can be what opens the server."""

import re
from urllib.parse import urlsplit

HIDDEN = "***"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# Letters and digits in one piece, too mixed for a name such as 'node12' and too long for 'eu-west-1'.
_MIXED = re.compile(r"(?=(?:\D*\d){2})(?=(?:[^a-z]*[a-z]){2})[a-z0-9_]{10,}", re.IGNORECASE)
_LONGEST_WORD = 30


def shown_origin(url: str) -> str:
    """Scheme, host and port: without a name and password, and with labels that look like keys hidden; '' for ''."""
    if not url:
        return ""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{'.'.join(map(_shown, host.split('.')))}"


def _shown(label: str) -> str:
    name = label.partition(":")[0]
    pieces = name.split("-")
    is_key = _UUID.fullmatch(name) is not None or any(
        _MIXED.fullmatch(piece) or len(piece) > _LONGEST_WORD for piece in pieces
    )
    return label.replace(name, HIDDEN, 1) if is_key else label
