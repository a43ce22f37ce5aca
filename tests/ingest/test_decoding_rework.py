"""What a decoding process says where a package is missing."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import simplejpeg

from schemas.cameras import Effect
from services.ingest.decoding.failures import JobFailedError
from services.ingest.decoding.jobs import Rework
from services.ingest.decoding.limits import DecodingLimits
from services.ingest.decoding.rework import rework


def test_effects_without_opencv_name_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("services.ingest.simulation.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cv2", None)
    jpeg = simplejpeg.encode_jpeg(np.zeros((32, 32, 3), np.uint8))
    with pytest.raises(JobFailedError, match=r"cv2 is missing.*pip install 'tilik\[simulation\]'"):
        rework(
            Rework(jpeg, effects=((Effect(effect="night"), 1.0, 0.0),)),
            DecodingLimits(largest_pixels=2_000_000, jpeg_quality=85),
        )
