"""Recorded minutes of public cameras, in the form that hides people: which there are, and their files.

The index is ClickHouse's, the files are the object store's. What was withdrawn, or is kept encrypted, is not here.
"""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from schemas.cameras import Camera
from schemas.times import LOCAL_TIME
from services.portal.delivery.published import is_minute_published
from services.portal.delivery.shown import Shown
from services.portal.delivery.troubles import troubles_of
from services.portal.questions import Questions
from services.portal.store_reads import ReadBounds, StoreReads
from services.privacy.private_zones import private_since
from services.privacy.showable import FindCamera
from services.privacy.troubles import is_in_trouble
from services.runtime.clock import Clock, now_ms
from services.runtime.errors import RetryableError
from services.runtime.object_store import ObjectStore

_KEEP_SECONDS = 15.0
_MOST_FILE_BYTES = 32 << 20
_FILMS = ReadBounds(waiting=60, keep_seconds=math.inf, most_bytes=64 << 20)
"""A film never changes: its name has its content's hash in it."""
_MOST_DAYS = 3_660
"""The longest that a recording may be kept: an older day is not asked for."""

_MINUTES = """
SELECT toUnixTimestamp64Milli(toDateTime64(minute, 3)) AS minute_ms, object_key, sha256, bytes, frames,
       toUnixTimestamp64Milli(toDateTime64(first_at, 3)) AS first_ms,
       toUnixTimestamp64Milli(toDateTime64(last_at, 3)) AS last_ms, gap, withdrawn, simulated,
       camera_revision, private_revision
FROM recorded_minutes FINAL
WHERE camera_id = {camera_id:String} AND form = 'public'
  AND minute >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND minute < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
ORDER BY minute
"""


class Minute(Struct, frozen=True):
    """A minute as the index has it. ``gap`` says why pictures are missing, or all are; then there is no object.

    ``camera_revision`` is the lowest under which a picture of its film was captured, ``private_revision`` that whose
    private zones are black in it; 0: not known.
    """

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
    camera_revision: int
    private_revision: int


class MinuteFile(NamedTuple):
    """An MP4 of a minute, and its SHA-256 as the chain has it."""

    data: bytes
    sha256: str


class RecordedMinutes:
    """The recorded minutes that may be shown. Used from one event loop.

    Args:
        questions: Asks the index.
        store: Gives the files.
        find_camera: Gives a revision of a camera.
        shown: Says which cameras are in quarantine, and whether that is known.
        clock: The wall clock.
    """

    def __init__(
        self,
        questions: Questions,
        store: ObjectStore,
        find_camera: FindCamera,
        shown: Shown,
        *,
        clock: Clock = now_ms,
    ) -> None:
        self._questions = questions
        self._reads = StoreReads(store, bounds=_FILMS)
        self._find_camera = find_camera
        self._shown = shown
        self._clock = clock

    async def of_day(self, camera: Camera, day: date) -> list[Minute]:
        """Give the minutes of one of the city's days, by time: of a public camera those that everybody may see.

        Films in which not all is black that is private now are not among them. Of a camera that is recorded no more
        none is listed.

        Raises:
            RetryableError: ClickHouse or Kafka is away, or nothing was ever recorded.
        """
        if not camera.record:
            return []
        minutes = await self._minutes(camera.camera_id, day)
        if not self._shown.is_current:
            raise RetryableError("Kafka is silent, or not read yet: whether minutes were withdrawn is not known")
        minutes = [each for each in minutes if self._is_burnt(camera, each)]
        if camera.is_public:
            minutes = [each for each in minutes if self.is_published(camera, each)]
        from_ms = self._shown.standing(camera.camera_id).quarantined_from_ms
        return [replace(each, withdrawn=True) if 0 < from_ms <= each.last_ms else each for each in minutes]

    async def _minutes(self, camera_id: str, day: date) -> list[Minute]:
        """Give a day's minutes; what was in a quarantine is withdrawn, also where the index does not say it."""
        today = datetime.fromtimestamp(self._clock() / 1000, LOCAL_TIME).date()
        if not today - timedelta(days=_MOST_DAYS) <= day <= today:
            return []
        start = datetime.combine(day, time(), LOCAL_TIME)
        from_ms, until_ms = _ms(start), _ms(start + timedelta(days=1))
        asked = {"camera_id": camera_id, "from_ms": from_ms, "until_ms": until_ms}
        minutes, troubles = await asyncio.gather(
            self._questions.query_as(Minute, _MINUTES, asked, keep_seconds=_KEEP_SECONDS),
            troubles_of(self._questions, camera_id),
        )
        quarantines = [one for one in troubles if one.quarantined and is_in_trouble([one], from_ms, until_ms)]
        return [
            replace(each, withdrawn=True) if is_in_trouble(quarantines, each.first_ms, each.last_ms) else each
            for each in minutes
        ]

    async def find(self, camera_id: str, minute_ms: int) -> Minute | None:
        """Give a minute by its start; None: the index does not have it.

        Raises:
            RetryableError: ClickHouse is away, or nothing was ever recorded.
        """
        day = datetime.fromtimestamp(minute_ms / 1000, UTC).astimezone(LOCAL_TIME).date()
        minutes = await self._minutes(camera_id, day)
        return next((each for each in minutes if each.minute_ms == minute_ms), None)

    async def file(self, minute: Minute) -> MinuteFile | None:
        """Give the file of a minute; None: it is gone.

        Raises:
            RetryableError: The store is away, or the file is not what the chain says of it.
        """
        data = await self._reads.intact(minute.object_key, minute.sha256)
        return None if data is None else MinuteFile(data, minute.sha256)

    def is_shown(self, camera: Camera, minute: Minute) -> bool:
        """Tell whether a minute has a film that may be shown, to whoever has a role for the camera as it is now.

        Raises:
            RetryableError: Kafka is silent.
        """
        if not self._shown.is_current:
            raise RetryableError("Kafka is silent, or not read yet: whether this minute was withdrawn is not known")
        from_ms = self._shown.standing(camera.camera_id).quarantined_from_ms
        return (
            bool(minute.object_key)
            and minute.bytes <= _MOST_FILE_BYTES
            and not minute.withdrawn
            and not 0 < from_ms <= minute.last_ms
            and self._is_burnt(camera, minute)
        )

    def is_published(self, camera: Camera, minute: Minute) -> bool:
        """Tell whether everybody may see a minute, as its camera is now; of a gap there is no picture to hide.

        Of a camera that is recorded no more nobody without a role sees what is still kept of it.
        """
        begun_under = self._find_camera(camera.camera_id, minute.camera_revision) if minute.object_key else camera
        return camera.record and is_minute_published(camera, begun_under, minute.minute_ms)

    def close(self) -> None:
        """Give up what is being read."""
        self._reads.close()

    def _is_burnt(self, camera: Camera, minute: Minute) -> bool:
        """Tell whether all that is private of a camera now is black in a film: else nobody is shown it."""
        black_of = self._find_camera(camera.camera_id, minute.private_revision)
        return not minute.object_key or not private_since(camera, black_of)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
