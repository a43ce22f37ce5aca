"""What the cameras of a pretended city look at: their registry entries, and what comes, stays and leaves before them.

Everything is told in steps, one a frame, and drawn from the chance that is handed in. Boxes are in thousandths of the
picture until they become objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal, NamedTuple

import msgspec

from schemas.camera_events import DecisionKind, DetectedObject, ObjectClass, SceneFacts
from schemas.cameras import (
    Camera,
    CameraKind,
    ParkingRule,
    Period,
    Place,
    Rules,
    Source,
    Timetable,
    VehicleClass,
    Weekday,
    Zone,
)
from schemas.geometry import Polygon

PlaceKind = Literal["counter", "parking", "water", "street", "stills"]
Fault = Literal["shifted", "covered", "dark", "defocused", "frozen"]

KINDS: Final[tuple[PlaceKind, ...]] = (
    *("counter",) * 3, *("parking",) * 3, *("water",) * 2, *("street",) * 2, "stills",
)  # fmt: skip
"""By the camera's number, modulo their count."""

SAMPLE_FPS: Final[dict[PlaceKind, float]] = {
    "counter": 0.25, "parking": 0.25, "water": 0.2, "street": 1.0, "stills": 1 / 30,
}  # fmt: skip
"""So that 275 frames hold an absence of ten minutes, a case of five, a flood with its clearing, and hours of stills."""

