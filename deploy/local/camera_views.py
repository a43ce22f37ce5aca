"""What a pretended camera sees: a window of a clip, shifted in time. Each JPEG is encoded once, for all who ask."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import simplejpeg

Window = tuple[float, float, float, float]
"""(left, top, right, bottom) of the part that is shown, normalised."""

WHOLE: Window = (0.0, 0.0, 1.0, 1.0)

_MANY_WINDOWS: tuple[Window, ...] = (WHOLE, (0.0, 0.1, 0.6, 0.7), (0.4, 0.1, 1.0, 0.7))
_JPEG_QUALITY = 85
_CLIP_SECONDS = 79.5  # of vtest.avi; offsets of many cameras spread over it


@dataclass(frozen=True, slots=True)
class View:
    """One camera: its name in the URL, its window, and how far ahead of the others it plays."""

    name: str
    window: Window = WHOLE
    offset_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Picture:
    """One JPEG with the tag that tells it from every other picture."""

    jpeg: bytes
    etag: str


def parse_view(text: str) -> View:
    """Read ``NAME``, ``NAME=LEFT,TOP,RIGHT,BOTTOM`` or ``NAME=LEFT,TOP,RIGHT,BOTTOM@SECONDS``.

    Raises:
        ValueError: The window is not four numbers in [0, 1] in their order, or the name has other than ``a-z0-9._-``.
    """
    name, _, rest = text.partition("=")
    window_text, _, offset_text = rest.partition("@")
    if not name or not set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-"):
        raise ValueError(f"{name!r} can't be a camera's name")
    numbers = [float(number) for number in window_text.split(",")] if window_text else list(WHOLE)
    if len(numbers) != 4 or not (0 <= numbers[0] < numbers[2] <= 1 and 0 <= numbers[1] < numbers[3] <= 1):
        raise ValueError(f"{window_text!r} is not LEFT,TOP,RIGHT,BOTTOM within 0 and 1")
    left, top, right, bottom = numbers
    return View(name, (left, top, right, bottom), float(offset_text or 0.0))


def many_views(count: int) -> list[View]:
    """Give ``many-0000`` and so on: few windows, so few JPEGs to keep, and every camera at another place in time."""
    return [
        View(f"many-{index:04d}", _MANY_WINDOWS[index % len(_MANY_WINDOWS)], index * _CLIP_SECONDS / count)
        for index in range(count)
    ]


class Playback:
    """The pictures of some views as functions of time; the clip starts over at its end.

    Args:
        clip: A video file.
        views: The cameras. Those with the same window share their JPEGs.
        frames_per_second: How many pictures a second a camera gives; at most as many as the clip has.

    Raises:
        ValueError: The clip has no pictures.
    """

    def __init__(self, clip: Path, views: Sequence[View], frames_per_second: float) -> None:
        self.frames_per_second = frames_per_second
        self.views = {view.name: view for view in views}
        self._pictures: dict[Window, list[Picture]] = {view.window: [] for view in views}
        for image_rgb in sampled(clip, frames_per_second):
            for window, pictures in self._pictures.items():
                pictures.append(_encode(image_rgb, window))
        if not all(self._pictures.values()):
            raise ValueError(f"{clip} has no pictures in it")

    def picture_at(self, name: str, seconds: float) -> Picture:
        """Give what camera ``name`` sees ``seconds`` after the start.

        Raises:
            KeyError: There is no such camera.
        """
        view = self.views[name]
        pictures = self._pictures[view.window]
        return pictures[int((seconds + view.offset_seconds) * self.frames_per_second) % len(pictures)]


def sampled(clip: Path, frames_per_second: float) -> Iterator[npt.NDArray[np.uint8]]:
    """Decode the clip and give one picture (RGB, (height, width, 3)) for each step of the wanted rate."""
    wanted_at = 0.0
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        rate = float(stream.average_rate or frames_per_second)
        for index, frame in enumerate(container.decode(stream)):
            if index / rate + 1e-9 >= wanted_at:
                wanted_at += 1.0 / frames_per_second
                yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def _encode(image_rgb: npt.NDArray[Any], window: Window) -> Picture:
    height, width = image_rgb.shape[:2]
    left, top, right, bottom = window
    part = image_rgb[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
    jpeg = bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(part), quality=_JPEG_QUALITY, colorspace="RGB"))
    return Picture(jpeg, f'"{hashlib.blake2b(jpeg, digest_size=8).hexdigest()}"')
