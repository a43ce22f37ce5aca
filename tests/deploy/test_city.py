"""A small city, with each of its servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
import simplejpeg
from numpy.typing import NDArray

from deploy.city import city as city_module
from deploy.city.city import City, check_gstreamer, running_city
from deploy.city.encoding import HEIGHT_PX, WIDTH_PX, Encoder
from deploy.city.plan import CityPlan, registry_text
from deploy.local.rendered_street import render_street
from services.ingest.registry.file import read_registry_file
from services.runtime.errors import ConfigurationError

pytestmark = pytest.mark.integration

PLAN = CityPlan(rtsp=2, hls=2, mjpeg=1, snapshot=2)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("city")
    render_street(folder / "street.avi")
    encoder = Encoder(folder / "street.avi", folder / "encoded", lambda what, ratio: None, seconds=6.0)
    with running_city(PLAN, encoder, folder / "run") as running:
        yield running


def test_the_registry_is_one_that_can_be_applied(city: City, tmp_path: Path) -> None:
    file = tmp_path / "cameras.yaml"
    file.write_text(registry_text(city.cameras))

    found = read_registry_file(file)

    assert found.explain() == ""
    assert [(camera.camera_id, camera.source) for camera in found.cameras] == [
        (camera.camera_id, camera.source) for camera in city.cameras
    ]
    assert len({camera.source.url for camera in city.cameras}) == 7


def test_each_camera_gives_pictures_of_its_own(city: City) -> None:
    pictures = {camera.camera_id: picture_of(camera.source.kind, camera.source.url) for camera in city.cameras}

    assert {picture.shape for picture in pictures.values()} == {(HEIGHT_PX, WIDTH_PX, 3)}
    for kind in ("rtsp", "hls", "snapshot"):
        one, other = (picture for camera_id, picture in pictures.items() if kind in camera_id)
        assert not np.array_equal(one, other)


def test_the_city_says_which_process_serves_what(city: City) -> None:
    assert set(city.pids()) == {"rtsp", "hls", "http"}


def test_only_segments_are_served_as_files(city: City) -> None:
    for path in ("/segments/../../../etc/passwd", "/segments", "/hls-0000/", "/segments/nowhere/index0.ts"):
        assert httpx.get(city.addresses.hls + path).status_code == 404


def test_a_missing_gstreamer_is_told_with_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(city_module, "_SYSTEM_PYTHON", "/nonexistent/python3")
    with pytest.raises(ConfigurationError, match="apt-get install python3-gi"):
        check_gstreamer()


def picture_of(kind: str, url: str) -> NDArray[np.uint8]:
    if kind == "snapshot":
        return np.asarray(simplejpeg.decode_jpeg(httpx.get(url).content), np.uint8)
    options = {"rtsp_transport": "tcp"} if kind == "rtsp" else {}
    with av.open(url, format="mpjpeg" if kind == "mjpeg" else None, options=options, timeout=20) as container:
        return np.asarray(next(container.decode(video=0)).to_ndarray(format="rgb24"), np.uint8)
