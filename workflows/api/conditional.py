"""`ETag` and `If-Match` (RFC 9110, 13.1.1): writing only what one has read."""

import re

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from common.errors import Invalid

HEADER = OpenApiParameter(
    "If-Match",
    {"type": "string", "pattern": r"""^(\*|(W/)?"[\x21\x23-\x7e]*")$"""},
    OpenApiParameter.HEADER,
    description='The `ETag` that was read, such as `"r7"`: the write is refused (412) if it no longer holds.',
)
_OURS = re.compile(r'"r([1-9][0-9]{0,8})"')
_ANY = re.compile(r'(W/)?"[\x21\x23-\x7e]*"')
# No row has it, so the write is refused as RFC 9110 asks for tags that match nothing.
NO_REVISION = 0


def etag(revision: int) -> str:
    """The header's value for a revision."""
    return f'"r{revision}"'


def expected_revision(request: Request) -> int | None:
    """The revision in `If-Match`; null for none and for `*`. Raises `Invalid` for what is no entity tag."""
    text = request.headers.get("If-Match", "*").strip()
    if text == "*":
        return None
    ours = _OURS.fullmatch(text)
    if ours:
        return int(ours[1])
    if _ANY.fullmatch(text):
        return NO_REVISION
    raise Invalid('If-Match takes one ETag, such as "r7".', code="invalid_if_match")
