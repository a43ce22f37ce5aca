"""Pictures fit to be shown: of each frame one fetch, one anonymisation, one encoding, however many ask.

::

    wanted ─┬─► kept ──────────────────────────────────────────────────────────────► picture
            ├─► being made: joined ─────────────────────────────────────────────────► picture
            └─► fetched with what else is wanted of its partition ─► anonymised, encoded ─► kept
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from schemas.codec import ContractError
from schemas.frames import FrameHeaders
from services.portal.delivery.addresses import FrameName, name_of
from services.portal.settings import PictureSettings
from services.privacy.anonymise import anonymise_jpeg
from services.privacy.showable import ShowableFrame
from services.runtime.errors import InvalidMessageError, RetryableError
from services.runtime.kafka import ConsumedRecord
from services.runtime.logging import get_logger
from services.runtime.metrics import Metrics
from services.runtime.records_at import RecordsAt

log = get_logger(__name__)

_FETCHES_AT_ONCE = 2
_ETAG_DIGITS = 20
_DRAW_SECONDS = 5.0
"""A picture that was fetched in time is waited for so much longer, until its turn to be drawn has come."""
_AWAY_SECONDS = 1.0
"""After a fetch that failed nothing of its partition is asked for: a crowd would wait in line for the next failure."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A finished JPEG. ``etag`` is quoted, as HTTP has it."""

    jpeg: bytes
    etag: bytes


_Making = dict[FrameName, "asyncio.Future[Picture | None]"]


