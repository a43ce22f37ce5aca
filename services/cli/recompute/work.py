"""What one process does: judge one camera out of ClickHouse, one partition of the topic, or one file.

    events of the source ─► PeriodJudgement ─► every 5,000 events: rows ─► parts of files, or ClickHouse

Cameras are independent of each other, so tasks are too; each is as exact alone as all are together.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from schemas.camera_events import CameraEvent
from schemas.cameras import Camera
from schemas.table import Row
from schemas.topics import CAMERA_EVENTS
from services.aggregate.feed import decode_event, own_unknown_revision
from services.aggregate.judgement import FindCamera, UnknownRevisionError
from services.aggregate.partition import newest_of_each_key
from services.aggregate.recomputation import DRAIN_EVERY, PlacedEvent, any_revision_of
from services.aggregate.recompute_period import END_OF_TIME_MS, Period, PeriodJudgement, Suspended
from services.aggregate.recompute_store import StoredCamera, kept_period
from services.cli.recompute.half_done import HalfDone
from services.cli.recompute.row_files import PartFiles
from services.runtime.clickhouse import connect
from services.runtime.errors import FatalError, InvalidMessageError, RetryableError
from services.runtime.kafka import ConsumedRecord, translated, whole_topic_consumer
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings, KafkaSettings

SourceKind = Literal["file", "kafka", "clickhouse"]
Tell = Callable[[int, int], None]
"""(done, total) of a task's events; the total is an estimate."""

ANY_REVISION: Final = 0

_WRITE_TRIES: Final = 5
_SILENCE_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Work:
    """What all tasks have in common. Goes to other processes.

    Attributes:
        store: Where raw rows are read, and rows are written unless there is a folder.
        folder: Where files are written; None: rows go to ClickHouse.
        tables: Tables whose rows are wanted.
        halves: Where cameras that are half done are noted; None: nowhere. Only what is written to ClickHouse as it
            comes can be gone on with in the middle.
        inputs: Digest of what the rows depend on.
        end_ms: Where history ends: out of ClickHouse nothing is read from the first frame on that Kafka took then.
    """

    source: SourceKind
    period: Period
    ruleset: str
    tables: frozenset[str]
    kafka: KafkaSettings | None = None
    store: ClickHouseSettings | None = None
    folder: Path | None = None
    halves: Path | None = None
    inputs: str = ""
    end_ms: int = END_OF_TIME_MS


@dataclass(frozen=True)
class Task:
    """A part of the work: a camera, or a partition with the cameras that are wanted of it.

    Attributes:
        name: What people call it.
        entries: Every revision of the cameras under which events may have to be judged, overrides applied; one of
            revision ``ANY_REVISION`` stands for all of its camera.
        end_offset: Where the partition's history ends; its first offset that is not read.
        all_cameras: Cameras without an entry are wanted too: live, what they report has rows.
    """

    name: str
    entries: tuple[Camera, ...]
    partition: int = -1
    end_offset: int = 0
    all_cameras: bool = False


@dataclass(frozen=True)
class Done:
    """What became of a task. ``fault``: why it failed; what it has written then is not whole.

    ``passed_over`` events could not be judged, as live: they break their contract, or name an unknown revision.
    ``since_ms`` is the first minute that was written, later than wanted where detections are not kept any more; no
    earlier than the end of the period, where none are.
    """

    name: str
    events: int = 0
    passed_over: int = 0
    rows: dict[str, int] | None = None
    fault: str = ""
    since_ms: int = 0


class Sink(Protocol):
    """Where rows go."""

    def add(self, rows: dict[str, list[Row]]) -> None:
        """Take rows by table; later ones of a key replace earlier ones."""

    def flush(self) -> None:
        """Make durable what can be before the end."""

    def finish(self) -> dict[str, int]:
        """Make all of them durable, and give how many went to each table."""


