"""The simulated city (``tilik seed``) and the registry that fits it, as a portal's pages see both."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from deploy.local.ports import HOST
from schemas.cameras import Camera
from services.runtime.clickhouse import connect
from services.runtime.settings import ClickHouseSettings
from tests.conftest import STATE
from tests.portal.pages.small_city import make_camera

SEED_SECONDS = 300


@dataclass(frozen=True)
class SeededCity:
    """Its cameras as the registry has them, and where its figures are."""

    clickhouse: ClickHouseSettings
    cameras: tuple[Camera, ...]
    client: Client

    @property
    def public(self) -> set[str]:
        return {camera.camera_id for camera in self.cameras if camera.is_public}


def seed(port: int, database: str, *options: str) -> None:
    argv = [sys.executable, "-m", "services.cli", "seed", "--database", database, "--clickhouse", f"{HOST}:{port}"]
    subprocess.run([*argv, "--state", str(STATE), *options], check=True, timeout=SEED_SECONDS, capture_output=True)


@contextmanager
def seeded_city(port: int, database: str) -> Iterator[SeededCity]:
    """Give a city that was seeded already."""
    settings = ClickHouseSettings(port=port, database=database)
    with closing(connect(settings, database)) as client:
        yield SeededCity(settings, tuple(_cameras(client)), client)


def _cameras(client: Client) -> Iterator[Camera]:
    water = {row[0] for row in client.query("SELECT DISTINCT camera_id FROM flood_hours").result_rows}
    columns = "camera_id, name, kind, kecamatan, kelurahan, latitude, longitude, record, public, state, sample_fps"
    for row in client.query(f"SELECT {columns} FROM cameras FINAL").named_results():
        heads = "heads" if row["kind"] == "counter" else "persons"
        yield make_camera(**row, water=row["camera_id"] in water, anonymisation=heads)
