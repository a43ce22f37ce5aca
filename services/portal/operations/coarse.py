"""A picture of so few blocks that it shows whether a view is covered or shifted, and nobody in it."""

from __future__ import annotations

from typing import Final

import simplejpeg

from schemas.geometry import Polygon
from services.privacy.burning import burn_out
from services.privacy.resize import resize_area, resize_nearest
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
    blocks = resize_area(image_bgr, (rows, _COLUMNS))
    shown = resize_nearest(blocks, (rows * _WIDTH_PX // _COLUMNS, _WIDTH_PX))
    encoded: bytes = simplejpeg.encode_jpeg(shown, quality=80, colorspace="BGR")
    return encoded
