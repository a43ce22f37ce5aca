"""Keep the table of cameras up to date with the registry, on a thread of its own: judging never waits for it."""

from __future__ import annotations

from schemas.cameras import Camera
from services.aggregate.feed import LARGEST_UINT32
from services.aggregate.registry_rows import CameraRow, camera_row
from services.runtime.camera_registry import CameraRevisions
from services.runtime.logging import get_logger
from services.runtime.metrics import Metrics
from services.runtime.repeating import RepeatingThread
from services.runtime.row_store import RowStore

log = get_logger(__name__)

_LOOK_AGAIN_SECONDS = 2.0
_CLOSE_SECONDS = 5.0


class RegistryTable:
    """Writes each revision once after every start; rows are absolute, so several workers may write the same ones.

    Args:
        revisions: The registry, which another thread reads on.
        store: Where rows go; used by no one else.
        metrics: Counts the rows.
    """

    def __init__(self, revisions: CameraRevisions, store: RowStore, metrics: Metrics) -> None:
        self._revisions = revisions
        self._store = store
        self._metrics = metrics
        self._written: set[tuple[str, int]] = set()
        self._thread = RepeatingThread("registry-table", self.write_new, _LOOK_AGAIN_SECONDS, store.close)

    def start(self) -> None:
        """Begin to follow the registry."""
        self._thread.start()

    def close(self) -> None:
        """Stop; what is not written by then is written after the next start."""
        self._thread.close(_CLOSE_SECONDS)

    def write_new(self) -> int:
        """Write the revisions that were not written yet, and give how many there were. Blocks.

        Raises:
            RetryableError: They are not known to be durable.
        """
        new = [camera for camera in self._revisions.all() if _key(camera) not in self._written]
        self._store.write(camera_row(camera) for camera in new if _fits(camera))
        self._written.update(map(_key, new))
        self._metrics.count("tilik_aggregate_rows_total", len(new), table=CameraRow.TABLE)
        return len(new)


def _key(camera: Camera) -> tuple[str, int]:
    return camera.camera_id, camera.revision


def _fits(camera: Camera) -> bool:
    """Tell whether the column can hold the revision's number; one that can't would keep all others out for ever."""
    if camera.revision <= LARGEST_UINT32:
        return True
    log.error("registry_table.left_out", camera=camera.camera_id, revision=camera.revision)
    return False
