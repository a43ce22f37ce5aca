"""A city for ``bench aggregate``: what detect says of its cameras at one frame a second, and a day's state of them.

A third of the cameras watch a no-parking zone, a third a counter, a third a road that may be flooded. A frame has five
objects: some stay where they are, some move. Everything follows from a seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from msgspec import structs

from schemas.camera_events import (
    CAMERA_EVENT_CODEC,
    WATER_GRID_COLUMNS,
    WATER_GRID_ROWS,
    DetectedObject,
    DetectorIdentity,
    FrameCoordinates,
    FrameDetections,
    ObjectClass,
    SceneFacts,
    WaterIdentity,
    make_event_id,
)
from schemas.cameras import Camera, CameraKind, Period, Place, Source, Timetable, Weekday, Zone
from schemas.topics import AGGREGATE_STATE, CAMERA_EVENTS, FRAMES
from services.aggregate.judgement import Judgement
from services.aggregate.state import decode_state, encode_state
from services.runtime.kafka import OutgoingRecord

START_MS = 1_760_288_400_000
"""Monday, 13 October 2025, 00:00 in Asia/Jakarta."""

_KINDS: tuple[CameraKind, ...] = ("street", "counter", "pump")
_WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CURB = ((0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (0.0, 1.0))
_STAFF = ((0.6, 0.0), (1.0, 0.0), (1.0, 0.6), (0.6, 0.6))
_ZONES: dict[CameraKind, tuple[Zone, ...]] = {
    "street": (Zone("curb", "no_parking", _CURB),),
    "counter": (Zone("queue", "queue", _CURB), Zone("staff", "staff", _STAFF)),
    "pump": (Zone("road", "water", _CURB),),
}
_DETECTOR = DetectorIdentity("nanodet", "0" * 64)
_WATER = WaterIdentity("water", "1" * 64)
_GRID_CELLS = WATER_GRID_COLUMNS * WATER_GRID_ROWS
_NOISE_BITS = 8
"""Bits of 256 in which two pictures of an unchanged view differ."""


class City:
    """Cameras, and the events of any second of theirs: the same however often they are asked for."""

    def __init__(self, cameras: int) -> None:
        self.cameras = tuple(_camera(number) for number in range(cameras))
        self._views = [_seeded(number).getrandbits(256) for number in range(len(_KINDS))]
        self._grids = [bytes(_seeded(number).choices(range(30), k=_GRID_CELLS)) for number in range(16)]

    def event(self, number: int, second: int) -> FrameDetections:
        """Give what detect says of the frame that camera ``number`` took in ``second``, which is its sequence."""
        camera, kind = self.cameras[number], number % len(_KINDS)
        chance = _seeded(number << 32 | second)
        at_ms = START_MS + second * 1000 + number % 1000
        has_water = _KINDS[kind] == "pump"
        return FrameDetections(
            event_id=make_event_id(camera.camera_id, second),
            camera_id=camera.camera_id,
            owner_epoch=1,
            sequence=second,
            captured_at_ms=at_ms,
            camera_revision=1,
            source_kind="snapshot",
            simulated=False,
            frame=FrameCoordinates(FRAMES.name, number % 8, second, at_ms + 60),
            detected_at_ms=at_ms + 300 + chance.randrange(200),
            width=1280,
            height=720,
            detector=_DETECTOR,
            objects=tuple(_objects(_KINDS[kind], second, chance)),
            scene=self._scene(kind, chance),
            reliability=0.9,
            water=self._grids[chance.randrange(len(self._grids))] if has_water else None,
            water_detector=_WATER if has_water else None,
        )

    def records(self, seconds: range) -> Iterator[OutgoingRecord]:
        """Give the events of all cameras, second by second, as they go into Kafka."""
        for second in seconds:
            for number, camera in enumerate(self.cameras):
                event = CAMERA_EVENT_CODEC.encode(self.event(number, second))
                yield OutgoingRecord(CAMERA_EVENTS.name, camera.camera_id.encode(), event)

    def states_after(self, seconds: int) -> list[OutgoingRecord]:
        """Give the states of all cameras after so many seconds, as a checkpoint leaves them.

        One camera of each kind is judged frame by frame; those of the others are its own under another name.
        """
        by_id = {camera.camera_id: camera for camera in self.cameras}
        judgement = Judgement(lambda camera_id, _: by_id[camera_id])
        blobs: dict[str, bytes] = {}
        for second in range(seconds):
            for number in range(len(_KINDS)):
                judgement.apply(self.event(number, second), second)
            if second % 3600 == 0 or second == seconds - 1:
                blobs |= judgement.drain().blobs
        states = [decode_state(blobs[camera.camera_id]) for camera in self.cameras[: len(_KINDS)]]
        return [
            OutgoingRecord(
                AGGREGATE_STATE.name,
                camera.camera_id.encode(),
                encode_state(
                    structs.replace(states[number % len(_KINDS)], camera_id=camera.camera_id, offset=-1),
                ),
            )
            for number, camera in enumerate(self.cameras)
        ]

    def _scene(self, kind: int, chance: random.Random) -> SceneFacts:
        signature = self._views[kind]
        for _ in range(_NOISE_BITS):
            signature ^= 1 << chance.randrange(256)
        light = 0.95 + 0.1 * chance.random()
        return SceneFacts(
            0.5 * light, 0.2 * light, 900.0 * light, f"{chance.getrandbits(64):016x}", f"{signature:064x}"
        )


def _seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  (no secret)


def _camera(number: int) -> Camera:
    kind = _KINDS[number % len(_KINDS)]
    hours = Timetable(weekdays=dict.fromkeys(_WEEKDAYS, (Period("07:00", "15:00"),)))
    return Camera(
        camera_id=f"bench-{number:04d}",
        revision=1,
        name="Benchmark",
        kind=kind,
        place=Place("Semarang Tengah", "Sekayu", -6.98, 110.41),
        source=Source("snapshot", "http://camera.test/still.jpg"),
        zones=_ZONES[kind],
        opening_hours=hours if kind == "counter" else None,
    )


def _objects(kind: CameraKind, second: int, chance: random.Random) -> Iterator[DetectedObject]:
    if kind == "counter":
        for place in range(3):  # a queue that stands
            yield _thing("person", 0.1 + 0.12 * place, 0.8, chance)
        if second // 70 % 4:  # staff, who leave now and then
            yield _thing("person", 0.8, 0.4, chance)
    else:
        if second // 600 % 2:  # parks for ten minutes of twenty
            yield _thing("car", 0.25, 0.8, chance)
        yield _thing("car", 0.75, 0.8, chance)
        yield _thing("motorcycle", second % 10 / 10, 0.4, chance)
        yield _thing("person", 1 - second % 50 / 50, 0.7, chance)
    yield _thing("car", second % 20 / 20, 0.3, chance)


def _thing(label: ObjectClass, x: float, y: float, chance: random.Random) -> DetectedObject:
    x, y = x + 0.004 * chance.random(), y + 0.004 * chance.random()
    box = (max(0.0, x - 0.06), y - 0.2, min(1.0, x + 0.06), y)
    return DetectedObject(label, round(0.5 + 0.4 * chance.random(), 3), box)
