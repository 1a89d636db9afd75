"""How values travel through Temporal: as the SDK's pydantic converter writes them, without building it anew for each run.

Of a message only what differs from its defaults is written: Temporal stores and sends every byte several times, and its
CPU time grows with them. So a default, once released, must keep its meaning; `tests/executions/test_payloads.py` holds
those that matter. What a run with a large definition starts with is compressed. The SDK makes a converter for every
workflow, and each makes the validators of all messages again: a tenth of a short run's CPU time.
"""

import zlib
from dataclasses import is_dataclass
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    EncodingPayloadConverter,
    JSONPlainPayloadConverter,
)

from executions.engine.messages.run_input import RunInput

COMPRESSED = "json/zlib"
# Smaller ones stay readable in Temporal's own pages.
COMPRESS_FROM_BYTES = 8 * 1024
# Far above what a run may start with.
MAX_INFLATED_BYTES = 32 * 1024 * 1024


@lru_cache(maxsize=256)
def _adapter(wanted: Any) -> TypeAdapter[Any]:
    return TypeAdapter(wanted)


class _JsonConverter(PydanticJSONPlainPayloadConverter):
    """JSON by pydantic, with the validators and serializers of the process."""

    def to_payload(self, value: Any) -> Payload | None:
        """JSON that reads as the SDK's does; of a message by its own serializer, which takes a third of the time."""
        if not is_dataclass(value) or isinstance(value, type):
            return super().to_payload(value)
        data = _adapter(type(value)).dump_json(value, exclude_defaults=True)
        if isinstance(value, RunInput) and len(data) >= COMPRESS_FROM_BYTES:
            return Payload(metadata={"encoding": COMPRESSED.encode()}, data=zlib.compress(data, 1))
        return Payload(metadata={"encoding": self.encoding.encode()}, data=data)

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        """The value, as an instance of `type_hint`."""
        return _adapter(Any if type_hint is None else type_hint).validate_json(payload.data)


_JSON = _JsonConverter()


class _CompressedJson(EncodingPayloadConverter):
    """Reads what the converter for JSON has compressed."""

    @property
    def encoding(self) -> str:
        """How such a payload is marked."""
        return COMPRESSED

    def to_payload(self, value: Any) -> Payload | None:
        """Nothing: the other one decides."""
        return None

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        """As of JSON. Raises `ValueError` for what is none of ours."""
        inflating = zlib.decompressobj()
        data = inflating.decompress(payload.data, MAX_INFLATED_BYTES)
        if not inflating.eof:
            raise ValueError("A compressed payload is cut off, or far larger than any of ours.")
        return _JSON.from_payload(Payload(data=data), type_hint)


class PayloadConverter(CompositePayloadConverter):
    """The SDK's converters, of which the one for JSON is replaced."""

    def __init__(self) -> None:
        converters = DefaultPayloadConverter.default_encoding_payload_converters
        super().__init__(
            *(_JSON if isinstance(one, JSONPlainPayloadConverter) else one for one in converters),
            _CompressedJson(),
        )


DATA_CONVERTER = DataConverter(payload_converter_class=PayloadConverter)
