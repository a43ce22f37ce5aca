"""A camera in the middle of its history: how its judgement stands, in a file, so that another process goes on there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec import Struct

from services.aggregate.recompute_period import Suspended


class Half(Struct, frozen=True):
    """How far a camera has come: everything before ``next_offset`` is judged, and its rows are durable."""

    inputs: str
    next_offset: int
    event_count: int
    suspended: Suspended


@dataclass(frozen=True)
class HalfDone:
    """The file of one camera.

    Attributes:
        path: Of the file.
        inputs: A digest of everything that the rows depend on, but for the events themselves.
    """

    path: Path
    inputs: str

    def read(self) -> Half | None:
        """Give how far it has come; None: not begun, or the file is of something else."""
        try:
            found = msgspec.msgpack.decode(self.path.read_bytes(), type=Half)
        except (OSError, msgspec.DecodeError):
            return None
        return found if found.inputs == self.inputs else None

    def note(self, next_offset: int, event_count: int, suspended: Suspended) -> None:
        """Take note of how far it has come."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(self.path.name + ".partial")
        partial.write_bytes(msgspec.msgpack.encode(Half(self.inputs, next_offset, event_count, suspended)))
        partial.replace(self.path)
