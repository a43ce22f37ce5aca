"""What a run is to do: which cameras, under which entries, in which tasks; and what is approximate about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from fnmatch import fnmatchcase
from typing import Final

import msgspec
from clickhouse_connect.driver.client import Client
from confluent_kafka import KafkaException, TopicPartition

from schemas.cameras import Camera
from schemas.topics import CAMERA_EVENTS
from services.aggregate.recompute_period import END_OF_TIME_MS, Period
from services.aggregate.recompute_store import cameras_in_store
from services.aggregate.row_columns import RULESET
from services.cli.recompute.overrides import Overrides
from services.cli.recompute.times import local_minute
from services.cli.recompute.work import ANY_REVISION, Done, Task
from services.runtime.clickhouse import translated_errors
from services.runtime.errors import ConfigurationError, RetryableError
from services.runtime.kafka import translated, whole_topic_consumer
from services.runtime.settings import KafkaSettings

_NAMED_EPISODES: Final = 8
_NAMED_CAMERAS: Final = 8


def period_of(since_ms: int | None, until_ms: int | None, warm_up_ms: int) -> Period:
    """Give the period that is judged.

    Raises:
        ConfigurationError: It ends before it begins.
    """
    period = Period(since_ms or 0, END_OF_TIME_MS if until_ms is None else until_ms, warm_up_ms if since_ms else 0)
    if period.until_ms <= period.since_ms:
        raise ConfigurationError("--until is not after --since")
    return period


def entries_of(revisions: Iterable[Camera], overrides: Overrides) -> dict[str, tuple[Camera, ...]]:
    """Give every revision of each camera as it is judged, by camera id; one for all where a file gives its entry."""
    found: dict[str, list[Camera]] = {}
    for camera in revisions:
        if camera.camera_id not in overrides.entries:
            found.setdefault(camera.camera_id, []).append(overrides.applied(camera))
    for camera_id, entry in overrides.entries.items():
        found[camera_id] = [msgspec.structs.replace(overrides.applied(entry), revision=ANY_REVISION)]
    return {camera_id: tuple(entries) for camera_id, entries in found.items()}


def selected(camera_ids: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """Give the cameras that are meant by ids and patterns, sorted; without patterns all of them.

    Raises:
        ConfigurationError: A pattern means none.
    """
    there = sorted(camera_ids)
    missing = [pattern for pattern in patterns if not any(fnmatchcase(one, pattern) for one in there)]
    if missing:
        raise ConfigurationError(f"no camera with events is meant by {', '.join(map(repr, missing))}")
    return [one for one in there if not patterns or any(fnmatchcase(one, pattern) for pattern in patterns)]


def camera_tasks(
    client: Client, entries: dict[str, tuple[Camera, ...]], period: Period, patterns: Sequence[str]
) -> list[Task]:
    """Give one task for each wanted camera that has raw rows in the period."""
    return [
        Task(camera_id, entries.get(camera_id, ()))
        for camera_id in selected(cameras_in_store(client, period), patterns)
    ]


def partition_tasks(
    settings: KafkaSettings, entries: dict[str, tuple[Camera, ...]], patterns: Sequence[str]
) -> list[Task]:
    """Give one task for each partition of the topic of events, all with the wanted cameras, up to what it holds now.

    Raises:
        RetryableError: Kafka is away, or the topic is not there.
    """
    wanted = tuple(entry for camera_id in selected(entries, patterns) for entry in entries[camera_id])
    with closing(whole_topic_consumer(settings, "tilik-recompute")) as consumer:
        try:
            topic = consumer.list_topics(CAMERA_EVENTS.name, timeout=15).topics[CAMERA_EVENTS.name]
            if topic.error is not None or not topic.partitions:
                raise RetryableError(f"topic {CAMERA_EVENTS.name} is not there: {topic.error}")
            places = [TopicPartition(CAMERA_EVENTS.name, one) for one in sorted(topic.partitions)]
            ends = {place.partition: consumer.get_watermark_offsets(place, timeout=15)[1] for place in places}
        except KafkaException as error:
            raise translated(error) from error
    return [Task(f"partition {one}", wanted, one, end, all_cameras=not patterns) for one, end in ends.items()]


def require_a_name_for_what_is_approximate(ruleset: str, period: Period, *, from_topic: bool) -> None:
    """Refuse to write into ClickHouse, under the live rules' name, what need not be equal to the live rows.

    Raises:
        ConfigurationError: It would.
    """
    if ruleset == RULESET and (period.is_cut or period.until_ms != END_OF_TIME_MS or not from_topic):
        raise ConfigurationError(
            f"rows of ruleset {RULESET} are the live ones, and only the whole topic gives exactly these (--from kafka "
            "without --since and --until): name this computation with --ruleset"
        )


def approximations(period: Period) -> Iterator[str]:
    """Give what is not exact about a computation that starts in the middle of history, a sentence each."""
    if not period.is_cut:
        return
    start = local_minute(period.reading_from_ms)
    hours = period.warm_up_ms / 3_600_000
    yield f"judged from {start} on, {hours:g} h for warm-up; rows are written from {local_minute(period.since_ms)}"
    yield (
        f"approximate: flood baselines start at {start}, from nothing, or, where a dry reference was approved before, "
        "from the first frame"
    )
    yield f"approximate: what was open, parked or quarantined at {start} is seen only from there on"


def kept_no_more(ended: Iterable[Done], period: Period) -> Iterator[str]:
    """Tell of the cameras whose detections have gone by their lifetime, all of them or those of the start."""
    late = [one for one in ended if one.since_ms > period.since_ms]
    if gone := sorted(one.name for one in late if one.since_ms >= period.until_ms):
        more = f" and {len(gone) - _NAMED_CAMERAS} more" if len(gone) > _NAMED_CAMERAS else ""
        yield f"of {', '.join(gone[:_NAMED_CAMERAS])}{more} no detections are kept any more: nothing was judged"
    if begins := [one.since_ms for one in late if one.since_ms < period.until_ms]:
        first, last = local_minute(min(begins)), local_minute(max(begins))
        yield f"of {len(begins)} cameras detections are kept no more from the start, but from {first} to {last} on"


def open_at_start(client: Client, camera_ids: Sequence[str], period: Period) -> str:
    """Name the current episodes that were open where the reading starts: they begin late there, or are not seen."""
    if not period.is_cut:
        return ""
    text = (
        "SELECT camera_id, replaceAll(trim(concat(episode_type, ' ', kind)), '_', ' ') FROM current_episodes"
        " WHERE camera_id IN {cameras:Array(String)} AND toUnixTimestamp64Milli(started_at) < {at:Int64}"
        " AND (phase = 'open' OR toUnixTimestamp64Milli(ended_at) > {at:Int64}) ORDER BY camera_id, started_at"
    )
    with translated_errors("reading what was open"):
        parameters = {"cameras": list(camera_ids), "at": period.reading_from_ms}
        found = [f"{camera} ({what})" for camera, what in client.query(text, parameters=parameters).result_rows]
    if not found:
        return ""
    more = f" and {len(found) - _NAMED_EPISODES} more" if len(found) > _NAMED_EPISODES else ""
    return (
        f"open at {local_minute(period.reading_from_ms)} under the current rules: "
        f"{', '.join(found[:_NAMED_EPISODES])}{more}; a longer --warm-up sees them begin"
    )
