"""The cameras of a sample city: counters at every office, three markets, and the streets of the neighbourhoods (RT).

The same seed gives the same cameras, whatever the machine.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schemas.cameras import Camera, Period, Place, Timetable, Zone
from schemas.geometry import Polygon
from services.cli.city_registry.areas import Kecamatan
from services.cli.city_registry.positions import kecamatan_point, kelurahan_point, scattered
from services.cli.city_registry.sources import SourceOf

RT_CAMERAS = 1_100
MARK = "(synthetic)"
"""Every name ends with it, and every id begins with ``sample-``: nobody shall take such a camera for a real one."""

_KECAMATAN_COUNTERS, _KELURAHAN_COUNTERS = (4, 6), (1, 3)
_MARKET_CAMERAS = 16
_WATER_RATIO, _NO_PARKING_RATIO = 0.45, 0.3
"""Streets that look at where water gathers, and at where parking is forbidden."""
_MOST_RW, _MOST_RT = 12, 10

_MARKETS = (("Jatingaleh", "Jatingaleh"), ("Karangayu", "Karangayu"), ("Pedurungan", "Pedurungan Tengah"))
"""Name, and the kelurahan in which it is put."""

_MORNING = (Period("08:00", "12:00"), Period("13:00", "15:30"))
_FRIDAY = (Period("08:00", "11:30"), Period("13:00", "15:00"))
_HOLIDAYS = ("2026-08-17", "2026-12-25", "2027-01-01")
OFFICE_HOURS = Timetable(
    {"mon": _MORNING, "tue": _MORNING, "wed": _MORNING, "thu": _MORNING, "fri": _FRIDAY}, holidays=_HOLIDAYS
)
_ALL_DAY = (Period("04:00", "17:00"),)
MARKET_HOURS = Timetable(
    {day: _ALL_DAY for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}, on_holidays=_ALL_DAY
)
_RUSH = (Period("06:00", "09:00"), Period("15:30", "18:30"))
RUSH_HOURS = Timetable({"mon": _RUSH, "tue": _RUSH, "wed": _RUSH, "thu": _RUSH, "fri": _RUSH}, holidays=_HOLIDAYS)


@dataclass(frozen=True, slots=True)
class _Spot:
    kecamatan: str
    kelurahan: str
    point: tuple[float, float]
    slug: str


def sample_cameras(
    areas: Sequence[Kecamatan], seed: int, source_of: SourceOf, rt_count: int = RT_CAMERAS
) -> tuple[Camera, ...]:
    """Give the cameras of the city: offices by code, markets, then RTs spread evenly over the kelurahan."""
    chance = random.Random(seed)  # noqa: S311  (to be repeatable, not secret)
    spots = [spot for area in areas for spot in _spots(area)]
    cameras = [*_office_counters(areas, chance, source_of)]
    cameras += _market_cameras(spots, chance, source_of)
    cameras += _rt_cameras(spots, chance, source_of, rt_count)
    return tuple(cameras)


def _spots(area: Kecamatan) -> Iterator[_Spot]:
    for number, kelurahan in enumerate(area.kelurahan):
        point = kelurahan_point(area.code, number, len(area.kelurahan))
        yield _Spot(area.name, kelurahan.name, point, _slug(area.name, kelurahan.name))


def _office_counters(areas: Sequence[Kecamatan], chance: random.Random, source_of: SourceOf) -> Iterator[Camera]:
    for area in areas:
        spots = list(_spots(area))
        centre = kecamatan_point(area.code)
        office = _Spot(area.name, spots[0].kelurahan, centre, f"kec-{_slug(area.name)}")
        yield from _counters(office, f"Kecamatan {area.name}", _KECAMATAN_COUNTERS, chance, source_of)
        for spot in spots:
            yield from _counters(spot, f"Kelurahan {spot.kelurahan}", _KELURAHAN_COUNTERS, chance, source_of)


def _counters(
    spot: _Spot, office: str, counts: tuple[int, int], chance: random.Random, source_of: SourceOf
) -> Iterator[Camera]:
    latitude, longitude = scattered(chance, spot.point)
    for number in range(1, chance.randint(*counts) + 1):
        camera_id = f"sample-loket-{spot.slug}-{number}"
        yield Camera(
            camera_id=camera_id,
            revision=1,
            name=f"Loket {number} {office} {MARK}",
            kind="counter",
            place=Place(spot.kecamatan, spot.kelurahan, latitude, longitude),
            source=source_of(camera_id),
            opening_hours=OFFICE_HOURS,
            zones=_counter_zones(chance),
        )


def _counter_zones(chance: random.Random) -> tuple[Zone, ...]:
    desk = _near(chance, 0.5)
    return (
        Zone("queue", "queue", polygon=_box(0.05, desk, 0.95, 0.98)),
        Zone("staff", "staff", polygon=_box(0.10, 0.08, 0.90, desk - 0.06)),
    )


def _market_cameras(spots: Sequence[_Spot], chance: random.Random, source_of: SourceOf) -> Iterator[Camera]:
    for market, kelurahan in _MARKETS:
        spot = next(spot for spot in spots if spot.kelurahan == kelurahan)
        for number in range(1, _MARKET_CAMERAS + 1):
            latitude, longitude = scattered(chance, spot.point)
            camera_id = f"sample-pasar-{_slug(market)}-{number:02d}"
            yield Camera(
                camera_id=camera_id,
                revision=1,
                name=f"Pasar {market} {number:02d} {MARK}",
                kind="market",
                place=Place(spot.kecamatan, spot.kelurahan, latitude, longitude),
                source=source_of(camera_id),
                opening_hours=MARKET_HOURS,
                zones=_counter_zones(chance) if number <= _MARKET_CAMERAS // 2 else (),
            )


def _rt_cameras(spots: Sequence[_Spot], chance: random.Random, source_of: SourceOf, count: int) -> Iterator[Camera]:
    taken: set[str] = set()
    for number in range(count):
        spot = spots[number * len(spots) // count]
        rw, rt = _free_number(chance, spot, taken)
        camera_id = f"sample-rt-{spot.slug}-{rw}-{rt}"
        latitude, longitude = scattered(chance, spot.point)
        yield Camera(
            camera_id=camera_id,
            revision=1,
            name=f"RT {rt} RW {rw} {spot.kelurahan} {MARK}",
            kind="street",
            place=Place(spot.kecamatan, spot.kelurahan, latitude, longitude, rw=rw, rt=rt),
            source=source_of(camera_id),
            zones=_street_zones(chance),
        )


def _free_number(chance: random.Random, spot: _Spot, taken: set[str]) -> tuple[str, str]:
    """Give RW and RT numbers that no camera of that kelurahan has yet. Past all of them RTs go on counting."""
    most_rt = _MOST_RT
    while True:
        rw, rt = f"{chance.randint(1, _MOST_RW):02d}", f"{chance.randint(1, most_rt):02d}"
        if f"{spot.slug}-{rw}-{rt}" not in taken:
            taken.add(f"{spot.slug}-{rw}-{rt}")
            return rw, rt
        most_rt += 1


def _street_zones(chance: random.Random) -> tuple[Zone, ...]:
    zones: list[Zone] = []
    if chance.random() < _WATER_RATIO:
        top = _near(chance, 0.45)
        zones.append(Zone("road", "water", polygon=((top - 0.1, top), (0.6, top), (0.95, 0.98), (0.05, 0.98))))
    if chance.random() < _NO_PARKING_RATIO:
        timetable = RUSH_HOURS if chance.random() < 0.5 else None
        zones.append(
            Zone("kerb", "no_parking", polygon=_box(0.66, _near(chance, 0.5), 0.97, 0.95), timetable=timetable)
        )
    return tuple(zones)


def _near(chance: random.Random, ratio: float) -> float:
    return round(ratio + chance.uniform(-0.08, 0.08), 3)


def _box(left: float, top: float, right: float, bottom: float) -> Polygon:
    top, bottom = round(top, 3), round(bottom, 3)
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _slug(*names: str) -> str:
    """Give names as a part of an id. A kelurahan's name alone is not enough: there are two Purwosari in the city."""
    return "-".join(name.lower().replace(" ", "") for name in names)
