"""A host's clock counts only as far as Kafka's says that the time has come."""

from __future__ import annotations

from services.record.confirmed_clock import ConfirmedClock
from tests.record.facts import NOON_MS
from tests.record.make_minutes import Clock

HOUR_MS = 3_600_000


class Host:
    """A host whose clock a test sets, as seconds go by."""

    def __init__(self) -> None:
        self.now = NOON_MS
        self.seconds = Clock()
        self.clock = ConfirmedClock(lambda: self.now, self.seconds)

    def wait(self, seconds: int) -> None:
        self.seconds.now += seconds
        self.now += seconds * 1000


def test_a_clock_that_jumps_ahead_goes_on_as_kafkas_did() -> None:
    host = Host()
    assert (host.clock(), host.clock.is_confirmed) == (NOON_MS, False)
    host.clock.take(NOON_MS - 100)
    host.now += HOUR_MS
    host.wait(60)
    assert (host.clock(), host.clock.is_confirmed) == (NOON_MS + 59_900, True)


def test_what_a_host_whose_clock_is_behind_writes_is_dated_by_kafkas() -> None:
    host = Host()
    host.clock.take(NOON_MS + HOUR_MS)
    host.wait(60)
    assert (host.clock(), host.clock.of_kafka()) == (NOON_MS + 60_000, NOON_MS + HOUR_MS + 60_000)


def test_frames_that_waited_in_kafka_set_nothing_back() -> None:
    host = Host()
    host.clock.take(NOON_MS + 50)
    host.wait(10)
    host.clock.take(NOON_MS - 300_000)
    assert host.clock() == NOON_MS + 10_000, "this host's own, which is not ahead"


def test_a_broker_whose_clock_is_ahead_moves_no_hosts() -> None:
    host = Host()
    host.clock.take(NOON_MS + HOUR_MS)
    assert host.clock() == NOON_MS
