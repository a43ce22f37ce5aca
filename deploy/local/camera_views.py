"""What a pretended camera sees: a window of a clip, shifted in time. Each JPEG is encoded once, for all who ask.

The JPEGs of a window are a reel: encoded here when the server starts, or read from files that were encoded before.
All reels lie in memory: so many bytes as the files have, whatever the number of cameras.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
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

MANY_WINDOWS: tuple[Window, ...] = (WHOLE, (0.0, 0.1, 0.6, 0.7), (0.4, 0.1, 1.0, 0.7))
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
    return View(name, parse_window(window_text) if window_text else WHOLE, float(offset_text or 0.0))


def parse_window(text: str) -> Window:
    """Read ``LEFT,TOP,RIGHT,BOTTOM``.

    Raises:
        ValueError: It is not four numbers in [0, 1] in their order.
    """
    numbers = [float(number) for number in text.split(",")]
    if len(numbers) != 4 or not (0 <= numbers[0] < numbers[2] <= 1 and 0 <= numbers[1] < numbers[3] <= 1):
        raise ValueError(f"{text!r} is not LEFT,TOP,RIGHT,BOTTOM within 0 and 1")
    left, top, right, bottom = numbers
    return (left, top, right, bottom)


def many_views(count: int, windows: Sequence[Window] = MANY_WINDOWS, reel_seconds: float = _CLIP_SECONDS) -> list[View]:
    """Give ``many-0000`` and so on: few windows, so few JPEGs to keep, and every camera at another place in time."""
    return [
        View(f"many-{index:04d}", windows[index % len(windows)], index * reel_seconds / count) for index in range(count)
    ]


class Playback:
    """The pictures of some views as functions of time; a reel starts over at its end.

    Args:
        reels: The pictures of each window, in order.
        views: The cameras. Those with the same window share their JPEGs.
        frames_per_second: How many pictures a second a camera gives; as many as its reel has.

    Raises:
        ValueError: A view's window has no pictures.
    """

    def __init__(
        self, reels: Mapping[Window, Sequence[Picture]], views: Sequence[View], frames_per_second: float
    ) -> None:
        self.frames_per_second = frames_per_second
        self.views = {view.name: view for view in views}
        self._reels = reels
        for view in views:
            if not reels.get(view.window):
                raise ValueError(f"there are no pictures of {view.name}'s window {view.window}")

    def picture_at(self, name: str, seconds: float) -> Picture:
        """Give what camera ``name`` sees ``seconds`` after the start.

        Raises:
            KeyError: There is no such camera.
        """
        view = self.views[name]
        pictures = self._reels[view.window]
        return pictures[int((seconds + view.offset_seconds) * self.frames_per_second) % len(pictures)]

    def seconds_to_next(self, name: str, seconds: float) -> float:
        """Give how long what ``name`` sees ``seconds`` after the start stays as it is: cameras don't change at once.

        Raises:
            KeyError: There is no such camera.
        """
        period = 1.0 / self.frames_per_second
        return period - (seconds + self.views[name].offset_seconds) % period


def encoded_reels(clip: Path, windows: Sequence[Window], frames_per_second: float) -> dict[Window, list[Picture]]:
    """Decode a clip once, and encode its windows at the wanted rate; at most as many pictures as the clip has.

    Raises:
        ValueError: The clip has no pictures.
    """
    reels: dict[Window, list[Picture]] = {window: [] for window in windows}
    for image_rgb in sampled(clip, frames_per_second):
        for window, pictures in reels.items():
            pictures.append(_encode(image_rgb, window))
    if not all(reels.values()):
        raise ValueError(f"{clip} has no pictures in it")
    return reels


def read_reels(folder: Path) -> dict[Window, list[Picture]]:
    """Read JPEG files that were encoded before: a folder for each window, named ``LEFT,TOP,RIGHT,BOTTOM``.

    Raises:
        ValueError: There is no such folder, or one with another name.
    """
    reels = {
        parse_window(path.name): [_tagged(file.read_bytes()) for file in sorted(path.glob("*.jpg"))]
        for path in sorted(folder.iterdir())
    }
    if not reels:
        raise ValueError(f"{folder} holds no folder of pictures")
    return reels


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
    return _tagged(jpeg)


def _tagged(jpeg: bytes) -> Picture:
    return Picture(jpeg, f'"{hashlib.blake2b(jpeg, digest_size=8).hexdigest()}"')
