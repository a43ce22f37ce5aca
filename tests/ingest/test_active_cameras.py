"""What workers say of cameras that may have no owner."""

from __future__ import annotations

from services.ingest.active_cameras import ActiveCameras
from services.ingest.metrics import INGEST_METRICS
from services.runtime.camera_registry import CameraRevisions
from services.runtime.metrics import Metrics
from tests.ingest.builders import make_camera


def test_the_newest_revision_says_whether_a_camera_is_active() -> None:
    revisions, metrics = CameraRevisions(), Metrics(INGEST_METRICS)
    shown = ActiveCameras(revisions, metrics)
    for camera in (make_camera("gate"), make_camera("yard", state="paused"), make_camera("shed", state="removed")):
        revisions.add(camera)
    shown.show()
    assert active(metrics) == {"gate": 1.0, "yard": 0.0, "shed": 0.0}
    revisions.add(make_camera("gate", revision=2, state="removed"))
    revisions.add(make_camera("yard", revision=2))
    shown.show()
    assert active(metrics) == {"gate": 0.0, "yard": 1.0, "shed": 0.0}


def active(metrics: Metrics) -> dict[str, float]:
    [family] = [f for f in metrics.registry.collect() if f.name == "tilik_ingest_camera_active"]
    return {sample.labels["camera_id"]: sample.value for sample in family.samples}
