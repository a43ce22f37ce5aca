"""Which frames of a camera may be shown, by the aggregation: on the topic ``scene-verdicts``, for whoever shows them.

A picture is suspect where it no longer shows what its camera looked at (covered, shifted, frozen), and nobody outside
may see it. Each partition of ``camera-events`` gets a message with each checkpoint, in its transaction, on the
partition of the same number. What no message speaks of has not been judged, and is not shown.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from schemas.camera_events import Count, Milliseconds
from schemas.cameras import CameraId
from schemas.codec import JsonCodec

REORDER_MS: Final = 5_000
"""A frame's event waits for its turn so long, in capture time. One that comes after another of its camera that was
captured more than so much later has missed it: no verdict is about it, though it may lie in what a verdict spans."""
SKEW_MS: Final = 30_000
"""A frame that claims to have been captured more than so long after Kafka took it is not judged, nor waited for."""


class HeldSpan(Struct, frozen=True, forbid_unknown_fields=True, array_like=True, gc=False):
    """Capture times, both included, between which each judged frame is held: ``[from_ms, until_ms]``."""

    from_ms: Milliseconds
    until_ms: Milliseconds


class CameraVerdict(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, gc=False):
    """What is known of the frames of one ownership that were judged since the verdict before.

    They are those of ``owner_epoch`` with ``after_ms`` < capture time <= ``through_ms``. One that lies in a span of
    ``held`` is not shown, now or later; a span that begins before them withdraws frames of former verdicts.
    ``quarantined_from_ms``, unless it is 0: the camera is in quarantine, and what was captured from then on is
    withdrawn, whatever former verdicts said, and stays so after the release. ``judged`` counts the frames.
    """

    camera_id: CameraId
    owner_epoch: Count
    after_ms: Milliseconds
    through_ms: Milliseconds
    judged: Annotated[int, Meta(ge=0)]
    held: tuple[HeldSpan, ...] = ()
    quarantined_from_ms: Milliseconds = 0


class SceneVerdicts(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The verdicts of one checkpoint of one partition: each camera of which a frame was judged since the one before.

    A camera in quarantine is told too where none of its frames was judged. ``at_ms`` is when it was made.
    """

    at_ms: Milliseconds
    cameras: tuple[CameraVerdict, ...]


SCENE_VERDICTS_CODEC: JsonCodec[SceneVerdicts] = JsonCodec(SceneVerdicts)
