"""Export which cameras the whole registry calls active, so that one that nobody owns can be told from one that is off.

Every worker says it of every camera: also of those whose owner has died.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.runtime.camera_registry import CameraRegistry, CameraRevisions
from services.runtime.metrics import Metrics
from services.runtime.repeating import RepeatingThread
from services.runtime.settings import KafkaSettings

_LOOK_AGAIN_SECONDS = 2.0


@contextmanager
def shown_active_cameras(kafka: KafkaSettings, name: str, metrics: Metrics) -> Iterator[None]:
    """Follow the whole registry and show which cameras are active, until left. ``name`` is for the brokers' logs."""
    registry = CameraRegistry(kafka, name)
    shown = ActiveCameras(registry.revisions, metrics)
    shown.start()
    try:
        yield
    finally:
        shown.close()
        registry.close()


class ActiveCameras:
    """Keeps ``tilik_ingest_camera_active`` up to date, on a thread of its own.

    Args:
        revisions: The whole registry, which another thread reads on.
        metrics: The worker's.
    """

    def __init__(self, revisions: CameraRevisions, metrics: Metrics) -> None:
        self._revisions = revisions
        self._metrics = metrics
        self._shown: dict[str, bool] = {}
        self._thread = RepeatingThread("active-cameras", self.show, _LOOK_AGAIN_SECONDS)

    def start(self) -> None:
        """Begin to follow the registry."""
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._thread.close()

    def show(self) -> None:
        """Set the gauge of each camera that has changed: 1 where it is active, 0 where it is paused or removed."""
        for camera in self._revisions.all_latest():
            active = camera.state == "active"
            if self._shown.get(camera.camera_id) != active:
                self._shown[camera.camera_id] = active
                self._metrics.set("tilik_ingest_camera_active", active, camera_id=camera.camera_id)
