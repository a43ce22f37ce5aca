"""A city of cameras to test against: servers in processes of their own, on loopback, on free ports.

    encoder = Encoder(clip, Path(".tilik/city"), progress)
    with running_city(CityPlan(rtsp=20, snapshot=200), encoder, state) as city:
        city.cameras, city.addresses       # the registry, and where the servers are
        city.pids()                        # of "rtsp", "hls" and "http": for who measures them

What is not encoded yet is encoded first (ffmpeg). RTSP is served by GStreamer, HLS segments are cut by ffmpeg; MJPEG
and snapshot cameras send JPEGs that ffmpeg has encoded, from memory: some 80 MB, however many cameras there are.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from socket import create_connection

from deploy.city.encoding import PICTURES_PER_SECOND, VIDEO_WINDOWS, Container, Encoder
from deploy.city.plan import CityAddresses, CityPlan, city_cameras, hls_name, rtsp_name
from deploy.local.platform import http_probe
from deploy.local.ports import HOST, free_port
from deploy.local.process import ProcessSpec
from deploy.local.supervisor import Supervisor
from schemas.cameras import Camera
from services.runtime.errors import ConfigurationError

PACKAGES = (
    "python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
)
"""What the RTSP server needs of Debian."""

_SYSTEM_PYTHON = "/usr/bin/python3"
"""GStreamer's bindings come with the system, not with a virtual environment."""
_RTSP_SERVER = Path(__file__).with_name("rtsp_server.py")
_ELEMENTS = "appsrc qtdemux h264parse h265parse rtph264pay rtph265pay"
_GSTREAMER_CHECK = f"""
import gi
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
missing = [name for name in "{_ELEMENTS}".split() if Gst.ElementFactory.find(name) is None]
raise SystemExit(f"no {{', '.join(missing)}}" if missing else 0)
"""
_CHECK_SECONDS = 60.0
_PROBE_SECONDS = 2.0
_CONTAINERS: tuple[Container, ...] = ("mpegts", "fmp4")


@dataclass(frozen=True, slots=True)
class City:
    """A city that runs. ``supervisor`` runs its servers: ``rtsp``, ``hls`` and ``http``, as far as there are any."""

    cameras: tuple[Camera, ...]
    addresses: CityAddresses
    supervisor: Supervisor

    def pids(self) -> dict[str, int]:
        """Give the servers' process ids by name."""
        return {name: self.supervisor.pid(name) for name in self.supervisor.status()}


def check_gstreamer() -> None:
    """Look whether the RTSP server can run here.

    Raises:
        ConfigurationError: GStreamer, a plugin or its bindings are missing; the text names Debian's packages.
    """
    try:
        check = [_SYSTEM_PYTHON, "-W", "ignore", "-c", _GSTREAMER_CHECK]
        done = subprocess.run(check, capture_output=True, text=True, timeout=_CHECK_SECONDS, check=False)
        missing = done.stderr.strip().splitlines()[-1] if done.returncode else ""
    except OSError as error:
        missing = str(error)
    if missing:
        raise ConfigurationError(
            f"GStreamer's RTSP server is missing ({missing}). On Debian: apt-get install {PACKAGES}"
        )


@contextmanager
def running_city(plan: CityPlan, encoder: Encoder, state: Path) -> Iterator[City]:
    """Run a city until the ``with`` ends. ``state`` is a folder of its own, for logs.

    Raises:
        ConfigurationError: ffmpeg or GStreamer is missing, or another process uses the state folder.
        FatalError: A server did not become ready.
    """
    addresses, specs = CityAddresses(), []
    if plan.rtsp + plan.rtsp_h265:
        specs.append(_rtsp_server(plan, encoder, state))
        addresses = replace(addresses, rtsp=f"rtsp://{HOST}:{specs[-1].port}")
    if plan.hls:
        specs.append(_hls_server(plan, encoder))
        addresses = replace(addresses, hls=f"http://{HOST}:{specs[-1].port}")
    if plan.mjpeg + plan.snapshot:
        specs.append(_http_server(plan, encoder))
        addresses = replace(addresses, http=f"http://{HOST}:{specs[-1].port}")
    supervisor = Supervisor(state)
    try:
        supervisor.start(specs)
        yield City(city_cameras(plan, addresses), addresses, supervisor)
    finally:
        supervisor.stop()


def _rtsp_server(plan: CityPlan, encoder: Encoder, state: Path) -> ProcessSpec:
    check_gstreamer()
    lines = []
    count = plan.rtsp + plan.rtsp_h265
    for number in range(count):
        window = VIDEO_WINDOWS[number % len(VIDEO_WINDOWS)]
        video = encoder.video(window, "h264" if number < plan.rtsp else "h265").resolve()
        lines.append(f"{rtsp_name(number)}={video}@{number * encoder.seconds / count:.1f}\n")
    state.mkdir(parents=True, exist_ok=True)
    mounts = (state / "mounts.txt").resolve()
    mounts.write_text("".join(lines), encoding="utf-8")
    port = free_port()
    argv = [_SYSTEM_PYTHON, str(_RTSP_SERVER), "--port", str(port), "--mounts", str(mounts)]
    return ProcessSpec("rtsp", argv, lambda: _answers_rtsp(port), port=port)


def _answers_rtsp(port: int) -> bool:
    try:
        with create_connection((HOST, port), timeout=_PROBE_SECONDS) as connection:
            connection.sendall(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n")
            return connection.recv(64).startswith(b"RTSP/1.0 200")
    except OSError:
        return False


def _hls_server(plan: CityPlan, encoder: Encoder) -> ProcessSpec:
    port = free_port()
    argv = [sys.executable, "-m", "deploy.city.hls_server", "--port", str(port)]
    for number in range(plan.hls):
        # Neighbours in the list differ in container, and only then in window.
        window = VIDEO_WINDOWS[number // len(_CONTAINERS) % len(VIDEO_WINDOWS)]
        folder = encoder.segments(window, "h264", _CONTAINERS[number % len(_CONTAINERS)]).resolve()
        argv += ["--camera", f"{hls_name(number)}={folder}@{number * encoder.seconds / plan.hls:.1f}"]
    return ProcessSpec("hls", argv, http_probe(port, "/"), port=port)


def _http_server(plan: CityPlan, encoder: Encoder) -> ProcessSpec:
    port = free_port()
    argv = [sys.executable, "-m", "deploy.local.camera_server", "--port", str(port)]
    argv += ["--pictures", str(encoder.pictures()), "--fps", str(PICTURES_PER_SECOND)]
    argv += ["--many", str(plan.mjpeg + plan.snapshot)]
    return ProcessSpec("http", argv, http_probe(port, "/"), port=port)
