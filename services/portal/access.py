"""Who sees a camera that is not public."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import Scope

from schemas.cameras import Camera

SignedIn = Callable[[Scope, Camera], bool]
"""Tells whether a request comes from somebody whose role lets them see this camera, made unrecognisable as always."""


class Access:
    """Public cameras are everybody's; others are shown to whom ``signed_in`` lets in: nobody, until it is said."""

    def __init__(self) -> None:
        self.signed_in: SignedIn = lambda scope, camera: False

    def allows(self, scope: Scope, camera: Camera) -> bool:
        """Tell whether a request may see pictures of a camera."""
        return camera.is_public or (camera.state != "removed" and self.signed_in(scope, camera))
