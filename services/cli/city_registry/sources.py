"""Where the cameras of a sample city would be: made-up addresses, or, dealt out in turn, those of a real test city.

Made-up hosts lie under ``.example`` (RFC 2606), which resolves nowhere; every tenth camera has an address out of the
blocks for documentation (RFC 5737), which is routed nowhere.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from schemas.cameras import Source, Token

DOMAIN = "semarang.example"

_DOCUMENTATION_BLOCKS = ("192.0.2", "198.51.100", "203.0.113")
_SHARES = {"rtsp": 55, "hls": 20, "snapshot": 15, "mjpeg": 10}
"""Parts of a hundred. RTSP is what IP cameras speak; HLS is how cities pass streams on; the rest is old or cheap."""
_UDP_RATIO = 0.15
_ADDRESS_RATIO = 0.1

SourceOf = Callable[[str], Source]
"""Gives the source of the camera with an id; asked once for each camera, always in the same order."""


def made_up_sources(chance: random.Random) -> SourceOf:
    """Give made-up sources of every kind that reads a network, by the shares above."""
    kinds, weights = list(_SHARES), list(_SHARES.values())

    def source(camera_id: str) -> Source:
        kind = chance.choices(kinds, weights)[0]
        host = _host(chance, camera_id)
        return _MAKERS[kind](chance, host)

    return source


def dealt_sources(sources: Sequence[Source]) -> SourceOf:
    """Deal ``sources`` out in turn: with fewer of them than cameras, several cameras look through one."""
    turn: Iterator[Source] = itertools.cycle(sources)
    return lambda _: next(turn)


def _host(chance: random.Random, camera_id: str) -> str:
    if chance.random() < _ADDRESS_RATIO:
        return f"{chance.choice(_DOCUMENTATION_BLOCKS)}.{chance.randint(1, 254)}"
    return f"{camera_id}.{DOMAIN}"


def _rtsp(chance: random.Random, host: str) -> Source:
    transport: Literal["tcp", "udp"] = "udp" if chance.random() < _UDP_RATIO else "tcp"
    path = chance.choice(("Streaming/Channels/102", "cam/realmonitor", "h264/ch1/sub/av_stream", "live/sub"))
    return Source("rtsp", f"rtsp://{host}/{path}", secret="sample-rtsp", transport=transport)  # noqa: S106


def _hls(chance: random.Random, host: str) -> Source:
    if chance.random() < 0.5:
        return Source("hls", f"https://{host}/live/index.m3u8", headers={"Referer": f"https://cctv.{DOMAIN}/"})
    token = Token(f"https://token.{DOMAIN}/v1/hls", field="data.value", refresh_seconds=600.0)
    return Source("hls", f"https://{host}/live/{{token}}/index.m3u8", secret="sample-hls", token=token)  # noqa: S106


def _snapshot(chance: random.Random, host: str) -> Source:
    path = chance.choice(("ISAPI/Streaming/channels/101/picture", "axis-cgi/jpg/image.cgi", "snap.jpg"))
    return Source("snapshot", f"http://{host}/{path}", secret="sample-http")  # noqa: S106


def _mjpeg(chance: random.Random, host: str) -> Source:
    path = chance.choice(("axis-cgi/mjpg/video.cgi", "video.mjpg"))
    return Source("mjpeg", f"http://{host}/{path}", secret="sample-http")  # noqa: S106


_MAKERS: dict[str, Callable[[random.Random, str], Source]] = {
    "rtsp": _rtsp,
    "hls": _hls,
    "snapshot": _snapshot,
    "mjpeg": _mjpeg,
}
