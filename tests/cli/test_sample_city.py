from __future__ import annotations

import ipaddress
import random
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
from click.testing import CliRunner

from schemas.cameras import Camera
from services.cli import sample_city
from services.cli.cameras.apply import command as apply_command
from services.cli.cameras.publishing import publish
from services.cli.city_registry import areas
from services.cli.city_registry.areas import Kecamatan, read_areas
from services.cli.city_registry.cameras import MARK, sample_cameras
from services.cli.city_registry.positions import EAST, NORTH, SOUTH, WEST
from services.cli.city_registry.sources import made_up_sources
from services.ingest.registry.file import read_registry_file
from services.runtime.camera_registry import read_registry
from services.runtime.errors import ConfigurationError
from services.runtime.settings import KafkaSettings
from tests.conftest import STATE

DOCUMENTATION = [ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]


@pytest.fixture(scope="module")
def official() -> tuple[Kecamatan, ...]:
    return read_areas(STATE)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("city") / "semarang.yaml"
    run("--out", str(path))
    return path


@pytest.fixture(scope="module")
def cameras(official: tuple[Kecamatan, ...]) -> tuple[Camera, ...]:
    return sample_cameras(official, 3374, made_up_sources(random.Random(3374)))


@pytest.mark.integration
def test_the_whole_file_says_what_was_made_and_nothing_in_it_is_wrong(
    written: Path, cameras: tuple[Camera, ...]
) -> None:
    file = read_registry_file(written)
    assert file.faults == (), file.explain()
    assert file.warnings == ()
    assert file.cameras == cameras


