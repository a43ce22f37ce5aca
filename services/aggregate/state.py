"""All that the judgement remembers of one camera: one blob of msgpack."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct, field

from schemas.camera_events import DecisionKind
from schemas.geometry import Polygon
from schemas.topics import AGGREGATE_STATE
from schemas.verdicts import REORDER_MS
from services.aggregate.accounting import CameraMinute
from services.aggregate.ledger import EpochLedger
from services.aggregate.observation import Observation
from services.aggregate.rules import camera, counter, flood, parking
from services.aggregate.sights import Sight
from services.runtime.errors import FatalError

STATE_FORMAT: Final = 3
"""Grows with every change of what the blob holds after which an older blob would be read wrongly.

A field with a default at the end of a struct is none: older blobs get the default, older versions pass the field over.
Blobs of format 2 are read as well: they lack what is counted of windows, which is counted when they are read.
"""
_FORMAT_WITHOUT_COUNTS: Final = 2


class OrderedDecision(Struct, frozen=True, array_like=True, tag="d"):
    """A decision that changes judgement, waiting for its turn among the frames."""

    at_ms: int
    event_id: str
    decision: DecisionKind
    mask: Polygon | None
    decided_by: str


class Mask(Struct, frozen=True, array_like=True):
    """A part of the picture whose objects count for nothing from ``since_ms`` on: a person said they are not real."""

    since_ms: int
    polygon: Polygon


class CameraState(Struct, array_like=True):
    """What a camera's events up to ``offset`` have come to.

    Attributes:
        latest_ms: Latest credible capture time, -1 before the first.
        activity_ms: Latest wall time that an event bears.
        oldest_minute: Minutes before it are forgotten; what comes for them is too late.
        rolled: When windows were last looked through for old ones.
        applied_epoch: Largest ownership epoch that was judged; frames of lower ones are not.
        dropped_epoch: Largest epoch whose ledger was let go, -1 before the first.
        decisions: Time of effect of each decision that changed judgement, by event id.
    """

    camera_id: str
    format: int = STATE_FORMAT
    offset: int = -1
    latest_ms: int = -1
    activity_ms: int = 0
    oldest_minute: int = 0
    rolled: int = 0
    applied_epoch: int = 0
    dropped_epoch: int = -1
    epochs: list[EpochLedger] = field(default_factory=list)
    minutes: dict[int, CameraMinute] = field(default_factory=dict)
    waiting: list[Sight | OrderedDecision] = field(default_factory=list)
    observation: Observation = field(default_factory=Observation)
    masks: list[Mask] = field(default_factory=list)
    decisions: dict[str, int] = field(default_factory=dict)
    counter: counter.State = field(default_factory=counter.State)
    parking: parking.State = field(default_factory=parking.State)
    flood: flood.State = field(default_factory=flood.State)
    camera: camera.State = field(default_factory=camera.State)

    @property
    def watermark_ms(self) -> int:
        """Give the capture time up to which, exclusively, events have been judged; negative before the first."""
        return self.latest_ms - REORDER_MS

    def ledger(self, epoch: int) -> EpochLedger | None:
        """Give the ledger of an epoch, a new one where it is new; None where it was let go."""
        if self.epochs and self.epochs[-1].epoch == epoch:  # nearly always
            return self.epochs[-1]
        for ledger in self.epochs:
            if ledger.epoch == epoch:
                return ledger
        if epoch <= self.dropped_epoch:
            return None
        ledger = EpochLedger(epoch)
        self.epochs.append(ledger)
        return ledger


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(CameraState)
_format_decoder = msgspec.msgpack.Decoder(list[msgspec.Raw])


def encode_state(state: CameraState) -> bytes:
    """Give the blob of a state."""
    return _encoder.encode(state)


def decode_state(blob: bytes) -> CameraState:
    """Give the state that a blob holds.

    Raises:
        FatalError: The blob is of another format, or none at all.
    """
    try:
        found = msgspec.msgpack.decode(_format_decoder.decode(blob)[1], type=int)
        if found not in (STATE_FORMAT, _FORMAT_WITHOUT_COUNTS):
            raise FatalError(
                f"state has format {found}, this version reads {STATE_FORMAT}: run the version that wrote it, or make "
                f"{AGGREGATE_STATE.name} anew and let the events be read from their beginning"
            )
        state = _decoder.decode(blob)
    except (msgspec.DecodeError, IndexError) as error:
        raise FatalError(f"state can't be read: {error}") from error
    if found == _FORMAT_WITHOUT_COUNTS:
        state.format = STATE_FORMAT
        state.counter.runs.count_again()
        for zone in state.flood.zones.values():
            zone.baseline.count_again()
    return state
