"""RTP packets, and the pictures that come out of them: from literal bytes."""

from __future__ import annotations

import itertools
import struct

import pytest

from services.ingest.rtsp.access_units import AccessUnit, Depacketizer
from services.ingest.rtsp.h264 import H264Payload
from services.ingest.rtsp.h265 import H265Payload
from services.ingest.rtsp.rtp import Reordering, parse_rtcp, payload_bounds, receiver_report
from services.ingest.source_errors import SourceFailed, SourceRefused

START = b"\x00\x00\x00\x01"
SPS, PPS, SEI = b"\x67\x42\x00\x1f", b"\x68\xce\x38\x80", b"\x06\x05\x01\x00"
IDR, IDR_TAIL = b"\x65\x88\x84" + b"k" * 20, b"\x65\x08\x84" + b"t" * 20
SLICE = b"\x41\x9a\x02" + b"p" * 20
VPS5, SPS5, PPS5 = b"\x40\x01\x0c", b"\x42\x01\x01", b"\x44\x01\xe0"
IDR5, SLICE5 = b"\x26\x01\xaf" + b"k" * 20, b"\x02\x01\xd0" + b"p" * 20


def packet(payload: bytes, sequence: int, timestamp: int, marker: bool = False, payload_type: int = 96) -> bytes:
    return struct.pack(">BBHII", 0x80, marker << 7 | payload_type, sequence & 0xFFFF, timestamp, 0xCAFE) + payload


def fu_a(unit: bytes, size: int = 8) -> list[bytes]:
    parts = [unit[1 + n : 1 + n + size] for n in range(0, len(unit) - 1, size)]
    flags = [0x80] + [0] * (len(parts) - 2) + [0x40]
    head = unit[0] & 0xE0 | 28
    return [bytes((head, flag | unit[0] & 0x1F)) + part for flag, part in zip(flags, parts, strict=True)]


def fu_265(unit: bytes, size: int = 8) -> list[bytes]:
    parts = [unit[2 + n : 2 + n + size] for n in range(0, len(unit) - 2, size)]
    flags = [0x80] + [0] * (len(parts) - 2) + [0x40]
    head, kind = bytes((unit[0] & 0x81 | 49 << 1, unit[1])), unit[0] >> 1 & 0x3F
    return [head + bytes((flag | kind,)) + part for flag, part in zip(flags, parts, strict=True)]


def stream(*pictures: list[bytes], first: int = 0, markers: bool = True) -> list[bytes]:
    """Give packets of pictures that are 3600 ticks apart, each a list of payloads, the last one marked."""
    numbers = itertools.count(first)
    return [
        packet(payload, next(numbers), 3600 * (n + 1), markers and k == len(payloads) - 1)
        for n, payloads in enumerate(pictures)
        for k, payload in enumerate(payloads)
    ]


def fed(depacketizer: Depacketizer, packets: list[bytes]) -> list[AccessUnit]:
    return [unit for one in packets for unit in depacketizer.feed(one)]


def h264(**options: object) -> Depacketizer:
    return Depacketizer(H264Payload(), 96, **options)  # type: ignore[arg-type]


def annex_b(*units: bytes) -> bytes:
    return b"".join(START + unit for unit in units)


def test_single_units_fragments_and_aggregates_are_one_picture_in_their_order() -> None:
    aggregate = b"\x18" + b"".join(len(unit).to_bytes(2) + unit for unit in (SPS, PPS, SEI))
    units = fed(h264(), stream([aggregate, *fu_a(IDR)], [SLICE]))
    assert [unit.data for unit in units] == [annex_b(SPS, PPS, SEI, IDR), annex_b(SLICE)]
    assert [(unit.keyframe, unit.timestamp, unit.follows) for unit in units] == [
        (True, 3600, False),
        (False, 7200, True),
    ]


def test_markers_are_believed_once_one_has_proved_true() -> None:
    depacketizer = h264()
    assert [len(depacketizer.feed(one)) for one in stream([IDR], [SLICE], [SLICE])] == [0, 2, 1]


