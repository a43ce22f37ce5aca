"""``SimulatedSource`` over real stills and a real decoding process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simplejpeg

from schemas.cameras import Effect
from schemas.cameras import Source as SourceEntry
from schemas.frames import FrameHeaders
from services.ingest.engine import Engine
from services.ingest.fence import Fence
from services.ingest.jpeg_header import UnusablePictureError
from services.ingest.metrics import INGEST_METRICS
from services.ingest.settings import IngestSettings
from services.ingest.source import Picture, Sample, SourceTools, make_source
from services.ingest.source_errors import SourceEnded, SourceFailed
from services.runtime.kafka import ConsumedRecord
from services.runtime.metrics import Metrics
from tests.ingest.builders import make_camera, make_jpeg, source_tools
from tests.ingest.conftest import Broker
from tests.ingest.simulation_scenes import facts
from tests.ingest.topic_reading import frames_by_epoch

pytestmark = pytest.mark.integration

FIRST_MS = 1_362_185_100_000
"""The time that the first still's name states, in Semarang."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(12):
        (tmp_path / f"2013-03-02_07_45_{number:02d}.jpg").write_bytes(make_jpeg(number))
    return tmp_path


def recorded(folder: Path, *effects: Effect) -> SourceEntry:
    return SourceEntry("stills", str(folder), clock="recorded", simulated=effects)


def read_all(entry: SourceEntry, numbers: Sequence[int], *, tools: SourceTools | None = None) -> list[Picture | None]:
    """Read samples a second apart, all of them long due, over one connection."""

    async def work(tools: SourceTools) -> list[Picture | None]:
        source = make_source(entry, tools)
        try:
            await source.open()
            return [await source.read(Sample(float(number), float(number) + 1, number)) for number in numbers]
        finally:
            await source.close()
            await tools.decoding.close()

    with source_tools() as own:
        return asyncio.run(asyncio.wait_for(work(tools or own), 30))


def jpegs(pictures: Sequence[Picture | None]) -> list[bytes]:
    return [picture.jpeg if picture is not None else b"" for picture in pictures]


def times(pictures: Sequence[Picture | None]) -> list[int]:
    return [picture.captured_at_ms - FIRST_MS for picture in pictures if picture is not None]


def test_a_picture_passes_untouched_unless_an_effect_holds_at_its_time(folder: Path) -> None:
    night = Effect(effect="night", from_seconds=2, until_seconds=4, strength=1.0)
    pictures = read_all(recorded(folder, night), range(6))
    touched = [jpeg != make_jpeg(number) for number, jpeg in enumerate(jpegs(pictures))]
    assert touched == [False, False, True, True, False, False]
    assert times(pictures) == [number * 1000 for number in range(6)]
    dark = simplejpeg.decode_jpeg(jpegs(pictures)[2], colorspace="RGB")
    assert dark.shape == (120, 160, 3)
    assert np.median(dark) < 30


def test_the_same_footage_gives_the_same_pictures_again(folder: Path) -> None:
    entry = recorded(folder, Effect(effect="rain"), Effect(effect="cover", strength=0.3), Effect(effect="loss"))
    assert jpegs(read_all(entry, range(6))) == jpegs(read_all(entry, range(6)))


def test_a_frozen_camera_repeats_what_it_showed_last_with_new_times(folder: Path) -> None:
    freeze = Effect(effect="freeze", from_seconds=3, until_seconds=6)
    night = Effect(effect="night", from_seconds=2, until_seconds=4, strength=1.0)
    shown = jpegs(pictures := read_all(recorded(folder, freeze, night), range(8)))
    assert shown[2] != make_jpeg(2)
    assert shown[3:6] == [shown[2]] * 3
    assert shown[6:] == [make_jpeg(6), make_jpeg(7)]
    assert times(pictures) == [number * 1000 for number in range(8)]
    hashes = [facts(simplejpeg.decode_jpeg(jpeg, colorspace="RGB")).content_hash for jpeg in shown]
    assert len(set(hashes[2:6])) == 1
    assert len(set(hashes)) == 5


def test_a_camera_that_is_frozen_from_the_start_repeats_its_first_picture(folder: Path) -> None:
    assert jpegs(read_all(recorded(folder, Effect(effect="freeze")), range(3))) == [make_jpeg(0)] * 3


