"""What everybody may see of a camera that is public: nothing from while it was not, or while it hid less.

Who has a role for the camera sees the rest too, made unrecognisable as always.
"""

from __future__ import annotations

from schemas.cameras import Camera


def is_published(camera: Camera, captured_under: Camera | None) -> bool:
    """Tell whether everybody may see what was captured under a revision of a camera, as the camera is now.

    That revision must have been public, of the same source, and must have hidden the same.
    """
    if captured_under is camera:
        return camera.is_public
    return (
        captured_under is not None
        and camera.is_public
        and captured_under.is_public
        and captured_under.source == camera.source
        and _hiding(captured_under) == _hiding(camera)
    )


def is_minute_published(camera: Camera, begun_under: Camera | None, minute_ms: int) -> bool:
    """Tell whether everybody may see a recorded minute: one that began after a person approved the camera as it is.

    Clocks may be wrong, so the revision under which it began must be of the same approval, and be published itself.
    """
    return (
        is_published(camera, begun_under)
        and begun_under is not None
        and camera.approval is not None
        and begun_under.approval == camera.approval
        and minute_ms >= camera.approval.approved_at_ms
    )


def _hiding(camera: Camera) -> tuple[object, ...]:
    return camera.anonymisation, {zone.polygon for zone in camera.zones if zone.purpose == "private"}