class StoreRows:
    """Rows on their way to ClickHouse, in batches.

    Raises:
        RetryableError: ClickHouse did not take them, tried for half a minute.
    """

    BATCH_ROWS: Final = 20_000

    def __init__(self, settings: ClickHouseSettings) -> None:
        self._store = RowStore(settings)
        self._held: dict[str, list[Row]] = {}
        self._counts: dict[str, int] = {}

    def add(self, rows: dict[str, list[Row]]) -> None:
        """Take rows by table, and write when there are many."""
        for table, batch in rows.items():
            self._held.setdefault(table, []).extend(batch)
        if sum(map(len, self._held.values())) >= self.BATCH_ROWS:
            self.flush()

    def finish(self) -> dict[str, int]:
        """Write what is held, and give how many rows were written to each table."""
        self.flush()
        self._store.close()
        return self._counts

    def flush(self) -> None:
        """Write what is held."""
        held, self._held = newest_of_each_key(self._held), {}
        rows = [row for batch in held.values() for row in batch]
        for attempt in range(_WRITE_TRIES):
            try:
                written = self._store.write(rows)
            except RetryableError:
                self._store.close()
                if attempt == _WRITE_TRIES - 1:
                    raise
                time.sleep(2.0**attempt)
            else:
                break
        for table, count in written.items():
            self._counts[table] = self._counts.get(table, 0) + count


def run_task(work: Work, task: Task, tell: Tell) -> Done:
    """Do a task; a failure is told, not raised, since others go on."""
    try:
        return _stored_camera(work, task, tell) if work.source == "clickhouse" else _partition(work, task, tell)
    except UnknownRevisionError as error:
        return Done(task.name, fault=f"the registry has no revision {error.revision} of {error.camera_id}")
    except (RetryableError, FatalError) as error:
        return Done(task.name, fault=str(error))
    except Exception as error:  # a defect, or a row of another form: the other cameras have nothing to do with it
        place = traceback.extract_tb(error.__traceback__)[-1]
        return Done(task.name, fault=f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})")


def sink_of(work: Work) -> Sink:
    """Give where the rows of a task go."""
    if work.folder is not None:
        return PartFiles(work.folder)
    if work.store is None:
        raise FatalError("rows have nowhere to go")
    return StoreRows(work.store)


class Judging:
    """Events in, rows to the sink now and then.

    Args:
        work: What is done.
        find_camera: Gives the entries to judge under.
    """

    def __init__(self, work: Work, find_camera: FindCamera) -> None:
        self.judgement = PeriodJudgement(find_camera, work.period, work.ruleset, work.tables)
        self._sink = sink_of(work)
        self._undrained = 0
        self.event_count = 0

    def take(self, event: CameraEvent, offset: int) -> None:
        """Judge the next event.

        Raises:
            UnknownRevisionError: See ``Judgement.apply``.
        """
        self.event_count += self.judgement.take(event, offset)
        self._undrained += 1
        if self._undrained >= DRAIN_EVERY:
            self.drain()

    def drain(self) -> None:
        """Give the sink what has changed."""
        self._undrained = 0
        self._sink.add(self.judgement.drain())

    def suspend(self, camera_id: str) -> Suspended | None:
        """Make durable what the camera's events have led to, and give how it stands."""
        self._undrained = 0
        rows, suspended = self.judgement.suspend(camera_id)
        self._sink.add(rows)
        self._sink.flush()
        return suspended

    def finish(self) -> dict[str, int]:
        """Make everything durable, and give how many rows each table got."""
        self.drain()
        return self._sink.finish()


def judge_lines(work: Work, cameras: tuple[Camera, ...], lines: Iterator[PlacedEvent]) -> Done:
    """Judge a file's events under ``cameras``, whatever revision they name."""
    judging = Judging(work, any_revision_of(cameras))
    for placed in lines:
        judging.take(placed.event, placed.offset)
    return Done("file", judging.event_count, 0, judging.finish())


def _finder(task: Task) -> FindCamera:
    known = {(camera.camera_id, camera.revision): camera for camera in task.entries}
    return lambda camera_id, revision: known.get((camera_id, revision)) or known.get((camera_id, ANY_REVISION))


