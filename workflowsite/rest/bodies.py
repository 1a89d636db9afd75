"""How bodies come in and go out: the strict JSON gate and orjson."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer

from common import strict_json
from common.errors import DomainError, Invalid


class BodyTooLarge(DomainError):
    """More than `strict_json.MAX_BYTES`."""

    status = 413
    code = "too_large"


class StrictJSONParser(JSONParser):
    """Bodies pass the one gate of `common.strict_json`."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The parsed body; raises `Invalid` with the place, `BodyTooLarge` after reading one byte too many."""
        try:
            return strict_json.loads(stream.read(strict_json.MAX_BYTES + 1))
        except strict_json.TooLarge as error:
            raise BodyTooLarge(error.detail) from error
        except strict_json.RefusedJson as error:
            raise Invalid(error.detail, code=error.code, pointer=error.pointer) from error


class OrjsonRenderer(JSONRenderer):
    """JSON through orjson, several times faster than the standard library."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """The body's bytes; nothing for an empty answer."""
        if data is None:
            return b""
        return orjson.dumps(data, default=str, option=orjson.OPT_NON_STR_KEYS)
