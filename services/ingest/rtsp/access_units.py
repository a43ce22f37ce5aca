"""RTP packets → access units: whole pictures in Annex B, keyframes with the parameter sets that they need.

A picture of which a packet is missing is never given: losses show in the sequence numbers. Nothing here does I/O.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.ingest.rtsp.nal_units import PacketError, PayloadFormat, Piece, Role, UnsupportedPacketError
from services.ingest.rtsp.rtp import SEQUENCE_AND_TIMESTAMP, payload_bounds
from services.ingest.source_errors import SourceFailed, SourceRefused

_PLAIN = 0x80
"""An RTP packet's first byte without padding, extension and contributing sources."""
_START_CODE = b"\x00\x00\x00\x01"
_PART_BYTES = 64
"""What Python spends on a part of a unit besides its bytes, so that a million fragments of a byte are bounded too."""
_MOST_PARAMETER_SETS = 16
_LARGEST_PARAMETER_SET = 4_096


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One picture, encoded.

    ``timestamp`` is RTP's, in ticks of the track's clock. ``arrived`` is when its first packet came, in seconds of the
    monotonic clock. ``follows``: nothing is missing between it and the unit given before. ``holes`` counts the losses
    seen so far.
    """

    data: bytes
    keyframe: bool
    timestamp: int
    arrived: float
    follows: bool
    holes: int


class Depacketizer:
    """Builds the access units of one stream, from packets in order.

    A unit ends where the timestamp changes, or at a marker bit once markers have proved to be true: some cameras set
    one on each slice, or never.

    Args:
        payload: The codec's way to lie in packets.
        payload_type: Packets of other types are passed over.
        parameter_sets: What the description gave; sets in the stream take their place.
        largest_bytes: A unit beyond this fails the source.
        now: Monotonic seconds.
    """

    def __init__(
        self,
        payload: PayloadFormat,
        payload_type: int,
        parameter_sets: Sequence[bytes] = (),
        largest_bytes: int = 8_000_000,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.keyframes_only = False
        """Other pictures are then dropped after a look at their first bytes."""
        self.holes = 0
        self.malformed = 0
        self._format = payload
        self._fragment_bytes, self._fragment_mask, self._fragment_kind = payload.fragments
        self._payload_type = payload_type
        self._parameter_sets = [*parameter_sets]
        self._largest_bytes = largest_bytes
        self._now = now
        self._expected: int | None = None
        self._follows = False
        self._markers_hold = self._markers_lie = False
        self._begin(-1, damaged=True)

    def feed(self, packet: bytes, start: int = 0, end: int | None = None) -> Sequence[AccessUnit]:
        """Take the packet ``packet[start:end]``; give the units that it completes.

        Raises:
            SourceFailed: A unit is too large.
            SourceRefused: The camera packs its video in a way that is not read.
        """
        end = len(packet) if end is None else end
        if end - start < 12:
            self.malformed += 1
            return ()
        sequence, timestamp = SEQUENCE_AND_TIMESTAMP(packet, start + 2)
        # Most packets are one of these two: of a picture that nobody wants, or from within a keyframe.
        goes_on = sequence == self._expected and timestamp == self._timestamp
        if goes_on and (
            self._is_middle(packet, start, end)
            if self._skipping
            else self._open and self._append_fragment(packet, start, end)
        ):
            self._expected = (sequence + 1) & 0xFFFF
            return ()
        bounds = payload_bounds(packet, start, end)
        if bounds is None:
            self.malformed += 1
            return ()
        if packet[start + 1] & 0x7F != self._payload_type or bounds[0] == bounds[1]:
            self._expected = (sequence + 1) & 0xFFFF if sequence == self._expected else self._expected
            return ()
        done = self._turn_to(sequence, timestamp)
        if self._skipping or self._damaged:
            self._remember_sets(packet, *bounds)
        else:
            self._take(packet, *bounds)
            if packet[start + 1] & 0x80:
                done += self._mark()
        return done

    def _is_middle(self, packet: bytes, start: int, end: int) -> bool:
        """Tell whether it is a plain packet with a fragment, which most packets of a skipped picture are."""
        return (
            end > start + 12
            and packet[start] == _PLAIN
            and packet[start + 12] & self._fragment_mask == self._fragment_kind
        )

    def _append_fragment(self, packet: bytes, start: int, end: int) -> bool:
        """Take a plain packet with the middle of a NAL unit; tell whether it was one."""
        if packet[start] != _PLAIN or packet[start + 1] != self._payload_type or self._size > self._largest_bytes:
            return False
        content = start + 12 + self._fragment_bytes
        if end <= content or packet[start + 12] & self._fragment_mask != self._fragment_kind:
            return False
        if packet[content - 1] & 0xC0:
            return False
        self._parts.append(packet[content:end])
        self._size += end - content + _PART_BYTES
        return True

    def _turn_to(self, sequence: int, timestamp: int) -> list[AccessUnit]:
        """Begin a new unit where the packet is of one; give the one before, if it is whole."""
        hole = self._expected is not None and sequence != self._expected
        self._expected = (sequence + 1) & 0xFFFF
        self.holes += hole
        self._damaged |= hole
        if timestamp == self._timestamp:
            return []
        if self._marks == 1 and self._marked_last and not self._markers_lie:
            self._markers_hold = True
        done = [] if self._ended else self._end()
        # The lost packet may have been the first of this picture.
        self._begin(timestamp, damaged=hole)
        return done

    def _begin(self, timestamp: int, damaged: bool) -> None:
        self._timestamp = timestamp
        self._damaged = damaged
        self._skipping = self._ended = self._open = self._marked_last = False
        self._has_picture = self._keyframe = self._has_group = False
        self._parts: list[bytes] = []
        self._size = self._marks = 0
        self._arrived = self._now()

    def _take(self, packet: bytes, start: int, end: int) -> None:
        if self._ended:
            self._see_after_end(packet, start, end)
            return
        self._marked_last = False
        if self.keyframes_only and not self._parts and self._format.first_role(packet, start, end) is Role.PICTURE:
            self._skipping = True
            return
        try:
            for piece in self._format.pieces(packet[start:end]):
                self._add(piece)
        except PacketError:
            self.malformed += 1
            self._damaged = True
        except UnsupportedPacketError as error:
            raise SourceRefused("packetization", f"the camera sends {error}") from error

    def _see_after_end(self, packet: bytes, start: int, end: int) -> None:
        """Tell a late slice, which shows that this camera's marker bits are wrong, from what belongs to no picture."""
        if self._format.first_role(packet, start, end) >= Role.KEY:
            self._markers_hold, self._markers_lie = False, True
            self._damaged, self._ended = True, False
        else:
            self._remember_sets(packet, start, end)

    def _remember_sets(self, packet: bytes, start: int, end: int) -> None:
        """Keep the next keyframe's parameter sets, which some cameras send with the time of the picture before."""
        if self._format.first_role(packet, start, end) >= Role.KEY:
            return
        with contextlib.suppress(PacketError, UnsupportedPacketError):  # the picture is not given anyway
            for piece in self._format.pieces(packet[start:end]):
                if piece.role is Role.PARAMETERS and piece.starts and piece.ends:
                    self._remember(piece.data)

    def _add(self, piece: Piece) -> None:
        if piece.starts == self._open or (piece.starts and piece.role >= Role.KEY and not self._takes_slice(piece)):
            self._damaged = True
        if self._damaged or self._skipping:
            return
        if piece.starts:
            self._parts.append(_START_CODE)
        self._parts.append(piece.data)
        self._open = not piece.ends
        self._size += len(piece.data) + _PART_BYTES
        if self._size > self._largest_bytes:
            raise SourceFailed("too_large", f"a picture has more than {self._largest_bytes} bytes")
        if piece.role is Role.PARAMETERS and piece.starts and piece.ends:
            self._remember(piece.data)

    def _takes_slice(self, piece: Piece) -> bool:
        """Note a slice's beginning; tell whether it can stand here: a picture's first slice says that it is the first.

        Source: ``first_mb_in_slice`` 0 is coded as a bit 1 (H.264, 7.3.3), as is ``first_slice_segment_in_pic_flag``.
        """
        if not self._has_picture:
            header = self._format.header_bytes
            if len(piece.data) <= header or not piece.data[header] & 0x80:
                return False
            self._has_picture, self._keyframe = True, piece.role is Role.KEY
            self._skipping = self.keyframes_only and not self._keyframe
        return True

    def _remember(self, unit: bytes) -> None:
        if len(unit) > _LARGEST_PARAMETER_SET:
            return
        if self._format.starts_group(unit):
            self._has_group = True
            self._parameter_sets = [unit]
        elif unit not in self._parameter_sets:
            self._parameter_sets = [*self._parameter_sets, unit][-_MOST_PARAMETER_SETS:]

    def _mark(self) -> list[AccessUnit]:
        self._marked_last = True
        if not self._has_picture or self._ended:
            return []  # parameter sets alone are no picture, whatever their marker says
        self._marks += 1
        if not self._markers_hold:
            return []
        self._ended = True
        return self._end()

    def _end(self) -> list[AccessUnit]:
        if self._damaged or self._open or self._skipping:
            self._follows = False
            return []
        if not self._has_picture:
            return []
        parts = self._parts
        if self._keyframe and not self._has_group:
            parts = [part for unit in self._parameter_sets for part in (_START_CODE, unit)] + parts
        unit = AccessUnit(b"".join(parts), self._keyframe, self._timestamp, self._arrived, self._follows, self.holes)
        self._follows, self._parts = True, []
        return [unit]
