from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from services.detect.look_ahead import results_ahead

PATIENCE_SECONDS = 20.0
"""Far more than a thread needs to start on a loaded machine; only a failure takes so long."""


class AtOnce(Executor):
    """Does work when it is handed in, and counts what was."""

    def __init__(self) -> None:
        self.begun = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.begun += 1
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except ValueError as error:
            future.set_exception(error)
        return future


@pytest.mark.parametrize("most_ahead", [1, 2, 5])
@pytest.mark.parametrize("items", [0, 1, 3, 20])
def test_no_more_than_the_bound_is_done_ahead_of_who_takes(most_ahead: int, items: int) -> None:
    pool = AtOnce()
    taken = []
    for result in results_ahead(pool, lambda item: item * 2, range(items), most_ahead):
        taken.append(result)
        assert pool.begun - len(taken) == min(most_ahead, items - len(taken))
    assert taken == [item * 2 for item in range(items)]


def test_nothing_is_begun_before_the_first_is_asked_for() -> None:
    pool = AtOnce()
    results_ahead(pool, abs, range(5), 2)
    assert pool.begun == 0


def test_the_next_is_done_while_the_first_is_in_use() -> None:
    done = [Event(), Event()]

    def work(item: int) -> int:
        done[item].set()
        return item

    with ThreadPoolExecutor(1) as pool:
        results = results_ahead(pool, work, range(2), most_ahead=1)
        assert next(results) == 0
        assert done[1].wait(PATIENCE_SECONDS)
        assert list(results) == [1]


def test_results_keep_their_order_though_a_later_one_is_done_first() -> None:
    second_is_done = Event()

    def work(item: int) -> int:
        if item == 0:
            assert second_is_done.wait(PATIENCE_SECONDS)
        else:
            second_is_done.set()
        return item

    with ThreadPoolExecutor(2) as pool:
        assert list(results_ahead(pool, work, range(2), most_ahead=2)) == [0, 1]


def test_what_work_raises_is_raised_at_its_turn() -> None:
    def work(item: int) -> int:
        if item == 2:
            raise ValueError("two")
        return item

    results = results_ahead(AtOnce(), work, range(5), most_ahead=3)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(results)


def test_work_that_has_not_begun_is_dropped_when_the_taker_stops() -> None:
    first_may_end, begun = Event(), []

    def work(item: int) -> int:
        begun.append(item)
        if item == 1:
            assert first_may_end.wait(PATIENCE_SECONDS)
        return item

    with ThreadPoolExecutor(1) as pool:
        results = results_ahead(pool, work, range(10), most_ahead=4)
        assert next(results) == 0
        results.close()  # type: ignore[attr-defined]
        first_may_end.set()
    assert set(begun) <= {0, 1}
