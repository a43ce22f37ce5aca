from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.local.camera_views import parse_view
from deploy.local.footage import Footage
from deploy.local.rendered_street import render_street
from services.cli.demo.stage import Stage, forget_former_runs, set_stage

PORT = 8090


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    folder = tmp_path_factory.mktemp("stage")
    clip = folder / "street.avi"
    render_street(clip)
    return set_stage(folder, Footage(clip, rendered=True), PORT)


def test_at_least_six_cameras_show_every_kind_of_source_that_ingest_reads(stage: Stage) -> None:
    assert len(stage.cameras) >= 6
    assert {camera.source.kind for camera in stage.cameras} == {"file", "stills", "mjpeg", "snapshot"}


def test_no_camera_can_be_taken_for_a_real_one_of_the_city(stage: Stage) -> None:
    for camera in stage.cameras:
        assert camera.name.startswith("Contoh: ")
        assert camera.camera_id.startswith("contoh-")
        assert not camera.public


def test_queues_staff_parking_and_water_are_watched(stage: Stage) -> None:
    purposes = {zone.purpose for camera in stage.cameras for zone in camera.zones}
    assert purposes >= {"queue", "staff", "no_parking", "exclude", "counter_edge", "water"}


def test_water_that_is_painted_on_is_called_simulated(stage: Stage) -> None:
    flooded = [c for c in stage.cameras if any(zone.purpose == "water" for zone in c.zones)]
    assert flooded
    assert all(camera.source.simulated for camera in flooded)


def test_every_http_camera_has_its_view_and_every_view_its_camera(stage: Stage) -> None:
    urls = [urlsplit(c.source.url) for c in stage.cameras if c.source.kind in ("mjpeg", "snapshot")]
    assert {url.netloc for url in urls} == {f"127.0.0.1:{PORT}"}
    asked = sorted(Path(url.path).stem for url in urls)
    assert asked == sorted(parse_view(view).name for view in stage.views)


def test_files_and_stills_are_there(stage: Stage) -> None:
    for camera in stage.cameras:
        if camera.source.kind == "file":
            assert Path(camera.source.url).is_file()
        if camera.source.kind == "stills":
            assert len(list(Path(camera.source.url).glob("2026-01-05_08-0?-??.jpg"))) == 60


def test_a_new_run_forgets_data_but_nothing_else(tmp_path: Path) -> None:
    for name in ("kafka", "clickhouse", "record", "logs", "stills"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
    assert forget_former_runs(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "stills"]
    assert not forget_former_runs(tmp_path)
