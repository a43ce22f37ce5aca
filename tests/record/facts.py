"""Facts and files of a record, every field defaulted."""

from __future__ import annotations

import hashlib

from schemas.camera_events import FrameCoordinates
from schemas.recordings import EvidenceKept, FileForm, GapNoted, MinuteRecorded, StoredFile
from schemas.topics import FRAMES
from services.record.object_keys import evidence_name, file_key, minute_name

CAMERA = "loket-tembalang-1"
NOON_MS = 1_764_046_800_000
"""2025-11-25 12:00 in Semarang."""
DAY = "2025-11-25"
MINUTE_MS = 60_000


def make_file(camera_id: str, minute_ms: int, data: bytes, form: FileForm = "public") -> StoredFile:
    """A minute's file."""
    digest = hashlib.sha256(data).hexdigest()
    key = file_key(minute_name(camera_id, minute_ms, form), "video/mp4", form, digest)
    return StoredFile(key=key, form=form, media="video/mp4", sha256=digest, size=len(data))


def make_minute(number: int, data: bytes | None = None, camera_id: str = CAMERA) -> MinuteRecorded:
    """The minute with this number, counted from noon."""
    start = NOON_MS + number * MINUTE_MS
    file = make_file(camera_id, start, f"minute {number}".encode() if data is None else data)
    return MinuteRecorded(minute_ms=start, first_ms=start, last_ms=start + 59_000, frame_count=60, files=(file,))


def make_gap(number: int) -> GapNoted:
    """A minute that was not recorded."""
    start = NOON_MS + number * MINUTE_MS
    return GapNoted(from_ms=start, until_ms=start + MINUTE_MS, reason="held")


def make_evidence(
    episode_id: str, data: bytes, form: FileForm = "public", captured_at_ms: int = NOON_MS
) -> EvidenceKept:
    """The first frame of an episode."""
    digest, event_id = hashlib.sha256(data).hexdigest(), hashlib.md5(data).hexdigest()
    key = file_key(evidence_name(CAMERA, captured_at_ms, event_id, form), "image/jpeg", form, digest)
    return EvidenceKept(
        episode_id=episode_id,
        revision=1,
        moment="opened",
        roles=("first",),
        event_id=event_id,
        captured_at_ms=captured_at_ms,
        frame=FrameCoordinates(FRAMES.name, 0, 1, captured_at_ms),
        files=(StoredFile(key=key, form=form, media="image/jpeg", sha256=digest, size=len(data)),),
    )