def _stored_camera(work: Work, task: Task, tell: Tell) -> Done:
    settings = work.store or ClickHouseSettings()
    with closing(connect(settings, settings.database)) as client:
        kept = kept_period(client, task.name, work.period)
        if kept.since_ms >= work.period.until_ms:
            return Done(task.name, since_ms=kept.since_ms)
        work = replace(work, period=kept)
        stored = StoredCamera(client, task.name, work.period, work.end_ms)
        total = stored.frame_count()
        judging = Judging(work, _finder(task))
        half = None if work.halves is None else HalfDone(work.halves / f"{task.name}.half", work.inputs)
        start_offset = _begin(judging, stored, task.name, half)
        for events in stored.spans(start_offset):
            for placed in events:
                judging.take(placed.event, placed.offset)
            if half is None:
                judging.drain()
            elif events and (suspended := judging.suspend(task.name)) is not None:
                half.note(events[-1].offset + 1, judging.event_count, suspended)
            tell(judging.event_count, total)
            if judging.judgement.is_over(task.name):
                break
        return Done(task.name, judging.event_count, 0, judging.finish(), since_ms=work.period.since_ms)


def _begin(judging: Judging, stored: StoredCamera, camera_id: str, half: HalfDone | None) -> int:
    """Begin a camera, or go on with it, and give the offset of the first event that is still to be judged."""
    found = None if half is None else half.read()
    if found is None:
        judging.judgement.begin(stored.start())
        return 0
    judging.judgement.resume(camera_id, found.suspended)
    judging.event_count = found.event_count
    return found.next_offset


def _partition(work: Work, task: Task, tell: Tell) -> Done:
    wanted = {camera.camera_id for camera in task.entries}
    judging, passed_over = Judging(work, _finder(task)), 0
    for record, done, total in _records(work.kafka or KafkaSettings(), task.partition, task.end_offset):
        if done % DRAIN_EVERY == 0:
            tell(done, total)
        if not task.all_cameras and (record.key or b"").decode(errors="replace") not in wanted:
            continue
        try:
            _judge_record(judging, record)
        except InvalidMessageError:
            passed_over += 1
    return Done(task.name, judging.event_count, passed_over, judging.finish())


def _judge_record(judging: Judging, record: ConsumedRecord) -> None:
    """Judge a record as the live service does.

    Raises:
        InvalidMessageError: There it would be a dead letter.
        FatalError: A frame that waits can't be judged.
    """
    event = decode_event(record)
    try:
        judging.take(event, record.offset)
    except UnknownRevisionError as error:
        raise own_unknown_revision(event, error) from error


def _records(settings: KafkaSettings, partition: int, end: int) -> Iterator[tuple[ConsumedRecord, int, int]]:
    """Give the records that a partition holds below the offset ``end``, with how many of how many they are.

    Raises:
        RetryableError: Kafka is away.
    """
    place = TopicPartition(CAMERA_EVENTS.name, partition)
    with closing(whole_topic_consumer(settings, "tilik-recompute")) as consumer:
        try:
            low, high = consumer.get_watermark_offsets(place, timeout=15)
            consumer.assign([TopicPartition(CAMERA_EVENTS.name, partition, low)])
            yield from _until(consumer, low, min(high, end))
        except KafkaException as error:
            raise translated(error) from error


def _until(consumer: Consumer, low: int, high: int) -> Iterator[tuple[ConsumedRecord, int, int]]:
    heard_at = time.monotonic()
    position = low
    while position < high:
        messages = consumer.consume(1000, 1.0)
        if messages:
            heard_at = time.monotonic()
        elif time.monotonic() - heard_at > _SILENCE_SECONDS:
            raise RetryableError(f"Kafka has given nothing of {CAMERA_EVENTS.name} for {_SILENCE_SECONDS:g} s")
        for message in messages:
            error = message.error()
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF:
                    position = high
                    continue
                raise KafkaException(error)
            position = (message.offset() or 0) + 1
            if position <= high:
                yield ConsumedRecord.from_message(message), position - low, high - low
