"""`ETag` and `If-Match` (RFC 9110, 13.1.1): writing only what one has read."""

import re

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

HEADER = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description='The `ETag` that was read, such as `"r7"`: the write is refused (412) if it no longer holds.',
)
ETAG = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    response=[200, 201],
    description='The revision, such as `"r7"`: send it back as `If-Match`.',
)
LOCATION = OpenApiParameter(
    "Location",
    str,
    OpenApiParameter.HEADER,
    response=[201],
    description="The workflow's address.",
)
HEADERS = [HEADER, ETAG]
_OURS = re.compile(r'"r([1-9][0-9]{0,8})"')
# No row has it: a precondition that can't be understood must not let the write pass.
NO_REVISION = 0


def etag(revision: int) -> str:
    """The header's value for a revision."""
    return f'"r{revision}"'


def expected_revision(request: Request) -> int | None:
    """The revision in `If-Match`; null for none and for `*`, `NO_REVISION` for anything that is no ETag of ours."""
    text = request.headers.get("If-Match", "*").strip()
    if text == "*":
        return None
    ours = _OURS.fullmatch(text)
    return int(ours[1]) if ours else NO_REVISION
