"""A run that was interrupted goes on to the end of history that it began with."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.cli.recompute import command
from services.cli.recompute.work import Done, Task, Work

COMMAND = sys.modules["services.cli.recompute.command"]
BEGUN_MS = 1_760_313_600_000


class History:
    """A topic of two partitions that grows, and what the processes were given to do."""

    def __init__(self) -> None:
        self.now_ms = BEGUN_MS
        self.end_offset = 10
        self.interrupted = True
        self.given: list[tuple[int, list[tuple[str, int]]]] = []

    def tasks(self, *_: object) -> list[Task]:
        return [Task(f"partition {number}", (), number, self.end_offset) for number in range(2)]

    def run_tasks(self, work: Work, tasks: Sequence[Task], *_: object) -> Iterator[Done]:
        self.given.append((work.end_ms, [(task.name, task.end_offset) for task in tasks]))
        yield Done(tasks[0].name)
        if self.interrupted:
            raise KeyboardInterrupt
        yield from (Done(task.name) for task in tasks[1:])

    def run(self, out: Path, *options: str) -> Result:
        return CliRunner().invoke(command, ["--from", "kafka", "--out", str(out), *options])


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch) -> History:
    found = History()
    monkeypatch.setattr(COMMAND, "_tasks", found.tasks)
    monkeypatch.setattr(COMMAND, "run_tasks", found.run_tasks)
    monkeypatch.setattr(COMMAND, "now_ms", lambda: found.now_ms)
    return found


def test_what_came_since_is_not_read_by_the_tasks_that_are_left(history: History, tmp_path: Path) -> None:
    assert history.run(tmp_path / "out").exit_code == 1
    history.now_ms, history.end_offset, history.interrupted = BEGUN_MS + 60_000, 20, False
    answer = history.run(tmp_path / "out")
    assert answer.exit_code == 0, answer.output
    assert "1 of 2 tasks are done" in answer.output
    assert history.given == [
        (BEGUN_MS, [("partition 0", 10), ("partition 1", 10)]),
        (BEGUN_MS, [("partition 1", 10)]),
    ]


def test_a_run_that_starts_over_reads_to_the_end_of_now(history: History, tmp_path: Path) -> None:
    history.run(tmp_path / "out")
    history.now_ms, history.end_offset, history.interrupted = BEGUN_MS + 60_000, 20, False
    assert history.run(tmp_path / "out", "--no-resume").exit_code == 0
    assert history.given[1] == (BEGUN_MS + 60_000, [("partition 0", 20), ("partition 1", 20)])
