"""RTSP's text, its descriptions, and the URLs that come out of both."""

from __future__ import annotations

import base64

import pytest

from services.ingest.rtsp.messages import format_request, parse_reply
from services.ingest.rtsp.sdp import choose_video, parse_sdp
from services.ingest.rtsp.session_urls import aggregate_url, base_url, track_url
from services.ingest.rtsp.transports import TransportAnswer, parse_transport
from services.ingest.source_errors import SourceFailed, SourceRefused

HIKVISION = """v=0
o=- 1600000000 1 IN IP4 192.168.1.64
s=Media Presentation
t=0 0
a=control:rtsp://192.168.1.64/Streaming/Channels/101/
a=range:npt=0-
m=audio 0 RTP/AVP 8
a=control:rtsp://192.168.1.64/Streaming/Channels/101/trackID=2
a=rtpmap:8 PCMA/8000
m=video 0 RTP/AVP 96
a=framerate:25.0
a=control:rtsp://192.168.1.64/Streaming/Channels/101/trackID=1
a=rtpmap:96 H264/90000
a=fmtp:96 profile-level-id=420029; packetization-mode=1; sprop-parameter-sets=Z01AKI2NQDwBE/LgLcBAQA==,aO44gA==
"""
H265_OF_LIVE555 = """v=0\r
m=video 0 RTP/AVP 97\r
a=rtpmap:97 H265/90000\r
a=fmtp:97 sprop-vps=QAEMAf//AWAAAAMAsAAAAwAAAwBdqgJA;sprop-sps=QgEB;sprop-pps=RAHgdrAmQA==\r
a=control:track1\r
"""


def test_a_reply_is_taken_apart_whatever_the_case_of_its_headers() -> None:
    reply = parse_reply(
        b"RTSP/1.0 401 Unauthorized\r\nCSEQ: 2\r\nwww-authenticate: Digest realm=a\r\nWWW-Authenticate: Basic\r\n"
        b"X-Long: one\r\n two\r\nContent-length: 3\r\n\r\nabcd"
    )
    assert (reply.status, reply.reason, reply.header("cseq"), reply.body) == (401, "Unauthorized", "2", b"abc")
    assert reply.values("www-authenticate") == ("Digest realm=a", "Basic")
    assert reply.header("x-long") == "one two"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nab",
        b"RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"RTSP/1.0 2x0 OK\r\n\r\n",
    ],
)
def test_what_is_no_whole_reply_fails_the_source(data: bytes) -> None:
    with pytest.raises(SourceFailed, match="framing"):
        parse_reply(data)


def test_nothing_that_a_server_names_breaks_out_of_a_request() -> None:
    with pytest.raises(SourceFailed):
        format_request("SETUP", "rtsp://a/b\r\nPLAY rtsp://c", [])
    with pytest.raises(SourceRefused):
        format_request("PLAY", "rtsp://a/b", [("Authorization", 'Digest username="x\r\nSession: 1"')])


def test_the_first_video_of_several_media_is_read_with_its_parameter_sets() -> None:
    track = choose_video(parse_sdp(HIKVISION))
    assert (track.encoding, track.payload_type, track.clock_rate, track.frames_per_second) == ("H264", 96, 90_000, 25.0)
    assert [unit[0] & 0x1F for unit in track.parameter_sets] == [7, 8]
    assert track.control.endswith("trackID=1")


def test_h265_names_its_three_parameter_sets_apart() -> None:
    track = choose_video(parse_sdp(H265_OF_LIVE555))
    assert track.encoding == "H265"
    assert [unit[0] >> 1 for unit in track.parameter_sets] == [32, 33, 34]


def test_a_parameter_set_that_can_not_be_read_is_left_out() -> None:
    good = base64.b64encode(b"\x68\xee\x38\x80").decode()
    sdp = f"v=0\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 sprop-parameter-sets=%%%,{good},"
    assert choose_video(parse_sdp(sdp)).parameter_sets == (b"\x68\xee\x38\x80",)


@pytest.mark.parametrize(
    ("media", "why"),
    [
        ("", "no_video"),
        ("m=audio 0 RTP/AVP 0", "no_video"),
        ("m=video 0 RTP/AVP x", "no_video"),
        ("m=video 0 RTP/SAVP 96", "encrypted"),
    ],
)
def test_what_holds_no_video_that_can_be_read_is_refused(media: str, why: str) -> None:
    with pytest.raises(SourceRefused, match=why):
        choose_video(parse_sdp(f"v=0\n{media}\n"))


def test_a_static_payload_type_says_its_codec_without_a_map() -> None:
    assert choose_video(parse_sdp("v=0\nm=video 0 RTP/AVP 26\n")).encoding == "JPEG"


@pytest.mark.parametrize("text", ["", "<html>", "v=0\n" + "a=x\n" * 3_000, "v=0\n" + "a" * 70_000])
def test_what_is_no_description_or_a_very_long_one_fails_the_source(text: str) -> None:
    with pytest.raises(SourceFailed, match="sdp"):
        parse_sdp(text)


@pytest.mark.parametrize(
    ("session", "control", "track"),
    [
        ("*", "trackID=1", "rtsp://h/p/trackID=1"),
        ("", "rtsp://other/p/track1", "rtsp://other/p/track1"),
        ("rtsp://h/all/", "t", "rtsp://h/all/t"),
        ("", "", "rtsp://h/p/"),
    ],
)
def test_control_urls_lie_below_their_base(session: str, control: str, track: str) -> None:
    assert track_url("rtsp://h/p/", session, control) == track


def test_the_base_is_what_the_reply_says_or_else_what_was_asked_for() -> None:
    assert base_url("rtsp://h/p", "rtsp://h/q/", "rtsp://h/r") == "rtsp://h/q/"
    assert base_url("rtsp://h/p", "", "/r") == "rtsp://h/r"
    assert base_url("rtsp://h/p?a=1", "", "") == "rtsp://h/p?a=1"
    assert aggregate_url("rtsp://h/p?a=1", "*") == "rtsp://h/p?a=1"
    assert track_url("rtsp://h/p?a=1", "*", "track1") == "rtsp://h/p?a=1/track1"


def test_a_transport_header_is_read_and_what_is_malformed_counts_as_not_said() -> None:
    udp = "RTP/AVP;unicast;client_port=5000-5001;server_port=6970-6971;source=10.0.0.9;ssrc=1234"
    assert parse_transport(udp).server_ports == (6970, 6971)
    assert parse_transport("RTP/AVP/TCP;unicast;interleaved=2-3").interleaved == (2, 3)
    assert parse_transport("RTP/AVP/TCP;interleaved=999-x;server_port=;;=") == TransportAnswer()
