"""Judge a period of a camera's history again: what is read for it, what of it is written, and under which name.

    reading_from ──── warm-up ────► since ═══════ written ═══════ until ──── run-on ────►
    state starts empty              rows of the period only              what is open may end

Without ``since`` nothing is approximate: the judgement is the live one, from the first event on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec import Struct, field

from schemas.camera_events import CameraEvent, CameraStatus, Decision, FrameOutcome
from schemas.table import Row
from services.aggregate.accounting import is_skewed
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.judgement import FindCamera, Judgement
from services.aggregate.ledger import EpochLedger
from services.aggregate.row_columns import RULESET
from services.aggregate.rows import ROW_TYPES, ParkingStayRow
from services.aggregate.state import CameraState, encode_state
from services.aggregate.windows import LATENESS_MS

JUDGED_TABLES: Final = frozenset(row_type.TABLE for row_type in ROW_TYPES if "ruleset" in row_type.KEY)
"""Tables whose rows of several rulesets lie side by side; the others say what was measured."""

ALL_TABLES: Final = frozenset(row_type.TABLE for row_type in ROW_TYPES)

END_OF_TIME_MS: Final = 253_402_300_800_000
"""The year 10000."""

SETTLE_MS: Final = LATENESS_MS + 5 * 60_000
"""So far after its end a period is always read on: until then late frames amend its last minute."""

RUN_ON_MS: Final = 24 * 60 * 60_000
"""So far after its end it is read on while anything in it is open."""


class Period(Struct, frozen=True):
    """The time of capture that is judged again, [since, until) in ms since 1970, and the warm-up before it in ms."""

    since_ms: int = 0
    until_ms: int = END_OF_TIME_MS
    warm_up_ms: int = 0

    @property
    def is_cut(self) -> bool:
        """Tell whether the judgement starts anywhere but at the first event."""
        return self.reading_from_ms > 0

    @property
    def reading_from_ms(self) -> int:
        """Give the capture time from which events are read."""
        return max(0, self.since_ms - self.warm_up_ms)

    @property
    def reading_until_ms(self) -> int:
        """Give the capture time up to which, exclusively, events may be read."""
        return min(END_OF_TIME_MS, self.until_ms + RUN_ON_MS)

    def holds(self, row: Row) -> bool:
        """Tell whether a judged row is of the period: its minute, or any moment of an episode or a stay."""
        if isinstance(row, (EpisodeRow, ParkingStayRow)):
            return row.started_at < self.until_ms and row.last_seen_at >= self.since_ms
        minute: int = getattr(row, "minute", self.since_ms)
        return self.since_ms <= minute < self.until_ms


class CameraStart(Struct):
    """What is known of a camera when its reading starts in the middle of its history.

    Attributes:
        ledgers: Of each epoch that was there before: the first sequence number that is read, and its latest time.
        masks: Decisions that masked a part of the picture before; they hold for ever.
        dry: The last approval of a dry reference before. Its picture is gone: the first frame read stands for it.
    """

    camera_id: str
    ledgers: dict[int, EpochLedger] = field(default_factory=dict)
    masks: list[tuple[int, Decision]] = field(default_factory=list)
    dry: tuple[int, Decision] | None = None

    @property
    def decisions(self) -> list[tuple[int, Decision]]:
        """Give the decisions from before that still hold, with their offsets, in the order in which they came."""
        return sorted(self.masks + ([] if self.dry is None else [self.dry]), key=lambda placed: placed[0])

    def pass_over(self, event: CameraEvent, offset: int) -> None:
        """Take note of an event from before the reading."""
        if isinstance(event, Decision):
            self.decide(event, offset)
        elif not isinstance(event, CameraStatus):
            self.note(event.owner_epoch, event.sequence, event.frame.appended_at_ms)

    def decide(self, decision: Decision, offset: int) -> None:
        """Take note of a decision from before the reading; later ones come later."""
        if decision.decision == "static_object_masked":
            self.masks.append((offset, decision))
        elif decision.decision == "dry_reference_approved":
            self.dry = (offset, decision)

    def note(self, epoch: int, sequence: int, appended_at_ms: int) -> None:
        """Take note of a frame from before the reading."""
        ledger = self.ledgers.setdefault(epoch, EpochLedger(epoch))
        ledger.top = ledger.floor = max(ledger.top, sequence + 1)
        ledger.touch(appended_at_ms)

    def blob(self) -> bytes:
        """Give the state in which the camera starts."""
        return encode_state(CameraState(self.camera_id, epochs=[self.ledgers[epoch] for epoch in sorted(self.ledgers)]))


class Suspended(Struct, frozen=True):
    """A camera's judgement between two events, to be gone on with by another process.

    ``latest_ms`` is its latest capture time, ``still_open`` the keys of its rows of the period that are open.
    """

    blob: bytes
    latest_ms: int
    still_open: list[list[str]]


class PeriodJudgement:
    """The judgement of some cameras over a period, its rows under the name of a ruleset.

    Args:
        find_camera: Gives the entries to judge under.
        period: What is judged.
        ruleset: Name that the rows get.
        tables: Tables whose rows are wanted.
    """

    def __init__(self, find_camera: FindCamera, period: Period, ruleset: str, tables: frozenset[str]) -> None:
        self._judgement = Judgement(find_camera)
        self._period = period
        self._ruleset = ruleset
        self._tables = tables
        self._starts: dict[str, CameraStart] = {}
        self._begun: set[str] = set()
        self._latest: dict[str, int] = defaultdict(int)
        self._open: dict[str, set[tuple[object, ...]]] = defaultdict(set)

    @property
    def unsaved_count(self) -> int:
        """Give about how many rows the next drain will hold."""
        return self._judgement.unsaved_count

    def take(self, event: CameraEvent, offset: int) -> bool:
        """Take the next event, and tell whether it is of what is read for the period.

        Raises:
            UnknownRevisionError: See ``Judgement.apply``.
        """
        camera_id = event.camera_id
        if camera_id not in self._begun:
            if self._period.is_cut and not _is_frame_from(event, self._period.reading_from_ms):
                self._starts.setdefault(camera_id, CameraStart(camera_id)).pass_over(event, offset)
                return False
            self.begin(self._starts.pop(camera_id, CameraStart(camera_id)))
        if isinstance(event, (CameraStatus, Decision)):
            if self.is_over(camera_id):
                return False
        elif (at_ms := time_of(event)) >= self._period.until_ms and self._is_past(camera_id, at_ms):
            return False
        self._judgement.apply(event, offset)
        if not isinstance(event, (CameraStatus, Decision)) and not is_skewed(event):
            self._latest[camera_id] = max(self._latest[camera_id], event.captured_at_ms)
        return True

    def begin(self, start: CameraStart) -> None:
        """Start the judgement of a camera."""
        self._begun.add(start.camera_id)
        if start.ledgers:
            self._judgement.load(start.blob())
        for offset, decision in start.decisions:
            self._judgement.apply(decision, offset)

    def resume(self, camera_id: str, suspended: Suspended) -> None:
        """Go on with the judgement of a camera."""
        self._begun.add(camera_id)
        self._judgement.load(suspended.blob)
        self._latest[camera_id] = suspended.latest_ms
        self._open[camera_id] = {tuple(key) for key in suspended.still_open}

    def suspend(self, camera_id: str) -> tuple[dict[str, list[Row]], Suspended | None]:
        """Give the wanted rows that have changed, and how the camera stands; None: as at the last drain."""
        drained = self._judgement.drain()
        rows = self._wanted_of(drained.rows)
        if camera_id not in drained.blobs:
            return rows, None
        still_open = [[str(part) for part in key] for key in sorted(self._open[camera_id], key=str)]
        return rows, Suspended(drained.blobs[camera_id], self._latest[camera_id], still_open)

    def is_over(self, camera_id: str) -> bool:
        """Tell whether nothing that follows can change the camera's rows of the period, as of the last drain."""
        past = self._latest[camera_id] - self._period.until_ms
        return past >= RUN_ON_MS or (past >= SETTLE_MS and not self._open[camera_id])

    def drain(self) -> dict[str, list[Row]]:
        """Give the wanted rows that have changed, by table."""
        return self._wanted_of(self._judgement.drain(blobs=False).rows)

    def _is_past(self, camera_id: str, at_ms: int) -> bool:
        return at_ms >= self._period.reading_until_ms or self.is_over(camera_id)

    def _wanted_of(self, drained: dict[str, list[Row]]) -> dict[str, list[Row]]:
        rows = {table: list(self._wanted(batch)) for table, batch in drained.items() if table in self._tables}
        return {table: batch for table, batch in rows.items() if batch}

    def _wanted(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            if not self._period.holds(row):
                continue
            if isinstance(row, (EpisodeRow, ParkingStayRow)):
                still_open = self._open[row.camera_id]
                (still_open.add if row.phase == "open" else still_open.discard)(row.key())
            yield row if self._ruleset == RULESET else relabelled(row, self._ruleset)


def relabelled(row: Row, ruleset: str) -> Row:
    """Give a row under another ruleset's name."""
    return msgspec.structs.replace(row, ruleset=ruleset)


def time_of(event: FrameOutcome) -> int:
    """Give the time at which a frame counts: its capture, or, where that is known to be wrong, when Kafka took it."""
    return event.frame.appended_at_ms if is_skewed(event) else event.captured_at_ms


def _is_frame_from(event: CameraEvent, instant_ms: int) -> bool:
    """Tell whether a camera's reading begins with this event: its first frame that is not from before ``instant_ms``.

    What follows it is read whatever its time, since late frames count too.
    """
    return not isinstance(event, (CameraStatus, Decision)) and time_of(event) >= instant_ms
