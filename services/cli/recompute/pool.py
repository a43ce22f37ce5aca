"""Tasks on several processes, with a bar for all of them and one for each that runs."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.queues import Queue
from queue import Empty

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from services.cli.recompute.work import Done, Task, Tell, Work, run_task

Progressed = tuple[str, int, int]
_queue: Queue[Progressed] | None = None


def run_tasks(work: Work, tasks: Sequence[Task], processes: int, console: Console) -> Iterator[Done]:
    """Give what became of each task, as they end. The order in which they end says nothing.

    Args:
        work: What all tasks have in common.
        tasks: In the order in which they start.
        processes: How many run at once; 1: all in this process.
        console: Where the bars are shown.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        whole = bars.add_task("all", total=len(tasks))
        running = _Running(bars)
        found = _here(work, tasks, running) if processes == 1 else _there(work, tasks, processes, running)
        for done in found:
            running.ended(done.name)
            bars.advance(whole)
            yield done


class _Running:
    """The bars of tasks that run."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._ids: dict[str, TaskID] = {}

    def told(self, name: str, done: int, total: int) -> None:
        if name not in self._ids:
            self._ids[name] = self._bars.add_task(name)
        self._bars.update(self._ids[name], completed=done, total=max(done, total))

    def ended(self, name: str) -> None:
        if name in self._ids:
            self._bars.remove_task(self._ids.pop(name))


def _here(work: Work, tasks: Sequence[Task], running: _Running) -> Iterator[Done]:
    for task in tasks:
        yield run_task(work, task, _teller(task.name, running.told))


def _there(work: Work, tasks: Sequence[Task], processes: int, running: _Running) -> Iterator[Done]:
    # Kafka's client does not survive a fork, so processes are spawned.
    context = multiprocessing.get_context("spawn")
    queue: Queue[Progressed] = context.Queue()
    with ProcessPoolExecutor(min(processes, len(tasks)), context, _begin, (queue,)) as pool:
        names: dict[Future[Done], str] = {pool.submit(_run, work, task): task.name for task in tasks}
        try:
            yield from _as_they_end(names, queue, running)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _as_they_end(names: dict[Future[Done], str], queue: Queue[Progressed], running: _Running) -> Iterator[Done]:
    waiting = set(names)
    while waiting:
        ended, waiting = wait(waiting, 0.2, FIRST_COMPLETED)
        for progressed in _told(queue):
            running.told(*progressed)
        for future in ended:
            try:
                yield future.result()
            except BrokenProcessPool:
                yield Done(names[future], fault="its process was killed")


def _told(queue: Queue[Progressed]) -> Iterator[Progressed]:
    while True:
        try:
            yield queue.get_nowait()
        except Empty:
            return


def _begin(queue: Queue[Progressed]) -> None:
    global _queue  # noqa: PLW0603  # the executor gives its initializer no other way to leave something
    _queue = queue


def _run(work: Work, task: Task) -> Done:
    def told(name: str, done: int, total: int) -> None:
        if _queue is not None:
            _queue.put((name, done, total))

    return run_task(work, task, _teller(task.name, told))


def _teller(name: str, told: Callable[[str, int, int], None]) -> Tell:
    return lambda done, total: told(name, done, total)
