"""The `Idempotency-Key` header: the same request sent twice creates one row."""

import hashlib
import re
from typing import TypedDict

import orjson
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from common.errors import Invalid

HEADER = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": r"^[\x21-\x7e]{1,200}$"},
    OpenApiParameter.HEADER,
    description="1 to 200 visible ASCII characters of your choice. The same key with the same body gives the first "
    "answer again; with another body it is refused (422).",
)


class Idempotency(TypedDict):
    """What services take: the key (null: none was sent) and a hash of the request."""

    idempotency_key: str | None
    request_hash: str


def idempotency_of(request: Request) -> Idempotency:
    """The header and the hash (SHA-256) of address and body; raises `Invalid` for a malformed key."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return {"idempotency_key": None, "request_hash": ""}
    if not re.fullmatch(r"[\x21-\x7e]{1,200}", key):
        raise Invalid(
            "An Idempotency-Key has 1 to 200 visible ASCII characters.",
            code="invalid_idempotency_key",
        )
    content = [request.method, request.path, request.data]
    digest = hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return {"idempotency_key": key, "request_hash": digest}
