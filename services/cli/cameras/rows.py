"""How one camera stands, put together from the registry and ClickHouse, and how that is ordered: trouble first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from schemas.cameras import Camera
from services.cli.cameras.store import CameraFacts, Coverage
from services.cli.cameras.times import local

STANDINGS = (
    *("refused", "owned_twice", "no_owner", "unknown", "backing_off", "stalled", "connecting", "stopped", "live"),
    *("active", "paused", "removed"),
)
"""What a camera can do, what a person must look at first in front: what waits for a person, then what may mend itself,
then what is well. ``active``: the registry wants it read, and ClickHouse could not be asked. ``unknown``: ClickHouse
was asked, and all that it holds is old."""

SILENT_SECONDS = 150
"""What ClickHouse calls silence in ``camera_coverage``: statuses come each 60 s, so two were missed, and some time."""


class CameraRow(Struct, frozen=True, kw_only=True):
    """One line of the list. ``standing`` is what the camera does, or why it does nothing.

    ``facts`` and ``coverage`` are None where ClickHouse knows nothing of it or was not asked; ``picture_ms`` is when
    the newest picture was taken, ms since 1970, 0: not known.
    """

    camera: Camera
    standing: str
    facts: CameraFacts | None
    coverage: Coverage | None
    picture_ms: int

    def as_json(self) -> dict[str, Any]:
        """Give the registry's entry, and under ``live`` what is known beyond it; null: nothing."""
        live: dict[str, Any] | None = None
        if self.facts is not None or self.coverage is not None:
            facts = msgspec.to_builtins(self.facts) if self.facts else {}
            owned = {"owner": self.coverage.owner, "owners": self.coverage.owners_now} if self.coverage else {}
            live = {**facts, **owned, "standing": self.standing, "picture_ms": self.picture_ms}
            live.pop("camera_id", None)
        return {**msgspec.to_builtins(self.camera), "live": live}


class Live(Struct, frozen=True):
    """What ClickHouse says of all cameras, by camera id. ``pictures``: when the newest judged one was taken, ms."""

    facts: Mapping[str, CameraFacts]
    coverage: Mapping[str, Coverage]
    pictures: Mapping[str, int]

    def standstill(self, cameras: Iterable[Camera], at_ms: int) -> str:
        """Say since when nothing at all was written of any camera; empty: all is well. See ``standstill``."""
        signs = (*(row.reported_ms for row in self.facts.values()), *self.pictures.values())
        return standstill(cameras, max([newest_sign(self.coverage), *signs]), at_ms)


def newest_sign(coverage: Mapping[str, Coverage]) -> int:
    """Give when any camera was last known to be read, ms since 1970; 0: never."""
    return max((row.active_ms for row in coverage.values()), default=0)


def standstill(cameras: Iterable[Camera], newest_ms: int, at_ms: int) -> str:
    """Say that the tables stand still, so that what they hold is of then; empty: they don't.

    One camera may be silent by its own fault. If all are, most likely nobody writes into ClickHouse.

    Args:
        cameras: The registry. If none of them is active, there is nothing to report, and silence is no fault.
        newest_ms: The newest sign of any camera, ms since 1970; 0: there is none.
        at_ms: Now.
    """
    if not any(camera.state == "active" for camera in cameras) or at_ms - newest_ms <= SILENT_SECONDS * 1000:
        return ""
    suspects = "is aggregate running, and any ingest worker?"
    if newest_ms == 0:
        return f"ClickHouse has no report of any camera: {suspects}"
    when = local(newest_ms)
    clock = f"{when:%H:%M}" if when.date() == local(at_ms).date() else f"{when:%Y-%m-%d %H:%M}"
    return f"as of {clock}: nothing was written since; {suspects}"


def rows_of(cameras: Iterable[Camera], live: Live | None, stands_still: bool = False) -> list[CameraRow]:
    """Give a row a camera, trouble first, then by camera id.

    Args:
        cameras: Newest revisions.
        live: None where it could not be asked for.
        stands_still: ``live`` is old; how an active camera is now is not known.
    """
    rows = [_row(camera, live, stands_still) for camera in cameras]
    return sorted(rows, key=lambda row: (STANDINGS.index(row.standing), row.camera.camera_id))


def _row(camera: Camera, live: Live | None, stands_still: bool) -> CameraRow:
    if live is None:
        return CameraRow(camera=camera, standing=camera.state, facts=None, coverage=None, picture_ms=0)
    facts, owned = live.facts.get(camera.camera_id), live.coverage.get(camera.camera_id)
    picture_ms = max(live.pictures.get(camera.camera_id, 0), facts.captured_ms if facts else 0)
    standing = "unknown" if stands_still and camera.state == "active" else _standing(camera, facts, owned)
    return CameraRow(camera=camera, standing=standing, facts=facts, coverage=owned, picture_ms=picture_ms)


def _standing(camera: Camera, facts: CameraFacts | None, owned: Coverage | None) -> str:
    if camera.state != "active":
        return camera.state
    if owned is None or owned.owners_now == 0:
        return "no_owner"
    if owned.owners_now > 1:
        return "owned_twice"
    return facts.state if facts is not None and facts.state in STANDINGS else "connecting"
