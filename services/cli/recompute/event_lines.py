"""A file of camera events, one a line, as ``tilik detect`` and other tools write them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import BinaryIO

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from schemas.camera_events import CAMERA_EVENT_CODEC, CameraEvent
from schemas.codec import ContractError
from services.aggregate.feed import LARGEST_INTEGER, require_that_it_fits
from services.aggregate.recomputation import PlacedEvent
from services.runtime.errors import InvalidMessageError

_NAMED_FAULTS = 20
"""Bad lines that are named one by one; the rest is only counted."""


class Envelope(Struct, frozen=True):
    """A line that says where in the topic its event lies. A plain event has no field ``event``."""

    event: Raw | UnsetType = UNSET
    partition: int = 0
    offset: int = 0


_envelope_decoder = msgspec.json.Decoder(Envelope)


class EventLines:
    """The events of a file, one a line. Lines that hold none are reported and passed over.

    Args:
        file: JSON Lines: camera events, or ``{"partition": …, "offset": …, "event": {…}}``.
        cameras: Ids of the cameras under which events can be judged.
        report: Takes one line of text about each of the first bad lines.
    """

    def __init__(self, file: BinaryIO, cameras: set[str], report: Callable[[str], None]) -> None:
        self._file = file
        self._cameras = cameras
        self._report = report
        self.good_count = 0
        self.bad_count = 0
        self.read_bytes = 0

    def __iter__(self) -> Iterator[PlacedEvent]:
        for number, line in enumerate(self._file, start=1):
            self.read_bytes += len(line)
            if not line.strip():
                continue
            try:
                placed = self._placed(line, number)
            except ContractError as error:
                self._complain(number, error)
                continue
            self.good_count += 1
            yield placed

    def of(self, patterns: Sequence[str], advance: Callable[[], None]) -> Iterator[PlacedEvent]:
        """Give the events of cameras that the patterns mean, all where there are none; ``advance`` after each event."""
        meant: dict[str, bool] = {}
        for placed in self:
            camera_id = placed.event.camera_id
            if camera_id not in meant:
                meant[camera_id] = not patterns or any(fnmatchcase(camera_id, pattern) for pattern in patterns)
            if meant[camera_id]:
                yield placed
            advance()

    def _placed(self, line: bytes, number: int) -> PlacedEvent:
        offset, event = read_line(line)
        if event.camera_id not in self._cameras:
            raise ContractError(f"camera {event.camera_id!r} is not in the registry file")
        return PlacedEvent(number if offset is None else offset, event)

    def _complain(self, number: int, error: ContractError) -> None:
        self.bad_count += 1
        if self.bad_count <= _NAMED_FAULTS:
            self._report(f"line {number}: {error}")


def read_line(line: bytes) -> tuple[int | None, CameraEvent]:
    """Give the offset, where the line says one, and the event.

    Raises:
        ContractError: The line holds no event.
    """
    try:
        envelope = _envelope_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ContractError(str(error)) from error
    plain = isinstance(envelope.event, UnsetType)
    event = CAMERA_EVENT_CODEC.decode(line if plain else bytes(envelope.event))  # type: ignore[arg-type]
    if not 0 <= envelope.offset <= LARGEST_INTEGER:
        raise ContractError(f"the offset is not between 0 and {LARGEST_INTEGER}")
    try:
        require_that_it_fits(event)
    except InvalidMessageError as error:
        raise ContractError(error.detail) from error
    return (None if plain else envelope.offset), event
