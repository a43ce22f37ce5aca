from __future__ import annotations

from collections import Counter

import pytest

from services.cli.city_registry.areas import Kecamatan, read_areas
from services.cli.city_registry.positions import EAST, NORTH, SOUTH, WEST
from services.cli.seed.cameras import LEAST_CAMERAS, seed_cameras
from tests.conftest import STATE


@pytest.fixture(scope="module")
def areas() -> tuple[Kecamatan, ...]:
    return read_areas(STATE)


@pytest.mark.parametrize("count", [LEAST_CAMERAS, 1100, 3000])
def test_any_size_of_city_has_everything_to_look_at_and_says_that_it_is_simulated(
    areas: tuple[Kecamatan, ...], count: int
) -> None:
    cameras = seed_cameras(areas, count, 1)
    assert len({camera.camera_id for camera in cameras}) == len(cameras) == count
    assert [camera.number for camera in cameras] == list(range(count))
    assert all(camera.camera_id.startswith("seed-") and camera.name.startswith("Simulated ") for camera in cameras)
    assert set(Counter(camera.kind for camera in cameras)) == {"counter", "market", "street", "pump"}
    assert all(any(getattr(c, zone) for c in cameras) for zone in ("water_zone", "parking_zone", "opens"))


def test_a_city_of_the_true_size_is_in_every_kecamatan_and_within_the_citys_bounds(
    areas: tuple[Kecamatan, ...],
) -> None:
    cameras = seed_cameras(areas, 1100, 1)
    assert len({camera.kecamatan for camera in cameras}) == 16
    assert all(SOUTH <= c.latitude <= NORTH and WEST <= c.longitude <= EAST for c in cameras)
    watched = Counter(camera.kecamatan for camera in cameras if camera.water_zone)
    assert watched["Genuk"] > watched["Banyumanik"]


def test_the_same_seed_gives_the_same_cameras(areas: tuple[Kecamatan, ...]) -> None:
    assert seed_cameras(areas, 200, 5) == seed_cameras(areas, 200, 5) != seed_cameras(areas, 200, 6)
