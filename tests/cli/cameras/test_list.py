"""The list of cameras: what stands on top, what is wrong, and how it looks."""

from __future__ import annotations

import io
from typing import Any

import msgspec
from rich.console import Console

from schemas.cameras import Approval, Camera
from services.cli.cameras.coverage import coverage_table, covered
from services.cli.cameras.list_view import LiveTable, registry_table
from services.cli.cameras.rows import Live, newest_sign, rows_of
from services.cli.cameras.store import CameraFacts, Coverage
from services.cli.cameras.times import local, span
from tests.ingest.builders import make_camera

NOW = 1_790_000_000_000


def facts(camera_id: str, state: str = "live", **changes: Any) -> CameraFacts:
    plain: dict[str, Any] = {
        "since_ms": NOW - 3_900_000,
        "error_class": "",
        "error_detail": "",
        "decoding": "keyframes",
        "keyframe_seconds": 2.0,
        "ingest_instance": "ingest-1",
        "reported_ms": NOW - 20_000,
        "captured_ms": NOW - 60_000,
        "fps": 1.0,
        "bytes_per_day": 4.3e9,
        "told_seconds": 600.0,
    }
    return CameraFacts(camera_id=camera_id, state=state, **(plain | changes))


def owned(camera_id: str, owners: int = 1) -> Coverage:
    return Coverage(
        camera_id=camera_id,
        covered=owners == 1,
        owners_now=owners,
        owner="ingest-1" if owners else "",
        owner_epoch=NOW - 3_900_000,
        since_ms=NOW - 3_900_000,
        last_owner="ingest-1",
        active_ms=NOW - 20_000,
    )


def city() -> tuple[list[Camera], Live]:
    cameras = [
        make_camera("cam-live", public=True, approval=Approval("Sri", 1)),
        make_camera("cam-refused"),
        make_camera("cam-silent"),
        make_camera("cam-twice"),
        make_camera("cam-paused", state="paused"),
    ]
    told = [
        facts("cam-live"),
        facts("cam-refused", "refused", error_class="http_401", error_detail="10.0.0.1 answered 401", fps=0.0),
        facts("cam-twice"),
        facts("cam-paused", "stopped"),
    ]
    owners = [owned("cam-live"), owned("cam-refused"), owned("cam-twice", 2), owned("cam-silent", 0)]
    live = Live(
        {row.camera_id: row for row in told},
        {row.camera_id: row for row in owners},
        {"cam-live": NOW - 2_000},
    )
    return cameras, live


def printed(table: Any, width: int = 200) -> str:
    console = Console(width=width, file=io.StringIO())
    console.print(table)
    written = console.file
    assert isinstance(written, io.StringIO)
    return written.getvalue()


def test_trouble_comes_first_and_what_people_stopped_comes_last() -> None:
    assert [(row.camera.camera_id, row.standing) for row in rows_of(*city())] == [
        ("cam-refused", "refused"),
        ("cam-twice", "owned_twice"),
        ("cam-silent", "no_owner"),
        ("cam-live", "live"),
        ("cam-paused", "paused"),
    ]


def test_a_row_tells_state_age_rate_bytes_owner_and_what_is_wrong() -> None:
    text = printed(LiveTable(rows_of(*city()), NOW))
    lines = {line.split()[0]: " ".join(line.split()) for line in text.splitlines() if line.strip().startswith("cam-")}
    assert lines["cam-live"] == ("cam-live Jatingaleh file live 1 h 5 min 2 s 1 4,300 keyframes/2 s ingest-1 yes")
    assert "0 of 1" in lines["cam-refused"]
    assert lines["cam-refused"].endswith("no http_401: 10.0.0.1 answered 401")
    assert "no worker reads it; the last was ingest-1" in lines["cam-silent"]
    assert "2 workers read it" in lines["cam-twice"]
    assert lines["cam-paused"].startswith("cam-paused Jatingaleh file paused")
    assert "5 cameras: 1 refused, 1 owned_twice, 1 no_owner, 1 live, 1 paused" in text


def test_a_narrow_terminal_has_what_is_wrong_above_the_table() -> None:
    lines = printed(LiveTable(rows_of(*city()), NOW), width=90).splitlines()
    assert lines[0].strip() == "! cam-refused: http_401: 10.0.0.1 answered 401"
    assert "cam-refused refused 1 h 5 min 1 min 0 of 1 4,300 ingest-1" in [" ".join(line.split()) for line in lines]


def test_what_lasts_longer_than_reports_are_read_is_not_told_as_its_beginning() -> None:
    live = Live({"cam-1": facts("cam-1", since_ms=NOW - 6 * 3_600_000 + 30_000)}, {"cam-1": owned("cam-1")}, {})
    assert "live > 6 h" in " ".join(printed(LiveTable(rows_of([make_camera("cam-1")], live), NOW)).split())


