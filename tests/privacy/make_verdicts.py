"""Builders of scene verdicts. Times are seconds after ``START_MS``."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.cameras import Camera
from schemas.verdicts import CameraVerdict, HeldSpan, SceneVerdicts
from services.privacy.showable import Showable
from tests.aggregate.make_events import CAMERA_ID, make_camera, ms


def make_verdict(
    after: float,
    through: float,
    judged: int | None = None,
    *,
    held: Sequence[tuple[float, float]] = (),
    quarantined_from: float | None = None,
    epoch: int = 1,
    camera_id: str = CAMERA_ID,
) -> SceneVerdicts:
    """Give the verdict on the frames with ``after`` < capture <= ``through``; one a second unless said."""
    verdict = CameraVerdict(
        camera_id=camera_id,
        owner_epoch=epoch,
        after_ms=ms(after),
        through_ms=ms(through),
        judged=int(through - after) if judged is None else judged,
        held=tuple(HeldSpan(ms(start), ms(end)) for start, end in held),
        quarantined_from_ms=0 if quarantined_from is None else ms(quarantined_from),
    )
    return SceneVerdicts(at_ms=ms(through), cameras=(verdict,))


def find_camera(camera_id: str, revision: int) -> Camera | None:
    """Give a camera under any id, of revision 1 alone."""
    return make_camera(camera_id=camera_id) if revision == 1 else None


def make_showable() -> Showable:
    """Give one that knows each camera's revision 1."""
    return Showable(find_camera)


def shown_sequences(showable: Showable) -> list[int]:
    """Give the sequence numbers of what may be shown of the camera, in order of capture."""
    return [frame.sequence for frame in showable.frames(CAMERA_ID, 0, 1 << 60)]
