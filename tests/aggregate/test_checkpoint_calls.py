from __future__ import annotations

import threading

import pytest
from confluent_kafka import KafkaError, KafkaException

from services.aggregate.checkpoint_calls import KafkaCalls


class FakeClock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


def failure(*, retriable: bool) -> KafkaException:
    return KafkaException(KafkaError(KafkaError._TIMED_OUT, "too slow", False, retriable, False))


def test_a_retriable_error_makes_the_same_call_again() -> None:
    clock = FakeClock()
    answers: list[KafkaException | str] = [failure(retriable=True), failure(retriable=True), "done"]

    def make() -> str:
        answer = answers.pop(0)
        if isinstance(answer, KafkaException):
            raise answer
        return answer

    assert KafkaCalls(clock=clock, pause=clock.pause).call(make) == "done"
    assert answers == []


def test_an_error_that_is_not_retriable_is_raised_at_once() -> None:
    made = []

    def make() -> None:
        made.append(1)
        raise failure(retriable=False)

    with pytest.raises(KafkaException):
        KafkaCalls().call(make)
    assert made == [1]


def test_retries_end_after_the_given_time() -> None:
    clock = FakeClock()

    def make() -> None:
        raise failure(retriable=True)

    with pytest.raises(KafkaException):
        KafkaCalls(clock=clock, pause=clock.pause).call(make, retry_seconds=5.0)
    assert 5.0 < clock.now < 6.0


def test_a_call_that_does_not_come_back_counts_as_hanging_until_it_does() -> None:
    clock, entered, release = FakeClock(), threading.Event(), threading.Event()
    calls = KafkaCalls(hanging_after_seconds=60.0, clock=clock)

    def hang() -> None:
        entered.set()
        release.wait(10)

    thread = threading.Thread(target=calls.call, args=(hang,))
    thread.start()
    assert entered.wait(10)
    looks = []
    for now in (60.0, 60.1):
        clock.now = now
        looks.append(calls.hanging)
    release.set()
    thread.join()
    assert [*looks, calls.hanging] == [False, True, False]
