"""Registry files: what is right is read, and all that is wrong is told at once, with its line."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.cameras import CAMERA_CODEC, Period
from services.ingest.registry.file import RegistryFile, parse_registry, read_registry_file
from services.ingest.registry.yaml_lines import read_yaml
from services.runtime.errors import ConfigurationError

PLACE = "{kecamatan: Candisari, kelurahan: Jatingaleh, latitude: -7.03, longitude: 110.42}"
SOURCE = '{kind: mjpeg, url: "http://10.20.0.15/video"}'
OPEN = "opening_hours: {weekdays: {mon: [{start: 08:00, end: 15:00}]}}"
TRIANGLE = "[[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]"


def parse(text: str) -> RegistryFile:
    return parse_registry(textwrap.dedent(text), Path("/srv/tilik/cameras.yaml"))


def camera(more: str = "", source: str = SOURCE, kind: str = "counter") -> str:
    """One camera; ``more`` begins in line 7 of the file."""
    lines = [
        "cameras:",
        "  - camera_id: cam-1",
        "    name: Camera",
        f"    kind: {kind}",
        f"    place: {PLACE}",
        f"    source: {source}",
        *(f"    {line}" for line in more.splitlines()),
    ]
    return "\n".join(lines)


def told(text: str) -> list[str]:
    return [str(fault) for fault in parse(text).faults]


def test_times_and_dates_need_no_quotes_and_empty_keys_mean_their_defaults() -> None:
    more = (
        "opening_hours: {weekdays: {mon: [{start: 08:00, end: 15:00}]}, holidays: [2026-08-17]}\nzones:\nsample_fps: 2"
    )
    file = parse(camera(more))
    assert file.faults == ()
    [entry] = file.cameras
    assert entry.opening_hours is not None
    assert entry.opening_hours.weekdays == {"mon": (Period("08:00", "15:00"),)}
    assert entry.opening_hours.holidays == ("2026-08-17",)
    assert (entry.zones, entry.sample_fps) == ((), 2.0)


def test_anchors_and_merges_say_a_thing_once_and_the_cameras_own_word_rules() -> None:
    file = parse(f"""
        x-market: &market
          kind: market
          sample_fps: 3
          place: {PLACE}
        cameras:
          - {{<<: *market, camera_id: cam-1, name: A, source: {SOURCE}}}
          - {{<<: *market, camera_id: cam-2, name: B, sample_fps: 1, source: {SOURCE}}}
        """)
    assert file.faults == ()
    assert [(entry.kind, entry.sample_fps) for entry in file.cameras] == [("market", 3.0), ("market", 1.0)]


def test_a_relative_path_is_taken_from_the_files_folder_and_its_absence_is_a_warning() -> None:
    file = parse(camera(source="{kind: file, url: clips/a.mp4}"))
    assert file.faults == ()
    assert file.cameras[0].source.url == "/srv/tilik/clips/a.mp4"
    assert [str(warning) for warning in file.warnings] == ["line 6: cameras[0].source.url: there is no such file here"]


def test_every_error_of_every_camera_is_told_at_once_and_nothing_is_given() -> None:
    text = f"""\
cameras:
  - camera_id: Loket 1
    name:
    kind: counterz
    place: {{kecamatan: Candisari, kelurahan: Jatingaleh, latitude: -97, longitude: 110.42}}
    source: {{kind: mjpeg, url: "http://admin:geheim@10.0.0.1/v", sekret: gate}}
    revision: 3
  - camera_id: cam-2
    camera_id: cam-3
    name: B
    kind: street
    place: {PLACE}
    source: {{kind: rtsp, url: "rtsp://10.0.0.2/", loop: true}}
    sample_fps: fast
    zones:
      - {{zone_id: a, purpose: no_parking, polygon: [[0, 0], [1, 1], [1, 0], [0, 1]]}}
      - {{zone_id: a, purpose: queue, polygon: [[0, 0], [1.5, 1]]}}
  - nonsense
