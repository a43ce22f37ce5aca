"""What a camera may send over RTSP and RTP: messages and whole pictures, or an error of the contract."""

from __future__ import annotations

import asyncio
import base64
import random
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.ingest.rtsp.access_units import AccessUnit, Depacketizer
from services.ingest.rtsp.connection import Inlet, RtspConnection
from services.ingest.rtsp.h264 import H264Payload
from services.ingest.rtsp.h265 import H265Payload
from services.ingest.rtsp.messages import parse_reply
from services.ingest.rtsp.rtp import Reordering, parse_rtcp, receiver_report
from services.ingest.rtsp.sdp import choose_video, parse_sdp
from services.ingest.rtsp.transports import parse_transport
from services.ingest.source_errors import SourceError
from tests.fuzz.mutations import bounded, mutated, pieces
from tests.fuzz.rtp_streams import Picture, nal_units, packetized
from tests.fuzz.test_pictures import encoded

pytestmark = pytest.mark.integration  # of seconds, not of servers

REPLIES = (
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY\r\n\r\n",
    b'RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nWWW-Authenticate: Digest realm="c", nonce="n"\r\n'
    b'WWW-Authenticate: Basic realm="c"\r\n\r\n',
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Base: rtsp://10.0.0.1/live/\r\nContent-Length: 4\r\n\r\nv=0\n"
    b"$\x00\x00\x04abcd$\x01\x00\x02xyOPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n",
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nSession: 12345678;timeout=60\r\n"
    b"Transport: RTP/AVP/TCP;unicast;interleaved=0-1;source=169.254.169.254;ssrc=1A2B\r\n folded\r\n\r\n",
)
WORDS = (
    b"RTSP/1.0 ",
    b"CSeq: 1\r\n",
    b"Content-Length: ",
    b"\r\n\r\n",
    b"$\x00\xff\xff",
    b"$\x00\x00\x01",
    b"ANNOUNCE ",
)


class SilentTransport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.sent = 0

    def write(self, data: Any) -> None:
        self.sent += len(data)

    def get_write_buffer_size(self) -> int:
        return self.sent

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        pass


