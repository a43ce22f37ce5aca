"""200 connections to a camera of each kind leave nothing behind: no thread, descriptor, process, task or memory."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing

import msgspec
import pytest

from schemas.cameras import Source
from tests.ingest.builders import make_jpeg, write_video
from tests.ingest.hls_camera import HlsCamera
from tests.ingest.http_camera import HttpCamera
from tests.safety.guarded_camera import RtspServer
from tests.safety.reconnects import AT_ONCE, Finding

pytestmark = pytest.mark.integration

KINDS = ("rtsp-tcp", "rtsp-udp", "rtsp-hevc", "hls", "mjpeg", "snapshot", "file", "stills", "refused", "garbage")
GIVES_NOTHING = ("refused", "garbage")
MOST_OBJECTS = 50
"""Of Python, that 100 connections may add; mostly none are. What is kept of a connection is several objects."""
MOST_BYTES = 12_000_000
"""Of this process and its decoding child: 60 kB a connection. Pages come and go by megabytes; a picture has 230 kB of
pixels in the decoding child, so that one kept a connection would be 46 MB."""


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Finding]:
    folder = tmp_path_factory.mktemp("leaks")
    stills = folder / "stills"
    stills.mkdir()
    (stills / "2013-03-02_07_45_00.jpg").write_bytes(make_jpeg(1))
    with (
        closing(RtspServer(folder)) as rtsp,
        closing(HlsCamera()) as hls,
        closing(HttpCamera()) as http,
        closing(HttpCamera("basic")) as guarded,
        closing(HttpCamera("garbage")) as garbage,
    ):
        sources = {
            "rtsp-tcp": Source("rtsp", rtsp.url()),
            "rtsp-udp": Source("rtsp", rtsp.url(), transport="udp"),
            "rtsp-hevc": Source("rtsp", rtsp.url("hevc")),
            "hls": Source("hls", hls.url()),
            "mjpeg": Source("mjpeg", http.url("mjpeg")),
            "snapshot": Source("snapshot", http.url("snapshot")),
            "file": Source("file", str(write_video(folder / "clip.mp4")), loop=True),
            "stills": Source("stills", str(stills), loop=True),
            "refused": Source("snapshot", guarded.url("snapshot"), secret="token"),
            "garbage": Source("mjpeg", garbage.url("mjpeg")),
        }
        assert tuple(sources) == KINDS
        for camera in (hls, http, guarded, garbage):
            camera._server.socket.listen(AT_ONCE)  # 5 is too few for so many at once: the rest waits for a second
        done = subprocess.run(
            [sys.executable, "-m", "tests.safety.reconnects"],
            input=msgspec.json.encode(sources),
            capture_output=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""  # such as a warning of a socket or a transport that nobody closed
    return msgspec.json.decode(done.stdout, type=dict[str, Finding])


@pytest.mark.parametrize("kind", KINDS)
def test_reconnecting_leaves_nothing_behind(kind: str, findings: dict[str, Finding]) -> None:
    finding = findings[kind]
    before, halfway, after = finding.before, finding.halfway, finding.after
    assert finding.connections == 200
    assert finding.pictures >= (0 if kind in GIVES_NOTHING else 30), "of 40 that wait for a picture"
    print(kind, finding)
    assert after.threads <= before.threads
    assert after.descriptors <= before.descriptors
    assert after.children <= before.children
    assert after.tasks <= before.tasks
    assert min(halfway.objects - before.objects, after.objects - halfway.objects) < MOST_OBJECTS
    assert after.resident_bytes - before.resident_bytes < MOST_BYTES
