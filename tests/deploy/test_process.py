"""Pauses between restarts, and logs that do not grow without end."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local import process
from deploy.local.process import LONGEST_PAUSE_SECONDS, bound_log, log_tail, restart_pause_seconds, rotate_log


def test_pauses_double_with_jitter_up_to_a_limit() -> None:
    for count in range(12):
        longest = min(LONGEST_PAUSE_SECONDS, 0.5 * 2**count)
        pause = restart_pause_seconds(-9, 5.0, count)
        assert pause is not None
        assert longest / 2 <= pause <= longest


def test_a_process_that_asks_for_it_is_restarted_at_once() -> None:
    assert restart_pause_seconds(70, 5.0, 3) == 0
    assert restart_pause_seconds(70, 0.1, 1) != 0  # unless it did nothing at all
    assert restart_pause_seconds(70, 5.0, 4) != 0  # or does so over and over


def test_wrong_settings_are_not_tried_again() -> None:
    assert restart_pause_seconds(78, 5.0, 0) is None


def test_logs_of_the_last_three_starts_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "a.log"
    for start in range(6):
        rotate_log(log)
        log.write_text(f"start {start}")

    kept = {path.name: path.read_text() for path in log.parent.iterdir()}
    assert kept == {"a.log": "start 5", "a.1.log": "start 4", "a.2.log": "start 3", "a.3.log": "start 2"}


def test_a_large_log_is_emptied_while_its_process_appends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LARGEST_LOG_BYTES", 10)
    log = tmp_path / "a.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"0123456789ABC\n")
        bound_log(log)
        writer.write(b"next\n")

    assert log.read_text() == "next\n"
    assert (tmp_path / "a.1.log").read_text() == "0123456789ABC\n"


def test_tail_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert log_tail(log) == ""
    log.write_text("\n".join(str(number) for number in range(50)))
    assert log_tail(log, 2) == "48\n49"
