"""What a person, or somebody else, may write into ``cameras.yaml``: cameras, or faults with their lines."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.cameras import CAMERA_CODEC
from schemas.codec import ContractError
from services.ingest.registry.file import parse_registry
from tests.fuzz.mutations import bounded, mutated

pytestmark = pytest.mark.integration  # of seconds, not of servers

FILE = b"""\
x-hours: &hours {weekdays: {mon: [{start: 08:00, end: 12:00}]}, holidays: [2026-08-17]}
cameras:
  - camera_id: loket-1
    name: Loket
    kind: counter
    place: {kecamatan: A, kelurahan: B, latitude: -7.05, longitude: 110.44}
    source: {kind: mjpeg, url: "http://10.0.0.15/video?ch=1", secret: gate, headers: {Referer: x}}
    opening_hours: *hours
    zones:
      - {zone_id: q, purpose: queue, polygon: [[0.1, 0.4], [0.6, 0.4], [0.6, 1.0]]}
      - {zone_id: e, purpose: counter_edge, line: [[0, 0], [1, 1]]}
  - camera_id: rt-1
    name: RT
    kind: street
    place: {kecamatan: A, kelurahan: B, latitude: 0, longitude: 0, rw: "01"}
    source: {kind: file, url: clip.mp4, clock: recorded, recorded_from_ms: 1, loop: true}
    sample_fps: 1.5
    rules: {parking: {grace_seconds: 120}}
"""
WORDS = (
    *(
        b"&a ",
        b"*hours",
        b"*a",
        b"<<: ",
        b"- ",
        b"!!python/object:os.system ",
        b"!!binary ",
        b"? ",
        b"|",
        b">",
        b"---\n",
    ),
    *(
        b"cameras:",
        b"null",
        b"~",
        b".inf",
        b"\xf0\x9f\x98\x80",
        b"\\ud800",
        b"http://u:p@h",
        b"&h [*h]",
        b"\xef\xbb\xbf",
    ),
    *(b"[" * 1500, b"{a: " * 500, b"1" * 5000, b"rtsp://[", b"---\n", b"\xef\xbb\xbf"),
)


@given(mutated((FILE,), WORDS, most_changes=3))
@example(b"cameras: " + b"[" * 3000)
@example(b"a: &a [*a]\ncameras: *a")
@bounded(250)
def test_any_text_is_cameras_or_faults_that_say_where(text: bytes) -> None:
    file = parse_registry(text.decode("utf-8", errors="surrogateescape"), Path("/srv/cameras.yaml"))
    assert not (file.cameras and file.faults)
    for fault in file.faults + file.warnings:
        assert fault.line >= 1
        assert str(fault)
        assert len(str(fault)) < 2_000
    for camera in file.cameras:
        assert CAMERA_CODEC.decode(CAMERA_CODEC.encode(camera)) == camera


LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=12))
KEYS = st.sampled_from(
    ["camera_id", "kind", "source", "url", "zones", "polygon", "token", "headers", "weekdays", "simulated", "x"]
)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@given(st.lists(st.dictionaries(KEYS, TREES, max_size=6), max_size=3))
@bounded(250)
def test_any_tree_is_cameras_or_faults(entries: list[object]) -> None:
    file = parse_registry(yaml.safe_dump({"cameras": entries}), Path("/srv/cameras.yaml"))
    assert file.faults or not entries
    assert all(fault.line >= 1 for fault in file.faults)


@given(
    mutated(
        (b'{"camera_id":"a-1","revision":1,"name":"A","kind":"street"}',), (b'"place":{}', b"[", b"1e999", b"\\u0000")
    )
)
@bounded(300)
def test_any_message_is_a_camera_or_invalid(message: bytes) -> None:
    with contextlib.suppress(ContractError):
        assert CAMERA_CODEC.decode(message).revision >= 1
