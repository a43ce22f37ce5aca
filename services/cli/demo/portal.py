"""The portal of the demonstration: where it listens, who may sign in, and which cameras it shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from deploy.local.platform import ServiceRun
from deploy.local.ports import HOST, free_port, is_free
from schemas.cameras import Camera
from services.cli.cameras.diff import CameraChange
from services.portal.operations.accounts import FIRST_NAME, Accounts
from services.runtime.camera_changes import approved

USUAL_PORT = 8080
_APPROVED_BY = "tilik demo"


class DemoPortal:
    """The portal's port, its usual one if that is free, and a password that holds for this run.

    Args:
        state: The stack's folder; the portal's accounts are in its subfolder ``portal``.
    """

    def __init__(self, state: Path) -> None:
        self.port = USUAL_PORT if is_free(USUAL_PORT) else free_port()
        self.name = FIRST_NAME
        self.password = Accounts(state / "portal").set_password(FIRST_NAME, "admin", ("*",))

    def run(self, dashboards_port: int) -> ServiceRun:
        """Give how to run it."""
        env = {
            "TILIK_PORTAL_PORT": str(self.port),
            "TILIK_PORTAL_OPERATIONS__DASHBOARDS_URL": f"http://{HOST}:{dashboards_port}",
        }
        return ServiceRun("portal", env=env)

    def lines(self) -> tuple[str, ...]:
        """Give what a person has to know of it."""
        address = f"http://{HOST}:{self.port}/"
        return (
            f"portal      {address}   what citizens see",
            f"operations  {address}operations   name {self.name}, password {self.password}",
        )


def shown_cameras(changes: Sequence[CameraChange], at_ms: int) -> list[Camera]:
    """Give the new entries, all public: their footage is, and nobody but this machine reaches the portal."""
    news = [change for change in changes if change.kind != "unchanged"]
    return [
        change.camera if change.kind == "removed" else approved(change.camera, _APPROVED_BY, at_ms) for change in news
    ]
