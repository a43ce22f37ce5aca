"""Which cameras a command is for: ids, patterns such as ``loket-*``, kelurahan and kecamatan."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import click

from schemas.cameras import Camera
from services.runtime.errors import ConfigurationError

cameras_argument = click.argument("cameras", metavar="[ID…]", nargs=-1)  # not a topic: the name of an argument
_kelurahan_option = click.option("--kelurahan", metavar="NAME", help="Only cameras of this kelurahan.")
_kecamatan_option = click.option("--kecamatan", metavar="NAME", help="Only cameras of this kecamatan.")


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the city; None: any. Capitals don't matter."""

    kelurahan: str | None = None
    kecamatan: str | None = None

    def __bool__(self) -> bool:
        """Tell whether it is less than the whole city."""
        return self.kelurahan is not None or self.kecamatan is not None

    def __str__(self) -> str:
        """Give its name."""
        parts = (("kelurahan", self.kelurahan), ("kecamatan", self.kecamatan))
        return ", ".join(f"{kind} {name!r}" for kind, name in parts if name is not None)

    def holds(self, camera: Camera) -> bool:
        """Tell whether a camera stands there."""
        pairs = ((self.kelurahan, camera.place.kelurahan), (self.kecamatan, camera.place.kecamatan))
        return all(name is None or name.casefold() == place.casefold() for name, place in pairs)


def area_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options ``--kelurahan`` and ``--kecamatan``, as one argument ``area``."""

    @functools.wraps(command)
    def with_area(*arguments: Any, kelurahan: str | None, kecamatan: str | None, **others: Any) -> Any:
        return command(*arguments, area=Area(kelurahan, kecamatan), **others)

    return _kelurahan_option(_kecamatan_option(with_area))


def area_and_cameras(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the arguments ``cameras`` and ``area``."""
    return cameras_argument(area_option(command))


def select(latest: Sequence[Camera], wanted: Sequence[str], area: Area) -> list[Camera]:
    """Give the cameras that are meant, in the order of ``latest``.

    A removed camera is meant only by its own id, since a pattern means what can be seen in the list.

    Raises:
        ConfigurationError: An id, pattern or area means no camera, or a kelurahan's name means two of them.
    """
    if not wanted and not area:
        raise click.UsageError("name cameras, a --kelurahan or a --kecamatan; '*' means every camera")
    there = [camera for camera in latest if camera.state != "removed" or camera.camera_id in wanted]
    of_place = [camera for camera in there if area.holds(camera)]
    if not of_place:
        raise ConfigurationError(f"no camera is in {area}" if area else "there is no camera")
    _require_one_kelurahan(of_place, area)
    missing = [pattern for pattern in wanted if not any(_means(pattern, camera) for camera in of_place)]
    if missing:
        raise ConfigurationError(f"there is no camera {', '.join(map(repr, missing))}; nothing was changed")
    return [camera for camera in of_place if not wanted or any(_means(pattern, camera) for pattern in wanted)]


def _require_one_kelurahan(cameras: Sequence[Camera], area: Area) -> None:
    """Refuse a name that two kelurahan have: Semarang has such, in different kecamatan."""
    if area.kelurahan is None:
        return
    kecamatan = {camera.place.kecamatan.casefold(): camera.place.kecamatan for camera in cameras}
    if len(kecamatan) > 1:
        names = ", ".join(sorted(kecamatan.values()))
        raise ConfigurationError(
            f"{area} is in {len(kecamatan)} kecamatan: {names}; --kecamatan says which. Nothing was changed"
        )


def _means(pattern: str, camera: Camera) -> bool:
    return fnmatchcase(camera.camera_id, pattern)
