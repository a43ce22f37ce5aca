"""Footage whose pictures are changed before they are judged: darkened, rained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from services.detect.footage import Footage
from services.detect.frame import Frame

Alteration = Callable[[NDArray[np.uint8], float], NDArray[np.uint8]]
"""(picture uint8 [H, W, 3], blue, green, red; its time in seconds) → another picture of the same shape."""


@dataclass(frozen=True, slots=True)
class AlteredFootage(Footage):
    """See ``Footage``; pictures are encoded anew, as ingest encodes those of simulated cameras."""

    alteration: Alteration = lambda image_bgr, _: image_bgr

    def frames(self) -> Iterator[Frame]:
        """Give the frames, changed, in order."""
        for frame in Footage.frames(self):
            image_bgr = np.asarray(simplejpeg.decode_jpeg(frame.jpeg, colorspace="BGR"), np.uint8)
            altered_bgr = self.alteration(image_bgr, frame.headers.captured_at_ms / 1000)
            jpeg = simplejpeg.encode_jpeg(
                np.ascontiguousarray(altered_bgr),
                quality=self.jpeg_quality,
                colorspace="BGR",
                colorsubsampling="420",
            )
            yield replace(frame, jpeg=bytes(jpeg))
