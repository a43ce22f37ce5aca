"""What applying a file would change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from schemas.cameras import Approval, Camera, Source, Zone
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


APPROVAL = Approval("Sri Wahyuni", 1_790_000_000_000)
PUBLIC = make_camera(url="http://10.0.0.1/v", kind="mjpeg", public=True, approval=APPROVAL, zones=(QUEUE,))


def applied(known: Camera, stated: str = "", **changes: Any) -> CameraChange:
    """Apply a file that says ``changes``, and that it has the keys ``stated``, to a registry that knows ``known``."""
    file = msgspec.structs.replace(known, **{"public": False, "state": "active", "approval": None, **changes})
    [change] = plan_changes([file], registry(known), False, {known.camera_id: frozenset(stated.split())})
    return change


def test_no_file_makes_a_new_camera_public() -> None:
    [change] = plan_changes([make_camera("cam-a", public=True, approval=APPROVAL)], registry(), False)
    assert (change.kind, change.camera.public, change.camera.approval) == ("added", False, None)
    assert "tilik cameras approve cam-a --by NAME" in change.notices[0]


def test_a_file_that_wants_a_known_camera_public_is_told_to_have_it_approved() -> None:
    change = applied(make_camera(), stated="public", public=True)
    assert (change.kind, change.camera.public) == ("unchanged", False)
    assert "makes no camera public" in change.notices[0]


def test_an_approved_camera_stays_public_where_the_file_is_silent_or_agrees() -> None:
    for change in (applied(PUBLIC), applied(PUBLIC, stated="public", public=True)):
        assert (change.kind, change.camera, change.notices) == ("unchanged", PUBLIC, ())
    renamed = applied(PUBLIC, name="New")
    assert (renamed.camera.is_public, renamed.camera.approval, renamed.notices) == (True, APPROVAL, ())


def test_public_false_withdraws_at_once() -> None:
    change = applied(PUBLIC, stated="public", public=False)
    assert (change.kind, change.camera.public, change.camera.approval) == ("changed", False, None)
    assert FieldChange("public", "true", "false") in change.fields


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"source": Source("mjpeg", "http://10.0.0.2/v")}, "its source"),
        ({"source": Source("snapshot", "http://10.0.0.1/v")}, "its source"),
        ({"zones": (QUEUE, msgspec.structs.replace(QUEUE, zone_id="rumah", purpose="private"))}, "its private zones"),
        ({"anonymisation": "heads"}, "its anonymisation"),
    ],
)
def test_what_nobody_has_seen_does_not_stay_public(changes: dict[str, Any], named: str) -> None:
    change = applied(PUBLIC, stated="public", public=True, **changes)
    assert (change.kind, change.camera.public, change.camera.approval) == ("changed", False, None)
    assert f"not public any more: {named} changed" in change.notices[0]


def test_another_password_or_queue_ends_no_approval() -> None:
    assert applied(PUBLIC, source=Source("mjpeg", "http://10.0.0.1/v", secret="gate")).camera.is_public
    assert applied(PUBLIC, zones=()).camera.is_public


def test_what_was_paused_or_removed_stays_so_unless_the_file_says_otherwise() -> None:
    for state in ("paused", "removed"):
        known = make_camera(state=state)
        kept = applied(known, name="New")
        assert (kept.camera.name, kept.camera.state) == ("New", state)
        assert f"stays {state}" in kept.notices[0]
        back = applied(known, stated="state", state="active")
        assert (back.kind, back.camera.state) == ("changed", "active")
        assert f"was {state}" in back.notices[0]


def test_a_removed_camera_has_no_approval_and_comes_back_without_one() -> None:
    [gone] = plan_changes([], registry(PUBLIC), remove_missing=True)
    assert (gone.camera.state, gone.camera.public, gone.camera.approval) == ("removed", False, None)
    back = applied(gone.camera, stated="state public", state="active", public=True)
    assert (back.camera.state, back.camera.public) == ("active", False)
