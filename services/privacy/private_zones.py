"""What nobody may see: ``private`` zones, burnt out before a frame leaves ingest (``burning.py``).

A zone that was drawn later is in no older frame: where one is shown after all, what it lacks is burnt out then.
"""

from __future__ import annotations

from schemas.cameras import Camera
from schemas.geometry import Polygon


def private_polygons(camera: Camera) -> tuple[Polygon, ...]:
    """Give the polygons of a camera's ``private`` zones."""
    return tuple(zone.polygon for zone in camera.zones if zone.purpose == "private" and zone.polygon is not None)


def private_since(camera: Camera, captured_under: Camera | None) -> tuple[Polygon, ...]:
    """Give the private polygons of a camera that a frame lacks which was captured under another revision of it.

    Of a revision that is not known nothing is taken to be burnt out.
    """
    burnt = () if captured_under is None else private_polygons(captured_under)
    return tuple(polygon for polygon in private_polygons(camera) if polygon not in burnt)
