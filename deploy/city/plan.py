"""Which cameras a city has, and their registry: names, addresses and synthetic places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import yaml

from schemas.cameras import Camera, Place, Source, SourceKind

_HEAD = """# A city of pretended cameras, written by `tilik city`. Their pictures are all of one clip; names and places
# are synthetic. It lasts as long as the command runs. Ingest needs TILIK_INGEST_ALLOWED_NETWORKS='["loopback"]'.

"""
_ROW = 40
"""Cameras stand on a grid, so many in a row, 200 m apart."""
_STEP_DEGREES = 0.0018
_CORNER = (-7.05, 110.38)


@dataclass(frozen=True, slots=True)
class CityPlan:
    """How many cameras of each kind. ``rtsp`` send H.264, ``rtsp_h265`` H.265.

    HLS cameras differ: MPEG-TS and its media playlist, fragmented MP4 behind a master playlist, in turns.
    """

    rtsp: int = 0
    rtsp_h265: int = 0
    hls: int = 0
    mjpeg: int = 0
    snapshot: int = 0


@dataclass(frozen=True, slots=True)
class CityAddresses:
    """Where the servers listen, without a slash at the end; empty where there is no server."""

    rtsp: str = ""
    hls: str = ""
    http: str = ""


def rtsp_name(number: int) -> str:
    """Give the mount of an RTSP camera; H.265 cameras come after all others."""
    return f"rtsp-{number:04d}"


def hls_name(number: int) -> str:
    """Give the name of an HLS camera; odd ones have fragmented MP4."""
    return f"hls-{number:04d}"


def city_cameras(plan: CityPlan, addresses: CityAddresses) -> tuple[Camera, ...]:
    """Give the registry of a city whose servers listen at ``addresses``. HTTP cameras share one list of views."""
    urls: list[tuple[SourceKind, int, str]] = []
    for number in range(plan.rtsp + plan.rtsp_h265):
        urls.append(("rtsp", number, f"{addresses.rtsp}/{rtsp_name(number)}"))
    for number in range(plan.hls):
        playlist = "master" if number % 2 else "index"
        urls.append(("hls", number, f"{addresses.hls}/{hls_name(number)}/{playlist}.m3u8"))
    for number in range(plan.mjpeg):
        urls.append(("mjpeg", number, f"{addresses.http}/mjpeg/many-{number:04d}"))
    for number in range(plan.snapshot):
        urls.append(("snapshot", number, f"{addresses.http}/snapshot/many-{plan.mjpeg + number:04d}.jpg"))
    return tuple(_camera(place, *url) for place, url in enumerate(urls))


def _camera(place: int, kind: SourceKind, number: int, url: str) -> Camera:
    row, column = divmod(place, _ROW)
    latitude, longitude = (_CORNER[0] + row * _STEP_DEGREES, _CORNER[1] + column * _STEP_DEGREES)
    return Camera(
        camera_id=f"city-{kind}-{number:04d}",
        revision=1,
        name=f"Pretended {kind} camera {number}",
        kind="street",
        place=Place("Synthetic", "Synthetic", round(latitude, 4), round(longitude, 4)),
        source=Source(kind, url),
    )


def registry_text(cameras: Sequence[Camera]) -> str:
    """Give the registry file that ``tilik cameras apply`` reads."""
    entries = []
    for camera in cameras:
        place = {name: value for name, value in msgspec.to_builtins(camera.place).items() if value}
        source = {"kind": camera.source.kind, "url": camera.source.url}
        entries.append(
            {"camera_id": camera.camera_id, "name": camera.name, "kind": camera.kind, "place": place, "source": source}
        )
    return _HEAD + yaml.safe_dump({"cameras": entries}, sort_keys=False, width=200)
