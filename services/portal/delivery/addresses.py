"""URLs of frames: ``/frames/{camera_id}/{owner_epoch}-{sequence}.jpg``."""

from __future__ import annotations

import re
from typing import NamedTuple

from services.privacy.showable import ShowableFrame

PREFIX = "/frames/"
_PATH = re.compile(r"/frames/([a-z0-9][a-z0-9._-]{1,62}[a-z0-9])/([0-9]{1,16})-([0-9]{1,16})\.jpg", re.ASCII)


class FrameName(NamedTuple):
    """Which frame: a camera's, of an ownership, by its number there."""

    camera_id: str
    owner_epoch: int
    sequence: int


def name_of(frame: ShowableFrame) -> FrameName:
    """Give a frame's name."""
    return FrameName(frame.camera_id, frame.owner_epoch, frame.sequence)


def url_of(frame: ShowableFrame) -> str:
    """Give the URL of a frame's picture."""
    return f"{PREFIX}{frame.camera_id}/{frame.owner_epoch}-{frame.sequence}.jpg"


def named_by(path: str) -> FrameName | None:
    """Give the frame that a path names, None where it names none."""
    match = _PATH.fullmatch(path)
    return None if match is None else FrameName(match[1], int(match[2]), int(match[3]))
