"""What was found in a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from schemas.camera_events import DetectedObject


class Sighting(NamedTuple):
    """What was found in a picture, faint objects included; ``aspect`` is the picture's width / height."""

    captured_at_ms: int
    aspect: float
    objects: Sequence[DetectedObject]
