"""What applying a file would change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from schemas.cameras import Camera, Source, Zone
from services.cli.cameras.diff import CameraChange, FieldChange, plan_changes
from services.runtime.camera_registry import CameraRevisions
from tests.ingest.builders import make_camera

QUEUE = Zone("antre", "queue", polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))


def registry(*cameras: Camera) -> CameraRevisions:
    revisions = CameraRevisions()
    for camera in cameras:
        revisions.add(camera)
    return revisions


def kinds(changes: Sequence[CameraChange]) -> dict[str, tuple[str, int]]:
    return {change.camera.camera_id: (change.kind, change.camera.revision) for change in changes}


def changed(before: Camera, **changes: Any) -> tuple[FieldChange, ...]:
    [change] = plan_changes([msgspec.structs.replace(before, **changes)], registry(before), False)
    assert change.kind == "changed"
    assert change.camera.revision == before.revision + 1
    return change.fields


def test_a_new_camera_starts_at_revision_one_and_a_known_one_goes_on_from_its_last() -> None:
    known = registry(make_camera("cam-a"), make_camera("cam-b", revision=1), make_camera("cam-b", revision=7))
    wanted = [make_camera("cam-a"), make_camera("cam-b", name="New"), make_camera("cam-c")]
    assert kinds(plan_changes(wanted, known, remove_missing=False)) == {
        "cam-a": ("unchanged", 1),
        "cam-b": ("changed", 8),
        "cam-c": ("added", 1),
    }


def test_cameras_that_the_file_does_not_name_stay_unless_told_otherwise() -> None:
    known = registry(make_camera("cam-a"), make_camera("cam-gone", state="removed"))
    assert plan_changes([], known, remove_missing=False) == []
    [removed] = plan_changes([], known, remove_missing=True)
    assert (removed.kind, removed.camera.revision, removed.camera.state) == ("removed", 2, "removed")


def test_fields_are_named_by_their_path_and_zones_by_their_id() -> None:
    before = make_camera(zones=(QUEUE,))
    assert changed(before, sample_fps=2.0) == (FieldChange("sample_fps", "1.0", "2.0"),)
    moved = msgspec.structs.replace(QUEUE, anchor="center")
    assert changed(before, zones=(moved,)) == (FieldChange("zones[antre].anchor", "bottom_center", "center"),)
    assert FieldChange("zones[antre].purpose", "queue", "(absent)") in changed(before, zones=())


def test_no_password_is_shown() -> None:
    fields = changed(make_camera(), source=Source("mjpeg", "http://admin:geheim@10.0.0.1/"))
    assert "geheim" not in str(fields)
    assert FieldChange("source.url", "clip.mp4", "http://***@10.0.0.1/") in fields
