"""What becomes of a camera's entry when a person decides about it. Pure: entry in, entry out.

A decision that changes nothing gives the entry as it was; one that can't be made is a ``DecisionRefusedError``.
"""

from __future__ import annotations

import msgspec

from schemas.cameras import Approval, Camera, Zone
from services.runtime.errors import ConfigurationError

_COMES_BACK = "it comes back with 'state: active' in its cameras.yaml"


class DecisionRefusedError(ConfigurationError):
    """This can't be decided about this camera."""


def paused(camera: Camera) -> Camera:
    """Give the entry of a camera that is not read for a while.

    Raises:
        DecisionRefusedError: It was removed.
    """
    _require_not_removed(camera)
    return msgspec.structs.replace(camera, state="paused")


def resumed(camera: Camera) -> Camera:
    """Give the entry of a camera that is read again.

    Raises:
        DecisionRefusedError: It was removed.
    """
    _require_not_removed(camera)
    return msgspec.structs.replace(camera, state="active")


def removed(camera: Camera) -> Camera:
    """Give the entry of a camera that is gone. Its approval goes too: what comes back was seen by nobody."""
    return msgspec.structs.replace(camera, state="removed", public=False, approval=None)


def withdrawn(camera: Camera) -> Camera:
    """Give the entry of a camera that is not public."""
    return msgspec.structs.replace(camera, public=False, approval=None)


def approved(camera: Camera, by: str, at_ms: int) -> Camera:
    """Give the entry of a camera that is public. One that is so already stays as it is, with who approved it first.

    Raises:
        DecisionRefusedError: It was removed.
    """
    _require_not_removed(camera)
    if camera.is_public:
        return camera
    return msgspec.structs.replace(camera, public=True, approval=Approval(by, at_ms))


def zoned(camera: Camera, zones: tuple[Zone, ...]) -> Camera:
    """Give the entry of a camera with other zones. Where private ones change, nobody has seen what is shown then.

    Raises:
        DecisionRefusedError: It was removed.
    """
    _require_not_removed(camera)
    entry = msgspec.structs.replace(camera, zones=zones)
    return withdrawn(entry) if private_zones(entry) != private_zones(camera) else entry


def private_zones(camera: Camera) -> list[Zone]:
    """Give the zones that are burnt out of the pictures."""
    return [zone for zone in camera.zones if zone.purpose == "private"]


def _require_not_removed(camera: Camera) -> None:
    if camera.state == "removed":
        raise DecisionRefusedError(f"{camera.camera_id} was removed; {_COMES_BACK}")
