from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from services.cli.demo.accounting import Accounting
from services.cli.demo.readings import CameraReading, ProcessReading, Readings
from services.cli.demo.summary import Summary, faults
from services.cli.demo.view import Surroundings, line, picture, save_screenshot

CAMERA = CameraReading(
    camera_id="contoh-1",
    name="Contoh: Jalan Pandanaran",
    source="file",
    state="live",
    captured=12,
    detected=9,
    shed=2,
    dead_lettered=1,
    age_seconds=0.84,
    figures=("vehicles 2.0 (max 2)", "parking cases 2"),
    open_cases=2,
)
SILENT = CameraReading(camera_id="contoh-2", name="Contoh: Pasar", source="mjpeg", state="refused (http_404)")
READINGS = Readings(
    (CAMERA, SILENT), (ProcessReading("kafka", "ready", 0, 9092), ProcessReading("detect", "pausing", 3, 1))
)
SURROUNDINGS = Surroundings(
    "127.0.0.1:9092",
    8123,
    "tilik",
    Path(".tilik/demo/logs"),
    rendered_footage=False,
    dashboards_port=3000,
    portal_lines=("portal      http://127.0.0.1:8080/   what citizens see",),
)


def shown(surroundings: Surroundings = SURROUNDINGS, width: int = 160) -> str:
    console = Console(width=width, file=io.StringIO())
    console.print(picture(READINGS, surroundings, "Tilik: a headline"))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "Contoh: Jalan Pandanaran",
        "vehicles 2.0 (max 2) · parking cases 2",
        "refused (http_404)",
        "restarts 3",
        "curl 'http://127.0.0.1:8123/?query=SELECT+*+FROM+tilik.frame_accounting",
        "127.0.0.1:9092",
        "http://127.0.0.1:8080/",
        ".tilik/demo/logs",
    ],
)
def test_the_view_shows_cameras_figures_processes_and_addresses(text: str) -> None:
    assert text in shown()


@pytest.mark.parametrize("width", [80, 100, 124, 125, 132])
def test_figures_of_zones_stay_readable_in_a_narrow_terminal(width: int) -> None:
    text = shown(width=width)
    assert "vehicles 2.0 (max 2)" in text
    assert "parking cases 2" in text
    assert max(map(len, text.splitlines())) <= width


def test_drawn_footage_is_said_so() -> None:
    assert "drawn" not in shown()
    assert "drawn" in shown(msgspec.structs.replace(SURROUNDINGS, rendered_footage=True))


def test_a_line_says_the_same_without_a_terminal() -> None:
    text = line(READINGS, 12.0)
    assert "1 of 2 cameras live; captured 12; detected 9; shed 2; dead-lettered 1; newest row 0.8 s old" in text
    assert "detect pausing, restarts 3" in text
    assert "kafka" not in text
    assert "no row yet" in line(Readings((SILENT,), ()), 1.0)


def test_the_screenshot_loads_nothing_from_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "demo.svg"
    save_screenshot(picture(READINGS, SURROUNDINGS, "Tilik"), path)
    svg = path.read_text()
    assert "Pandanaran" in svg
    assert "url(" not in svg.replace("url(#", "")


def test_the_summary_has_exactly_the_agreed_keys_in_their_order() -> None:
    assert Summary.__struct_fields__ == (
        "cameras",  # not a topic: how many there are
        "captured",
        "detected",
        "shed",
        "dead_lettered",
        "expired",
        "in_flight",
        "p50_capture_to_row_s",
        "p95_capture_to_row_s",
        "rows",
        "owned_once",
        "owned_none",
        "owned_twice",
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"detected": 0, "shed": 3}, "no frame came all the way"),
        ({"detected": 1, "expired": 2}, "2 frames count as expired although Kafka still holds every frame"),
        ({"owned_once": 1, "owned_none": 1}, "1 were owned by no ingest worker and 0 by more than one"),
        ({"owned_once": 1, "owned_twice": 1}, "0 were owned by no ingest worker and 1 by more than one"),
    ],
)
def test_what_is_wrong_with_a_run_is_said_in_a_sentence(changes: dict[str, int], sentence: str) -> None:
    summary = Summary(
        cameras=2,
        captured=3,
        detected=3,
        shed=0,
        dead_lettered=0,
        expired=0,
        in_flight=0,
        p50_capture_to_row_s=0.5,
        p95_capture_to_row_s=0.9,
        rows={},
        owned_once=2,
        owned_none=0,
        owned_twice=0,
    )
    assert faults(summary, books_of(summary)) == []
    changed = msgspec.structs.replace(summary, **changes)
    (fault,) = faults(changed, books_of(changed))
    assert sentence in fault


def test_frames_of_a_run_longer_than_their_retention_may_expire() -> None:
    summary = Summary(
        cameras=1,
        captured=3,
        detected=1,
        shed=0,
        dead_lettered=0,
        expired=2,
        in_flight=0,
        p50_capture_to_row_s=0.5,
        p95_capture_to_row_s=0.9,
        rows={},
        owned_once=1,
        owned_none=0,
        owned_twice=0,
    )
    assert len(faults(summary, books_of(summary))) == 1
    assert faults(summary, books_of(summary), outlasts_retention=True) == []


def books_of(summary: Summary) -> Accounting:
    return Accounting(**{name: getattr(summary, name) for name in Accounting.__struct_fields__})
