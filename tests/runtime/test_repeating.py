from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from services.runtime.errors import RetryableError
from services.runtime.repeating import RepeatingThread

PATIENCE_SECONDS = 20.0


@pytest.mark.parametrize("error", [RetryableError("away"), ValueError("a defect")])
def test_an_error_of_a_step_does_not_end_the_thread(error: Exception) -> None:
    repeating, went_on, ended = failing_first(error)
    repeating.start()
    assert went_on.wait(PATIENCE_SECONDS)
    repeating.close()
    assert ended.is_set()


def failing_first(error: Exception) -> tuple[RepeatingThread, threading.Event, threading.Event]:
    """A thread whose first step fails, and events for: a later step was done, the thread has ended."""
    failures, went_on, ended = [error], threading.Event(), threading.Event()

    def step() -> None:
        if failures:
            raise failures.pop()
        went_on.set()

    return RepeatingThread("test", step, 0.01, ended.set), went_on, ended


def test_after_errors_the_pause_grows_until_a_step_succeeds(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    outcomes = [False, False, True, False, True]
    repeating = RepeatingThread("test", noting(outcomes), 10.0)

    class Stopping:
        def is_set(self) -> bool:
            return not outcomes

        def wait(self, seconds: float) -> None:
            pauses.append(seconds)

    monkeypatch.setattr(repeating, "_stopping", Stopping())
    repeating._run()
    assert pauses == [20.0, 40.0, 10.0, 20.0, 10.0]


def noting(outcomes: list[bool]) -> Callable[[], None]:
    def step() -> None:
        if not outcomes.pop(0):
            raise RetryableError("away")

    return step
