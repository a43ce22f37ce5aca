"""Which cameras' secrets an admin may name: those that the settings say belong to their areas, and the city's for all.

Ingest finds a secret by its name alone, and tells it to whatever host an entry names: who may name one may read it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from schemas.cameras import Source
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from tests.portal.operations.office import Office, make_camera, office
from tests.portal.operations.test_operations import post

pytestmark = pytest.mark.integration

BELONGING = {
    "tembalang-": "Tembalang/*",
    "tembalang-pusat-": "*",
    "bulusan-": "Tembalang/Bulusan",
    "banyumanik-": "Banyumanik/*",
}
ENTRY = {
    "do": "add",
    "source_kind": "snapshot",
    "name": "Jalan",
    "kind": "street",
    "kecamatan": "Tembalang",
    "kelurahan": "Bulusan",
    "latitude": "-7",
    "longitude": "110",
    "reason": "Kamera baru",
}


@pytest.fixture(scope="module")
def place(kafka: KafkaSettings, clickhouse_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    clickhouse = ClickHouseSettings(port=clickhouse_port, database="default")
    with office(tmp_path_factory.mktemp("office"), kafka, clickhouse, secret_areas=BELONGING) as built:
        shared = Source("snapshot", "http://10.20.0.15/still.jpg", secret="banyumanik-1")
        built.portal.cameras.add(make_camera("ops-shared-1", source=shared))
        yield built


@pytest.mark.parametrize(
    ("secret", "areas", "may"),
    [
        ("tembalang-1", ("Tembalang/*",), True),
        ("bulusan-1", ("Tembalang/*",), True),
        ("bulusan-1", ("Bulusan",), True),
        ("tembalang-1", ("Bulusan",), False),
        ("banyumanik-1", ("Tembalang/*",), False),
        ("tembalang-pusat-1", ("Tembalang/*",), False),
        ("tembalang_pusat_1", ("Tembalang/*",), False),
        ("kota", ("Tembalang/*",), False),
        ("banyumanik-1", ("*",), True),
        ("kota", ("*",), True),
    ],
)
def test_an_admin_names_the_secrets_of_their_areas(
    place: Office, secret: str, areas: tuple[str, ...], may: bool
) -> None:
    camera_id = f"ops-{secret.replace('_', '.')}-{len(areas[0])}"
    url = f"http://{camera_id}.internal/still.jpg"
    answer = post(place, "admin", "cameras/new", *areas, **ENTRY, camera_id=camera_id, secret=secret, url=url)
    assert answer.status_code == (303 if may else 422), answer.text
    assert ("di host yang sama" in answer.text) != may
    assert (place.portal.cameras.latest(camera_id) is not None) == may


def test_an_admin_names_another_secret_where_a_camera_of_theirs_has_it_as_anybody_does(place: Office) -> None:
    same = {**ENTRY, "url": "http://10.20.0.15/other.jpg", "secret": "banyumanik-1"}
    assert post(place, "admin", "cameras/new", "Tembalang/*", **same, camera_id="ops-same-1").status_code == 303


def test_nobody_but_an_admin_has_a_secret_by_its_name(place: Office) -> None:
    asked = {**ENTRY, "secret": "tembalang-1", "camera_id": "ops-operator-1", "url": "http://10.20.9.9/still.jpg"}
    assert post(place, "operator", "cameras/new", "Tembalang/*", **asked).status_code == 422