_CAMERA_KINDS: Final[dict[PlaceKind, CameraKind]] = {
    "counter": "counter", "parking": "street", "water": "pump", "street": "street", "stills": "market",
}  # fmt: skip
_LOWER_LEFT: Final = ((0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (0.0, 1.0))
_UPPER_RIGHT: Final = ((0.5, 0.0), (1.0, 0.0), (1.0, 0.5), (0.5, 0.5))
_LOWER_HALF: Final = ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0))
_LOWER_RIGHT: Final = ((0.6, 0.5), (1.0, 0.5), (1.0, 1.0), (0.6, 1.0))
_UPPER_LEFT: Final = ((0.0, 0.0), (0.2, 0.0), (0.2, 0.3), (0.0, 0.3))
_WEEKDAYS: Final[tuple[Weekday, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MISSED_RATIO: Final = 0.06
"""Detectors miss what stands there in about so many frames."""
_GRID_COLUMNS, _DRY_ROWS, _ZONE_ROWS = 32, 9, 9
_WET, _DRY = 240, 8
_VEHICLES: Final[tuple[VehicleClass, ...]] = ("car", "car", "motorcycle", "truck")
_PASSING: Final[tuple[ObjectClass, ...]] = ("person", "person", "car", "motorcycle", "bicycle", "bus")


class Actor(NamedTuple):
    """Somebody or something that is before a camera in the steps [start, end), at a box in thousandths."""

    label: ObjectClass
    left: int
    top: int
    right: int
    bottom: int
    start: int
    end: int


@dataclass
class Scenery:
    """What a camera sees over its steps.

    Attributes:
        kind: Of the place.
        camera: Its first registry entry.
        actors: Who is there and when.
        level: Per step the part of the water zone that is under water; empty: no grid is asked for.
        faults: What is wrong with the picture in the steps [start, end).
        decisions: What a person decides, at which step.
        signature: The view's 256 bits.
        other_signature: What it shows once it was moved or covered.
        reliability: How far the picture can be trusted, 0 to 1.
    """

    kind: PlaceKind
    camera: Camera
    actors: list[Actor]
    level: list[float]
    faults: list[tuple[Fault, int, int]]
    decisions: list[tuple[int, DecisionKind]]
    signature: int
    other_signature: int
    reliability: float
    _wet: list[bytes] = field(default_factory=list)
    _dry: list[bytes] = field(default_factory=list)

    def objects(self, step: int, chance: Random) -> Iterator[DetectedObject]:
        """Give what a detector sees in the frame of ``step``."""
        for actor in self.actors:
            if actor.start <= step < actor.end and chance.random() >= _MISSED_RATIO:
                yield _seen(actor, chance)
        for _ in range(chance.randrange(4)):
            x, y = chance.randrange(900), chance.randrange(800)
            label = _PASSING[chance.randrange(len(_PASSING))]
            yield _seen(Actor(label, x, y, x + 60, y + 150, step, step + 1), chance)

    def scene(self, step: int, chance: Random) -> SceneFacts:
        """Give the facts about the picture as a whole."""
        fault = next((fault for fault, start, end in self.faults if start <= step < end), None)
        luma, contrast, sharpness, content = 0.45 + chance.randrange(20) / 1000, 0.2, 900.0 + chance.randrange(90), step
        view = self.signature
        if fault in ("shifted", "covered"):
            view = self.other_signature
        if fault == "covered":
            luma, contrast, sharpness = 0.1, 0.05, 20.0
        elif fault == "dark":
            luma, contrast, sharpness = 0.04, 0.03, 25.0
        elif fault == "defocused":
            contrast, sharpness = 0.18, 60.0
        elif fault == "frozen":
            content = -1 & 0xFFFF
        noise = 1 << chance.randrange(256) | 1 << chance.randrange(256)
        return SceneFacts(luma, contrast, sharpness, f"{content:016x}", f"{view ^ noise:064x}")

    def grid(self, step: int, chance: Random) -> bytes | None:
        """Give the water grid: the zone's rows fill from below, with noise."""
        if not self.level:
            return None
        if not self._wet:
            self._wet = [_noisy_row(_WET, chance) for _ in range(8)]
            self._dry = [_noisy_row(_DRY, chance) for _ in range(8)]
        wet_rows = self.level[min(step, len(self.level) - 1)] * _ZONE_ROWS
        full = int(wet_rows)
        shore = bytes([round(_DRY + (_WET - _DRY) * (wet_rows - full))] * _GRID_COLUMNS)
        rows = [self._dry[chance.randrange(8)] for _ in range(_DRY_ROWS + _ZONE_ROWS - 1 - full)]
        rows += [shore] if full < _ZONE_ROWS else []
        rows += [self._wet[chance.randrange(8)] for _ in range(full)]
        return b"".join(rows[-_DRY_ROWS - _ZONE_ROWS :])


def make_scenery(number: int, steps: int, chance: Random) -> Scenery:
    """Give the camera of a number, and what comes before it in so many steps."""
    kind = KINDS[number % len(KINDS)]
    camera = Camera(
        camera_id=f"{kind}-{number:04d}",
        revision=1,
        name=f"{kind} {number}",
        kind=_CAMERA_KINDS[kind],
        place=Place("Semarang Tengah", "Sekayu", -6.98, 110.41),
        source=Source(kind="file", url=f"{number}.mp4", clock="recorded"),
        sample_fps=SAMPLE_FPS[kind],
    )
    scenery = Scenery(
        kind, camera, [], [], [], [], chance.getrandbits(256), chance.getrandbits(256), chance.choice((0.9, 0.9, 0.2))
    )
    if kind == "counter":
        _open_counter(scenery, steps, chance)
    elif kind == "water":
        _let_water_rise(scenery, steps, chance)
    elif kind in ("parking", "stills"):
        _let_park(scenery, steps, chance)
    if chance.random() < (0.5 if kind == "street" else 0.06):
        _spoil_picture(scenery, steps, chance)
    if kind != "street" and chance.random() < 0.15:
        scenery.decisions.append((chance.randrange(60, 200), "static_object_masked"))
    if chance.random() < 0.1:
        scenery.decisions.append((chance.randrange(steps), chance.choice(("episode_confirmed", "episode_rejected"))))
    return scenery


def edited(camera: Camera, chance: Random) -> Camera:
    """Give the camera's second revision: a moved zone, other hours, or only another name."""
    second = msgspec.structs.replace(camera, revision=2)
    edit = chance.randrange(3)
    if edit == 0 or not camera.zones:
        return msgspec.structs.replace(second, name=f"{camera.name}, renamed")
    if edit == 1 and camera.opening_hours is not None:
        return msgspec.structs.replace(second, opening_hours=_every_day("07:00", "14:00"))
    zones = tuple(
        msgspec.structs.replace(zone, polygon=_narrowed(zone.polygon)) if zone.polygon is not None else zone
        for zone in camera.zones
    )
    return msgspec.structs.replace(second, zones=zones)


def _open_counter(scenery: Scenery, steps: int, chance: Random) -> None:
    """A counter with a queue and staff: open all the time, from or until 08:00, or without hours."""
    hours = chance.choice((("07:00", "15:00"), ("07:00", "15:00"), ("08:00", "15:00"), ("06:00", "08:00"), None))
    zones = (
        Zone("queue", "queue", _LOWER_LEFT),
        Zone("staff", "staff", _UPPER_RIGHT),
        Zone("mirror", "exclude", _UPPER_LEFT),
        Zone("edge", "counter_edge", line=((0.5, 1.0), (0.5, 0.4))),
    )
    scenery.camera = msgspec.structs.replace(
        scenery.camera,
        zones=zones[: chance.choice((3, 4))],
        opening_hours=None if hours is None else _every_day(*hours),
    )
    staff, step = chance.random() < 0.6, 0
    while step < steps:
        lasts = chance.choice((10, 40, 90, 200))
        if staff:
            scenery.actors.append(Actor("person", 700, 100, 780, 400, step, step + lasts))
        staff, step = not staff, step + lasts
    for place in range(chance.randrange(1, 4)):
        step = chance.randrange(30)
        while step < steps:
            waits = chance.randrange(5, 60)
            top = 450 + place * 60
            scenery.actors.append(Actor("person", 430, top, 510, top + 300, step, step + waits))
            scenery.actors.append(Actor("person", 490, top, 570, top + 300, step + waits, step + waits + 2))
            step += waits + chance.randrange(4, 40)


def _let_park(scenery: Scenery, steps: int, chance: Random) -> None:
    """Two no-parking zones, one with a timetable for some; vehicles that come, stay and come back."""
    timetable = chance.choice((None, _every_day("06:00", "08:00"), _every_day("08:00", "18:00")))
    grace = ParkingRule(grace_seconds=60) if chance.random() < 0.4 else ParkingRule()
    scenery.camera = msgspec.structs.replace(
        scenery.camera,
        zones=(
            Zone("curb", "no_parking", _LOWER_LEFT),
            Zone("stand", "no_parking", _LOWER_RIGHT, timetable=timetable),
        ),
        rules=Rules(parking=grace),
    )
    for slot in range(4):
        left, step = 40 + slot * 220, chance.randrange(20)
        while step < steps:
            stays = chance.choice((3, 10, 30, 90, 150))
            vehicle = _VEHICLES[chance.randrange(len(_VEHICLES))]
            scenery.actors.append(Actor(vehicle, left, 600, left + 180, 800, step, step + stays))
            step += stays + chance.randrange(5, 60)


def _let_water_rise(scenery: Scenery, steps: int, chance: Random) -> None:
    """A water zone that stays dry, gets a puddle, or floods, once for a while or to the end."""
    scenery.camera = msgspec.structs.replace(scenery.camera, zones=(Zone("kali", "water", _LOWER_HALF),))
    peak = chance.choice((0.0, 0.1, 0.3, 0.6, 0.95, 0.95))
    rises, stays, falls = chance.randrange(2, 40), chance.choice((8, 40, 60, steps)), chance.randrange(5, 20)
    dry = chance.randrange(15, 60)
    scenery.level = [0.0] * dry
    scenery.level += [peak * step / rises for step in range(rises)]
    scenery.level += [peak] * stays
    scenery.level += [peak * (1 - step / falls) for step in range(falls)] + [0.0]
    if chance.random() < 0.25:
        scenery.decisions.append((chance.randrange(5, dry), "dry_reference_approved"))


def _spoil_picture(scenery: Scenery, steps: int, chance: Random) -> None:
    """Something happens to the picture for one to three minutes, and in some cases somebody sees to it."""
    fault: Fault = chance.choice(("shifted", "covered", "dark", "defocused", "frozen"))
    minute = max(6, round(60 * scenery.camera.sample_fps))
    start = chance.randrange(90, 140)
    end = start + minute * 5 // 4 + chance.randrange(2 * minute)
    scenery.faults.append((fault, start, end))
    if chance.random() < 0.6:
        scenery.decisions.append((min(steps - 1, end + chance.randrange(-5, 40)), "quarantine_released"))


def _seen(actor: Actor, chance: Random) -> DetectedObject:
    dx, dy = chance.randrange(-2, 3), chance.randrange(-2, 3)
    box = (
        max(0, actor.left + dx) / 1000,
        max(0, actor.top + dy) / 1000,
        min(1000, actor.right + dx) / 1000,
        min(1000, actor.bottom + dy) / 1000,
    )
    return DetectedObject(actor.label, (400 + chance.randrange(500)) / 1000, box)


def _noisy_row(value: int, chance: Random) -> bytes:
    return bytes(value + chance.randrange(-5, 6) for _ in range(_GRID_COLUMNS))


def _every_day(start: str, end: str) -> Timetable:
    return Timetable(weekdays=dict.fromkeys(_WEEKDAYS, (Period(start, end),)))


def _narrowed(polygon: Polygon) -> Polygon:
    return tuple((x * 0.9 + 0.05, y) for x, y in polygon)
