"""The cameras that are everybody's: approved by a person and not removed, nothing else is ever shown."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import Final

from schemas.cameras import Camera, CameraKind
from services.runtime.camera_registry import CameraRevisions

KINDS: Final[tuple[CameraKind, ...]] = ("counter", "market", "street", "pump")


class PublicCameras:
    """The public part of the registry as it is now."""

    def __init__(self, revisions: CameraRevisions) -> None:
        self._revisions = revisions

    def all(self) -> list[Camera]:
        """Give them, by district, kelurahan and name."""
        public = [camera for camera in self._revisions.all_latest() if camera.is_public]
        return sorted(public, key=lambda c: (c.place.kecamatan, c.place.kelurahan, c.name, c.camera_id))

    def find(self, camera_id: str) -> Camera | None:
        """Give a camera, or None where there is none that everybody may see."""
        camera = self._revisions.latest(camera_id)
        return camera if camera is not None and camera.is_public else None


def chosen(cameras: list[Camera], words: str, kecamatan: str, kelurahan: str, kind: str) -> list[Camera]:
    """Give the cameras that fit a choice; an empty choice fits all. ``words`` must all stand in name or place."""
    wanted = _plain(words).split()
    return [
        camera
        for camera in cameras
        if (not kecamatan or camera.place.kecamatan == kecamatan)
        and (not kelurahan or camera.place.kelurahan == kelurahan)
        and (not kind or camera.kind == kind)
        and all(word in _searched(camera) for word in wanted)
    ]


def places(cameras: list[Camera]) -> dict[str, int]:
    """Give how many cameras each district has, by name."""
    return dict(sorted(Counter(camera.place.kecamatan for camera in cameras).items()))


def kelurahan_of(cameras: list[Camera], kecamatan: str) -> dict[str, int]:
    """Give how many cameras each kelurahan of a district has, by name."""
    found = Counter(camera.place.kelurahan for camera in cameras if camera.place.kecamatan == kecamatan)
    return dict(sorted(found.items()))


def _searched(camera: Camera) -> str:
    return _plain(f"{camera.name} {camera.place.kecamatan} {camera.place.kelurahan} {camera.camera_id}")


def _plain(text: str) -> str:
    """Drop case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