zonen: 1
"""
    file = parse(text)
    assert file.cameras == ()
    assert [str(fault) for fault in file.faults] == [
        "line 2: cameras[0]: 'name' is missing",
        "line 2: cameras[0].camera_id: 'Loket 1' does not match ^[a-z0-9][a-z0-9._-]{1,62}[a-z0-9]$",
        "line 4: cameras[0].kind: 'counterz' is not one of counter, market, pump, street",
        "line 5: cameras[0].place.latitude: -97 is less than the minimum of -90",
        "line 6: cameras[0].source.sekret: unknown key; did you mean 'secret'?",
        "line 6: cameras[0].source.url: holds a user or password; put them into a secret and name it under 'secret'",
        "line 7: cameras[0].revision: is given by 'tilik cameras apply'; leave it out",
        "line 9: cameras[1].camera_id: the key is there twice, first in line 8",
        "line 13: cameras[1].source.loop: is for file and stills sources",
        "line 14: cameras[1].sample_fps: 'fast' is not of type number",
        "line 16: cameras[1].zones[0].polygon: edges 1 and 3 cross or touch",
        "line 17: cameras[1].zones[1].polygon: 2 items; there must be 3 or more",
        "line 17: cameras[1].zones[1].polygon[1][0]: 1.5 is greater than the maximum of 1.0",
        "line 17: cameras[1].zones[1].zone_id: 'a' is there already, in entry 1",
        "line 18: cameras[2]: a camera must be a mapping",
        "line 19: zonen: unknown key; here are only 'cameras' and, for anchors, keys that start with 'x-'",
    ]


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (f"zones: [{{zone_id: e, purpose: counter_edge, polygon: {TRIANGLE}}}]", "needs a line"),
        (f"zones: [{{zone_id: e, purpose: queue, line: [[0, 0], [1, 1]], polygon: {TRIANGLE}}}]", "no line"),
        ("zones: [{zone_id: e, purpose: queue, polygon: [[0, 0], [0.5, 0.5], [1, 1]]}]", "folds back|no inside"),
        (
            "zones: [{zone_id: e, purpose: queue, polygon: [[0, 0], [1, 0], [1, 1], [0, 0]]}]",
            "first corner is repeated",
        ),
        (f"zones: [{{zone_id: e, purpose: queue, polygon: {TRIANGLE}, classes: []}}]", "no vehicle class"),
        (f"zones: [{{zone_id: q, purpose: queue, polygon: {TRIANGLE}}}]", "needs opening_hours"),
        (f"{OPEN}\nzones: [{{zone_id: e, purpose: counter_edge, line: [[0, 0], [1, 1]]}}]", "no queue zone"),
        ("opening_hours: {weekdays: {mon: [{start: 10:00, end: 10:00}]}}", "no span of time"),
        ("opening_hours: {weekdays: {mon: [{start: 8:00, end: 10:00}]}}", "does not match"),
        ("opening_hours: {weekdays: {mon: [{start: 20:00, end: 06:00}, {start: 23:00, end: 24:00}]}}", "overlaps"),
        ("opening_hours: {weekdays: {senin: [{start: 08:00, end: 10:00}]}}", "'senin' is not one of mon"),
        ("opening_hours: {weekdays: {}}", "no period at all"),
        ("opening_hours: {weekdays: {mon: [{start: 08:00, end: 09:00}]}, holidays: [2026-02-30]}", "no day"),
        ("public: yes", "not of type boolean"),
        ("sample_fps: 0", "0 is less than or equal"),
    ],
)
def test_what_the_schema_can_not_say_is_checked_as_well(more: str, text: str) -> None:
    faults = parse(camera(more)).faults
    assert any(re.search(text, fault.text) for fault in faults), faults
    assert all(fault.line >= 7 or fault.path == "cameras[0]" for fault in faults)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('{kind: snapshot, url: "ftp://10.0.0.1/"}', "must start with http"),
        ('{kind: mjpeg, url: "http://10.0.0.1/", loop: true}', "is for file and stills"),
        ('{kind: mjpeg, url: "http://10.0.0.1/", secret: "admin:geheim"}', "never the secret itself"),
        ("{kind: file, url: a.mp4, clock: recorded}", "is needed with 'clock: recorded'"),
        ("{kind: stills, url: a, secret: gate}", "needs none"),
        ('{kind: file, url: "rtsp://admin:geheim@10.0.0.1/s"}', "a file source has a path, no URL"),
        ('{kind: stills, url: "rtsp:/admin:geheim@10.0.0.1/s"}', "a stills source has a path, no URL"),
        ('{kind: file, url: "//admin:geheim@10.0.0.1/s"}', "a file source has a path, no URL"),
        ('{kind: mjpeg, url: "http://10.0.0.1/v?user=admin&pwd=geheim"}', "holds 'pwd', 'user' in its query"),
        ('{kind: mjpeg, url: "http://10.0.0.1/v?Auth_Token=geheim"}', "holds 'Auth_Token' in its query"),
        ('{kind: mjpeg, url: "http://admin:geheim/1@10.0.0.1/v"}', "is no URL"),
    ],
)
def test_sources_say_what_their_kind_needs(source: str, text: str) -> None:
    lines = told(camera(source=source))
    assert any(text in line for line in lines)
    assert not any("geheim" in line for line in lines)


@pytest.mark.parametrize(
    "more",
    [
        'source: "rtsp://admin:geheim-that-goes-on-and-on-and-on-so-that-it-is-cut@10.0.0.1/s"',
        '"rtsp://admin:geheim@10.0.0.1/s": 1',
        'kind: "rtsp://admin:geheim@10.0.0.1/s"',
    ],
)
def test_no_fault_shows_a_password_wherever_it_was_put(more: str) -> None:
    lines = told(camera(more))
    assert lines
    assert not any("geheim" in line for line in lines)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ("sample_fps: !!int x", "is no number"),
        (f"retention_days: {'9' * 5000}", "is no number"),
        ("retention_days: 99999999999999999999", "is no number"),
        ("sample_fps: 1e999", "is no number"),
        ("sample_fps: !!float nan", "is no number"),
        (r'anonymisation: "a\0b"', "no text may have"),
        (r'"\ud800": 1', "no text may have"),
    ],
)
def test_values_that_nothing_can_hold_are_faults(more: str, text: str) -> None:
    assert any(text in line for line in told(camera(more)))


def test_a_path_with_a_nul_is_a_fault() -> None:
    assert any("no text may have" in line for line in told(camera(source=r'{kind: file, url: "a\0b"}')))


def test_a_kind_that_is_a_list_is_a_fault_also_with_a_queue() -> None:
    zones = f"zones: [{{zone_id: q, purpose: queue, polygon: {TRIANGLE}}}]"
    assert any("cameras[0].kind" in line for line in told(camera(zones, kind="[counter]")))


def test_purposes_and_blurring_fit_the_kind_of_camera() -> None:
    lines = told(
        camera(f"anonymisation: heads\nzones: [{{zone_id: q, purpose: queue, polygon: {TRIANGLE}}}]", kind="street")
    )
    assert lines == [
        "line 7: cameras[0].anonymisation: only counter cameras may blur heads alone; elsewhere it is persons",
        "line 8: cameras[0].zones[0].purpose: queue zones are for counter and market cameras, not street",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("cameras:\n  - {camera_id: a", 2),
        ("cameras: [\n\n&x", 3),
        ("a: *nowhere", 1),
        ("- 1", 1),
        ("", 1),
        ("cameras: 3", 1),
    ],
)
def test_what_is_no_registry_at_all_is_told_with_its_line(text: str, line: int) -> None:
    file = parse(text)
    assert [fault.line for fault in file.faults][:1] == [line]
    assert file.cameras == ()


def test_a_small_file_of_aliases_does_not_become_a_large_one() -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    document = read_yaml("\n".join(lines))
    assert "aliases counted" in document.faults[0].text


def test_a_file_that_is_not_there_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read"):
        read_registry_file(tmp_path / "cameras.yaml")


WORDS = st.sampled_from(["counter", "street", "file", "stills", "mjpeg", "queue", "counter_edge", "recorded", "heads"])
TEXTS = st.sampled_from(["08:00", "24:00", "2026-08-17", "http://u:p@h:x/?pwd=1", "http://[", "rtsp://h/", "cam-1"])
YAML_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("ab:/-0\0\ud800", max_size=6) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["camera_id", "kind", "source", "url", "zones", "purpose", "polygon", "weekdays", "mon", "place"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
PERIODS = [{"start": "08:00", "end": "15:00"}]
WHOLE = {
    "camera_id": "cam-1",
    "name": "Camera",
    "kind": "counter",
    "place": {"kecamatan": "Candisari", "kelurahan": "Jatingaleh", "latitude": -7.03, "longitude": 110.42},
    "source": {"kind": "file", "url": "a.mp4", "clock": "recorded", "recorded_from_ms": 1},
    "sample_fps": 1,
    "opening_hours": {"weekdays": {"mon": PERIODS}, "holidays": ["2026-08-17"], "on_holidays": PERIODS},
    "zones": [
        {"zone_id": "q", "purpose": "queue", "polygon": [[0, 0], [1, 0], [1, 1]]},
        {"zone_id": "e", "purpose": "counter_edge", "line": [[0, 0], [1, 1]]},
    ],
    "anonymisation": "heads",
}


def paths_in(value: object) -> list[tuple[str | int, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(), *((key, *path) for key, part in parts for path in paths_in(part))]


def replaced(value: object, path: tuple[str | int, ...], new: object) -> object:
    if not path:
        return new
    copied: Any = dict(value) if isinstance(value, dict) else list(value)  # type: ignore[call-overload]
    copied[path[0]] = replaced(copied[path[0]], path[1:], new)
    return copied


def dumped(entries: list[object]) -> str:
    return yaml.safe_dump({"cameras": entries})


@settings(max_examples=80, deadline=None)
@given(st.lists(YAML_VALUES, max_size=3))
def test_whatever_the_entries_are_the_answer_is_faults_and_no_crash(entries: list[object]) -> None:
    file = parse_registry(dumped(entries), Path("/srv/cameras.yaml"))
    assert not file.cameras
    assert bool(file.faults) is bool(entries)


def test_the_whole_camera_that_is_spoilt_below_is_right() -> None:
    assert parse_registry(dumped([WHOLE]), Path("/srv/cameras.yaml")).faults == ()


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(paths_in(WHOLE)), YAML_VALUES)
def test_a_camera_with_one_part_replaced_is_read_or_faulted_and_can_be_published(
    path: tuple[str | int, ...], new: object
) -> None:
    file = parse_registry(dumped([replaced(WHOLE, path, new)]), Path("/srv/cameras.yaml"))
    assert len(file.cameras) == (0 if file.faults else 1)
    assert [CAMERA_CODEC.decode(CAMERA_CODEC.encode(camera)) for camera in file.cameras] == list(file.cameras)