def run(*arguments: str) -> str:
    done = CliRunner().invoke(sample_city.command, ["--state", str(STATE), *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.integration
def test_the_city_is_applied_to_kafka_and_again_changes_nothing(tmp_path: Path, kafka: KafkaSettings) -> None:
    run("--out", str(tmp_path / "city.yaml"), "--rt-cameras", "20")
    cameras = read_registry_file(tmp_path / "city.yaml").cameras

    def apply() -> str:
        arguments = [str(tmp_path / "city.yaml"), "--bootstrap", kafka.bootstrap_servers]
        done = CliRunner().invoke(apply_command, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert f"applied {len(cameras)} changes" in apply()
    assert f"0 added, 0 changed, 0 removed, {len(cameras)} unchanged" in apply()
    registry = read_registry(kafka)
    assert all(registry.find(camera.camera_id, 1) == camera for camera in cameras)
    remove_all(kafka, cameras)


def remove_all(kafka: KafkaSettings, cameras: tuple[Camera, ...]) -> None:
    """Leave no camera active: the broker is shared, and a worker of another test would read them."""
    removed = [msgspec.structs.replace(camera, revision=2, state="removed") for camera in cameras]
    publish(kafka, removed)


def test_the_official_areas_are_all_there(official: tuple[Kecamatan, ...], cameras: tuple[Camera, ...]) -> None:
    assert len(official) == 16
    assert sum(len(area.kelurahan) for area in official) == 177
    names = {(area.name, kelurahan.name) for area in official for kelurahan in area.kelurahan}
    assert {(camera.place.kecamatan, camera.place.kelurahan) for camera in cameras} == names


def test_the_city_has_its_size_and_every_office_a_counter(
    official: tuple[Kecamatan, ...], cameras: tuple[Camera, ...]
) -> None:
    kinds = Counter(camera.kind for camera in cameras)
    assert kinds["street"] == 1_100
    assert kinds["market"] == 48
    counters = {camera.name.split(" ", 2)[2] for camera in cameras if camera.kind == "counter"}
    assert {f"Kecamatan {area.name} {MARK}" for area in official} <= counters
    assert {f"Kelurahan {k.name} {MARK}" for area in official for k in area.kelurahan} <= counters
    streets = Counter((c.place.kecamatan, c.place.kelurahan) for c in cameras if c.kind == "street")
    assert len(streets) == 177
    assert max(streets.values()) - min(streets.values()) <= 1


def test_everything_synthetic_says_so_and_leads_nowhere(written: Path, cameras: tuple[Camera, ...]) -> None:
    assert "SYNTHETIC: no camera in this file exists" in written.read_text()
    assert all(camera.name.endswith(MARK) and camera.camera_id.startswith("sample-") for camera in cameras)
    assert not any(camera.public for camera in cameras)
    for camera in cameras:
        host = urlsplit(camera.source.url).hostname or ""
        is_name = host.endswith(".example")
        assert is_name or any(ipaddress.ip_address(host) in network for network in DOCUMENTATION), host
        assert WEST <= camera.place.longitude <= EAST
        assert SOUTH <= camera.place.latitude <= NORTH


def test_kinds_of_sources_and_zones_are_mixed(cameras: tuple[Camera, ...]) -> None:
    kinds = Counter(camera.source.kind for camera in cameras)
    assert min(kinds[kind] for kind in ("rtsp", "hls", "mjpeg", "snapshot")) > 100, kinds
    assert Counter(camera.source.transport for camera in cameras)["udp"] > 50
    purposes = Counter(zone.purpose for camera in cameras for zone in camera.zones if camera.kind == "street")
    assert purposes["water"] > 300
    assert purposes["no_parking"] > 200
    for camera in cameras:
        if camera.kind == "counter":
            assert {zone.purpose for zone in camera.zones} == {"queue", "staff"}
        if camera.kind == "street":
            assert camera.place.rt
            assert camera.place.rw


def test_the_file_names_where_its_names_come_from(written: Path) -> None:
    header = written.read_text().partition("\ncameras:\n")[0]
    assert "idn-area-data@4.0.1" in header
    assert "Open Database License" in header


def test_the_same_seed_writes_the_same_file_and_another_another(tmp_path: Path, written: Path) -> None:
    run("--out", str(tmp_path / "again.yaml"))
    run("--out", str(tmp_path / "other.yaml"), "--seed", "8", "--rt-cameras", "10")
    assert (tmp_path / "again.yaml").read_bytes() == written.read_bytes()
    first = "camera_id: sample-loket-kec-semarangtengah-1"
    assert (tmp_path / "other.yaml").read_text().partition(first)[2][:300] not in written.read_text()


def test_sources_of_a_test_city_are_dealt_out_in_turn(tmp_path: Path) -> None:
    town = tmp_path / "town.yaml"
    entry = "  - {{camera_id: cam-{n}, name: C, kind: street, place: {{kecamatan: A, kelurahan: B, latitude: 0, "
    entry += "longitude: 0}}, source: {{kind: snapshot, url: 'http://127.0.0.1:8000/{n}.jpg'}}}}\n"
    town.write_text("cameras:\n" + "".join(entry.format(n=number) for number in range(3)))
    run("--out", str(tmp_path / "city.yaml"), "--cameras-from", str(town), "--rt-cameras", "5")
    cameras = read_registry_file(tmp_path / "city.yaml").cameras
    uses = Counter(camera.source.url for camera in cameras)
    assert set(uses) == {f"http://127.0.0.1:8000/{number}.jpg" for number in range(3)}
    assert max(uses.values()) - min(uses.values()) <= 1


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("mine")
    done = CliRunner().invoke(sample_city.command, ["--state", str(STATE), "--out", str(path)])
    assert isinstance(done.exception, ConfigurationError)
    assert path.read_text() == "mine"


def test_without_npm_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigurationError, match="apt-get install npm"):
        areas.fetch_areas(tmp_path, lambda _: None)


def test_a_changed_data_file_is_fetched_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "idn-area-data"
    folder.mkdir()
    for name in ("districts.csv", "villages.csv"):
        (folder / name).write_bytes((STATE / "idn-area-data" / name).read_bytes())
    assert areas.fetch_areas(tmp_path, lambda _: None) == 0
    (folder / "villages.csv").write_text("code,district_code,name\n")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigurationError, match="npm is missing"):
        areas.fetch_areas(tmp_path, lambda _: None)
