"""A picture of so few blocks that it shows whether a view is covered or shifted, and nobody in it."""

from __future__ import annotations

from typing import Final

import cv2
import simplejpeg

from schemas.geometry import Polygon
from services.privacy.burning import burn_out
from services.runtime.errors import InvalidMessageError

_COLUMNS: Final = 32
"""Of a picture 32 blocks wide, somebody's head that fills a tenth of it has three: no face is known by that."""
_WIDTH_PX: Final = 640


def coarse_jpeg(jpeg: bytes, private: tuple[Polygon, ...] = ()) -> bytes:
    """Give a JPEG of 32 blocks across that are the means of what was there; of ``private`` nothing is in them.

    Raises:
        InvalidMessageError: ``undecodable``: this is no whole JPEG.
    """
    try:
        image_bgr = simplejpeg.decode_jpeg(jpeg, colorspace="BGR", strict=False)
    except ValueError as error:
        raise InvalidMessageError("undecodable", str(error)) from error
    burn_out(image_bgr, private)
    height, width = image_bgr.shape[:2]
    rows = max(1, round(_COLUMNS * height / width))
    blocks = cv2.resize(image_bgr, (_COLUMNS, rows), interpolation=cv2.INTER_AREA)
    shown = cv2.resize(blocks, (_WIDTH_PX, rows * _WIDTH_PX // _COLUMNS), interpolation=cv2.INTER_NEAREST)
    encoded: bytes = simplejpeg.encode_jpeg(shown, quality=80, colorspace="BGR")
    return encoded
