"""A video file or a folder of stills as frames, for judging footage without Kafka.

Pictures that are not JPEG are encoded as ingest does it, so that what is found is what the running system would find.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
import cv2
import numpy as np
import simplejpeg

from schemas.camera_events import FrameCoordinates
from schemas.cameras import SourceKind
from schemas.frames import FRAME_SCHEMA, FrameHeaders
from services.detect.frame import Frame
from services.detect.resampling import ImageBgr
from services.runtime.errors import ConfigurationError
from services.runtime.timed_stills import JPEG_NAMES, STILL_NAMES, TimedStills, list_stills, time_of_name

_FALLBACK_FPS = Fraction(25)
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
            pictures = len(self._stills().paths)
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

    def _stills(self) -> TimedStills:
        if self.source.is_file():
            at = time_of_name(self.source.name)
            return TimedStills([self.source], None if at is None else [at])
        stills = list_stills(self.source)
        if not stills.paths:
            raise ConfigurationError(f"{self.source} holds no .jpg and no .png")
        return stills

    def _still_pictures(self) -> Iterator[tuple[int, bytes]]:
        stills = self._stills()
        for index in range(0, len(stills.paths), self.every):
            counted = self.recorded_from_ms + round(index * 1000 / self.still_fps)
            yield (counted if stills.times_ms is None else stills.times_ms[index]), self._still(stills.paths[index])

    def _still(self, path: Path) -> bytes:
        """Give a still as JPEG; of one that can't be read nothing, which is then shed as undecodable."""
        if path.suffix.lower() in JPEG_NAMES:
            return path.read_bytes()
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        return b"" if image is None else self._encoded(np.asarray(image, np.uint8))

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


def _opened(path: Path) -> av.container.InputContainer:
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, ValueError) as error:
        raise ConfigurationError(f"{path} can't be opened as video: {error}") from error
    if not container.streams.video:
        container.close()
        raise ConfigurationError(f"{path} holds no video")
    return container
