"""What a source learns of its camera."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.camera_events import Decoding


@dataclass(slots=True)
class SourceFacts:
    """What a source has learnt of its camera; it fills this in as it reads. Empty and 0: not known.

    ``decoding`` and ``keyframe_seconds`` are as in ``CameraStatus``; ``clock`` says how the camera tells its time, and
    ``clock_ahead_seconds`` what that time is ahead of ours. Readers report ``decoding``; ``tilik cameras probe`` shows
    all of it.
    """

    codec: str = ""
    decoding: Decoding = ""
    frames_per_second: float = 0.0
    keyframe_seconds: float = 0.0
    container: str = ""
    server: str = ""
    clock: str = ""
    clock_ahead_seconds: float | None = None