def test_a_camera_that_marks_every_slice_gives_whole_pictures() -> None:
    payloads = [IDR, IDR_TAIL]
    packets = [packet(payload, n, 3600 * (1 + n // 2), True) for n, payload in enumerate(payloads * 3)]
    assert [unit.data for unit in fed(h264(), packets)] == [annex_b(IDR, IDR_TAIL)] * 2


def test_a_camera_that_begins_to_mark_every_slice_loses_one_picture_and_gives_no_half_ones_after() -> None:
    depacketizer = h264()
    fed(depacketizer, stream([IDR], [SLICE]))
    packets = [packet(one, 2 + n, 10_800 + 3600 * (n // 2), True) for n, one in enumerate([IDR, IDR_TAIL] * 3)]
    units = fed(depacketizer, packets)
    assert [unit.data for unit in units[1:]] == [annex_b(IDR, IDR_TAIL)]
    assert not units[1].follows


def test_a_camera_without_markers_ends_pictures_by_their_timestamps() -> None:
    units = fed(h264(), stream([IDR], [SLICE], [SLICE], markers=False))
    assert [unit.data for unit in units] == [annex_b(IDR), annex_b(SLICE)]


@pytest.mark.parametrize("lost", range(4))
def test_a_picture_with_a_hole_is_never_given_and_the_next_one_does_not_follow(lost: int) -> None:
    packets = stream([IDR], [SLICE], fu_a(IDR), [SLICE], [IDR], [SLICE])
    del packets[2 + min(lost, 2)]
    if lost == 3:
        del packets[2]
    units = fed(h264(), packets)
    assert [unit.timestamp for unit in units] in ([3600, 7200, 14400, 18000, 21600], [3600, 7200, 18000, 21600])
    assert all(unit.data in (annex_b(IDR), annex_b(SLICE)) for unit in units)
    assert not units[2].follows
    assert units[3].follows
    assert units[-1].holes >= 1


def test_a_loss_before_a_picture_costs_it_since_it_may_have_been_its_first_packet() -> None:
    packets = stream([IDR], [SLICE], [SLICE], [SLICE])
    del packets[2]
    assert [unit.timestamp for unit in fed(h264(), packets)] == [3600, 7200]


def test_reception_that_begins_within_a_picture_gives_the_next_one_first() -> None:
    for rest in (fu_a(IDR)[1:], [IDR_TAIL]):
        units = fed(h264(), stream(rest, [IDR], [SLICE], [SLICE]))
        assert units[0].data == annex_b(IDR)


def test_keyframes_alone_are_built_where_nothing_else_is_wanted() -> None:
    depacketizer = h264()
    fed(depacketizer, stream([IDR], [SLICE]))
    depacketizer.keyframes_only = True
    packets = stream(fu_a(SLICE), [SEI, SLICE, SLICE], [SPS, PPS, *fu_a(IDR)], [SLICE], first=2)
    packets = [one[:4] + struct.pack(">I", 90_000 + struct.unpack_from(">I", one, 4)[0]) + one[8:] for one in packets]
    units = fed(depacketizer, packets)
    assert [unit.data for unit in units] == [annex_b(SPS, PPS, IDR)]
    assert depacketizer.holes == 0


def test_a_keyframe_without_parameter_sets_gets_the_newest_ones() -> None:
    described, newer = b"\x67\x42\x00\x0a", b"\x67\x42\x00\x0b"
    depacketizer = h264(parameter_sets=(described, PPS))
    units = fed(depacketizer, stream([IDR], [newer, PPS], [IDR], [IDR]))
    assert [unit.data for unit in units] == [annex_b(described, PPS, IDR), *[annex_b(newer, PPS, IDR)] * 2]


def test_h265_is_read_in_all_its_packets() -> None:
    aggregate = b"\x60\x01" + b"".join(len(unit).to_bytes(2) + unit for unit in (VPS5, SPS5, PPS5))
    depacketizer = Depacketizer(H265Payload(), 96)
    units = fed(depacketizer, stream([aggregate, *fu_265(IDR5)], [SLICE5], [IDR5], [SLICE5]))
    assert [unit.data for unit in units] == [
        annex_b(VPS5, SPS5, PPS5, IDR5),
        annex_b(SLICE5),
        annex_b(VPS5, SPS5, PPS5, IDR5),
        annex_b(SLICE5),
    ]
    assert [unit.keyframe for unit in units] == [True, False, True, False]


@pytest.mark.parametrize(
    "payload",
    [b"\x00", b"\x1c", b"\x1c\x85", b"\x1c\xc5\x01", b"\x18", b"\x18\x00\x00", b"\x18\x00\xff\x65", b"\x1f\x00"],
)
def test_a_payload_that_breaks_its_format_costs_its_picture_and_nothing_more(payload: bytes) -> None:
    depacketizer = h264()
    units = fed(depacketizer, stream([IDR], [payload, IDR], [IDR], [SLICE]))
    assert {unit.data for unit in units} <= {annex_b(IDR), annex_b(SLICE)}
    assert units[-1].data == annex_b(SLICE)
    assert depacketizer.malformed == 1


def test_packets_of_interleaved_mode_are_refused_and_named() -> None:
    with pytest.raises(SourceRefused, match="FU-B"):
        fed(h264(), stream([b"\x1d\x85\x00\x00abc"]))


def test_a_picture_beyond_the_limit_fails_the_source_while_it_comes() -> None:
    fragments = [b"\x7c\x85\x88" + b"k" * 1000, *[b"\x7c\x05" + b"k" * 1000] * 10]
    with pytest.raises(SourceFailed, match="too_large"):
        fed(h264(largest_bytes=5_000), stream(fragments))


def test_fragments_of_a_byte_each_are_bounded_too() -> None:
    fragments = [b"\x7c\x85\x88", *[b"\x7c\x05k"] * 500]
    with pytest.raises(SourceFailed, match="too_large"):
        fed(h264(largest_bytes=20_000), stream(fragments))


def test_packets_of_another_payload_type_are_passed_over_and_are_no_loss() -> None:
    packets = stream([IDR], [SLICE], [SLICE])
    packets[1] = packet(b"comfort", 1, 5000, payload_type=97)
    assert [unit.timestamp for unit in fed(h264(), packets)] == [3600, 10800]


def test_parameter_sets_without_end_are_not_kept_without_end() -> None:
    sets = [[b"\x68" + n.to_bytes(2) + b"x" * 3000] for n in range(1, 400)]
    assert len(fed(h264(), stream(*sets, [IDR], [SLICE]))[0].data) < 100_000


def test_csrcs_extension_and_padding_are_no_payload() -> None:
    head = struct.pack(">BBHII", 0x80 | 0x20 | 0x10 | 2, 96, 1, 2, 3) + bytes(8) + b"\xbe\xde\x00\x01" + bytes(4)
    data = b"before" + head + b"payload" + b"\x00\x00\x03"
    assert data[slice(*payload_bounds(data, 6, len(data)) or ())] == b"payload"


@pytest.mark.parametrize(
    "data",
    [b"", b"\x80" * 11, b"\x40" + bytes(20), b"\x8f" + bytes(20), b"\x90" + bytes(13), b"\xa0" + bytes(12) + b"\xff"],
)
def test_what_is_no_packet_has_no_payload(data: bytes) -> None:
    assert payload_bounds(data, 0, len(data)) is None
    assert h264().feed(data) == ()


def test_a_packet_of_padding_alone_is_no_loss() -> None:
    packets = stream([IDR], [SLICE], [b"", SLICE], [SLICE])
    depacketizer = h264()
    assert [unit.timestamp for unit in fed(depacketizer, packets)] == [3600, 7200, 10800, 14400]
    assert depacketizer.holes == 0


@pytest.mark.parametrize("keyframes_only", [False, True])
def test_parameter_sets_that_come_with_the_picture_before_are_those_of_the_next_keyframe(keyframes_only: bool) -> None:
    depacketizer = h264(parameter_sets=(b"\x67\x42\x00\x0a", PPS))
    fed(depacketizer, stream([IDR], [SLICE]))
    depacketizer.keyframes_only = keyframes_only
    late = [packet(unit, 3 + n, 90_000) for n, unit in enumerate([SPS, PPS])]
    key = packet(IDR, 5, 93_600, marker=True)
    units = fed(depacketizer, [packet(SLICE, 2, 90_000, marker=True), *late, key])
    assert units[-1].data == annex_b(SPS, PPS, IDR)


def in_order(reordering: Reordering, numbers: list[int]) -> list[int]:
    return [int.from_bytes(one[2:4]) for n in numbers for one in reordering.feed(packet(b"x", n, 0))]


def test_swapped_packets_are_put_in_order_and_repeated_ones_dropped() -> None:
    assert in_order(Reordering(), [65534, 65535, 1, 0, 0, 65535, 2, 4, 3]) == [65534, 65535, 0, 1, 2, 3, 4]


def test_a_lost_packet_is_waited_for_until_the_window_is_full() -> None:
    reordering = Reordering(window=4)
    assert in_order(reordering, [1, 3, 4, 5, 6]) == [1]
    assert in_order(reordering, [7, 2, 8]) == [3, 4, 5, 6, 7, 8]


def test_a_lost_packet_is_not_waited_for_for_long() -> None:
    clock = [0.0]
    reordering = Reordering(now=lambda: clock[0])
    assert in_order(reordering, [1, 3]) == [1]
    clock[0] = 0.19
    assert in_order(reordering, [4]) == []
    clock[0] = 0.21
    assert in_order(reordering, [5, 6]) == [3, 4, 5, 6]
    assert in_order(reordering, [8]) == []
    clock[0] = 0.3
    assert in_order(reordering, [7]) == [7, 8], "the next hole has its own time"


def test_a_sender_that_starts_over_is_followed() -> None:
    assert in_order(Reordering(), [40_000, 40_001, 20_000, 20_001]) == [40_000, 40_001, 20_000, 20_001]


def test_a_sender_report_tells_the_cameras_clock() -> None:
    report = struct.pack(">BBHIII", 0x80, 200, 6, 7, 2_208_988_800 + 1_700_000_000, 1 << 31) + bytes(12)
    assert parse_rtcp(report).clock_seconds == 1_700_000_000.5
    assert not parse_rtcp(report).goodbye
    assert parse_rtcp(report + struct.pack(">BBHI", 0x81, 203, 1, 7)).goodbye


def test_a_clock_that_counts_from_the_cameras_start_tells_no_time_of_day() -> None:
    assert parse_rtcp(struct.pack(">BBHIII", 0x80, 200, 6, 7, 4_000, 0) + bytes(12)).clock_seconds is None


def test_our_report_is_whole_words_that_say_their_length() -> None:
    report = receiver_report(0xDEADBEEF)
    described = 4 * (1 + int.from_bytes(report[10:12]))
    assert (report[1], report[9], len(report)) == (201, 202, 8 + described)
