"""One unacknowledged frame, dense sequences, epochs: against a real broker, and against none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from schemas.cameras import Effect
from schemas.frames import FrameHeaders
from services.ingest.deliveries import Deliveries
from services.ingest.fence import Fence
from services.ingest.ledger import EpochLedger
from services.ingest.metrics import INGEST_METRICS
from services.ingest.pipeline import PreparedFrame
from services.ingest.publisher import FramePublisher
from services.runtime.clock import now_ms
from services.runtime.kafka import events_producer, frames_producer
from services.runtime.metrics import Metrics
from services.runtime.settings import KafkaSettings
from tests.ingest.builders import make_camera, make_jpeg
from tests.ingest.conftest import Broker
from tests.ingest.topic_reading import frames_by_epoch

pytestmark = pytest.mark.integration

NOWHERE = KafkaSettings(bootstrap_servers="127.0.0.1:1")


class Seconds:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Bench:
    """A publisher, with the clock of its fence and the epochs that have ended."""

    publisher: FramePublisher
    clock: Seconds
    ended: list[EpochLedger] = field(default_factory=list)


@asynccontextmanager
async def bench(kafka: KafkaSettings, delivery_seconds: float = 5.0) -> AsyncIterator[Bench]:
    loop = asyncio.get_running_loop()
    deliveries = Deliveries(frames_producer(kafka, delivery_seconds), events_producer(kafka), loop)
    clock = Seconds()
    ended: list[EpochLedger] = []
    publisher = FramePublisher(now_ms(), deliveries, Fence(10.0, clock), Metrics(INGEST_METRICS), "test", ended.append)
    try:
        yield Bench(publisher, clock, ended)
    finally:
        await loop.run_in_executor(None, deliveries.close, 2.0)


def make_frame(number: int = 0) -> PreparedFrame:
    return PreparedFrame(make_jpeg(number), 160, 120, 1_700_000_000_000 + number)


def test_sequences_are_dense_and_a_frame_under_way_makes_the_next_one_missed(broker: Broker) -> None:
    camera = make_camera("cam-dense", revision=4)

    async def work() -> EpochLedger:
        async with bench(broker.settings) as b:
            for number in range(5):
                b.publisher.publish(make_frame(number), camera)
                assert b.publisher.busy
                b.publisher.publish(make_frame(99), camera)
                await b.publisher.idle()
            return b.publisher.ledger

    ledger = asyncio.run(work())
    frames = frames_by_epoch(broker.settings)["cam-dense", ledger.owner_epoch]
    assert [headers.sequence for _, headers in frames] == [0, 1, 2, 3, 4]
    assert (ledger.captured, ledger.missed) == (5, {"backpressure": 5})
    assert ledger.bytes == sum(len(record.value) for record, _ in frames)
    assert frames[3][0].value == make_jpeg(3)
    assert frames[3][1] == FrameHeaders(
        schema="1",
        captured_at_ms=1_700_000_000_003,
        owner_epoch=ledger.owner_epoch,
        sequence=3,
        width=160,
        height=120,
        source_kind="file",
        camera_revision=4,
        ingest_instance="test",
        simulated=False,
    )


def test_a_frame_of_a_simulated_camera_says_so(broker: Broker) -> None:
    cameras = [make_camera("cam-real"), make_camera("cam-simulated")]
    cameras[1] = replace(cameras[1], source=replace(cameras[1].source, simulated=(Effect(effect="rain"),)))

    async def work() -> None:
        for camera in cameras:
            async with bench(broker.settings) as b:
                b.publisher.publish(make_frame(), camera)
                await b.publisher.idle()

    asyncio.run(work())
    frames = {key[0]: frames for key, frames in frames_by_epoch(broker.settings).items()}
    assert [frames[camera.camera_id][0][1].simulated for camera in cameras] == [False, True]


def test_a_failed_delivery_ends_the_epoch_and_the_next_one_starts_at_zero() -> None:
    async def work() -> tuple[list[EpochLedger], EpochLedger]:
        async with bench(NOWHERE, delivery_seconds=0.5) as b:
            first_epoch = b.publisher.ledger.owner_epoch
            b.publisher.publish(make_frame(), make_camera())
            await b.publisher.idle()
            assert b.publisher.ledger.owner_epoch > first_epoch
            return b.ended, b.publisher.ledger

    ended, current = asyncio.run(work())
    assert [(ledger.captured, ledger.missed) for ledger in ended] == [(0, {"unacknowledged": 1})]
    assert (current.captured, current.missed) == (0, {})


def test_footage_that_can_wait_is_delivered_once_its_owner_is_no_more_in_doubt(broker: Broker) -> None:
    async def work() -> EpochLedger:
        async with bench(broker.settings) as b:
            b.publisher.suspended = True
            delivering = asyncio.create_task(b.publisher.deliver(make_frame(), make_camera("cam-waits")))
            await asyncio.sleep(0.1)  # lets the task meet the suspension
            assert not delivering.done()
            b.publisher.suspended = False
            await asyncio.wait_for(delivering, 10)
            return b.publisher.ledger

    ledger = asyncio.run(work())
    assert (ledger.captured, ledger.missed) == (1, {})


def test_footage_that_can_wait_is_sent_again_under_a_new_epoch_and_none_is_missed() -> None:
    async def work() -> list[EpochLedger]:
        async with bench(NOWHERE, delivery_seconds=0.3) as b:
            delivering = asyncio.create_task(b.publisher.deliver(make_frame(), make_camera()))
            async with asyncio.timeout(20):
                while len(b.ended) < 2:
                    await asyncio.sleep(0.02)
            assert not delivering.done()
            delivering.cancel()
            return b.ended

    ended = asyncio.run(work())
    assert [(ledger.captured, ledger.missed) for ledger in ended[:2]] == [(0, {}), (0, {})]


def test_a_frame_that_kafka_would_never_take_is_unusable_and_keeps_no_footage_waiting() -> None:
    frame = PreparedFrame(bytes(1_100_000), 160, 120, 1_700_000_000_000)

    async def work() -> EpochLedger:
        async with bench(NOWHERE) as b:
            b.publisher.publish(frame, make_camera())
            assert not b.publisher.busy
            async with asyncio.timeout(10):
                await b.publisher.deliver(frame, make_camera())
            return b.publisher.ledger

    ledger = asyncio.run(work())
    assert (ledger.captured, ledger.missed) == (0, {"unusable": 2})


@pytest.mark.parametrize("why", ["fenced", "suspended"])
def test_an_owner_in_doubt_publishes_nothing_and_counts_it(why: str, broker: Broker) -> None:
    async def work() -> EpochLedger:
        async with bench(broker.settings) as b:
            b.publisher.suspended = why == "suspended"
            b.clock.now += 10.0 if why == "fenced" else 0.0
            b.publisher.publish(make_frame(), make_camera(f"cam-{why}"))
            assert not b.publisher.busy
            return b.publisher.ledger

    ledger = asyncio.run(work())
    assert (ledger.captured, ledger.missed) == (0, {"unacknowledged": 1})
    assert (f"cam-{why}", ledger.owner_epoch) not in frames_by_epoch(broker.settings)


def test_epochs_only_rise_even_if_the_clock_goes_back() -> None:
    assert EpochLedger(5_000).next_epoch(4_000).owner_epoch == 5_001
    assert EpochLedger(5_000).next_epoch(6_000).owner_epoch == 6_000
