"""Which cameras a command is for: ids, patterns such as ``loket-*``, and kelurahan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any

import click

from schemas.cameras import Camera
from services.runtime.errors import ConfigurationError

cameras_argument = click.argument("cameras", metavar="[ID…]", nargs=-1)  # not a topic: the name of an argument
kelurahan_option = click.option("--kelurahan", metavar="NAME", help="Only cameras of this kelurahan.")


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the argument ``cameras`` and the option ``--kelurahan``."""
    return cameras_argument(kelurahan_option(command))


def select(latest: Sequence[Camera], wanted: Sequence[str], kelurahan: str | None) -> list[Camera]:
    """Give the cameras that are meant, in the order of ``latest``.

    A removed camera is meant only by its own id, since a pattern means what can be seen in the list.

    Raises:
        ConfigurationError: An id, pattern or kelurahan means no camera.
    """
    if not wanted and kelurahan is None:
        raise click.UsageError("name cameras, or a --kelurahan; '*' means every camera")
    there = [camera for camera in latest if camera.state != "removed" or camera.camera_id in wanted]
    of_place = [camera for camera in there if kelurahan is None or in_kelurahan(camera, kelurahan)]
    if not of_place:
        raise ConfigurationError(f"no camera is in kelurahan {kelurahan!r}" if kelurahan else "there is no camera")
    missing = [pattern for pattern in wanted if not any(_means(pattern, camera) for camera in of_place)]
    if missing:
        raise ConfigurationError(f"there is no camera {', '.join(map(repr, missing))}; nothing was changed")
    return [camera for camera in of_place if not wanted or any(_means(pattern, camera) for pattern in wanted)]


def in_kelurahan(camera: Camera, kelurahan: str) -> bool:
    """Tell whether a camera stands there; capitals don't matter."""
    return camera.place.kelurahan.casefold() == kelurahan.casefold()


def _means(pattern: str, camera: Camera) -> bool:
    return fnmatchcase(camera.camera_id, pattern)
