"""Clips of cameras, played for as long as needed at one picture a second, and the scene facts of their pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from schemas.camera_events import SceneFacts
from services.detect.accuracy.labelled_footage import pets_clip
from services.detect.footage import Footage
from services.detect.scene import measure_scene

ImageRgb = NDArray[np.uint8]
"""uint8 [height, width, 3], RGB."""
Alteration = Callable[[ImageRgb, float], ImageRgb]
"""(picture, seconds since the first altered one) → another picture of the same shape."""

WIDTH_PX = 480
"""Pictures are shrunk to that. Facts are measured at 320 px, and altering costs a quarter then."""
SEEN_RATIO = 0.7
"""How much of a picture's width and height a camera sees that is to be moved: .15 stay on either side, and the largest
move takes .14."""
_LEAST_NIGHT_MS = 6 * 3_600_000
"""Between two stills of a time-lapse: another day begins. By day they are minutes apart, or up to some hours."""
_JPEG_QUALITY = 85
"""As ingest encodes."""


@dataclass
class SceneClip:
    """A camera's clip. It is played to its end, back to its beginning, and so on: no picture comes after a cut.

    ``every`` is how many pictures of the file lie between two that are taken; ``step`` how many of those taken make a
    second. Of clips of a few seconds each picture of the file counts as one second.
    """

    name: str
    path: Path
    every: int
    step: int
    _facts: dict[int, SceneFacts] = field(default_factory=dict)

    @cached_property
    def pictures(self) -> list[ImageRgb]:
        """Give its pictures, at most ``WIDTH_PX`` wide."""
        return [shrunk(frame.jpeg) for frame in Footage(self.path, camera_id="scene", every=self.every).frames()]

    def place(self, second: int) -> int:
        """Give which picture is shown then."""
        last = len(self.pictures) - 1
        return last - abs(last - second * self.step % (2 * last))

    def facts(self, second: int) -> SceneFacts:
        """Give the facts of the picture that is shown then, unaltered."""
        place = self.place(second)
        if place not in self._facts:
            self._facts[place] = facts_of_picture(self.pictures[place])
        return self._facts[place]

    def altered_facts(self, second: int, since_seconds: float, alteration: Alteration) -> SceneFacts:
        """Give the facts of the picture that is shown then, altered."""
        return facts_of_picture(alteration(self.pictures[self.place(second)], since_seconds))


@dataclass(frozen=True, slots=True)
class Look:
    """Where a camera looks that sees a part of the picture: all 0 is its middle.

    ``aside`` and ``down`` are parts of the seen width and height; ``nearer`` is a factor.
    """

    aside: float = 0.0
    down: float = 0.0
    nearer: float = 1.0
    degrees: float = 0.0

    def __call__(self, image_rgb: ImageRgb, _: float = 0.0) -> ImageRgb:
        """Give what it sees, ``WIDTH_PX`` wide; beyond the picture's edges they are mirrored."""
        height, width = image_rgb.shape[:2]
        out = (WIDTH_PX, round(height * WIDTH_PX / width))
        middle = (width * (0.5 + self.aside * SEEN_RATIO), height * (0.5 + self.down * SEEN_RATIO))
        matrix = cv2.getRotationMatrix2D(middle, self.degrees, WIDTH_PX * self.nearer / (SEEN_RATIO * width))
        matrix[:, 2] += out[0] / 2 - middle[0], out[1] / 2 - middle[1]
        seen = cv2.warpAffine(image_rgb, matrix, out, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        return np.asarray(seen, np.uint8)


class PartlySeenClip(SceneClip):
    """A clip of which the camera sees a part, so that it can be moved and all that it sees is real."""

    def facts(self, second: int) -> SceneFacts:
        """Give the facts of the middle of the picture that is shown then."""
        place = self.place(second)
        if place not in self._facts:
            self._facts[place] = facts_of_picture(Look()(self.pictures[place]))
        return self._facts[place]


@dataclass
class TimeLapse:
    """Stills of one camera, minutes and days apart."""

    folder: Path

    @cached_property
    def stills(self) -> list[tuple[int, bytes]]:
        """Give capture time, ms since 1970, and JPEG of each still."""
        frames = Footage(self.folder, camera_id="scene").frames()
        return [(frame.headers.captured_at_ms, frame.jpeg) for frame in frames]

    @property
    def first_of_second_day(self) -> int:
        """Give the place of the first still that is not of the first day, in which thresholds were chosen."""
        times_ms = [at_ms for at_ms, _ in self.stills]
        return next(
            place for place in range(1, len(times_ms)) if times_ms[place] - times_ms[place - 1] >= _LEAST_NIGHT_MS
        )

    @cached_property
    def facts(self) -> list[SceneFacts]:
        """Give the facts of each still, unaltered."""
        return [facts_of_picture(shrunk(jpeg)) for _, jpeg in self.stills]

    def altered_facts(self, place: int, since_seconds: float, alteration: Alteration) -> SceneFacts:
        """Give the facts of one still, altered."""
        return facts_of_picture(alteration(shrunk(self.stills[place][1]), since_seconds))


def tuning_clips(data_folder: Path) -> list[SceneClip]:
    """Give the clips that thresholds were chosen on."""
    clips = data_folder / "clips"
    return [
        SceneClip("street", clips / "ahmetozlu_input_video.mp4", every=12, step=2),
        SceneClip("tud_campus", clips / "TUD-Campus.mp4", every=1, step=1),
    ]


def reported_clips(data_folder: Path) -> list[SceneClip]:
    """Give the clips that figures are of.

    Raises:
        ConfigurationError: The clip of PETS09 is not there.
    """
    clips = data_folder / "clips"
    return [
        SceneClip("pets", pets_clip(), every=5, step=2),
        SceneClip("tud_stadtmitte", clips / "TUD-Stadtmitte.mp4", every=1, step=1),
        SceneClip("intel", clips / "intel_one-by-one-person-detection.mp4", every=5, step=2),
    ]


def partly_seen(clip: SceneClip) -> PartlySeenClip:
    """Give a clip of which the camera sees the middle."""
    return PartlySeenClip(clip.name, clip.path, clip.every, clip.step)


def facts_of_picture(image_rgb: ImageRgb) -> SceneFacts:
    """Give the facts that detect would measure: the picture is encoded as ingest does it, and decoded."""
    jpeg = simplejpeg.encode_jpeg(
        np.ascontiguousarray(image_rgb), quality=_JPEG_QUALITY, colorspace="RGB", colorsubsampling="420"
    )
    return measure_scene(np.asarray(simplejpeg.decode_jpeg(jpeg, colorspace="BGR"), np.uint8))


def shrunk(jpeg: bytes) -> ImageRgb:
    """Decode a picture and shrink it to ``WIDTH_PX``."""
    image_rgb = np.asarray(simplejpeg.decode_jpeg(jpeg, colorspace="RGB"), np.uint8)
    height, width = image_rgb.shape[:2]
    size = (WIDTH_PX, round(height * WIDTH_PX / width))
    return np.asarray(cv2.resize(image_rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