def test_a_camera_that_has_just_come_up_has_no_rate_yet_and_is_not_blamed_for_it() -> None:
    told = facts("cam-1", since_ms=NOW - 20_000, captured_ms=0, fps=0.0, bytes_per_day=0.0, told_seconds=2.0)
    live = Live({"cam-1": told}, {"cam-1": owned("cam-1")}, {})
    text = " ".join(printed(LiveTable(rows_of([make_camera("cam-1")], live), NOW)).split())
    assert "live 20 s keyframes/2 s ingest-1" in text
    assert "none" not in text
    assert "0 of 1" not in text


def test_without_the_store_only_the_registry_is_told() -> None:
    rows = rows_of(city()[0], None)
    assert {row.standing for row in rows} == {"active", "paused"}
    assert all(row.as_json()["live"] is None for row in rows)
    assert printed(registry_table(rows, ["ClickHouse is away"])).splitlines()[0].strip() == "ClickHouse is away"


def test_if_nothing_was_written_of_any_camera_that_is_said_and_ingest_is_not_blamed() -> None:
    cameras, live = city()
    later = NOW + 140_000  # the newest sign, a judged picture, is two seconds older than NOW
    assert live.standstill(cameras, later) == ""
    later = NOW + 149_000
    assert live.standstill(cameras, later).startswith("as of 21:13: nothing was written since; is aggregate running")
    assert live.standstill(cameras, NOW + 86_400_000).startswith("as of 2026-09-21 21:13: ")
    assert live.standstill([make_camera(state="paused")], later) == ""
    assert "has no report of any camera: is aggregate running" in Live({}, {}, {}).standstill(cameras, NOW)
    rows = rows_of(cameras, live, stands_still=True)
    assert [row.standing for row in rows] == [*(["unknown"] * 4), "paused"]
    lines = [" ".join(line.split()) for line in printed(LiveTable(rows, later, ["as of 21:13"])).splitlines()]
    assert lines[0] == "as of 21:13"
    assert "cam-silent Jatingaleh file unknown none no" in lines
    assert not any("no worker" in line or "workers read it" in line for line in lines)


def test_coverage_of_tables_that_stand_still_is_not_known() -> None:
    rows = list(city()[1].coverage.values())
    assert newest_sign({row.camera_id: row for row in rows}) == NOW - 20_000
    text = printed(coverage_table(rows, rows, NOW + 200_000, stands_still=True))
    assert "4 active cameras: who owns them now is not known" in text
    assert text.count("unknown") == 4


def test_what_outsiders_wrote_is_no_markup_and_steers_no_terminal() -> None:
    cameras = [make_camera("cam-1", name="Loket [lama]", url="/srv/[/x]/\x1b[31m.mp4"), make_camera("cam-2")]
    listed = printed(registry_table(rows_of(cameras, None), ["ClickHouse: [/x]"]))
    assert all(text in listed for text in ("ClickHouse: [/x]", "Loket [lama]", "/srv/[/x]/ [31m.mp4"))
    live = Live({"cam-1": facts("cam-1", "refused", error_class="http_401", error_detail="[/x] \x1b[2J[lama]")}, {}, {})
    row = msgspec.structs.replace(rows_of(cameras, live)[0], standing="refused")
    for width in (90, 200):
        shown = printed(LiveTable([row], NOW), width)
        assert "[/x] [2J[lama]" in " ".join(shown.split())
        assert "\x1b" not in shown


def test_json_holds_the_entry_and_what_is_known_beyond_it() -> None:
    row = next(row for row in rows_of(*city()) if row.camera.camera_id == "cam-live").as_json()
    assert (row["camera_id"], row["approval"]) == ("cam-live", {"approved_by": "Sri", "approved_at_ms": 1})
    assert {"standing": "live", "owner": "ingest-1", "owners": 1, "picture_ms": NOW - 2_000}.items() <= row[
        "live"
    ].items()


def test_coverage_counts_cameras_of_the_registry_that_the_store_does_not_know() -> None:
    cameras, live = city()
    active = [*(camera for camera in cameras if camera.state == "active"), make_camera("cam-new")]
    rows = covered(active, dict(live.coverage))
    assert [(row.camera_id, row.owners_now, row.covered) for row in rows] == [
        ("cam-twice", 2, False),
        ("cam-new", 0, False),
        ("cam-silent", 0, False),
        ("cam-live", 1, True),
        ("cam-refused", 1, True),
    ]
    text = printed(coverage_table(rows, rows, NOW))
    assert "5 active cameras: 2 owned by exactly one worker, 2 by none, 1 by more than one" in text
    assert "cam-new none never no owner" in " ".join(text.split())


def test_durations_and_local_times() -> None:
    assert [span(seconds) for seconds in (-1, 8.4, 61, 3600, 11_100, 86_400, 180_000)] == [
        *("0 s", "8 s", "1 min", "1 h", "3 h 5 min", "1 d", "2 d 2 h"),
    ]
    assert f"{local(NOW):%Y-%m-%d %H:%M}" == "2026-09-21 21:13"
