"""What becomes of a camera's entry when a person decides about it. Pure: entry in, entry out.

A decision that changes nothing gives the entry as it was; one that can't be made is a ``DecisionRefusedError``.
"""

from __future__ import annotations

import msgspec

from schemas.cameras import Approval, Camera
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


def _require_not_removed(camera: Camera) -> None:
    if camera.state == "removed":
        raise DecisionRefusedError(f"{camera.camera_id} was removed; {_COMES_BACK}")
