"""Recorded minutes of public cameras, in the form that hides people: which there are, and their files.

The index is ClickHouse's, the files are the object store's. What was withdrawn, or is kept encrypted, is not here.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from msgspec import Struct

from schemas.recordings import LOCAL_TIME
from services.portal.questions import Questions
from services.runtime.errors import RetryableError
from services.runtime.logging import get_logger
from services.runtime.object_store import ObjectStore

log = get_logger(__name__)

MINUTE_MS = 60_000
_KEEP_SECONDS = 15.0
_MOST_BYTES = 64 << 20
_MOST_FILE_BYTES = 32 << 20

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

    @property
    def is_shown(self) -> bool:
        """Tell whether there is a file for everybody."""
        return bool(self.object_key) and not self.withdrawn


class MinuteFile(NamedTuple):
    """An MP4 of a minute, and its SHA-256 as the chain has it."""

    data: bytes
    sha256: str


class RecordedMinutes:
    """The recorded minutes that may be shown. Used from one event loop.

    Args:
        questions: Asks the index.
        store: Gives the files.
    """

    def __init__(self, questions: Questions, store: ObjectStore) -> None:
        self._questions = questions
        self._store = store
        self._kept: OrderedDict[str, MinuteFile] = OrderedDict()
        self._kept_bytes = 0
        self._reading: dict[str, asyncio.Task[MinuteFile | None]] = {}

    async def of_day(self, camera_id: str, day: date) -> list[Minute]:
        """Give the minutes of one of the city's days, by time.

        Raises:
            RetryableError: ClickHouse is away, or nothing was ever recorded.
        """
        start = datetime.combine(day, time(), LOCAL_TIME)
        asked = {"camera_id": camera_id, "from_ms": _ms(start), "until_ms": _ms(start + timedelta(days=1))}
        return await self._questions.query_as(Minute, _MINUTES, asked, keep_seconds=_KEEP_SECONDS)

    async def file(self, camera_id: str, minute_ms: int) -> MinuteFile | None:
        """Give the file of a minute; None: there is none that may be shown.

        Raises:
            RetryableError: ClickHouse or the store is away, or the file is not what the chain says of it.
        """
        day = datetime.fromtimestamp(minute_ms / 1000, UTC).astimezone(LOCAL_TIME).date()
        minutes = await self.of_day(camera_id, day)
        minute = next((each for each in minutes if each.minute_ms == minute_ms), None)
        if minute is None or not minute.is_shown or minute.bytes > _MOST_FILE_BYTES:
            return None
        kept = self._kept.get(minute.object_key)
        if kept is not None:
            self._kept.move_to_end(minute.object_key)
            return kept
        reading = self._reading.get(minute.object_key)
        if reading is None:
            reading = self._reading[minute.object_key] = asyncio.create_task(self._read(minute))
        return await asyncio.shield(reading)

    async def _read(self, minute: Minute) -> MinuteFile | None:
        key = minute.object_key
        try:
            data = await asyncio.to_thread(self._store.get, key)
        finally:
            del self._reading[key]
        if data is None:
            return None
        if hashlib.sha256(data).hexdigest() != minute.sha256:
            log.error("recorded.damaged", object_key=key, sha256=minute.sha256)
            raise RetryableError(f"{key} is not what was recorded")
        file = MinuteFile(data, minute.sha256)
        self._kept[key] = file
        self._kept_bytes += len(data)
        while self._kept_bytes > _MOST_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= len(oldest.data)
        return file


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