async def converse(arriving: list[bytes]) -> None:
    given: list[bytes] = []
    whole = b"".join(arriving)

    def take(data: bytes, start: int, end: int) -> None:
        given.append(data[start:end])

    connection = RtspConnection(Inlet(take, take, lambda: None))
    transport = SilentTransport()
    connection.connection_made(transport)
    connection.video_channel, connection.control_channel = 0, 1
    asking = asyncio.ensure_future(connection.ask(1, b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"))
    await asyncio.sleep(0)
    for data in arriving:
        connection.data_received(data)  # an error that leaves here would be logged by asyncio, and the camera hang
        assert len(connection._rest) <= 65_536 + 65_536 + 16_384 + len(data)
    connection.connection_lost(None)
    await asyncio.gather(asking, return_exceptions=True)
    if (error := asking.exception()) is not None:
        assert isinstance(error, SourceError)
    assert all(packet in whole for packet in given)
    assert transport.sent <= 200 + 2 * len(whole)  # a camera can't make us say more than it says itself


@given(pieces(mutated(REPLIES, WORDS)))
@bounded(1000)
def test_any_bytes_are_messages_and_packets_or_a_failure(arriving: list[bytes]) -> None:
    asyncio.run(converse(arriving))


def test_a_camera_that_asks_without_end_and_reads_no_answer_fails() -> None:
    async def flood() -> tuple[int, object]:
        connection = RtspConnection(Inlet(lambda *_: None, lambda *_: None, lambda: None))
        transport = SilentTransport()
        connection.connection_made(transport)
        for _ in range(200):
            connection.data_received(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n" * 1000)
        return transport.sent, connection.failure

    sent, failure = asyncio.run(flood())
    assert isinstance(failure, SourceError)
    assert sent < 100_000


@given(mutated(REPLIES, WORDS))
@bounded(400)
def test_any_reply_is_a_message_or_a_failure(data: bytes) -> None:
    try:
        message = parse_reply(data)
    except SourceError:
        return
    assert len(message.body) <= len(data)
    assert (message.status == 0) == bool(message.method)


SDPS = (
    b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=x\r\na=control:*\r\nm=audio 0 RTP/AVP 8\r\na=control:track2\r\n"
    b"m=video 0 RTP/AVP 96 97\r\na=rtpmap:96 H264/90000\r\na=framerate:12.5\r\n"
    b"a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0LAHtkDxWhAAAADAEAAAAwDxYuS,aMuMsg==;x=y\r\n"
    b"a=control:rtsp://169.254.169.254/track1\r\n",
    b"v=0\r\nm=video 0 RTP/AVP 98\r\na=rtpmap:98 H265/90000\r\n"
    b"a=fmtp:98 sprop-vps=QAEMAf//AWAAAAMAkAAAAwAAAwA8ugJA\r\n",
)
SDP_WORDS = (
    b"m=video 0 RTP/AVP ",
    b"a=rtpmap:",
    b"a=fmtp:96 ",
    b"sprop-parameter-sets=",
    b"a=control:",
    b"H264/",
    b"\xc2\xb2",
)


@given(mutated(SDPS, SDP_WORDS, most_changes=8))
@bounded(800)
def test_any_description_is_a_video_or_an_error(text: bytes) -> None:
    try:
        track = choose_video(parse_sdp(text.decode("utf-8", errors="replace")))
    except SourceError:
        return
    assert 0 <= track.payload_type < 128
    assert track.clock_rate > 0
    assert 0 <= track.frames_per_second <= 1000
    assert sum(map(len, track.parameter_sets)) <= 16 * 4096


@given(
    mutated(
        (
            b"RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001;source=127.0.0.2",
            b"RTP/AVP/TCP;interleaved=0-1",
        )
    )
)
@bounded(300)
def test_any_transport_is_read(header: bytes) -> None:
    answer = parse_transport(header.decode("latin-1"))
    assert all(-1 <= port <= 65_535 for port in answer.server_ports)
    assert all(-1 <= channel <= 255 for channel in answer.interleaved)


@given(
    mutated(
        (b"\x80\xc8\x00\x06" + bytes(range(24)) + b"\x81\xcb\x00\x01abcd", receiver_report(7)), (b"\x80\xc8\x00\x00",)
    )
)
@bounded(300)
def test_any_control_packet_is_read(data: bytes) -> None:
    parse_rtcp(data)


@cache
def stream(codec: str) -> tuple[Picture, ...]:
    """Six pictures, a keyframe every third, each with what lies before its first slice."""
    library, container = ("libx264", "h264") if codec == "h264" else ("libx265", "hevc")
    pictures: list[list[bytes]] = [[]]
    has_slice = False
    for unit in nal_units(encoded(container, library)):
        if has_slice and (not is_slice(codec, unit) or begins_picture(codec, unit)):
            pictures.append([])
        pictures[-1].append(unit)
        has_slice = is_slice(codec, unit)
    return tuple(packetized(codec, pictures))


def is_slice(codec: str, unit: bytes) -> bool:
    return unit[0] & 0x1F in (1, 5) if codec == "h264" else unit[0] >> 1 & 0x3F < 32


def begins_picture(codec: str, unit: bytes) -> bool:
    return is_slice(codec, unit) and bool(unit[1 if codec == "h264" else 2] & 0x80)


def depacketizer(codec: str) -> Depacketizer:
    return Depacketizer(H264Payload() if codec == "h264" else H265Payload(), 96, largest_bytes=100_000)


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_whatever_packets_are_lost_a_picture_is_whole_or_not_given(codec: str) -> None:
    pictures = stream(codec)
    originals = {picture.timestamp: picture.units for picture in pictures}

    @given(st.integers(0, 2**32), st.sampled_from((0.0, 0.02, 0.2, 0.6)), st.booleans())
    @example(0, 0.0, False)
    @bounded(300)
    def check(seed: int, damage: float, over_udp: bool) -> None:
        units = received(codec, damaged(pictures, random.Random(seed), damage), over_udp)
        for unit in units:
            assert nal_units(unit.data)[-1] == originals[unit.timestamp][-1], "a picture that was never sent"
            sent = {one for one in originals[unit.timestamp] if is_slice(codec, one)}
            assert {one for one in nal_units(unit.data) if is_slice(codec, one)} == sent
        assert damage or len(pictures) - len(units) <= 1  # whether the last one goes on is not known

    check()


def damaged(pictures: tuple[Picture, ...], chance: random.Random, damage: float) -> list[bytes]:
    """Lose, repeat and hold back packets."""
    packets = [packet for picture in pictures for packet in picture.packets]
    order = [
        (n + (chance.randint(0, 5) if chance.random() < damage else 0), packet) for n, packet in enumerate(packets)
    ]
    arriving = [packet for _, packet in sorted(order, key=lambda entry: entry[0])]
    kept = [packet for packet in arriving if chance.random() >= damage]
    return [copy for packet in kept for copy in [packet] * (2 if chance.random() < damage else 1)]


def received(codec: str, packets: list[bytes], over_udp: bool) -> list[AccessUnit]:
    reordering, target = Reordering(), depacketizer(codec)
    ordered = [one for packet in packets for one in reordering.feed(packet)] if over_udp else packets
    return [unit for packet in ordered for unit in target.feed(packet)]


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_whatever_is_in_packets_comes_out_bounded_or_fails(codec: str) -> None:
    packets = tuple(packet for picture in stream(codec) for packet in picture.packets)
    heads = (b"\x80\x60", b"\x90\x60", b"\xa0\xe0", b"\x78\x00\x01", b"\x7c\x85", b"\x62\x01\x93", b"\x60\x01\x00\xff")

    @given(st.lists(mutated(packets, heads, most_changes=2), min_size=1, max_size=12), st.booleans())
    @bounded(400)
    def check(arriving: list[bytes], keyframes_only: bool) -> None:
        target = depacketizer(codec)
        target.keyframes_only = keyframes_only
        for packet in [*arriving, *packets]:
            try:
                for unit in target.feed(packet):
                    assert len(unit.data) <= 200_000
                    assert unit.keyframe or not keyframes_only
            except SourceError:
                return

    check()


def test_parameter_sets_of_a_description_are_bounded() -> None:
    long = base64.b64encode(bytes(5_000)).decode()
    many = ",".join([base64.b64encode(b"\x67abc").decode()] * 100)
    text = f"v=0\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 sprop-parameter-sets={long},{many}\n"
    assert sum(map(len, choose_video(parse_sdp(text)).parameter_sets)) <= 16 * 4
