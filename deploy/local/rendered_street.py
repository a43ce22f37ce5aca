"""A street scene drawn with numpy, laid out like the real clip: for machines where that one can't be had."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

WIDTH_PX, HEIGHT_PX = 768, 576
FRAMES_PER_SECOND = 10
SECONDS = 60

_Image = npt.NDArray[np.uint8]
_Colour = tuple[int, int, int]

# (left, top, right, bottom) normalised: where the van and the car stand in the real clip, under the same zone.
_VAN = (0.850, 0.080, 0.940, 0.170)
_CAR = (0.957, 0.092, 1.000, 0.160)
_WALKERS: tuple[tuple[float, float, _Colour], ...] = (
    # (feet's height in the picture, laps of the picture in the clip, colour RGB)
    (0.40, 2.0, (60, 40, 40)),
    (0.50, -3.0, (30, 30, 60)),
    (0.62, 1.0, (70, 60, 30)),
)


def render_street(path: Path) -> None:
    """Write the clip as MPEG-4 in AVI, in one step."""
    partial = path.with_name(f"partial-{path.name}")
    background = draw_background()
    with av.open(str(partial), "w", format="avi") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(FRAMES_PER_SECOND))
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        stream.bit_rate = 1_500_000
        for index in range(FRAMES_PER_SECOND * SECONDS):
            frame = av.VideoFrame.from_ndarray(draw(background, index / (FRAMES_PER_SECOND * SECONDS)), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    partial.replace(path)


def draw(background_rgb: _Image, progress: float) -> _Image:
    """Draw the scene as it is at ``progress`` (0 to 1) of the clip.

    Args:
        background_rgb: uint8, (HEIGHT_PX, WIDTH_PX, 3).
        progress: Part of the clip that has passed.

    Returns:
        A new picture of the same shape.
    """
    image_rgb = background_rgb.copy()
    for feet_y, laps, colour in _WALKERS:
        x = (laps * progress) % 1.0
        height = 0.10 + 0.10 * feet_y
        _fill(image_rgb, (x - 0.012, feet_y - height, x + 0.012, feet_y), colour)
        _fill(image_rgb, (x - 0.006, feet_y - height - 0.025, x + 0.006, feet_y - height), (200, 160, 130))
    return image_rgb


def draw_background() -> _Image:
    """Draw the scene without anybody in it: uint8, (HEIGHT_PX, WIDTH_PX, 3), RGB."""
    image_rgb = np.empty((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    image_rgb[:] = (96, 128, 80)
    _fill(image_rgb, (0.0, 0.0, 1.0, 0.12), (150, 110, 90))
    _fill(image_rgb, (0.0, 0.16, 1.0, 0.66), (140, 140, 145))
    _fill(image_rgb, _VAN, (235, 235, 235))
    _fill(image_rgb, _CAR, (90, 150, 190))
    # A fixed seed: the clip is the same on every machine, and no two of its areas are flat.
    noise = np.random.default_rng(2009).integers(-8, 9, image_rgb.shape)
    noisy_rgb: _Image = np.clip(image_rgb + noise, 0, 255).astype(np.uint8)
    return noisy_rgb


def _fill(image_rgb: _Image, box: tuple[float, float, float, float], colour: _Colour) -> None:
    left, top, right, bottom = box
    rows = slice(max(0, round(top * HEIGHT_PX)), max(0, round(bottom * HEIGHT_PX)))
    columns = slice(max(0, round(left * WIDTH_PX)), max(0, round(right * WIDTH_PX)))
    image_rgb[rows, columns] = colour
