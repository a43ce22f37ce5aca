"""Parked cars come out as stays: the car park of PKLot, one picture in five minutes (CC BY 4.0).

Labels say which space is occupied in which picture. A stay is a space that is occupied in pictures at most max(60 s,
3 P) apart for at least 2 P of observed time; of a longer gap nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import cv2
import pytest
from msgspec.structs import replace

from services.aggregate.rows import ParkingStayRow
from services.detect.accuracy.pklot import ParkingSpace, read_spaces
from tests.accuracy.published_footage import camera, detected, folder, judged

pytestmark = pytest.mark.accuracy

LOT = "tempat-parkir"
SEQUENCES = (1, 2, 3)
PERIOD_MS = 300_000
WIDTH_PX, HEIGHT_PX = 1280, 720
FALSE_DAYS = ("2013-03-02", "2013-03-03", "2013-03-05", "2013-03-06", "2013-03-09", "2013-03-10")
"""Of the time-lapse. Its first day, 152 pictures, has no stay either way; it is left out to save half a minute."""


@dataclass(frozen=True)
class Stay:
    """A car in a space, from its first to its last picture."""

    space: int
    started_at_ms: int
    last_at_ms: int

    def __str__(self) -> str:
        started, last = (local(at_ms) for at_ms in (self.started_at_ms, self.last_at_ms))
        return f"space {self.space:2}, {started:%d %b %H:%M} to {last:%H:%M}"


def local(at_ms: int) -> datetime:
    """Give the time that the pictures' names state."""
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo("Asia/Jakarta"))


@cache
def labels() -> dict[int, list[ParkingSpace]]:
    """Give the spaces of each picture, by its time."""
    files = [path for number in SEQUENCES for path in (folder() / f"pklot/sequence{number}/bounding_boxes").iterdir()]
    return {time_of(path): read_spaces(path) for path in sorted(files)}


def time_of(path: Path) -> int:
    stated = datetime.strptime(path.stem, "%Y-%m-%d_%H_%M_%S").replace(tzinfo=ZoneInfo("Asia/Jakarta"))
    return round(stated.timestamp() * 1000)


def labelled_stays() -> list[Stay]:
    """Give what the labels say."""
    stays = []
    for space in range(1, 41):
        run: list[int] = []
        for at_ms, spaces in [*sorted(labels().items()), (2**60, [])]:
            occupied = bool(spaces) and spaces[space - 1].occupied
            if run and (not occupied or at_ms - run[-1] > 3 * PERIOD_MS):
                if sum(min(after - before, 2 * PERIOD_MS) for before, after in pairwise(run)) >= 2 * PERIOD_MS:
                    stays.append(Stay(space, run[0], run[-1]))
                run = []
            if occupied:
                run.append(at_ms)
    return sorted(stays, key=lambda stay: (stay.started_at_ms, stay.space))


def space_at(row: ParkingStayRow) -> int:
    """Give the number of the space that holds the centre of the last box, or 0."""
    centre = ((row.left + row.right) / 2 * WIDTH_PX, (row.top + row.bottom) / 2 * HEIGHT_PX)
    for number, space in enumerate(next(iter(labels().values())), start=1):
        if cv2.pointPolygonTest(space.outline_xy_px, centre, False) >= 0:
            return number
    return 0


@cache
def found_stays() -> list[Stay]:
    rows = [row for number in SEQUENCES for row in stays_of(folder() / f"pklot/sequence{number}/frames")]
    stays = [Stay(space_at(row), row.started_at, row.last_seen_at) for row in rows]
    return sorted(stays, key=lambda stay: (stay.started_at_ms, stay.space, -stay.last_at_ms))


def stays_of(stills: Path) -> list[ParkingStayRow]:
    entry = camera(LOT)
    return only_stays(judged(detected(stills, entry), entry)["parking_stays"])


def only_stays(rows: Iterable[object]) -> list[ParkingStayRow]:
    return [row for row in rows if isinstance(row, ParkingStayRow)]


def test_parked_cars_are_stays_from_the_first_to_the_last_picture_that_shows_them() -> None:
    truth, found = labelled_stays(), found_stays()
    exact = [stay for stay in truth if stay in found]
    for stay in truth:
        same = [each for each in found if (each.space, each.started_at_ms) == (stay.space, stay.started_at_ms)]
        print(f"{stay}: {'exactly' if stay in same else [str(each) for each in same] or 'missed'}")
    assert len(truth) == 22
    assert len(exact) >= 20


def test_a_car_found_twice_is_the_only_kind_of_false_stay_in_the_labelled_pictures() -> None:
    """A second box round the same car has too little overlap with the first to be suppressed."""
    truth, found = labelled_stays(), found_stays()
    spaces = {(stay.space, stay.started_at_ms) for stay in truth}
    more = len(found) - len({(stay.space, stay.started_at_ms) for stay in found})
    print(f"{more} cars more than once")
    assert {(stay.space, stay.started_at_ms) for stay in found} <= spaces
    assert more <= 3


def test_an_empty_car_park_has_no_stay_once_what_looks_like_a_vehicle_is_masked(tmp_path: Path) -> None:
    """The only vehicle, in one picture of 5 March, stands for less than the window."""
    for still in (folder() / "pklot/timelapse").iterdir():
        if still.name.startswith(FALSE_DAYS):
            (tmp_path / still.name).symlink_to(still)
    masked = camera(LOT)
    unmasked = replace(masked, zones=tuple(zone for zone in masked.zones if zone.purpose != "exclude"))
    events = detected(tmp_path, masked)
    assert len(events) == 217 + 2
    false = only_stays(judged(events, unmasked)["parking_stays"])
    for row in sorted(false, key=lambda row: row.started_at):
        print(f"{row.vehicle} {local(row.started_at):%d %b %H:%M} to {local(row.last_seen_at):%H:%M}, {row.zone_id}")
    assert len(false) <= 5
    assert judged(events, masked)["parking_stays"] == []
