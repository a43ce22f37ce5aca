"""What nobody may see: ``private`` zones, burnt out before a frame leaves ingest (``decoding/burning.py``)."""

from __future__ import annotations

from schemas.cameras import Camera
from schemas.geometry import Polygon


def private_polygons(camera: Camera) -> tuple[Polygon, ...]:
    """Give the polygons of a camera's ``private`` zones."""
    return tuple(zone.polygon for zone in camera.zones if zone.purpose == "private" and zone.polygon is not None)
