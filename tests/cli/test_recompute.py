"""``tilik recompute``: files in, one file a table out, the same bytes for the same events."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from schemas.camera_events import CAMERA_EVENT_CODEC, CameraEvent, FrameDetections
from schemas.codec import ContractError
from services.aggregate.recompute_period import JUDGED_TABLES
from services.aggregate.rows import ROW_TYPES
from services.cli.recompute import command, iso_time, read_line
from services.runtime.errors import ConfigurationError
from tests.aggregate.make_events import make_frame, make_shed, make_status, ms, person, vehicle

REGISTRY = """
cameras:
  - camera_id: loket-1
    name: Loket
    kind: counter
    place: {kecamatan: Semarang Tengah, kelurahan: Sekayu, latitude: -6.98, longitude: 110.41}
    source: {kind: file, url: clip.avi}
    opening_hours:
      weekdays: {mon: [{start: "07:00", end: "15:00"}]}
    zones:
      - {zone_id: queue, purpose: queue, polygon: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}
      - {zone_id: curb, purpose: no_parking, polygon: [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]}
"""


def stream() -> list[CameraEvent]:
    things = [person(0.2), vehicle(0.8)]
    judged: list[CameraEvent] = [
        make_shed(n) if n % 50 == 7 else make_frame(n, things if n % 300 > 20 else []) for n in range(700)
    ]
    return [*judged, make_status(700, 700)]


def lines_of(events: list[CameraEvent]) -> bytes:
    return b"".join(CAMERA_EVENT_CODEC.encode(event) + b"\n" for event in events)


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    path = tmp_path / "cameras.yaml"
    path.write_text(REGISTRY)
    (tmp_path / "clip.avi").write_bytes(b"")
    return path


def run(registry: Path, content: bytes, name: str, *options: str) -> tuple[Result, Path]:
    source, out = registry.parent / f"{name}.jsonl", registry.parent / name
    source.write_bytes(content)
    result = CliRunner().invoke(
        command, ["--from", str(source), "--cameras", str(registry), "--out", str(out), *options]
    )
    return result, out


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_file_is_written_for_every_table(registry: Path) -> None:
    result, out = run(registry, lines_of(stream()), "out")
    assert result.exit_code == 0, result.output
    assert set(contents(out)) == {f"{row_type.TABLE}.jsonl" for row_type in ROW_TYPES}
    minutes = [json.loads(line) for line in (out / "counter_minutes.jsonl").read_bytes().splitlines()]
    assert [minute["minute"] for minute in minutes][:2] == ["2025-10-13T00:00:00.000Z", "2025-10-13T00:01:00.000Z"]
    assert minutes[1]["queue_max"] == 1
    assert "version" not in minutes[0]
    assert len((out / "frame_outcomes.jsonl").read_bytes().splitlines()) == 700
    assert len((out / "parking_stays.jsonl").read_bytes().splitlines()) > 0


@pytest.mark.parametrize("period", [("--since", "2025-10-13T07:01"), ("--until", "2025-10-13T07:02")])
def test_of_a_period_only_what_was_judged_is_written(registry: Path, period: tuple[str, str]) -> None:
    result, out = run(registry, lines_of(stream()), "part", *period)
    assert result.exit_code == 0, result.output
    assert set(contents(out)) == {f"{table}.jsonl" for table in JUDGED_TABLES}


def test_twice_and_shuffled_within_the_lateness_the_bytes_are_the_same(registry: Path) -> None:
    """As a user runs it: three processes, three folders, the same bytes."""
    events = stream()
    chance = random.Random(4)
    frames = [event for event in events if not isinstance(event, FrameDetections)]
    delayed = {
        event.event_id: event.captured_at_ms + chance.randrange(5_001)
        for event in events
        if isinstance(event, FrameDetections)
    }
    judged = sorted((e for e in events if isinstance(e, FrameDetections)), key=lambda e: delayed[e.event_id])
    found = []
    for name, content in (("first", events), ("second", events), ("shuffled", [*judged, *frames])):
        source = registry.parent / f"{name}.jsonl"
        source.write_bytes(lines_of(content))
        arguments = ["recompute", "--from", source, "--cameras", registry, "--out", registry.parent / name]
        subprocess.run(
            [sys.executable, "-m", "services.cli", *map(str, arguments)], check=True, capture_output=True, timeout=120
        )
        found.append(contents(registry.parent / name))
    assert found[0] == found[1]
    assert found[0] == found[2]
    assert len(found[0]["detections.jsonl"]) > 1000


def test_bad_lines_are_reported_with_their_number_and_counted(registry: Path) -> None:
    good = lines_of([make_frame(0)]).strip()
    elsewhere = lines_of([make_frame(0, camera_id="elsewhere")]).strip()
    too_large = good.replace(b'"sequence":0', b'"sequence":%d' % 2**70)
    lines = [b"{", good, b"", b"\xff\xfe", b'{"type":"nonsense"}', elsewhere, b"[]", too_large, b'{"event":7}']
    result, out = run(registry, b"\n".join(lines), "bad")
    assert result.exit_code == 0, result.output
    for number in (1, 4, 5, 6, 7, 8, 9):
        assert f"line {number}: " in result.output
    assert "line 2: " not in result.output
    assert "1 events read, 7 lines passed over" in result.output
    assert len((out / "detections.jsonl").read_bytes().splitlines()) == 1


def test_a_flood_of_bad_lines_is_only_counted(registry: Path) -> None:
    result, _ = run(registry, b"{\n" * 500, "flood")
    assert result.output.count("line ") == 20
    assert "500 lines passed over" in result.output


def test_events_may_come_with_their_place_in_the_topic(registry: Path) -> None:
    events = stream()
    placed = b"".join(
        msgspec.json.encode(
            {"partition": 3, "offset": 1000 + n, "event": msgspec.Raw(CAMERA_EVENT_CODEC.encode(event))}
        )
        + b"\n"
        for n, event in enumerate(events)
    )
    _, with_places = run(registry, placed, "placed")
    _, plain = run(registry, lines_of(events), "plain")
    assert contents(with_places) == contents(plain)


def test_a_line_says_its_offset_if_it_has_one() -> None:
    event = make_frame(0)
    encoded = CAMERA_EVENT_CODEC.encode(event)
    assert read_line(encoded) == (None, event)
    assert read_line(b'{"event":' + encoded + b',"offset":7,"partition":1}') == (7, event)
    with pytest.raises(ContractError):
        read_line(b'{"event":' + encoded + b',"offset":-1}')


def test_a_line_is_refused_where_the_service_would_refuse_the_event() -> None:
    too_large = msgspec.structs.replace(make_frame(0), camera_revision=2**32)
    with pytest.raises(ContractError, match="revision"):
        read_line(CAMERA_EVENT_CODEC.encode(too_large))


def test_a_faulty_registry_file_is_explained_and_nothing_is_written(registry: Path) -> None:
    registry.write_text(REGISTRY.replace("purpose: queue", "purpose: waiting"))
    result, out = run(registry, lines_of([make_frame(0)]), "faulty")
    assert isinstance(result.exception, ConfigurationError)
    assert "purpose" in str(result.exception)
    assert not out.exists()


def test_times_are_iso_8601_with_milliseconds() -> None:
    assert iso_time(ms(1.007)) == "2025-10-13T00:00:01.007Z"
    assert iso_time(0) == "1970-01-01T00:00:00.000Z"
    assert iso_time(2**53 - 1) == str(2**53 - 1)
