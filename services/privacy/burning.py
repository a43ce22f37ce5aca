"""Burn polygons out of an image: black before it leaves, or before it is shown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from schemas.geometry import Polygon
from services.runtime.errors import InvalidMessageError

_HEIGHTS_IN_ROW = (0.02, 0.25, 0.5, 0.75, 0.98)
"""Where each row of px is scanned: at both its edges, and thrice between, for corners that lie inside."""

Spans = NDArray[np.int32]
"""(spans, 3): row, first column, column behind the last. None touches another."""


def burn_out(image_rgb: NDArray[np.uint8], polygons: tuple[Polygon, ...]) -> None:
    """Make ``image_rgb`` (height, width, 3; uint8) black inside every polygon and on its edge, in place."""
    for row, first, behind in private_spans(polygons, *image_rgb.shape[:2]).tolist():
        image_rgb[row, first:behind] = 0


def burnt_jpeg(jpeg: bytes, polygons: tuple[Polygon, ...], quality: int = 85) -> bytes:
    """Give a JPEG that is black inside every polygon; without one it is the same.

    Raises:
        InvalidMessageError: ``undecodable``: this is no whole JPEG.
    """
    if not polygons:
        return jpeg
    try:
        image_rgb = simplejpeg.decode_jpeg(jpeg, colorspace="RGB")
    except ValueError as error:
        raise InvalidMessageError("undecodable", str(error)) from error
    burn_out(image_rgb, polygons)
    encoded: bytes = simplejpeg.encode_jpeg(image_rgb, quality, "RGB", "420")
    return encoded


@lru_cache(
    maxsize=2048
)  # more private cameras than a worker has; each has one span a row, 12 bytes: 13 KB at 1080 rows
def private_spans(polygons: tuple[Polygon, ...], height: int, width: int) -> Spans:
    """Give the spans of a picture of this size that hold every px that a polygon touches, by the even-odd rule.

    Each span is widened to whole px and one more, so that the edge is covered too.
    """
    outlines = [[(x * width, y * height) for x, y in polygon] for polygon in polygons]
    spans = [(row, *span) for row in range(height) for span in _merged(_spans_in_row(outlines, row))]
    return np.array(spans, np.int32).reshape(-1, 3)


def _spans_in_row(outlines: list[list[tuple[float, float]]], row: int) -> Iterator[tuple[int, int]]:
    for corners in outlines:
        for offset in _HEIGHTS_IN_ROW:
            crossings = _crossings(corners, row + offset)
            for left, right in zip(crossings[::2], crossings[1::2], strict=False):
                yield max(0, math.floor(left) - 1), math.ceil(right) + 1


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give the same columns by as few spans as can be, from left to right."""
    merged: list[tuple[int, int]] = []
    for first, behind in sorted(spans):
        if merged and first <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(behind, merged[-1][1])
        else:
            merged.append((first, behind))
    return merged


def _crossings(corners: list[tuple[float, float]], y: float) -> list[float]:
    """Give where the outline crosses the height ``y``, from left to right. An even number."""
    found = []
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (y1 <= y) != (y2 <= y):
            found.append(x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    return sorted(found)