class Pictures:
    """The pictures of one process. Used from one event loop; what blocks or computes runs on threads of its own.

    Args:
        records: Gives frames out of Kafka.
        settings: Sizes and quality.
        metrics: Counts pictures.
        seconds: Monotonic seconds.
    """

    def __init__(
        self,
        records: RecordsAt,
        settings: PictureSettings,
        metrics: Metrics,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fresh_seconds = settings.fresh_seconds
        self._records = records
        self._settings = settings
        self._metrics = metrics
        self._seconds = seconds
        self._away_until: dict[tuple[str, int], float] = {}
        self._fetching = ThreadPoolExecutor(_FETCHES_AT_ONCE, thread_name_prefix="fetching")
        self._drawing = ThreadPoolExecutor(settings.threads, thread_name_prefix="drawing")
        self._kept: OrderedDict[FrameName, Picture] = OrderedDict()
        self._kept_bytes = 0
        self._making: _Making = {}
        self._wanted: list[ShowableFrame] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def kept(self, name: FrameName) -> Picture | None:
        """Give a picture that is at hand. Whether it may be shown is for the caller to know."""
        picture = self._kept.get(name)
        if picture is not None:
            self._kept.move_to_end(name)
            self._metrics.count("tilik_portal_pictures_total", outcome="kept")
        return picture

    def is_at_hand(self, name: FrameName) -> bool:
        """Tell whether a picture costs nothing more: it is there, or being made already."""
        return name in self._kept or name in self._making

    async def get(self, frame: ShowableFrame) -> Picture | None:
        """Give the picture of a frame that may be shown; None: Kafka no longer holds it, or it can't be decoded.

        Raises:
            RetryableError: Kafka is away or slow, or too many pictures are being made.
        """
        name = name_of(frame)
        picture = self.kept(name)
        if picture is not None:
            return picture
        making = self._making.get(name)
        if making is None:
            self._refuse_where_vain(frame)
            making = self._begin(frame)
        else:
            self._metrics.count("tilik_portal_pictures_total", outcome="joined")
        try:
            async with asyncio.timeout(self._settings.fetch_seconds + _DRAW_SECONDS):
                return await asyncio.shield(making)  # who leaves does not take it from the others
        except TimeoutError as error:
            raise RetryableError("the picture was not made in time") from error

    def close(self) -> None:
        """Give up what is being made."""
        self._fetching.shutdown(wait=False, cancel_futures=True)
        self._drawing.shutdown(wait=False, cancel_futures=True)

    def _refuse_where_vain(self, frame: ShowableFrame) -> None:
        if self._away_until.get(_place_of(frame), 0.0) > self._seconds():
            why = "Kafka did not give pictures a moment ago"
        elif len(self._making) >= self._settings.waiting:
            why = "too many pictures are being made"
        else:
            return
        self._metrics.count("tilik_portal_pictures_total", outcome="refused")
        raise RetryableError(why)

    def _begin(self, frame: ShowableFrame) -> asyncio.Future[Picture | None]:
        """What is wanted within one turn of the loop is fetched together."""
        loop = asyncio.get_running_loop()
        if not self._wanted:
            loop.call_soon(self._fetch_wanted)
        self._wanted.append(frame)
        making = loop.create_future()
        making.add_done_callback(lambda done: done.cancelled() or done.exception())  # also where nobody waits any more
        self._making[name_of(frame)] = making
        return making

    def _fetch_wanted(self) -> None:
        wanted, self._wanted = self._wanted, []
        by_partition = defaultdict(list)
        for frame in wanted:
            by_partition[_place_of(frame)].append(frame)
        for frames in by_partition.values():
            self._run(self._fetch(frames))

    async def _fetch(self, frames: Sequence[ShowableFrame]) -> None:
        loop = asyncio.get_running_loop()
        started = time.monotonic()
        try:
            found = await loop.run_in_executor(self._fetching, self._read, frames, self._seconds())
        except Exception as error:  # whatever it is: nobody may wait for ever for what will not come
            self._away_until[_place_of(frames[0])] = self._seconds() + _AWAY_SECONDS
            self._failed(frames, error)
            return
        self._metrics.observe("tilik_portal_picture_seconds", time.monotonic() - started, step="fetch")
        for frame in frames:
            record = found.get(frame.frame.offset)
            if record is None or not _is_of(record, frame):
                self._metrics.count("tilik_portal_pictures_total", outcome="gone")
                self._finish(frame, None)
            else:
                self._run(self._draw(frame, record.value))

    def _read(self, frames: Sequence[ShowableFrame], wanted_at: float) -> dict[int, ConsumedRecord]:
        """On a thread of fetching: what has waited in line for it has less time left, or none."""
        left = self._settings.fetch_seconds - (self._seconds() - wanted_at)
        if left <= 0:
            raise RetryableError("Kafka: other frames are still being read")
        return self._records.read_many(*_place_of(frames[0]), [each.frame.offset for each in frames], left)

    async def _draw(self, frame: ShowableFrame, jpeg: bytes) -> None:
        started = time.monotonic()
        try:
            picture = await asyncio.get_running_loop().run_in_executor(
                self._drawing, draw, jpeg, frame, self._settings.quality, self._settings.longest_px
            )
        except InvalidMessageError as error:
            log.warning("pictures.undecodable", camera=frame.camera_id, offset=frame.frame.offset, error=str(error))
            self._metrics.count("tilik_portal_pictures_total", outcome="failed")
            self._finish(frame, None)
            return
        except Exception as error:
            self._failed([frame], error)
            return
        self._metrics.observe("tilik_portal_picture_seconds", time.monotonic() - started, step="draw")
        self._metrics.count("tilik_portal_pictures_total", outcome="made")
        self._keep(name_of(frame), picture)
        self._finish(frame, picture)

    def _failed(self, frames: Sequence[ShowableFrame], error: Exception) -> None:
        log.warning("pictures.failed", camera=frames[0].camera_id, pictures=len(frames), error=str(error))
        self._metrics.count("tilik_portal_pictures_total", len(frames), outcome="failed")
        for frame in frames:
            making = self._making.pop(name_of(frame), None)
            if making is not None and not making.done():
                making.set_exception(error)

    def _finish(self, frame: ShowableFrame, picture: Picture | None) -> None:
        making = self._making.pop(name_of(frame), None)
        if making is not None and not making.done():
            making.set_result(picture)

    def _keep(self, name: FrameName, picture: Picture) -> None:
        self._kept[name] = picture
        self._kept_bytes += len(picture.jpeg)
        while self._kept_bytes > self._settings.kept_mib << 20:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= len(oldest.jpeg)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)  # the loop itself holds tasks weakly
        task.add_done_callback(self._tasks.discard)


def _place_of(frame: ShowableFrame) -> tuple[str, int]:
    return frame.frame.topic, frame.frame.partition


def draw(jpeg: bytes, frame: ShowableFrame, quality: int, longest_px: int) -> Picture:
    """Make a frame's picture fit to be shown.

    Raises:
        InvalidMessageError: It can't be decoded.
    """
    shown = anonymise_jpeg(jpeg, frame.hidden, quality=quality, longest_px=longest_px)
    digest = hashlib.sha256(shown).hexdigest()[:_ETAG_DIGITS]
    return Picture(shown, f'"{digest}"'.encode())


def _is_of(record: ConsumedRecord, frame: ShowableFrame) -> bool:
    """Tell whether a record is this frame: a topic that was made anew has other frames at the same offsets."""
    if record.key != frame.camera_id.encode():
        return False
    try:
        headers = FrameHeaders.from_kafka(record.headers)
    except ContractError:
        return False
    told = (headers.owner_epoch, headers.sequence, headers.captured_at_ms)
    return told == (frame.owner_epoch, frame.sequence, frame.captured_at_ms)
