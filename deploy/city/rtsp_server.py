"""RTSP cameras by GStreamer's server: footage that plays round and round, for hundreds of cameras in one process.

    python3 deploy/city/rtsp_server.py --port 8554 --mount gate=street.mp4@12.5 --mount pump=dry.mp4,wet.mp4

Run as a file by the system's ``python3``, because GStreamer's bindings come with the system (Debian: python3-gi,
gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-base, -good, -bad) and not with a virtual environment; it imports
nothing of Tilik. ``port N`` on standard output says that it listens, on loopback only, as ``rtsp://127.0.0.1:N/NAME``.

A mount's footage is H.264 or H.265 in MP4, without B pictures; several files, joined by commas, play one after the
other, and may differ in size. It plays from START seconds at the server's start, as if watched or not, by whole groups
of pictures; all clients of a mount share one pipeline. Timestamps go on rising when it starts over. Parameter sets are
sent before each keyframe.

The bytes of a file are shared by all its mounts, and go to a pipeline a group of pictures at a time: Python does
little (3 µs a picture), and C the rest. 50 cameras of 720p at 25 pictures a second take a quarter of a core.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstApp, GstRtsp, GstRtspServer  # noqa: E402  (versions come first)

_HOST = "127.0.0.1"
_USERS = "watchers"
_CODECS = {"h264": "x-h264", "h265": "x-h265"}
_ACCESS_UNITS = "video/{media},stream-format=byte-stream,alignment=au"


@dataclass(frozen=True)
class Group:
    """A keyframe and what builds upon it, each in a ``Gst.Buffer`` as Annex B, and the duration in nanoseconds."""

    pictures: tuple[Gst.Buffer, ...]
    duration_ns: int

    def at(self, pts: int) -> Gst.BufferList:
        """Give the pictures as they show from ``pts`` nanoseconds on; the bytes are not copied."""
        pictures = Gst.BufferList()
        for number, picture in enumerate(self.pictures):
            buffer = picture.copy_region(Gst.BufferCopyFlags.MEMORY, 0, picture.get_size())
            buffer.pts = buffer.dts = pts + number * self.duration_ns // len(self.pictures)
            pictures.insert(-1, buffer)
        return pictures


@dataclass(frozen=True)
class Footage:
    """What a file holds: its codec, pictures per second as a fraction, and its groups in order."""

    codec: str
    frame_rate: tuple[int, int]
    groups: tuple[Group, ...]


@cache
def read_footage(path: str) -> Footage:
    """Read a whole MP4 file.

    Raises:
        SystemExit: It holds neither H.264 nor H.265, or B pictures.
    """
    for codec, media in _CODECS.items():
        if samples := _pull(path, codec, media):
            return _footage(path, codec, samples)
    sys.exit(f"{path}: no H.264 and no H.265 in MP4")


def _pull(path: str, codec: str, media: str) -> list[Gst.Sample]:
    """Give the file's access units; none where it is of another codec."""
    pipeline = Gst.parse_launch(
        f"filesrc name=file ! qtdemux ! {codec}parse config-interval=-1 ! {_ACCESS_UNITS.format(media=media)}"
        " ! appsink name=sink sync=false max-buffers=64"
    )
    pipeline.get_by_name("file").set_property("location", path)
    sink = pipeline.get_by_name("sink")
    pipeline.set_state(Gst.State.PLAYING)
    samples: list[Gst.Sample] = []
    while not sink.is_eos() and pipeline.get_bus().pop_filtered(Gst.MessageType.ERROR) is None:
        if (sample := sink.try_pull_sample(Gst.SECOND // 10)) is not None:
            samples.append(sample)
    pipeline.set_state(Gst.State.NULL)
    return samples


def _footage(path: str, codec: str, samples: list[Gst.Sample]) -> Footage:
    buffers = [sample.get_buffer() for sample in samples]
    if any(after.pts <= before.pts for before, after in itertools.pairwise(buffers)):
        sys.exit(f"{path}: its pictures are not in the order in which they show (B pictures)")
    _, numerator, denominator = samples[0].get_caps().get_structure(0).get_fraction("framerate")
    if not numerator:
        sys.exit(f"{path}: it names no frame rate")
    starts = [n for n, buffer in enumerate(buffers) if not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT)]
    ends = [*starts[1:], len(buffers)]
    frame_ns = Gst.SECOND * denominator / numerator
    groups = tuple(
        Group(tuple(buffers[start:end]), round((end - start) * frame_ns))
        for start, end in zip(starts, ends)  # noqa: B905
    )
    return Footage(codec, (numerator, denominator), groups)


class Camera:
    """One mount: gives its pipeline the next group of pictures whenever it asks.

    Args:
        files: What plays, one after the other.
        start_seconds: Where the footage stands at the server's start.
    """

    def __init__(self, files: Sequence[Footage], start_seconds: float) -> None:
        self._groups = [group for footage in files for group in footage.groups]
        self._round_ns = sum(group.duration_ns for group in self._groups)
        self._start_ns = round(start_seconds * Gst.SECOND)
        self._began_ns = time.monotonic_ns()

    def configure(self, _factory: GstRtspServer.RTSPMediaFactory, media: GstRtspServer.RTSPMedia) -> None:
        """Feed a pipeline that the server has just built, from where the footage stands now."""
        source = media.get_element().get_by_name_recurse_up("source")
        played_ns = self._start_ns + time.monotonic_ns() - self._began_ns
        source.connect("need-data", self._feeder(self._group_at(played_ns % self._round_ns)))

    def _feeder(self, index: int) -> Callable[[GstApp.AppSrc, int], None]:
        """Give what answers ``need-data``: a thread of the pipeline calls it, one call at a time."""
        pts = 0

        def feed(source: GstApp.AppSrc, _bytes: int) -> None:
            nonlocal index, pts
            group = self._groups[index]
            pictures = group.at(pts)
            index, pts = (index + 1) % len(self._groups), pts + group.duration_ns
            source.push_buffer_list(pictures)

        return feed

    def _group_at(self, position_ns: int) -> int:
        for index, group in enumerate(self._groups):
            position_ns -= group.duration_ns
            if position_ns < 0:
                return index
        return 0


def make_factory(footage: Footage, options: argparse.Namespace) -> GstRtspServer.RTSPMediaFactory:
    """Give what builds a mount's pipeline, for all its clients together."""
    codec, media, (numerator, denominator) = footage.codec, _CODECS[footage.codec], footage.frame_rate
    factory = GstRtspServer.RTSPMediaFactory()
    # A bound of one byte: the next group is asked for when the one before is on its way, and no more than one waits.
    factory.set_launch(
        f"( appsrc name=source format=time max-bytes=1 caps=video/{media},stream-format=byte-stream,"
        f"framerate={numerator}/{denominator} ! {codec}parse"
        f" ! {_ACCESS_UNITS.format(media=media)} ! rtp{codec}pay name=pay0 pt=96 mtu=1400 config-interval=0 )"
    )
    factory.set_shared(True)
    transports = {"tcp": GstRtsp.RTSPLowerTrans.TCP, "udp": GstRtsp.RTSPLowerTrans.UDP}
    factory.set_protocols(transports.get(options.only, transports["tcp"] | transports["udp"]))
    if options.user:
        factory.add_role_from_structure(_role())
    return factory


def _role() -> Gst.Structure:
    role = Gst.Structure.new_empty(_USERS)
    for permission in ("media.factory.access", "media.factory.construct"):
        role.set_value(permission, True)
    return role


def make_authentication(options: argparse.Namespace) -> GstRtspServer.RTSPAuth:
    """Give what asks each client for the user and password."""
    authentication = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", _USERS)
    if options.authentication == "basic":
        pair = GstRtspServer.RTSPAuth.make_basic(options.user, options.password)
        authentication.add_basic(pair, token)
        authentication.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
    else:
        authentication.add_digest(options.user, options.password, token)
        authentication.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    return authentication


def parse_mount(text: str) -> tuple[str, list[str], float]:
    """Split ``NAME=FILE[,FILE…][@START_SECONDS]``.

    Raises:
        argparse.ArgumentTypeError: It is not of that form.
    """
    name, equals, rest = text.partition("=")
    files, _, start = rest.rpartition("@") if "@" in rest else (rest, "", "0")
    try:
        seconds = float(start)
    except ValueError:
        files, seconds = rest, 0.0  # the @ belongs to the file's name
    if not name or not equals or not files or seconds < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FILE[,FILE…][@START_SECONDS]")
    return name, files.split(","), seconds


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8554, help="0: a free one")
    parser.add_argument("--mount", type=parse_mount, action="append", default=[], metavar="NAME=FILE[,…][@START]")
    parser.add_argument("--mounts", metavar="FILE", help="a file with a mount a line")
    parser.add_argument("--user", default="", help="ask for this user")
    parser.add_argument("--password", default="")
    parser.add_argument("--authentication", choices=("basic", "digest"), default="digest")
    parser.add_argument("--only", choices=("tcp", "udp"), help="offer this transport alone")
    options = parser.parse_args(arguments)
    if options.mounts:
        with open(options.mounts, encoding="utf-8") as lines:  # noqa: PTH123
            options.mount += [parse_mount(line.strip()) for line in lines if line.strip()]
    if not options.mount:
        parser.error("no --mount")
    return options


def serve(options: argparse.Namespace) -> None:
    """Serve until the process is ended."""
    server = GstRtspServer.RTSPServer()
    server.set_address(_HOST)
    server.set_service(str(options.port))
    server.set_backlog(1024)
    if options.user:
        server.set_auth(make_authentication(options))
    points = server.get_mount_points()
    for name, files, start_seconds in options.mount:
        footage = [read_footage(path) for path in files]
        factory = make_factory(footage[0], options)
        factory.connect("media-configure", Camera(footage, start_seconds).configure)
        points.add_factory(f"/{name}", factory)
    if not server.attach(None):
        sys.exit(f"port {options.port} of {_HOST} is taken")
    print(f"port {server.get_bound_port()}", flush=True)
    GLib.timeout_add_seconds(5, _clean, server)
    GLib.MainLoop().run()


def _clean(server: GstRtspServer.RTSPServer) -> bool:
    server.get_session_pool().cleanup()
    return True


if __name__ == "__main__":
    Gst.init(None)
    serve(parse_options())
