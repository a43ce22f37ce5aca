"""Which frames may be shown, and what of them is hidden: the join of camera events and scene verdicts. Knows no Kafka.

::

    camera-events ─► what was found ─┐
                                     ├─► judged, not held, neighbours known ─► what is hidden ─► may be shown
    scene-verdicts ─► fate ──────────┘                                                              │
                          a later quarantine ─────────────────────────────────────► withdrawn ◄─────┘

A frame may be shown once it has its detections, a verdict speaks of it and does not hold it, and what was found in its
neighbours is known, or can no longer come. What is missing is never guessed: without events, without verdicts or
without the camera's entry there is no picture.

Both topics may be read in any order against each other. What is held: ten minutes of frames, packed (``packing.py``).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from schemas.camera_events import CameraEvent, FrameCoordinates, FrameDetections, FrameShed
from schemas.cameras import Camera
from schemas.geometry import BoxXyxy
from schemas.verdicts import REORDER_MS, SKEW_MS, CameraVerdict, SceneVerdicts
from services.privacy.carrying import CARRY_MS, FARTHEST_MS, SPACING_MS
from services.privacy.judged_spans import Fate, JudgedSpans, withdrawn_spans
from services.privacy.packing import (
    FACTS_SIZE,
    Facts,
    pack_boxes,
    pack_facts,
    pack_found,
    unpack_boxes,
    unpack_facts,
    unpack_found,
)
from services.privacy.regions import hidden_boxes, hiding_of
from services.privacy.sighting import Sighting

KEEP_MS = 600_000
"""As long as Kafka holds pictures."""
NEIGHBOUR_MS = 2_000
"""A frame that should follow another and has not come when one so much later has is lost: nobody waits for it."""

FindCamera = Callable[[str, int], Camera | None]
"""(camera id, registry revision) to that revision of the camera, None where it is not known (yet)."""


class ShowableFrame(NamedTuple):
    """A frame that may be shown once the pixels of ``hidden`` (normalised boxes) are destroyed."""

    camera_id: str
    owner_epoch: int
    sequence: int
    captured_at_ms: int
    frame: FrameCoordinates
    camera_revision: int
    simulated: bool
    hidden: tuple[BoxXyxy, ...]


class CameraStanding(NamedTuple):
    """How a camera stands: until which capture time it has been judged, and whether what it shows now is held."""

    through_ms: int
    held: bool
    quarantined_from_ms: int


@dataclass(slots=True, eq=False)
class _Known:
    """A frame with its detections that is not shown yet, or that its neighbours still need. ``packed``: all of it."""

    owner_epoch: int
    sequence: int
    captured_at_ms: int
    packed: bytes
    fate: Fate | None = None
    done: bool = False
    unpacked: Sighting | None = None

    @property
    def key(self) -> tuple[int, int]:
        return self.owner_epoch, self.sequence

    def sighting(self) -> Sighting:
        if self.unpacked is None:
            aspect, objects = unpack_found(self.packed)
            self.unpacked = Sighting(self.captured_at_ms, aspect, objects)
        return self.unpacked


@dataclass(slots=True, eq=False)
class _CameraFrames:
    """One camera: ``known`` by epoch and sequence, ``shown`` (facts and boxes, packed) by capture.

    ``named`` has the same frames as ``shown``, by ``_name``: a crowd asks for frames by their numbers.
    ``latest_ms`` is the latest capture time of any epoch's frame, ``newest_ms`` of those of the highest epoch.
    """

    camera_id: str
    owner_epoch: int = 0
    latest_ms: int = 0
    newest_ms: int = 0
    newest_appended_ms: int = 0
    known: list[_Known] = field(default_factory=list)
    waiting: list[_Known] = field(default_factory=list)
    shown: list[bytes] = field(default_factory=list)
    named: dict[int, bytes] = field(default_factory=dict)
    spans: JudgedSpans = field(default_factory=JudgedSpans)


class Showable:
    """Which frames may be shown. For one thread, or under the caller's lock.

    Args:
        find_camera: Gives a revision of a camera. A frame whose revision is not known is not shown until it is.
        keep_ms: How long frames are held, by the time at which Kafka took them, counted back from the camera's newest.
    """

    def __init__(self, find_camera: FindCamera, keep_ms: int = KEEP_MS) -> None:
        self._find_camera = find_camera
        self._keep_ms = keep_ms
        self._cameras: dict[str, _CameraFrames] = {}
        self._topics: list[str] = []
        self._released: list[ShowableFrame] = []

    def take_event(self, event: CameraEvent) -> None:
        """Take an event of a camera, in the order of its partition.

        What is not a frame's outcome, or a lower epoch's, or known, changes nothing. A frame that is not judged, for it
        came too late or claims to be of the future, is never shown, though a verdict may span its time.
        """
        if not isinstance(event, FrameDetections | FrameShed):
            return
        if event.captured_at_ms > event.frame.appended_at_ms + SKEW_MS:
            return
        camera = self._camera(event.camera_id)
        is_late = event.captured_at_ms < camera.latest_ms - REORDER_MS
        camera.latest_ms = max(camera.latest_ms, event.captured_at_ms)
        if event.owner_epoch < camera.owner_epoch:
            return
        camera.owner_epoch = max(camera.owner_epoch, event.owner_epoch)
        camera.newest_ms = max(camera.newest_ms, event.captured_at_ms)
        camera.newest_appended_ms = max(camera.newest_appended_ms, event.frame.appended_at_ms)
        if isinstance(event, FrameDetections) and not is_late and not _is_known(camera, event):
            packed = pack_facts(event, self._topics) + pack_found(event)
            known = _Known(camera.owner_epoch, event.sequence, event.captured_at_ms, packed)
            insort(camera.known, known, key=attrgetter("key"))
            _ask_fate(camera, known)
        self._settle(camera)

    def take_verdicts(self, verdicts: SceneVerdicts) -> list[ShowableFrame]:
        """Take verdicts, withdraw what they withdraw, and give what ``collect`` gives."""
        for verdict in verdicts.cameras:
            camera = self._camera(verdict.camera_id)
            camera.spans.take(verdict)
            for from_ms, until_ms in withdrawn_spans(verdict, camera.newest_ms):
                self._withdraw(camera, from_ms, until_ms)
            for known in camera.known:
                if known.fate is None and _may_decide(verdict, known):
                    _ask_fate(camera, known)
            self._settle(camera)
        return self.collect()

    def collect(self) -> list[ShowableFrame]:
        """Give what has become showable since this was last asked, each once, by camera in order of capture."""
        released, self._released = self._released, []
        return sorted(released, key=attrgetter("camera_id", "captured_at_ms", "owner_epoch", "sequence"))

    def frames(self, camera_id: str, from_ms: int, until_ms: int) -> list[ShowableFrame]:
        """Give what may be shown now of what was captured from ``from_ms`` up to, not including, ``until_ms``."""
        camera = self._cameras.get(camera_id)
        if camera is None:
            return []
        first = bisect_left(camera.shown, from_ms, key=_captured)
        last = bisect_left(camera.shown, until_ms, lo=first, key=_captured)
        return [self._unpacked(camera_id, packed) for packed in camera.shown[first:last]]

    def find(self, camera_id: str, owner_epoch: int, sequence: int) -> ShowableFrame | None:
        """Give a frame, None where it may not be shown: not yet, no more, or never."""
        camera = self._cameras.get(camera_id)
        packed = None if camera is None else camera.named.get(_name(owner_epoch, sequence))
        return None if packed is None else self._unpacked(camera_id, packed)

    def standing(self, camera_id: str) -> CameraStanding:
        """Give how a camera stands; one that no verdict has spoken of is held."""
        camera = self._cameras.get(camera_id)
        if camera is None or not camera.spans.through_ms:
            return CameraStanding(0, True, 0)
        return CameraStanding(camera.spans.through_ms, camera.spans.held, camera.spans.quarantined_from_ms)

    def _camera(self, camera_id: str) -> _CameraFrames:
        camera = self._cameras.get(camera_id)
        if camera is None:
            camera = self._cameras[camera_id] = _CameraFrames(camera_id)
        return camera

    def _settle(self, camera: _CameraFrames) -> None:
        """Show what may be shown by now, and forget what is no longer needed."""
        for known in list(camera.waiting):
            index = bisect_left(camera.known, known.key, key=attrgetter("key"))
            revision = unpack_facts(known.packed).camera_revision
            entry = self._find_camera(camera.camera_id, revision)
            if entry is None or not _neighbours_known(camera, index):
                continue
            before, after = _neighbours(camera, index, -1), _neighbours(camera, index, 1)
            hidden = hidden_boxes(known.sighting(), list(before), list(after), hiding_of(entry))
            packed = known.packed[:FACTS_SIZE] + pack_boxes(hidden)
            insort(camera.shown, packed, key=_captured)
            camera.named[_name(*known.key)] = packed
            known.done = True
            camera.waiting.remove(known)
            self._released.append(self._unpacked(camera.camera_id, packed))
        _forget(camera, camera.newest_appended_ms - self._keep_ms)

    def _withdraw(self, camera: _CameraFrames, from_ms: int, until_ms: int) -> None:
        """Take back what was captured between these times, both included, whatever was said of it."""
        first = bisect_left(camera.shown, from_ms, key=_captured)
        last = bisect_left(camera.shown, until_ms + 1, lo=first, key=_captured)
        _unname(camera, camera.shown[first:last])
        del camera.shown[first:last]
        for known in camera.known:
            if known.fate == "shown" and from_ms <= known.captured_at_ms <= until_ms:
                known.fate, known.done = "held", True
        camera.waiting = [known for known in camera.waiting if known.fate == "shown"]
        self._released = [
            each
            for each in self._released
            if each.camera_id != camera.camera_id or not from_ms <= each.captured_at_ms <= until_ms
        ]

    def _unpacked(self, camera_id: str, packed: bytes) -> ShowableFrame:
        facts = unpack_facts(packed)
        return ShowableFrame(
            camera_id,
            facts.owner_epoch,
            facts.sequence,
            facts.captured_at_ms,
            facts.coordinates(self._topics),
            facts.camera_revision,
            bool(facts.simulated),
            unpack_boxes(packed, FACTS_SIZE),
        )


def _may_decide(verdict: CameraVerdict, known: _Known) -> bool:
    """Tell whether a verdict may say something of a frame: where all events were read first, most are of others."""
    return known.captured_at_ms <= verdict.through_ms or known.owner_epoch < verdict.owner_epoch


def _ask_fate(camera: _CameraFrames, known: _Known) -> None:
    known.fate = camera.spans.fate_of(known.owner_epoch, known.captured_at_ms)
    unspoken = known.fate is None and camera.spans.is_past(known.owner_epoch, known.captured_at_ms)
    known.done = known.fate == "held" or unspoken  # else it would keep all that come after it in memory
    if known.fate == "shown":
        insort(camera.waiting, known, key=attrgetter("key"))


def _neighbours_known(camera: _CameraFrames, index: int) -> bool:
    """Tell whether what was found in the frames beside this one is known, as far as it can still come."""
    frame = camera.known[index]
    if frame.owner_epoch < camera.owner_epoch or camera.newest_ms >= frame.captured_at_ms + NEIGHBOUR_MS:
        return True
    if frame.sequence and (index == 0 or camera.known[index - 1].key != (frame.owner_epoch, frame.sequence - 1)):
        return False
    for distance, following in enumerate(camera.known[index + 1 :], start=1):
        if following.key != (frame.owner_epoch, frame.sequence + distance):
            return False
        if abs(following.captured_at_ms - frame.captured_at_ms) >= CARRY_MS:
            return True
    return False


def _neighbours(camera: _CameraFrames, index: int, step: int) -> Iterator[Sighting]:
    """Give what was found beside a frame, on one side, the nearest first."""
    at_ms = camera.known[index].captured_at_ms
    from_ms, until_ms = 0, FARTHEST_MS
    index += step
    while 0 <= index < len(camera.known):
        known = camera.known[index]
        distance_ms = abs(known.captured_at_ms - at_ms)
        if distance_ms > until_ms:
            return
        if distance_ms >= from_ms:
            yield known.sighting()
            from_ms, until_ms = distance_ms + SPACING_MS, CARRY_MS
        index += step


def _forget(camera: _CameraFrames, before_ms: int) -> None:
    """Let go of frames that Kafka took before ``before_ms``, and of known ones that no neighbour needs any more."""
    first_open = next((index for index, known in enumerate(camera.known) if not known.done), len(camera.known))
    open_from_ms = camera.known[first_open].captured_at_ms if first_open < len(camera.known) else camera.newest_ms
    kept = max(0, first_open - 1)
    while kept and abs(camera.known[kept - 1].captured_at_ms - open_from_ms) <= CARRY_MS:
        kept -= 1
    while kept < len(camera.known) and unpack_facts(camera.known[kept].packed).appended_at_ms < before_ms:
        kept += 1
    if kept:
        gone = camera.known[:kept]
        camera.known = camera.known[kept:]
        if camera.waiting and not all(known.done for known in gone):
            camera.waiting = [known for known in camera.waiting if known not in gone]
    expired = next((i for i, packed in enumerate(camera.shown) if _appended(packed) >= before_ms), len(camera.shown))
    if expired:
        _unname(camera, camera.shown[:expired])
        camera.shown = camera.shown[expired:]


def _is_known(camera: _CameraFrames, event: FrameDetections) -> bool:
    key = event.owner_epoch, event.sequence
    if camera.known and camera.known[-1].key < key:
        return False
    index = bisect_left(camera.known, key, key=attrgetter("key"))
    if index < len(camera.known) and camera.known[index].key == key:
        return True
    return _name(*key) in camera.named


def _name(owner_epoch: int, sequence: int) -> int:
    """Give both numbers as one: a tuple for each of a city's frames would take three times the memory."""
    return owner_epoch << 64 | sequence


def _unname(camera: _CameraFrames, gone: Iterable[bytes]) -> None:
    for packed in gone:
        facts: Facts = unpack_facts(packed)
        del camera.named[_name(facts.owner_epoch, facts.sequence)]


def _captured(packed: bytes) -> int:
    return unpack_facts(packed).captured_at_ms


def _appended(packed: bytes) -> int:
    return unpack_facts(packed).appended_at_ms
