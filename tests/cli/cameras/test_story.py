"""A camera's story, told from what its readers reported."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from services.cli.cameras.history import timeline
from services.cli.cameras.store import Ownership, StatusRow
from services.cli.cameras.story import Moment, tell

START = 1_790_000_000_000


def row(second: int, state: str, captured: int = 0, epoch: int = 1, **changes: Any) -> StatusRow:
    plain: dict[str, Any] = {
        "ingest_instance": f"ingest-{epoch}",
        "camera_revision": 3,
        "missed": {},
        "bytes": captured * 50_000,
        "reconnects": 0,
        "error_class": "",
        "error_detail": "",
        "decoding": "",
        "keyframe_seconds": 0.0,
    }
    return StatusRow(
        at_ms=START + second * 1000, owner_epoch=epoch, state=state, captured=captured, **(plain | changes)
    )


def facts(moments: list[Moment]) -> list[tuple[int, int, str, int, dict[str, int]]]:
    return [
        ((m.at_ms - START) // 1000, (m.until_ms - m.at_ms) // 1000, m.event, m.captured, dict(m.missed))
        for m in moments
    ]


DOWN: dict[str, Any] = {"error_class": "connect", "error_detail": "10.0.0.1: refused"}
STORY = [
    row(0, "connecting"),
    row(1, "live", 0, decoding="keyframes", keyframe_seconds=2.0),
    row(60, "live", 58, decoding="keyframes", keyframe_seconds=2.0, missed={"late": 1}),
    row(90, "backing_off", 80, missed={"late": 3}, decoding="keyframes", keyframe_seconds=2.0, **DOWN),
    row(120, "live", 80, missed={"late": 3, "source_down": 30}, reconnects=1, decoding="keyframes"),
    row(180, "live", 140, missed={"late": 3, "source_down": 30}, reconnects=1, decoding="keyframes"),
    row(200, "connecting", epoch=2),
    row(201, "live", 0, epoch=2, decoding="passthrough"),
    row(261, "live", 60, epoch=2, decoding="passthrough"),
]
OWNERS = {
    1: Ownership(owner_epoch=1, ingest_instance="ingest-1", ended="silent", ended_ms=START + 181_000, gap_seconds=19.0),
    2: Ownership(owner_epoch=2, ingest_instance="ingest-2", ended="owned", ended_ms=0, gap_seconds=0.0),
}


def test_the_whole_story_with_what_was_captured_and_missed_between_its_moments() -> None:
    assert facts(tell(STORY, OWNERS, START + 300_000)) == [
        (0, 0, "owner", 0, {}),
        (0, 1, "connecting", 0, {}),
        (1, 89, "live", 80, {"late": 3}),
        (90, 30, "backing_off", 0, {"source_down": 30}),
        (120, 60, "live", 60, {}),
        (181, 0, "silent", 0, {}),
        (200, 0, "owner", 0, {}),
        (200, 1, "connecting", 0, {}),
        (201, 99, "live", 60, {}),
    ]


def test_counters_of_an_epoch_that_began_before_are_not_taken_for_new() -> None:
    [_, moment] = tell(
        [row(0, "live", 5_000, missed={"late": 7}), row(60, "live", 5_060, missed={"late": 7})], {}, START
    )
    assert (moment.captured, moment.missed, moment.bytes) == (60, {}, 3_000_000)


def test_every_moment_says_why() -> None:
    why = {moment.event: moment.why for moment in tell(STORY, OWNERS, START)}
    assert why["backing_off"] == "connect: 10.0.0.1: refused"
    assert why["live"] == "its JPEGs pass untouched"
    assert why["silent"] == "the worker says nothing any more; 19.0 s until the next owner"
    assert why["owner"] == "registry revision 3"


def test_two_owners_at_once_are_said() -> None:
    twice = Ownership(
        owner_epoch=1, ingest_instance="ingest-1", ended="superseded", ended_ms=START + 90_000, gap_seconds=-4.5
    )
    moments = tell([row(0, "live")], {1: twice}, START)
    assert "the next one had owned it for 4.5 s" in moments[-1].why


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ("ingest-2", "ingest-2 took over; this one had not let go"),
        ("ingest-1", "the same worker went on under a new epoch"),
        ("", "another worker, not known, took over"),
    ],
)
def test_a_new_epoch_of_the_same_worker_is_no_other_worker(after: str, said: str) -> None:
    ended = Ownership(
        owner_epoch=1,
        ingest_instance="ingest-1",
        ended="superseded",
        ended_ms=START,
        gap_seconds=1,
        next_instance=after,
    )
    assert tell([row(0, "live")], {1: ended}, START)[-1].why.startswith(said)


def test_a_cameras_own_words_are_no_markup() -> None:
    rows = [row(0, "backing_off", error_class="http_500", error_detail="it answered [/x] [lama]")]
    console = Console(width=160, file=io.StringIO())
    console.print(timeline("gate", tell(rows, {}, START + 1_000)))
    assert isinstance(console.file, io.StringIO)
    assert "http_500: it answered [/x] [lama]" in console.file.getvalue()


def test_the_timeline_shows_local_times_durations_and_reasons() -> None:
    console = Console(width=160, file=io.StringIO())
    console.print(timeline("gate", tell(STORY, OWNERS, START + 300_000)))
    written = console.file
    assert isinstance(written, io.StringIO)
    lines = [" ".join(line.split()) for line in written.getvalue().splitlines()]
    assert lines[0] == "gate, 2026-09-21 21:13 to 2026-09-21 21:18"
    assert "21:13:21 live 1 min 80 3 late 4.0 keyframes are decoded, a keyframe each 2 s" in lines
    assert "21:14:50 backing_off 30 s 30 source_down connect: 10.0.0.1: refused; 1 try to connect" in lines
    assert any(line.startswith("21:16:21 silent ingest-1, epoch 1: the worker says nothing") for line in lines)


def test_tries_that_fail_in_the_same_way_are_one_moment() -> None:
    other: dict[str, Any] = {"error_class": "timeout", "error_detail": "silent"}
    rows = [
        row(0, "backing_off", **DOWN),
        row(2, "connecting", missed={"source_down": 2}, reconnects=1, **DOWN),
        row(3, "backing_off", missed={"source_down": 3}, reconnects=1, **DOWN),
        row(7, "connecting", missed={"source_down": 7}, reconnects=2, **DOWN),
        row(8, "backing_off", missed={"source_down": 8}, reconnects=2, **DOWN),
        row(9, "connecting", missed={"source_down": 9}, reconnects=3, **DOWN),
        row(10, "backing_off", missed={"source_down": 10}, reconnects=3, **other),
    ]
    moments = tell(rows, {}, START + 20_000)
    assert facts(moments)[1:] == [
        (0, 9, "backing_off", 0, {"source_down": 9}),
        (9, 1, "connecting", 0, {"source_down": 1}),
        (10, 10, "backing_off", 0, {}),
    ]
    assert moments[1].reconnects == 3
