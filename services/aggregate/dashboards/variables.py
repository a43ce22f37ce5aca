"""The choices that dashboards share: where, what kind, which camera; each narrows the ones after it.

Cameras that were removed can be chosen too: what they saw stays true.
"""

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.dashboard import Text, Variable

KECAMATAN: Final = Variable(
    "kecamatan",
    Text("Kecamatan", "Kecamatan"),
    "SELECT DISTINCT kecamatan FROM current_cameras ORDER BY kecamatan",
)
KELURAHAN: Final = Variable(
    "kelurahan",
    Text("Kelurahan", "Kelurahan"),
    "SELECT DISTINCT kelurahan FROM current_cameras"
    " WHERE $__conditionalAll(kecamatan IN (${kecamatan:singlequote}), $kecamatan) ORDER BY kelurahan",
)
KIND: Final = Variable(
    "kind",
    Text("Kind of camera", "Jenis kamera"),
    "SELECT DISTINCT kind FROM current_cameras ORDER BY kind",
)
CAMERA: Final = Variable(
    "camera",
    Text("Camera", "Kamera"),
    "SELECT DISTINCT camera_id FROM current_cameras"
    " WHERE $__conditionalAll(kecamatan IN (${kecamatan:singlequote}), $kecamatan)"
    " AND $__conditionalAll(kelurahan IN (${kelurahan:singlequote}), $kelurahan)"
    " AND $__conditionalAll(kind IN (${kind:singlequote}), $kind) ORDER BY camera_id",
)
WHERE: Final = (KECAMATAN, KELURAHAN, KIND, CAMERA)

_CHOSEN: Final = (
    "$__conditionalAll(kecamatan IN (${kecamatan:singlequote}), $kecamatan)"
    " AND $__conditionalAll(kelurahan IN (${kelurahan:singlequote}), $kelurahan)"
    " AND $__conditionalAll(kind IN (${kind:singlequote}), $kind)"
    " AND $__conditionalAll(camera_id IN (${camera:singlequote}), $camera)"
)

CHOSEN_CAMERAS: Final = f"camera_id IN (SELECT camera_id FROM current_cameras WHERE {_CHOSEN})"  # noqa: S608
"""The condition under which a row of any table or view with ``camera_id`` is of a chosen camera: of what was. A flood
stays one when its camera is removed.
"""

CHOSEN_NOW: Final = f"camera_id IN (SELECT camera_id FROM current_cameras WHERE state != 'removed' AND {_CHOSEN})"  # noqa: S608
"""The same for what is now: a camera that was removed has nothing open, and need not see."""

GAPS_SHOWN: Final = (
    "ORDER BY time WITH FILL FROM toStartOfInterval($__fromTime, INTERVAL $__interval_s second)"
    " TO $__toTime STEP toIntervalSecond($__interval_s)"
)
"""The end of a time series' statement with one row a point (``$__timeInterval(…) AS time``) that leaves a hole in the
curve where no row is, instead of a line across it. Its figures must be Nullable, such as ``toNullable(count())``; a
hole in any other type is a zero.
"""
