from __future__ import annotations

from services.ingest.fence import Fence


class Seconds:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def is_open(fence: Fence) -> bool:
    """Ask anew: a type checker takes a property for a constant."""
    return fence.open


def test_a_fence_is_open_while_the_loop_turns_and_stays_shut_afterwards() -> None:
    clock = Seconds()
    fence = Fence(10.0, clock)
    clock.now += 7.9
    assert fence.touch()
    clock.now += 7.9
    assert is_open(fence)
    clock.now += 0.1
    assert not is_open(fence)
    assert not fence.touch()
    assert not is_open(fence)


def test_it_shuts_two_heartbeats_before_the_broker_gives_the_cameras_away() -> None:
    clock = Seconds()
    fence = Fence(6.0, clock)
    clock.now += 3.9
    assert is_open(fence)
    clock.now += 0.2
    assert not is_open(fence)


def test_a_late_touch_does_not_open_a_fence_that_nobody_asked_meanwhile() -> None:
    clock = Seconds()
    fence = Fence(10.0, clock)
    clock.now += 30
    assert not fence.touch()
    assert not fence.open
