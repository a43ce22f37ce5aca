"""Bytes to typed values and back: the one place where messages are decoded and encoded."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")

_json_encoder = msgspec.json.Encoder(order="deterministic")


class ContractError(ValueError):
    """A message does not keep its contract; the text says where and why."""


class JsonCodec(Generic[T]):
    """Encode and decode one event type, or a tagged union of them, as JSON.

    Encoding is deterministic: equal values give equal bytes. Decoding refuses unknown fields, wrong types, numbers out
    of range and text after the value.
    """

    def __init__(self, value_type: Any) -> None:
        self.value_type = value_type
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(value_type)

    def encode(self, value: T) -> bytes:
        """Give the JSON bytes of ``value``."""
        return _json_encoder.encode(value)

    def decode(self, data: bytes) -> T:
        """Give the value that ``data`` holds.

        Raises:
            ContractError: ``data`` is not JSON, or not of this type; the message names the path.
        """
        try:
            return self._decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:  # ValidationError is a DecodeError
            raise ContractError(str(error)) from error
        except RecursionError as error:  # what msgspec raises of its own accord where JSON is too deep
            raise ContractError("it is nested too deeply") from error
