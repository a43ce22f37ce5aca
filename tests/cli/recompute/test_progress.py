"""What an interrupted run has done is found again by the same run alone; parts become whole files."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from services.aggregate.recompute_period import END_OF_TIME_MS, JUDGED_TABLES, Period, Suspended
from services.aggregate.row_columns import RULESET
from services.aggregate.rows import CameraStatusRow
from services.cli.recompute import work
from services.cli.recompute.half_done import HalfDone
from services.cli.recompute.planning import (
    approximations,
    kept_no_more,
    period_of,
    require_a_name_for_what_is_approximate,
    selected,
)
from services.cli.recompute.progress import Extent, Head, HistoryEnd, RunProgress, digest_of, forget_runs, stored_run
from services.cli.recompute.row_files import PartFiles, join_parts
from services.cli.recompute.work import Done
from services.runtime.errors import ConfigurationError
from tests.aggregate.make_events import make_status, rows_of

END = HistoryEnd(1_760_313_600_000, {"partition 0": 77})
EXTENT = Extent(["loket-1", "loket-2"], 60_000, 120_000)


def test_what_ended_well_is_found_again(tmp_path: Path) -> None:
    progress = RunProgress(tmp_path / "state" / "run.jsonl", "one")
    assert progress.done() == {}
    assert progress.begun() is None
    progress.start_over(END, EXTENT)
    good = Done("loket-1", 10, 1, {"episodes": 2})  # not a topic: the table
    progress.note(good)
    progress.note(Done("loket-2", fault="the registry has no revision 3 of loket-2"))
    assert progress.done() == {"loket-1": good}
    assert progress.begun() == Head("one", END, EXTENT)
    assert RunProgress(progress.path, "other").begun() is None


def test_a_line_that_was_cut_off_costs_no_more_than_a_repetition(tmp_path: Path) -> None:
    progress = RunProgress(tmp_path / "run.jsonl", "one")
    progress.start_over(END, EXTENT)
    progress.note(Done("loket-1"))
    with progress.path.open("ab") as file:
        file.write(b'\n{"name":"loke')
    assert progress.done() == {"loket-1": Done("loket-1")}
    progress.note(Done("loket-2"))
    assert progress.done().keys() == {"loket-1", "loket-2"}
    progress.halves.mkdir()
    progress.forget()
    assert progress.done() == {}
    assert progress.begun() is None
    assert not progress.halves.exists()


def test_each_run_under_a_name_has_a_file_and_one_whose_rows_are_anothers_now_is_forgotten(tmp_path: Path) -> None:
    extents = {
        "the same": EXTENT,
        "another camera": Extent(["loket-3"], 60_000, 120_000),
        "afterwards": Extent(["loket-1"], 120_000, 180_000),
        "in part": Extent(["loket-2", "loket-3"], 0, 60_001),
    }
    runs = {name: stored_run(tmp_path, "trial", digest_of(name)) for name in extents}
    for name, run in runs.items():
        run.start_over(END, extents[name])
    runs["the same"].halves.mkdir()
    others = [stored_run(tmp_path, "trial-2", digest_of("the same")), RunProgress(tmp_path / "trial.jsonl", "x")]
    for run in others:
        run.start_over(END, EXTENT)
    forget_runs(tmp_path, "trial", EXTENT)
    assert [name for name, run in runs.items() if run.begun()] == ["another camera", "afterwards"]
    assert not runs["the same"].halves.exists()
    assert all(run.begun() for run in others)


def test_a_run_that_cannot_be_read_is_forgotten_too(tmp_path: Path) -> None:
    run = stored_run(tmp_path, "trial", digest_of("one"))
    run.path.write_bytes(b"{")
    forget_runs(tmp_path, "trial", Extent(["loket-9"]))
    assert not run.path.exists()


def test_a_camera_that_is_half_done_is_gone_on_with_by_the_same_run_alone(tmp_path: Path) -> None:
    half = HalfDone(tmp_path / "halves" / "loket-1.half", "one")
    assert half.read() is None
    suspended = Suspended(b"state", 5, [["loket-1", "a" * 32]])
    half.note(9, 8, suspended)
    found = half.read()
    assert found is not None
    assert (found.next_offset, found.event_count, found.suspended) == (9, 8, suspended)
    assert HalfDone(half.path, "other").read() is None


def test_the_digest_of_inputs_tells_runs_apart() -> None:
    assert digest_of("clickhouse", Period(1, 2), ["a"]) == digest_of("clickhouse", Period(1, 2), ["a"])
    assert digest_of("clickhouse", Period(1, 2), ["a"]) != digest_of("clickhouse", Period(1, 3), ["a"])


def test_parts_are_joined_in_the_order_of_cameras(tmp_path: Path) -> None:
    rows = rows_of(CameraStatusRow, [make_status(60), make_status(120)])
    for camera_id in ("b", "a"):
        part = PartFiles(tmp_path)
        for row in rows:
            part.add({CameraStatusRow.TABLE: [msgspec.structs.replace(row, camera_id=camera_id)]})
        assert part.finish()[CameraStatusRow.TABLE] == 2
    join_parts(tmp_path, [CameraStatusRow.TABLE, "episodes"])  # not a topic: the table
    lines = (tmp_path / f"{CameraStatusRow.TABLE}.jsonl").read_text().splitlines()
    assert [line.split('"camera_id":"')[1][0] for line in lines] == ["a", "a", "b", "b"]
    assert (tmp_path / "episodes.jsonl").read_bytes() == b""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["camera_statuses.jsonl", "episodes.jsonl"]


def test_rows_that_may_differ_from_the_live_ones_need_a_name_of_their_own() -> None:
    whole, cut = Period(), Period(1_760_313_600_000, END_OF_TIME_MS, 0)
    require_a_name_for_what_is_approximate(RULESET, whole, from_topic=True)
    require_a_name_for_what_is_approximate("trial", cut, from_topic=False)
    for period, from_topic in ((whole, False), (cut, True), (Period(0, 60_000), True)):
        with pytest.raises(ConfigurationError, match="--ruleset"):
            require_a_name_for_what_is_approximate(RULESET, period, from_topic=from_topic)


def test_a_warm_up_belongs_to_a_start() -> None:
    assert list(approximations(period_of(None, 60_000, 3_600_000))) == []
    told = list(approximations(period_of(1_760_313_600_000, None, 3_600_000)))
    assert "2025-10-13 06:00 WIB" in told[0]
    assert "2025-10-13 07:00 WIB" in told[0]
    with pytest.raises(ConfigurationError):
        period_of(60_000, 60_000, 0)


def test_cameras_of_which_nothing_or_not_all_is_kept_are_told_of() -> None:
    day = 1_760_313_600_000
    gone = [Done(f"gone-{n}", since_ms=END_OF_TIME_MS) for n in range(9)]
    ended = [Done("whole"), Done("late-1", since_ms=day), Done("late-2", since_ms=day + 3_600_000), *gone]
    nothing, late = kept_no_more(ended, Period())
    assert nothing.startswith("of gone-0, gone-1, ")
    assert "gone-7 and 1 more no detections are kept" in nothing
    assert "of 2 cameras" in late
    assert "from 2025-10-13 07:00 WIB to 2025-10-13 08:00 WIB" in late
    (only,) = kept_no_more([Done("a", since_ms=day), Done("b")], Period(0, day))
    assert only.startswith("of a no detections")
    assert list(kept_no_more([Done("b")], Period())) == []


def test_a_task_that_fails_in_an_unforeseen_way_is_told_of_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: object) -> Done:
        raise ValueError("of another form")

    monkeypatch.setattr(work, "_stored_camera", fails)
    wanted = work.Work("clickhouse", Period(), "trial", JUDGED_TABLES)
    done = work.run_task(wanted, work.Task("jalan-1", ()), lambda *_: None)
    assert done.fault.startswith("ValueError: of another form (test_progress.py:")


def test_cameras_are_meant_by_id_and_pattern() -> None:
    assert selected(["b-1", "a-2", "a-1"], []) == ["a-1", "a-2", "b-1"]
    assert selected(["b-1", "a-2", "a-1"], ["a-*"]) == ["a-1", "a-2"]
    with pytest.raises(ConfigurationError, match="c-1"):
        selected(["b-1"], ["b-1", "c-1"])
