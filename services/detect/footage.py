"""A video file or a folder of stills as frames, for judging footage without Kafka.

Pictures that are not JPEG are encoded as ingest does it, so that what is found is what the running system would find.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import av
import av.error
import cv2
import numpy as np
import simplejpeg

from schemas.camera_events import FrameCoordinates
from schemas.cameras import SourceKind
from schemas.frames import FRAME_SCHEMA, FrameHeaders
from services.detect.frame import Frame
from services.detect.letterbox import ImageBgr
from services.runtime.errors import ConfigurationError

JPEG_NAMES = frozenset({".jpg", ".jpeg"})
STILL_NAMES = JPEG_NAMES | {".png"}
_FALLBACK_FPS = Fraction(25)
_TIME_IN_NAME = re.compile(r"(\d{4})-(\d{2})-(\d{2})[_T -](\d{2})[_:.-](\d{2})[_:.-](\d{2})")
_TIME_ZONE = ZoneInfo("Asia/Jakarta")
_COORDINATES_TOPIC = "footage"
"""Stands where a Kafka topic would: these frames lie in no topic."""


@dataclass(frozen=True, slots=True)
class Footage:
    """What to read and how.

    ``source`` is a video file, a folder of stills or one still. Every ``every``-th picture is taken, the first one
    included. ``still_fps`` gives stills whose names state no time their distance. ``recorded_from_ms`` is the time of
    the first picture, where names don't state it. ``jpeg_quality`` is ingest's default.
    """

    source: Path
    camera_id: str
    every: int = 1
    still_fps: float = 1.0
    recorded_from_ms: int = 0
    jpeg_quality: int = 85

    def length(self) -> int | None:
        """Give how many frames there will be, or None where the file does not say."""
        if self._kind() == "stills":
            pictures = len(self._stills())
        else:
            with _opened(self.source) as container:
                pictures = container.streams.video[0].frames
        return -(-pictures // self.every) if pictures else None

    def frames(self) -> Iterator[Frame]:
        """Give the frames, in order. Blocks on the disk and on decoding.

        Raises:
            ConfigurationError: There is no such file or folder, or no picture in it.
        """
        kind = self._kind()
        pictures = self._still_pictures() if kind == "stills" else self._video_pictures()
        for index, (captured_at_ms, jpeg) in enumerate(pictures):
            yield self._frame(index, captured_at_ms, jpeg, kind)

    def _kind(self) -> SourceKind:
        if not self.source.exists():
            raise ConfigurationError(f"there is no file or folder {self.source}")
        return "stills" if self.source.is_dir() or self.source.suffix.lower() in STILL_NAMES else "file"

    def _stills(self) -> list[Path]:
        if self.source.is_file():
            return [self.source]
        stills = sorted(path for path in self.source.iterdir() if path.suffix.lower() in STILL_NAMES)
        if not stills:
            raise ConfigurationError(f"{self.source} holds no .jpg and no .png")
        return stills

    def _still_pictures(self) -> Iterator[tuple[int, bytes]]:
        stills = self._stills()
        times = [time_of_name(path.name) for path in stills]
        stated = all(time is not None for time in times)
        for index in range(0, len(stills), self.every):
            path, time = stills[index], times[index]
            counted = self.recorded_from_ms + round(index * 1000 / self.still_fps)
            jpeg = path.read_bytes() if path.suffix.lower() in JPEG_NAMES else self._encoded(_png(path))
            yield (time if stated and time is not None else counted), jpeg

    def _video_pictures(self) -> Iterator[tuple[int, bytes]]:
        try:
            with _opened(self.source) as container:
                stream = container.streams.video[0]
                stream.thread_type = "AUTO"
                length = float(1 / (stream.average_rate or _FALLBACK_FPS))
                origin: float | None = None
                for index, picture in enumerate(container.decode(stream)):
                    at = index * length if picture.time is None else float(picture.time)
                    origin = at if origin is None else origin
                    if index % self.every == 0:
                        jpeg = self._encoded(np.asarray(picture.to_ndarray(format="bgr24"), np.uint8))
                        yield self.recorded_from_ms + round((at - origin) * 1000), jpeg
        except av.error.FFmpegError as error:
            raise ConfigurationError(f"{self.source} can't be read: {error}") from error

    def _encoded(self, image_bgr: ImageBgr) -> bytes:
        jpeg: bytes = simplejpeg.encode_jpeg(
            image_bgr, quality=self.jpeg_quality, colorspace="BGR", colorsubsampling="420"
        )
        return jpeg

    def _frame(self, index: int, captured_at_ms: int, jpeg: bytes, kind: SourceKind) -> Frame:
        headers = FrameHeaders(
            schema=FRAME_SCHEMA,
            captured_at_ms=captured_at_ms,
            owner_epoch=0,
            sequence=index,
            width=1,  # as the event's size, the JPEG's own header counts
            height=1,
            source_kind=kind,
            camera_revision=1,
            ingest_instance="tilik-detect",
            simulated=False,
        )
        return Frame(self.camera_id, headers, FrameCoordinates(_COORDINATES_TOPIC, 0, index, captured_at_ms), jpeg)


def time_of_name(name: str) -> int | None:
    """Give the time (ms since the epoch) that a file's name states in Semarang's local time, or None."""
    match = _TIME_IN_NAME.search(name)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups())
    try:
        at = datetime(year, month, day, hour, minute, second, tzinfo=_TIME_ZONE)
    except ValueError:
        return None
    return int(at.timestamp() * 1000)


def _opened(path: Path) -> av.container.InputContainer:
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, ValueError) as error:
        raise ConfigurationError(f"{path} can't be opened as video: {error}") from error
    if not container.streams.video:
        container.close()
        raise ConfigurationError(f"{path} holds no video")
    return container


def _png(path: Path) -> ImageBgr:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ConfigurationError(f"{path} can't be read as a picture")
    return np.asarray(image, np.uint8)
