"""Destroy the pixels of a picture that show people or plates, before anything is encoded from it.

A hidden box keeps the means of a few large blocks, four along its shorter side, each rounded to one of 16 brightnesses
and changed by noise of the operating system's, which nobody can draw again. So what is published holds, of a head, one
or two numbers that are known to an eighth; there is no key that would bring it back. ADR 15.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from schemas.geometry import BoxXyxy
from services.privacy.pixel_boxes import pixel_box
from services.privacy.resize import resize_area, resize_nearest
from services.runtime.errors import InvalidMessageError

JPEG_QUALITY = 80
"""Below ingest's 85, for what is sent to a crowd; at 80 a 720p street is 100 KB."""
BLOCKS_ALONG = 4
"""Blocks along a hidden box's shorter side: of a person, a head is one of them."""
LEAST_BLOCK_PX = 12
"""A box of few pixels has fewer blocks, so that none shows a feature of a face."""
_LEVEL = 16
_NOISE = 16
"""Brightness that a block may be off, of 255: as much again as rounding takes."""


def anonymise_jpeg(
    jpeg: bytes, hidden: Sequence[BoxXyxy], *, quality: int = JPEG_QUALITY, longest_px: int | None = None
) -> bytes:
    """Give a JPEG in which the pixels of ``hidden`` are destroyed; nothing else of the old file is in the new one.

    Args:
        jpeg: The picture as it was captured.
        hidden: Normalised boxes.
        quality: Of the new JPEG, 1 to 100.
        longest_px: Longest side of the new picture; a larger one is made smaller, after it was anonymised.

    Raises:
        InvalidMessageError: ``undecodable``: this is no whole JPEG, and there is nothing to show.
    """
    try:
        image_bgr = simplejpeg.decode_jpeg(jpeg, colorspace="BGR", strict=False)
    except ValueError as error:
        raise InvalidMessageError("undecodable", str(error)) from error
    anonymise(image_bgr, hidden)
    if longest_px is not None and (longest := max(image_bgr.shape[:2])) > longest_px:
        height, width = (max(1, round(side * longest_px / longest)) for side in image_bgr.shape[:2])
        image_bgr = resize_area(image_bgr, (height, width))
    encoded: bytes = simplejpeg.encode_jpeg(image_bgr, quality=quality, colorspace="BGR", colorsubsampling="420")
    return encoded


def anonymise(image_bgr: NDArray[np.uint8], hidden: Sequence[BoxXyxy]) -> None:
    """Destroy the pixels of ``hidden`` (normalised boxes) in ``image_bgr``, uint8 [H, W, 3], in place.

    A pixel that a box touches belongs to it. Larger boxes come first: what two share is destroyed twice.
    """
    size_hw = (image_bgr.shape[0], image_bgr.shape[1])
    for left, top, right, bottom in sorted((pixel_box(box, size_hw) for box in hidden), key=_area, reverse=True):
        if right > left and bottom > top:
            _destroy(image_bgr[top:bottom, left:right])


def _area(box_px: tuple[int, int, int, int]) -> int:
    left, top, right, bottom = box_px
    return (right - left) * (bottom - top)


def _destroy(region_bgr: NDArray[np.uint8]) -> None:
    """Leave of a region, which is written to, nothing but its blocks' means, rounded and changed by noise."""
    height, width = region_bgr.shape[:2]
    block = max(LEAST_BLOCK_PX, min(height, width) // BLOCKS_ALONG)
    rows, columns = max(1, height // block), max(1, width // block)
    means = resize_area(region_bgr, (rows, columns))
    rounded = means.astype(np.int16) // _LEVEL * _LEVEL + _LEVEL // 2
    noise = np.frombuffer(os.urandom(rows * columns), np.uint8).reshape(rows, columns, 1).astype(np.int16)
    noise = noise % (2 * _NOISE + 1) - _NOISE
    blocks = np.clip(rounded + noise, 0, 255).astype(np.uint8)
    region_bgr[:] = resize_nearest(blocks, (height, width))
