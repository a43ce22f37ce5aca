"""A frame on the topic ``frames``: the JPEG is the value, all that is known about it travels in headers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from schemas.cameras import SourceKind
from schemas.codec import ContractError

FRAME_SCHEMA = "1"

RawHeaders = list[tuple[str, bytes]]


class FrameHeaders(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What ingest states about a frame.

    A frame is identified by (camera_id, owner_epoch, sequence); the camera's id is the message key. Within an epoch
    sequences are dense: they start at 0 and count the frames that Kafka acknowledged, so the largest one seen plus one
    is a lower bound of what the epoch captured.
    """

    schema: str
    captured_at_ms: Annotated[int, Meta(ge=0)]
    owner_epoch: Annotated[int, Meta(ge=0)]
    sequence: Annotated[int, Meta(ge=0)]
    width: Annotated[int, Meta(ge=1, le=65_535)]
    height: Annotated[int, Meta(ge=1, le=65_535)]
    source_kind: SourceKind
    camera_revision: Annotated[int, Meta(ge=1)]
    ingest_instance: Annotated[str, Meta(min_length=1, max_length=200)]
    simulated: bool

    def to_kafka(self) -> RawHeaders:
        """Give the headers as Kafka carries them: UTF-8 text, one per field."""
        values = msgspec.structs.asdict(self)
        values["simulated"] = "true" if self.simulated else "false"
        return [(name, str(value).encode()) for name, value in values.items()]

    @classmethod
    def from_kafka(cls, raw: Iterable[tuple[str, bytes | None]] | None) -> FrameHeaders:
        """Read the headers of a record.

        Raises:
            ContractError: A header is unknown, absent, twice there, not UTF-8, or not a value of its type; or the
                schema is not the one that this code reads.
        """
        texts: dict[str, str] = {}
        for name, value in raw or ():
            if name in texts:
                raise ContractError(f"header {name!r} is there twice")
            try:
                texts[name] = (value or b"").decode()
            except UnicodeDecodeError as error:
                raise ContractError(f"header {name!r} is not UTF-8") from error
        if texts.get("schema") != FRAME_SCHEMA:
            raise ContractError(f"frame schema is {texts.get('schema')!r}, expected {FRAME_SCHEMA!r}")
        try:
            return msgspec.convert(texts, cls, strict=False)
        except msgspec.ValidationError as error:
            raise ContractError(str(error)) from error
