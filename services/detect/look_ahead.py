"""Work that runs in threads ahead of whoever takes its results, by no more than a bound."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def results_ahead(
    pool: Executor, work: Callable[[Item], Result], items: Iterable[Item], most_ahead: int
) -> Iterator[Result]:
    """Give ``work(item)`` of each item, in their order; blocks until the next one is done.

    While the taker is busy with a result, at most ``most_ahead`` further ones are done or under way: so much memory is
    taken, and no more. Where the taker stops early, work that has not begun is dropped. What ``work`` raises is raised
    at its item's turn.
    """
    ahead: deque[Future[Result]] = deque()
    try:
        for item in items:
            ahead.append(pool.submit(work, item))
            if len(ahead) > most_ahead:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        for future in ahead:
            future.cancel()
