"""Who stands in a street: a car parked in a drive, and three that wait at a red light for up to 20 s."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pytest

from schemas.geometry import BoxXyxy, iou
from services.aggregate.rows import ParkingStayRow
from tests.accuracy.published_footage import MONDAY_EVENING_MS, camera, detected, folder, judged

pytestmark = pytest.mark.accuracy

CLIP = "clips/ahmetozlu_input_video.mp4"
EVERY = 24
"""A second."""
LENGTH_SECONDS = 37.7
SAME_CAR_IOU = 0.25


@dataclass(frozen=True)
class SeenCar:
    """A car that stands, as the eye sees it. ``until_seconds`` is when it begins to roll."""

    name: str
    box: BoxXyxy
    until_seconds: float


PARKED = SeenCar("grey car in the drive", (0.935, 0.43, 1.0, 0.54), LENGTH_SECONDS)
WAITING = (
    SeenCar("white SUV", (0.418, 0.297, 0.478, 0.372), 17.0),
    SeenCar("dark estate", (0.484, 0.345, 0.548, 0.404), 19.5),
    SeenCar("black saloon", (0.552, 0.375, 0.652, 0.468), 19.6),
)
"""All stand from the first picture on."""


@cache
def stays(camera_id: str) -> list[ParkingStayRow]:
    entry = camera(camera_id)
    rows = judged(detected(folder() / CLIP, entry, EVERY, MONDAY_EVENING_MS), entry)["parking_stays"]
    found = [row for row in rows if isinstance(row, ParkingStayRow)]
    for row in found:
        started, last = seconds(row)
        print(
            f"{camera_id}: {row.vehicle} in {row.zone_id}, {started} to {last} s, x {row.left:.3f} to {row.right:.3f}"
        )
    return found


def seconds(row: ParkingStayRow) -> tuple[float, float]:
    return (row.started_at - MONDAY_EVENING_MS) / 1000, (row.last_seen_at - MONDAY_EVENING_MS) / 1000


def stays_of(car: SeenCar, rows: list[ParkingStayRow]) -> list[tuple[float, float]]:
    """Give from when until when, of each stay whose last box is the car's; the longest first."""
    same = [row for row in rows if iou(car.box, (row.left, row.top, row.right, row.bottom)) >= SAME_CAR_IOU]
    return sorted((seconds(row) for row in same), key=lambda span: span[0] - span[1])


def test_a_parked_car_is_a_stay_for_the_whole_clip_and_waiting_cars_are_none() -> None:
    """Half a minute is what makes a stay; the light turns green earlier."""
    rows = stays("lampu-merah")
    started, last = stays_of(PARKED, rows)[0]
    assert started <= 2
    assert last >= LENGTH_SECONDS - 2
    assert {row.zone_id for row in rows} == {"jalan-masuk"}
    assert len(rows) <= 2, "the car and, at most, a second box round it"


def test_asked_for_ten_seconds_all_four_cars_stand_until_they_roll() -> None:
    rows = stays("lampu-merah-10s")
    for car in (PARKED, *WAITING):
        spans = stays_of(car, rows)
        print(f"{car.name}: 0 to {car.until_seconds} s by eye; {spans}")
        assert spans, f"{car.name} was not found"
        started, last = spans[0]
        assert started <= 5
        assert last == pytest.approx(car.until_seconds, abs=5)
    assert len(rows) <= 6, "four cars and, at most, two second boxes"
