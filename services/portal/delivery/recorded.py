"""Recorded minutes of public cameras, in the form that hides people: which there are, and their files.

The index is ClickHouse's, the files are the object store's. What was withdrawn, or is kept encrypted, is not here.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from schemas.cameras import Camera
from schemas.times import LOCAL_TIME
from services.portal.delivery.published import is_minute_published
from services.portal.delivery.shown import Shown
from services.portal.questions import Questions
from services.runtime.clock import Clock, now_ms
from services.runtime.errors import RetryableError
from services.runtime.logging import get_logger
from services.runtime.object_store import ObjectStore

log = get_logger(__name__)

_KEEP_SECONDS = 15.0
_MOST_BYTES = 64 << 20
_MOST_FILE_BYTES = 32 << 20
_READS_AT_ONCE = 4
_MOST_READS = 64
_MOST_DAYS = 3_660
"""The longest that a recording may be kept: an older day is not asked for."""

_MINUTES = """
SELECT toUnixTimestamp64Milli(toDateTime64(minute, 3)) AS minute_ms, object_key, sha256, bytes, frames,
       toUnixTimestamp64Milli(toDateTime64(first_at, 3)) AS first_ms,
       toUnixTimestamp64Milli(toDateTime64(last_at, 3)) AS last_ms, gap, withdrawn, simulated
FROM recorded_minutes FINAL
WHERE camera_id = {camera_id:String} AND form = 'public'
  AND minute >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND minute < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
ORDER BY minute
"""


class Minute(Struct, frozen=True):
    """A minute as the index has it. ``gap`` says why pictures are missing, or all are."""

    minute_ms: int
    object_key: str
    sha256: str
    bytes: int
    frames: int
    first_ms: int
    last_ms: int
    gap: str
    withdrawn: bool
    simulated: bool


class MinuteFile(NamedTuple):
    """An MP4 of a minute, and its SHA-256 as the chain has it."""

    data: bytes
    sha256: str


class RecordedMinutes:
    """The recorded minutes that may be shown. Used from one event loop.

    Args:
        questions: Asks the index.
        store: Gives the files.
        shown: Says which cameras are in quarantine, and whether that is known.
        clock: The wall clock.
    """

    def __init__(self, questions: Questions, store: ObjectStore, shown: Shown, *, clock: Clock = now_ms) -> None:
        self._questions = questions
        self._store = store
        self._shown = shown
        self._clock = clock
        self._threads = ThreadPoolExecutor(_READS_AT_ONCE, thread_name_prefix="recorded")
        self._kept: OrderedDict[str, MinuteFile] = OrderedDict()
        self._kept_bytes = 0
        self._reading: dict[str, asyncio.Task[MinuteFile | None]] = {}

    async def of_day(self, camera: Camera, day: date) -> list[Minute]:
        """Give the minutes of one of the city's days, by time: of a public camera those that everybody may see.

        Raises:
            RetryableError: ClickHouse or Kafka is away, or nothing was ever recorded.
        """
        minutes = await self._minutes(camera.camera_id, day)
        if not self._shown.is_current:
            raise RetryableError("Kafka is silent: whether minutes were withdrawn is not known")
        if camera.is_public:
            minutes = [each for each in minutes if is_minute_published(camera, each.minute_ms)]
        from_ms = self._shown.standing(camera.camera_id).quarantined_from_ms
        return [replace(each, withdrawn=True) if 0 < from_ms <= each.last_ms else each for each in minutes]

    async def _minutes(self, camera_id: str, day: date) -> list[Minute]:
        today = datetime.fromtimestamp(self._clock() / 1000, LOCAL_TIME).date()
        if not today - timedelta(days=_MOST_DAYS) <= day <= today:
            return []
        start = datetime.combine(day, time(), LOCAL_TIME)
        asked = {"camera_id": camera_id, "from_ms": _ms(start), "until_ms": _ms(start + timedelta(days=1))}
        return await self._questions.query_as(Minute, _MINUTES, asked, keep_seconds=_KEEP_SECONDS)

    async def file(self, camera: Camera, minute_ms: int) -> MinuteFile | None:
        """Give the file of a minute to whoever may see the camera then; None: there is none that may be shown.

        Raises:
            RetryableError: ClickHouse, Kafka or the store is away, or the file is not what the chain says of it.
        """
        day = datetime.fromtimestamp(minute_ms / 1000, UTC).astimezone(LOCAL_TIME).date()
        minutes = await self._minutes(camera.camera_id, day)
        minute = next((each for each in minutes if each.minute_ms == minute_ms), None)
        if minute is None or not self._is_shown(camera, minute) or minute.bytes > _MOST_FILE_BYTES:
            return None
        file = await self._file(minute)
        return file if self._is_shown(camera, minute) else None

    def close(self) -> None:
        """Give up what is being read."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _is_shown(self, camera: Camera, minute: Minute) -> bool:
        if not self._shown.is_current:
            raise RetryableError("Kafka is silent: whether this minute was withdrawn is not known")
        from_ms = self._shown.standing(camera.camera_id).quarantined_from_ms
        return bool(minute.object_key) and not minute.withdrawn and not 0 < from_ms <= minute.last_ms

    async def _file(self, minute: Minute) -> MinuteFile | None:
        kept = self._kept.get(minute.object_key)
        if kept is not None:
            self._kept.move_to_end(minute.object_key)
            return kept
        reading = self._reading.get(minute.object_key)
        if reading is None:
            if len(self._reading) >= _MOST_READS:
                raise RetryableError("too many recorded minutes are being read already")
            reading = self._reading[minute.object_key] = asyncio.create_task(self._read(minute))
        return await asyncio.shield(reading)

    async def _read(self, minute: Minute) -> MinuteFile | None:
        key = minute.object_key
        try:
            file = await asyncio.get_running_loop().run_in_executor(self._threads, self._fetched, minute)
        finally:
            del self._reading[key]
        if file is None:
            return None
        self._kept[key] = file
        self._kept_bytes += len(file.data)
        while self._kept_bytes > _MOST_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= len(oldest.data)
        return file

    def _fetched(self, minute: Minute) -> MinuteFile | None:
        """On a thread of reading: the file, if it is what was recorded."""
        data = self._store.get(minute.object_key)
        if data is None:
            return None
        if hashlib.sha256(data).hexdigest() != minute.sha256:
            log.error("recorded.damaged", object_key=minute.object_key, sha256=minute.sha256)
            raise RetryableError(f"{minute.object_key} is not what was recorded")
        return MinuteFile(data, minute.sha256)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
