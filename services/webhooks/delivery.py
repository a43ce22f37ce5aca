"""One subscription: its own consumer group, on a thread of its own, so that a slow receiver keeps nobody waiting.

    1 poll some changes → 2 leave out what a newer one replaces → 3 post, again and again with growing pauses
    → 4 settled: accepted, or a dead letter → 5 commit

A change is committed only once it is settled: who dies meanwhile posts it again, under the same id. While a receiver is
away reading is paused, so memory holds one batch. Changes of an episode are settled in their order.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from schemas.codec import ContractError
from schemas.episodes import EPISODE_CODEC, Episode
from schemas.topics import EPISODES
from services.runtime.clock import now_ms
from services.runtime.dead_letters import dead_letter
from services.runtime.errors import FatalError, InvalidMessageError, RetryableError
from services.runtime.kafka import ConsumedRecord, subscription_consumer, translated
from services.runtime.logging import get_logger
from services.runtime.loop import deliver
from services.runtime.metrics import Metrics
from services.webhooks.beginning import beginning_of
from services.webhooks.message import Message as WebhookMessage
from services.webhooks.message import Standing, message_of
from services.webhooks.posting import Answer, Poster
from services.webhooks.settings import WebhookSettings
from services.webhooks.subscriptions import Subscription

log = get_logger(__name__)

SERVICE = "webhooks"
_POLL_SECONDS = 0.5
_POLL_AT_LEAST_SECONDS = 30.0
"""librdkafka's max.poll.interval.ms is 300 s; an attempt takes a minute at most."""
_MORE_SECONDS = 0.05
"""How long more changes are waited for: those that came together are one batch."""
_FLUSH_SECONDS = 35.0
_NOWHERE = Standing()

FindStanding = Callable[[Episode], Standing]
"""Says where an episode's camera stands. Raises InvalidMessageError: the registry does not have it; RetryableError: it
can't be read."""


@dataclass(frozen=True)
class Delivery:
    """What a subscription's thread works with. ``stopping`` ends it; what is not settled then is posted again later."""

    settings: WebhookSettings
    poster: Poster
    producer: Producer
    find_standing: FindStanding
    metrics: Metrics
    stopping: threading.Event


@dataclass(frozen=True, slots=True)
class _Change:
    """A record, and what it says, or why it says nothing; neither: it is for others."""

    record: ConsumedRecord
    episode: Episode | None = None
    standing: Standing = _NOWHERE
    fault: InvalidMessageError | None = None


