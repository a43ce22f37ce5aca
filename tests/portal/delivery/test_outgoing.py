"""Decisions on their way to Kafka wait for no reading, and only so many of them wait. No network."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from services.portal.outgoing import Outgoing
from services.runtime.errors import RetryableError
from services.runtime.kafka import OutgoingRecord
from services.runtime.settings import KafkaSettings
from tests.aggregate.make_events import make_decision

DECISION = make_decision(1, "quarantine_released")


class HeldOutgoing(Outgoing):
    """Kafka acknowledges once it is let."""

    def __init__(self) -> None:
        super().__init__(KafkaSettings())
        self.allowed = threading.Event()
        self.sent: list[OutgoingRecord] = []

    def _deliver(self, records: Sequence[OutgoingRecord]) -> None:
        self.allowed.wait(20)
        self.sent += records


def test_a_decision_is_sent_while_every_thread_for_reading_waits() -> None:
    outgoing, reading = HeldOutgoing(), threading.Event()
    outgoing.allowed.set()

    async def decide() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        slow = asyncio.create_task(asyncio.to_thread(reading.wait, 20))
        await asyncio.wait_for(outgoing.decide(DECISION), 10)
        reading.set()
        await slow

    asyncio.run(decide())
    outgoing.close()
    assert len(outgoing.sent) == 1


def test_decisions_that_kafka_does_not_take_do_not_pile_up() -> None:
    outgoing = HeldOutgoing()

    async def decide() -> None:
        deciding = [asyncio.create_task(outgoing.decide(DECISION)) for _ in range(20)]
        await asyncio.sleep(0)
        outgoing.allowed.set()
        told = await asyncio.gather(*deciding, return_exceptions=True)
        assert [isinstance(each, RetryableError) for each in told] == [False] * 16 + [True] * 4
        await outgoing.decide(DECISION)

    asyncio.run(decide())
    outgoing.close()
    assert len(outgoing.sent) == 17
