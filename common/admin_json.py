"""JSON in the admin, for reading."""

import json
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

_STYLE = "max-height:24rem;overflow:auto;white-space:pre-wrap;font-size:0.8rem"


def pretty_json(value: Any) -> SafeString:
    """The value indented and escaped, in a box of its own that scrolls."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return format_html('<pre style="{}">{}</pre>', _STYLE, text)