class Subscriber:
    """Delivers to one receiver until told to stop, or until the receiver is gone.

    Attributes:
        failure: What ended the thread, if it was not told to stop.
        assigned: Whether the group has given it partitions once.
        disabled: Whether the receiver said that it is gone.
        beat_at: When the thread was last seen to turn, monotonic seconds.
    """

    def __init__(self, subscription: Subscription, delivery: Delivery) -> None:
        self.subscription = subscription
        self.failure: FatalError | None = None
        self.assigned = False
        self.disabled = False
        self.beat_at = time.monotonic()
        self._polled_at = self.beat_at
        self._delivery = delivery
        self._settings = delivery.settings
        self._held: list[ConsumedRecord] = []
        self._paused = False
        self._rebalanced = False
        self._next: dict[int, int] = {}
        self._log = log.bind(subscription=subscription.name)
        delivery.metrics.set("tilik_webhooks_disabled", 0, subscription=subscription.name)
        self._thread = threading.Thread(target=self._run, name=f"webhook {subscription.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait for the end; ``stopping`` must be set."""
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            group = f"{self._settings.group}-{self.subscription.name}"
            self._consumer = subscription_consumer(self._settings.kafka, group, self._settings.session_timeout_seconds)
            try:
                self._consume()
            finally:
                self._consumer.close()
                self._delivery.poster.close()
        except FatalError as error:
            self.failure = error
        except KafkaException as error:
            self.failure = FatalError(f"Kafka client: {error.args[0]}")
        except Exception as error:  # a fault of ours must end the process, not this thread in silence
            self._log.exception("webhooks.failed")
            self.failure = FatalError(f"webhook {self.subscription.name}: {error!r}")

    def _consume(self) -> None:
        self._consumer.subscribe(
            [EPISODES.name], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_revoke
        )
        while not self._delivery.stopping.is_set() and not self.disabled:
            self._gather()
            batch, self._held, self._rebalanced = self._held, [], False
            if batch:
                self._settle_all(batch)

    # 1: poll

    def _gather(self) -> None:
        """Take what is there, up to a batch; what a rebalance takes away meanwhile is dropped, and read again."""
        self._take(_POLL_SECONDS)
        while self._held and len(self._held) < self._settings.batch_records and self._take(_MORE_SECONDS):
            pass

    def _take(self, seconds: float) -> bool:
        self.beat_at = self._polled_at = time.monotonic()
        message = self._consumer.poll(seconds)
        if message is None or not _usable(message):
            return message is not None
        self._held.append(ConsumedRecord.from_message(message))
        return True

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Go on where the group stands."""
        found = beginning_of(consumer, [each.partition for each in partitions])
        consumer.assign(found.places)
        if found.unsaved:
            consumer.commit(offsets=found.unsaved, asynchronous=False)
            event = "webhooks.group_begins_now" if found.is_new else "webhooks.partitions_begin_at_their_start"
            self._log.warning(event, partitions=[place.partition for place in found.unsaved])
        if self._paused and found.places:
            consumer.pause(found.places)
        self._log.info("webhooks.assigned", partitions=[place.partition for place in found.places])
        self.assigned = True

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._held.clear()
        self._next.clear()
        self._rebalanced = True
        consumer.unassign()

    # 2 to 4: settle

    def _settle_all(self, batch: list[ConsumedRecord]) -> None:
        changes: list[_Change] = []
        for record in batch:
            change = self._understood(record)
            if change is None:
                return
            changes.append(change)
        newest = {each.episode.episode_id: each for each in changes if each.episode is not None and self._wants(each)}
        for change in changes:
            if not self._goes_on():
                return
            if change.fault is not None:
                settled, posted = self._buried(change.record, change.fault), True
            elif change.episode is None or not self._wants(change):
                settled, posted = True, False
            elif newest[change.episode.episode_id] is not change:
                self._count("tilik_webhooks_superseded_total")
                settled, posted = True, False
            else:
                settled, posted = self._settle(change.record, message_of(change.episode, change.standing)), True
            if not settled:
                return
            self._next[change.record.partition] = change.record.offset + 1
            if posted:
                self._commit()
        self._commit()

    def _understood(self, record: ConsumedRecord) -> _Change | None:
        """Give what a record says; None: told to stop, or the partitions were taken away, while the registry was."""
        try:
            episode = EPISODE_CODEC.decode(record.value)
        except ContractError as error:
            return _Change(record, fault=self._fault("invalid_episode", str(error)))
        if not self.subscription.may_want(episode):
            return _Change(record)
        while True:
            try:
                return _Change(record, episode, self._delivery.find_standing(episode))
            except InvalidMessageError as error:
                return _Change(record, fault=self._fault(error.reason, error.detail))
            except RetryableError as error:
                self._log.warning("webhooks.registry_waits", error=str(error))
                if not self._wait(self._settings.backoff_first_seconds):
                    return None

    def _fault(self, reason: str, detail: str) -> InvalidMessageError:
        """Give a fault that says whose it is: each subscription writes its own dead letters."""
        return InvalidMessageError(reason, f"{self.subscription.name}: {detail}")

    def _wants(self, change: _Change) -> bool:
        return change.episode is not None and self.subscription.wants(change.episode, change.standing.kecamatan)

    def _settle(self, record: ConsumedRecord, message: WebhookMessage) -> bool:
        """Post until it is settled; False: not settled, because of a stop, a rebalance or a receiver that is gone."""
        step, said = self._settings.backoff_first_seconds, "not tried"
        try:
            while True:
                age_seconds = (now_ms() - record.timestamp_ms) / 1000
                left_seconds = self._settings.give_up_after_seconds - age_seconds
                self._oldest(age_seconds)
                if left_seconds <= 0:
                    text = f"undelivered after {age_seconds:.0f} s: {said}"
                    return self._buried(record, self._fault("expired", text))
                self.beat_at = time.monotonic()
                answer = self._delivery.poster.post(message)
                self._count("tilik_webhooks_attempts_total", verdict=answer.verdict)
                if answer.verdict != "again":
                    return self._concluded(record, answer)
                said = answer.text
                pause = _pause_of(step, answer, self._settings.backoff_most_seconds)
                step = min(step * 2, self._settings.backoff_most_seconds)
                self._log.warning(
                    "webhooks.again", id=message.message_id, answer=answer.text, pause_seconds=round(pause, 1)
                )
                if not self._wait(min(pause, left_seconds)):
                    return False
        finally:
            self._oldest(0)

    def _concluded(self, record: ConsumedRecord, answer: Answer) -> bool:
        if answer.verdict == "gone":
            self.disabled = True
            self._delivery.metrics.set("tilik_webhooks_disabled", 1, subscription=self.subscription.name)
            self._log.error("webhooks.disabled", answer=answer.text)
            return False
        if answer.verdict == "refused":
            return self._buried(record, self._fault("refused", answer.text))
        return True

    def _buried(self, record: ConsumedRecord, fault: InvalidMessageError) -> bool:
        """Write the dead letter, however long that takes; False if told to stop meanwhile."""
        step = self._settings.backoff_first_seconds
        while True:
            try:
                deliver(self._delivery.producer, [dead_letter(record, fault, SERVICE)], _FLUSH_SECONDS)
            except RetryableError as error:
                self._log.warning("webhooks.dead_letter_waits", error=str(error))
                if not self._wait(step):
                    return False
                step = min(step * 2, self._settings.backoff_most_seconds)
            else:
                self._delivery.metrics.count("tilik_dead_letters_total", reason=fault.reason)
                self._log.error("webhooks.dead_letter", reason=fault.reason, detail=fault.detail)
                return True

    def _goes_on(self) -> bool:
        """Tell whether the batch is still ours. Polls now and then: Kafka takes a member that doesn't for dead."""
        if time.monotonic() - self._polled_at > _POLL_AT_LEAST_SECONDS:
            return self._wait(0)
        return not self._rebalanced and not self._delivery.stopping.is_set()

    def _wait(self, seconds: float) -> bool:
        """Pause, and stay a member of the group; False: told to stop, or the partitions were taken away."""
        deadline = time.monotonic() + seconds
        self._paused = True
        self._consumer.pause(self._consumer.assignment())
        try:
            while not self._delivery.stopping.is_set() and not self._rebalanced:
                left = deadline - time.monotonic()
                self._take(max(0.0, min(left, _POLL_SECONDS)))
                if left <= 0:
                    return not self._rebalanced
            return False
        finally:
            self._paused = False
            self._consumer.resume(self._consumer.assignment())

    # 5: commit

    def _commit(self) -> None:
        """Commit what is settled. A failed commit costs posting some changes again, no more."""
        offsets = [TopicPartition(EPISODES.name, partition, offset) for partition, offset in self._next.items()]
        self._next.clear()
        if not offsets:
            return
        try:
            self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            self._log.warning("webhooks.commit_failed", error=str(error.args[0]))

    def _count(self, name: str, **labels: str) -> None:
        self._delivery.metrics.count(name, 1, subscription=self.subscription.name, **labels)

    def _oldest(self, seconds: float) -> None:
        self._delivery.metrics.set("tilik_webhooks_oldest_seconds", seconds, subscription=self.subscription.name)


def _pause_of(step: float, answer: Answer, most: float) -> float:
    """Give the next pause: from the upper half of the step, by chance, or what the receiver asked for."""
    jittered = step * random.uniform(0.5, 1.0)  # noqa: S311  spreads load, guards nothing
    return max(jittered, min(answer.retry_after_seconds, most))


def _usable(message: Message) -> bool:
    error = message.error()
    if error is None:
        return True
    if error.fatal():
        raise translated(KafkaException(error))
    if error.code() != KafkaError._PARTITION_EOF:
        log.warning("webhooks.poll_error", error=error.str())
    return False
