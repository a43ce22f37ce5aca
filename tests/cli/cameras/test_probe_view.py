"""What a probe prints: findings, advice, and an entry that `apply --offline` takes as it stands."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from schemas.cameras import Source
from services.cli.cameras.probe import command
from services.cli.cameras.probe_entry import entry_yaml, place_name, suggested_id
from services.cli.cameras.probe_view import failure_view, notes_on, result_json, result_view
from services.ingest.probing.explanation import advise
from services.ingest.probing.probe import Probed
from services.ingest.registry.file import parse_registry
from services.ingest.source_errors import SourceFailed, SourceRefused
from services.ingest.source_facts import SourceFacts

RTSP = Source("rtsp", "rtsp://10.20.0.15/Streaming/Channels/101", secret="gate")


def found(source: Source = RTSP, **facts: Any) -> Probed:
    known: dict[str, Any] = {
        "codec": "h264",
        "decoding": "keyframes",
        "frames_per_second": 25.0,
        "keyframe_seconds": 1.0,
        "container": "rtp/tcp",
        "server": "Hipcam",
        "clock": "rtcp",
        "clock_ahead_seconds": 0.02,
    }
    made = Probed(source, SourceFacts(**(known | facts)), first_picture_seconds=0.42, seconds=10.0)
    made.sizes_bytes, made.width, made.height = [100_000, 120_000], 1920, 1080
    return made


def printed(view: Any) -> str:
    console = Console(width=160, file=io.StringIO())
    console.print(view)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(" ".join(line.split()) for line in console.file.getvalue().splitlines())


def test_a_finding_tells_codec_size_rhythm_cost_bytes_a_day_and_clock() -> None:
    assert printed(result_view(found(), Path("probe.jpg"))).splitlines() == [
        "rtsp://10.20.0.15/Streaming/Channels/101 is a camera that Tilik reads",
        "kind RTSP, rtp/tcp, h264",
        "server Hipcam",
        "picture 1920 × 1080 px, 110.0 KB as JPEG",
        "first after 0.42 s",
        "rhythm 25 pictures a second",
        "keyframes each 1 s",
        "cost keyframes: one picture is decoded for each sample, nothing between them",
        "a day 9,504 MB at one picture a second",
        "clock within a second of this machine's by its RTCP reports",
        "saved probe.jpg",
    ]


@pytest.mark.parametrize(
    ("finding", "note"),
    [
        (found(decoding="all", keyframe_seconds=4.0), "a keyframe comes only each 4 s"),
        (found(clock_ahead_seconds=-75.0), "75 s behind this machine's: let it follow NTP"),
        (found(Source("rtsp", "rtsps://h/", verify_tls=False)), "its certificate is not checked"),
    ],
)
def test_what_a_steward_should_change_is_noted(finding: Probed, note: str) -> None:
    [said] = notes_on(finding)
    assert note in said


def test_a_camera_that_is_well_and_a_video_file_get_no_notes() -> None:
    assert list(notes_on(found())) == []
    assert list(notes_on(found(Source("file", "/a.mp4"), decoding="all", clock_ahead_seconds=None))) == []


@pytest.mark.parametrize(
    "source",
    [
        RTSP,
        Source("rtsp", "rtsps://[2001:db8::1]:8322/s", transport="udp", verify_tls=False),
        Source("hls", "https://cctv.example/a.m3u8?x=1&y={}#:-", headers={"Referer": 'https://cctv.example/"'}),
        Source("stills", "/srv/stills: of a day", loop=True),
    ],
)
def test_the_entry_is_accepted_as_it_stands_and_says_the_same_source(source: Source) -> None:
    file = parse_registry(entry_yaml(source, source.secret), Path("/srv/cameras.yaml"))
    assert file.faults == ()
    assert file.cameras[0].source == source


def test_what_a_server_says_of_itself_is_no_markup() -> None:
    shown = printed(result_view(found(server="Hipcam [/x]\x1b[2J [lama]"), Path("[/x].jpg")))
    assert "server Hipcam [/x] [2J [lama]" in shown
    assert "saved [/x].jpg" in shown


def test_channels_of_one_recorder_have_different_ids() -> None:
    paths = ("Streaming/Channels/{}01", "cam/realmonitor?channel={}&subtype=0", f"{'long/' * 20}{{}}")
    for path in paths:
        ids = {suggested_id(Source("rtsp", f"rtsp://10.20.0.15/{path.format(n)}")) for n in range(1, 17)}
        assert len(ids) == 16
        assert max(map(len, ids)) <= 64


def test_names_come_from_the_url() -> None:
    assert suggested_id(RTSP) == "cam-10-20-0-15-streaming-channels-101"
    assert place_name(RTSP) == "10.20.0.15"
    assert suggested_id(Source("file", "/srv/Jalan Pahlawan.mp4")) == "cam-jalan-pahlawan"


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ("certificate verify failed: self-signed certificate (_ssl.c:1006)", "signed by itself"),
        ("certificate verify failed: unable to get local issuer certificate", "does not know"),
        ("certificate verify failed: certificate has expired (_ssl.c:1006)", "has expired"),
        ("certificate verify failed: IP address mismatch, certificate is not valid for '10.20.0.15'.", "is not for"),
        ("certificate verify failed: Hostname mismatch, certificate is not valid for 'gate'.", "is not for"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", "does not speak TLS"),
        ("[SSL: UNSUPPORTED_PROTOCOL] unsupported protocol", "old TLS"),
    ],
)
def test_each_fault_of_tls_is_told_apart(detail: str, said: str) -> None:
    text = printed(failure_view(error := SourceFailed("tls", detail), advise(error, RTSP), RTSP))
    assert said in text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SourceRefused("rtsp_401", "10.20.0.15 answered 401"), "refuses this user and password"),
        (SourceRefused("rtsp_403", "10.20.0.15 answered 403"), "right to live view"),
        (SourceRefused("rtsp_404", "10.20.0.15 answered 404"), "/cam/realmonitor?channel=1&subtype=0"),
        (SourceRefused("wrong_codec", "the camera sends JPEG"), "Set the stream to H.264 or H.265"),
        (SourceFailed("no_keyframe", "no keyframe of h264 came in 10 s"), "keyframe (I-frame) interval to one second"),
        (SourceRefused("address_not_allowed", "localhost is not in an allowed network"), "--allow-network loopback"),
        (SourceFailed("never_heard_of", "something odd"), "something odd"),
    ],
)
def test_every_failure_says_what_to_do(error: SourceFailed | SourceRefused, said: str) -> None:
    text = printed(failure_view(error, advise(error, RTSP), RTSP))
    assert said in text
    assert "What to do:" in text


def test_json_holds_all_but_the_picture() -> None:
    told = result_json(found(), Path("probe.jpg"))
    wanted = {"readable": True, "kind": "rtsp", "codec": "h264", "picture_bytes": 110_000, "picture_file": "probe.jpg"}
    assert {key: told[key] for key in wanted} == wanted
    assert "jpeg" not in told


def test_a_password_in_the_url_is_refused_before_anything_is_asked() -> None:
    result = CliRunner().invoke(command, ["rtsp://admin:geheim@10.20.0.15/s"])
    assert result.exit_code == 2
    assert "give --user USER" in result.output
    assert "geheim" not in result.output


def test_a_header_that_lets_its_bearer_in_is_refused() -> None:
    result = CliRunner().invoke(command, ["http://10.20.0.15/jpg", "--header", "Cookie=session=geheim"])
    assert result.exit_code == 2
    assert "header Cookie is a credential" in result.output
    assert "geheim" not in result.output