def test_a_skewed_clock_moves_times_and_nothing_else(folder: Path) -> None:
    ahead = Effect(effect="skew", skew_seconds=90, from_seconds=2, until_seconds=4, strength=0.0)
    drifts = Effect(effect="skew", skew_seconds=-8, from_seconds=4, ramp_seconds=4)
    pictures = read_all(recorded(folder, ahead, drifts), range(10))
    assert times(pictures) == [0, 1000, 92_000, 93_000, 4000, 3000, 2000, 1000, 0, 1000]
    assert jpegs(pictures) == [make_jpeg(number) for number in range(10)]


def test_a_bad_line_loses_whole_pictures_the_same_ones_each_time(folder: Path) -> None:
    entry = recorded(folder, Effect(effect="loss", strength=1.0))
    lost = [picture is None for picture in read_all(entry, range(12))]
    assert 1 <= sum(lost) <= 11
    assert lost == [picture is None for picture in read_all(entry, range(12))]


def test_time_and_the_frozen_picture_go_on_when_the_camera_is_connected_anew(folder: Path) -> None:
    effects = (Effect(effect="freeze", from_seconds=3), Effect(effect="skew", from_seconds=6, skew_seconds=3600))
    entry = SourceEntry("stills", str(folder), simulated=effects)
    with source_tools() as tools:
        first = read_all(entry, range(3), tools=tools)
        second = read_all(entry, range(4, 8), tools=tools)
    assert jpegs(first) == [make_jpeg(number) for number in range(3)]
    assert jpegs(second) == [make_jpeg(2)] * 4
    skews = [after - before > 1_800_000 for before, after in zip(times(second), times(second)[1:], strict=False)]
    assert skews == [False, True, False]


def test_what_goes_wrong_behind_it_passes_through(folder: Path) -> None:
    rain = Effect(effect="rain")
    with pytest.raises(SourceEnded):
        read_all(recorded(folder, rain), [12])
    with pytest.raises(SourceFailed, match="not_found"):
        read_all(recorded(folder / "none", rain), [0])
    (folder / "2013-03-02_07_45_00.jpg").write_bytes(b"\xff\xd8 no picture")
    with pytest.raises(UnusablePictureError):
        read_all(recorded(folder, rain), [0])


@pytest.mark.parametrize(("kind", "stream"), [("mjpeg", True), ("snapshot", False)])
def test_it_is_to_its_reader_what_the_source_behind_it_is(kind: Any, stream: bool) -> None:
    with source_tools() as tools:
        source = make_source(SourceEntry(kind, "http://127.0.0.1:1/", simulated=(Effect(effect="rain"),)), tools)
    assert type(source).__name__ == "SimulatedSource"
    assert source.stall_means_broken == stream
    assert source.facts.decoding == "passthrough"


def test_dusk_over_a_camera_arrives_in_kafka_and_says_that_it_is_simulated(folder: Path, broker: Broker) -> None:
    dusk = Effect(effect="night", from_seconds=1, strength=1.0)
    source = SourceEntry("stills", str(folder), loop=True, simulated=(dusk,))
    settings = IngestSettings(kafka=broker.settings, instance="test", delivery_timeout_seconds=5)
    engine = Engine(settings, Fence(60.0), Metrics(INGEST_METRICS))
    try:
        engine.apply(make_camera("cam-dusk", sample_fps=5.0, source=source))
        deadline = time.monotonic() + 30
        while len(frames := _frames_of("cam-dusk", broker)) < 12 and time.monotonic() < deadline:
            engine.check()
            engine.turns(0.5)
    finally:
        engine.close()
    lumas = [facts(simplejpeg.decode_jpeg(record.value, colorspace="RGB")).luma for record, _ in frames]
    assert all(headers.simulated for _, headers in frames)
    assert lumas[0] > 0.3
    assert lumas[-1] < 0.1


def _frames_of(camera_id: str, broker: Broker) -> list[tuple[ConsumedRecord, FrameHeaders]]:
    found = frames_by_epoch(broker.settings)
    return [frame for key, frames in found.items() if key[0] == camera_id for frame in frames]
