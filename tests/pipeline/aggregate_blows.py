"""Workers that come and go while they aggregate, and what befalls them, the broker and ClickHouse at random moments."""

from __future__ import annotations

import math
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Final, Literal

from deploy.local.platform import LocalStack
from services.runtime.errors import EXIT_RESTART
from services.runtime.settings import ClickHouseSettings
from tests.integration.aggregate_worker import Worker

BlowKind = Literal["kill", "freeze", "leave", "kafka", "clickhouse"]

BLOWS: Final[tuple[BlowKind, ...]] = (*("kill",) * 5, *("freeze",) * 2, *("leave",) * 2, "kafka", "clickhouse")
"""What befalls a run. Who leaves, or is killed, comes back and joins."""
FROZEN_SECONDS: Final = 15.0
"""Longer than the group's session time-out: what a frozen worker owns goes to another one."""
WORKERS: Final = 2

_SECOND_JOINS_SECONDS: Final = (2.0, 10.0)
_AWAY_SECONDS: Final = (0.0, 4.0)
_STRUCK_RATIOS: Final = (0.05, 0.97)
_LOOK_AGAIN_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 300.0
_LEAVING_SECONDS: Final = 120.0


@dataclass(frozen=True, order=True)
class Blow:
    """What happens once so much of all events was sent, or as soon then as somebody is at work whom it can befall."""

    at_ratio: float
    kind: BlowKind


def planned(chance: Random) -> list[Blow]:
    """Give all blows of a run, at random moments, the earliest first."""
    return sorted(Blow(chance.uniform(*_STRUCK_RATIOS), kind) for kind in BLOWS)


@dataclass
class Place:
    """One worker's place: a process, or when the next one is to start. ``thaws_at`` is 0 while it is not frozen."""

    name: str
    starts_at: float
    worker: Worker | None = None
    thaws_at: float = 0.0
    left_at: float = 0.0
    expected_end: bool = False


class Workforce:
    """Workers under supervision: whoever ends with code 70, is killed or has left is started again.

    Everything happens in ``look_after``; nothing runs on a thread.
    """

    def __init__(self, stack: LocalStack, clickhouse: ClickHouseSettings, folder: Path, chance: Random) -> None:
        self._stack, self._clickhouse, self._folder, self._chance = stack, clickhouse, folder, chance
        self._started = time.monotonic()
        second = self._started + chance.uniform(*_SECOND_JOINS_SECONDS)
        self._places = [Place("one", self._started), Place("two", second)]
        self._starts = 0
        self.counts: Counter[str] = Counter()

    def look_after(self) -> None:
        """Start who is due, thaw who was frozen long enough, and see who has ended."""
        now = time.monotonic()
        for place in self._places:
            if place.worker is None:
                if now >= place.starts_at:
                    self._start(place)
                continue
            if place.thaws_at and now >= place.thaws_at:
                place.worker.process.send_signal(signal.SIGCONT)
                place.thaws_at = 0.0
            code = place.worker.process.poll()
            if code is not None:
                self._ended(place, code)
            elif place.left_at and now - place.left_at > _LEAVING_SECONDS:
                raise AssertionError(f"{place.worker.log} does not leave")

    def is_one_ready(self) -> bool:
        """Tell whether a worker owns partitions."""
        return any(self._is_at_work(place) for place in self._places)

    def suffer(self, blow: Blow) -> bool:
        """Let it happen; False: there is nobody at work whom it could befall now."""
        if blow.kind in ("kafka", "clickhouse"):
            os.kill(self._stack.pid(blow.kind), signal.SIGKILL)
        else:
            victims = [place for place in self._places if self._is_at_work(place)]
            if not victims:
                return False
            self._befall(self._chance.choice(victims), blow.kind)
        self._say(blow.kind)
        return True

    def stop(self) -> None:
        """Let all leave, and see that they do so in good order."""
        self.until(lambda: all(p.worker is not None and not p.thaws_at for p in self._places), "everybody is there")
        for place in self._places:
            assert place.worker is not None
            assert place.worker.terminate() == 0, place.worker.log.read_text()[-3000:]
            place.worker = None

    def until(self, come: Callable[[], bool], what: str, every_seconds: float = _LOOK_AGAIN_SECONDS) -> None:
        """Look after the workers until ``come`` is true; it is asked every so many seconds."""
        deadline, asked = time.monotonic() + _PATIENCE_SECONDS, -math.inf
        while True:
            if time.monotonic() - asked >= every_seconds:
                if come():
                    return
                asked = time.monotonic()
            assert asked < deadline, f"{what}: not within {_PATIENCE_SECONDS:g} s"
            self.look_after()
            time.sleep(_LOOK_AGAIN_SECONDS)

    def kill_all(self) -> None:
        """End what is left."""
        for place in self._places:
            if place.worker is not None and place.worker.process.poll() is None:
                place.worker.kill()

    def _befall(self, place: Place, kind: BlowKind) -> None:
        assert place.worker is not None
        if kind == "freeze":
            place.worker.process.send_signal(signal.SIGSTOP)
            place.thaws_at = time.monotonic() + FROZEN_SECONDS
        elif kind == "kill":
            place.expected_end = True
            place.worker.process.send_signal(signal.SIGKILL)
        else:
            place.expected_end, place.left_at = True, time.monotonic()
            place.worker.process.send_signal(signal.SIGTERM)

    def _is_at_work(self, place: Place) -> bool:
        """Tell whether it owns partitions; one that is frozen or leaves does not count."""
        worker = place.worker
        if worker is None or place.thaws_at or place.expected_end or worker.process.poll() is not None:
            return False
        return worker.get("/readyz")[0] == 200

    def _start(self, place: Place) -> None:
        self._starts += 1
        log = self._folder / f"worker-{self._starts}.log"
        place.worker = Worker(self._stack.kafka, self._clickhouse, log, flush_seconds="1")
        place.expected_end, place.left_at = False, 0.0
        self._say(f"start of {place.name}")

    def _ended(self, place: Place, code: int) -> None:
        assert place.worker is not None
        allowed = {EXIT_RESTART, *((0, -signal.SIGKILL) if place.expected_end else ())}
        assert code in allowed, f"exit code {code}: {place.worker.log.read_text()[-3000:]}"
        self._say(f"end of {place.name} with {code}")
        self.counts["code 70"] += code == EXIT_RESTART
        place.worker, place.thaws_at = None, 0.0
        place.starts_at = time.monotonic() + self._chance.uniform(*_AWAY_SECONDS)

    def _say(self, what: str) -> None:
        self.counts[what.split(" of ", maxsplit=1)[0]] += 1
        print(f"{time.monotonic() - self._started:6.1f} s  {what}", flush=True)


@contextmanager
def workforce(stack: LocalStack, clickhouse: ClickHouseSettings, folder: Path, chance: Random) -> Iterator[Workforce]:
    """Give workers, the second of which joins some seconds after the first; all end with the block."""
    found = Workforce(stack, clickhouse, folder, chance)
    try:
        yield found
    finally:
        found.kill_all()


def suffer_all(workers: Workforce, blows: list[Blow], sent_ratio: Callable[[], float]) -> None:
    """Let each blow fall at its moment, and look after the workers between them."""
    for blow in blows:
        workers.until(partial(_is_due, blow, sent_ratio), f"the moment of {blow.kind}")
        workers.until(partial(workers.suffer, blow), f"somebody for {blow.kind}")


def _is_due(blow: Blow, sent_ratio: Callable[[], float]) -> bool:
    return sent_ratio() >= blow.at_ratio
