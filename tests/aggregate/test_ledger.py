"""The ledger of frames: outcomes by rank, gaps, and independence of the order of arrival."""

from __future__ import annotations

import random
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.camera_events import CameraStatus, CaptureCounters, make_event_id
from services.aggregate.ledger import LARGEST_GAP, RANKS, EpochLedger, Ownership, Recorded, outcome_version

OUTCOMES = st.lists(st.tuples(st.integers(0, 25), st.sampled_from(sorted(RANKS))), max_size=60)


def test_frames_in_order_leave_no_gap() -> None:
    ledger = EpochLedger(1)
    assert [ledger.record(n, "", 0).kind for n in range(3)] == ["new"] * 3
    assert (ledger.top, ledger.gaps, ledger.shed) == (3, [], {})


def test_a_jump_shows_the_frames_before_it_as_expired() -> None:
    ledger = EpochLedger(1)
    assert ledger.record(3, "", 7).expired == range(3)


def test_a_frame_that_turns_up_in_a_gap_takes_over_the_ones_before_it() -> None:
    ledger = EpochLedger(1)
    ledger.record(9, "", 7)
    recorded = ledger.record(4, "", 6)
    assert recorded.expired == range(4)
    assert recorded.filled is not None
    assert (recorded.filled.start, recorded.filled.end, recorded.filled.minute) == (0, 9, 7)
    assert [(gap.start, gap.end, gap.minute) for gap in ledger.gaps] == [(0, 4, 6), (5, 9, 7)]


def test_a_detection_outranks_a_shed_frame_but_not_the_other_way_round() -> None:
    ledger = EpochLedger(1)
    ledger.record(0, "stale", 0)
    assert ledger.record(0, "", 0) == Recorded("better", was="stale")
    assert ledger.record(0, "stale", 0).kind == "repeated"
    assert ledger.record(0, "", 0).kind == "repeated"


def test_no_two_reasons_rank_alike() -> None:
    by_rank = sorted(RANKS, key=lambda reason: RANKS[reason])
    assert by_rank == ["stale", "overload", "undecodable", "refused", ""]
    assert len(set(RANKS.values())) == len(RANKS)


def test_a_repeated_reason_changes_nothing() -> None:
    ledger = EpochLedger(1)
    ledger.record(0, "overload", 0)
    assert ledger.record(0, "overload", 0).kind == "repeated"
    assert ledger.record(0, "stale", 0).kind == "repeated"


def test_frames_below_the_floor_are_settled() -> None:
    ledger = EpochLedger(1)
    for number in (0, 1, 5, 6):
        ledger.record(number, "stale" if number == 6 else "", 0)
    ledger.settle_below(4)
    assert ledger.record(3, "", 0).kind == "settled"
    assert ledger.record(4, "", 1).expired == range(4, 4)
    assert ledger.shed == {"stale": [6, 7]}


def test_a_leap_of_numbers_does_not_make_rows_without_end() -> None:
    ledger = EpochLedger(1)
    assert ledger.record(10**12, "", 0).expired == range(10**12 - LARGEST_GAP, 10**12)


def test_the_largest_of_every_reported_counter_stays() -> None:
    ledger = EpochLedger(1)
    ledger.report(CaptureCounters(10, {"late": 2, "backpressure": 1}, 900, 0), 2000)
    ledger.report(CaptureCounters(8, {"late": 3}, 700, 1), 1000)
    assert ledger.counters == CaptureCounters(10, {"backpressure": 1, "late": 3}, 900, 1)
    assert ledger.reported_at_ms == 2000


def make_status(number: int, state: Any, **changes: Any) -> CameraStatus:
    status = CameraStatus(
        event_id=make_event_id(number),
        camera_id="cam",
        owner_epoch=1,
        at_ms=1000 * number,
        camera_revision=1,
        ingest_instance="one",
        source_kind="snapshot",
        state=state,
        counters=CaptureCounters(),
    )
    return msgspec.structs.replace(status, **changes)


def test_the_owner_is_what_the_last_status_says_in_whatever_order_they_come() -> None:
    told = [make_status(1, "connecting"), make_status(2, "refused", error_class="unauthorized"), make_status(3, "live")]
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        ledger = EpochLedger(1)
        for offset in order:
            ledger.tell(told[offset], offset)
        assert ledger.ownership == Ownership(2, "one", "live")


def test_an_owner_has_let_go_when_it_says_stopped_but_not_when_its_footage_is_over() -> None:
    ledger = EpochLedger(1)
    ledger.tell(make_status(4, "stopped", error_class="ended"), 0)
    assert (ledger.ownership.state, ledger.ownership.released_at_ms) == ("stopped", 0)
    ledger.tell(make_status(5, "stopped"), 1)
    assert ledger.ownership.released_at_ms == 5000


def test_a_ledger_of_before_ownership_was_kept_can_still_be_read() -> None:
    ledger = EpochLedger(7)
    ledger.record(3, "stale", 1)
    ledger.report(CaptureCounters(10), 2000)
    fields = msgspec.msgpack.decode(msgspec.msgpack.encode(ledger))
    old_blob = msgspec.msgpack.encode(fields[:-1])
    assert msgspec.msgpack.decode(old_blob, type=EpochLedger) == ledger


def test_a_version_prefers_rank_then_the_lower_offset() -> None:
    late_detection = outcome_version(RANKS[""], 999)
    early_shed = outcome_version(RANKS["stale"], 1)
    assert late_detection > early_shed > outcome_version(RANKS["stale"], 2) > outcome_version(0, 0)
    assert outcome_version(RANKS[""], 0) < 2**64


def entered(outcomes: list[tuple[int, str]]) -> tuple[list[tuple[int, int, int]], dict[str, list[int]], int]:
    ledger = EpochLedger(1)
    for sequence, reason in outcomes:
        ledger.record(sequence, reason, sequence // 5)
    gaps = [(gap.start, gap.end, gap.minute) for gap in ledger.gaps]
    return gaps, {reason: numbers for reason, numbers in sorted(ledger.shed.items()) if numbers}, ledger.top


@given(OUTCOMES, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(outcomes: list[tuple[int, str]], chance: random.Random) -> None:
    shuffled = list(outcomes)
    chance.shuffle(shuffled)
    assert entered(shuffled) == entered(outcomes)


@given(OUTCOMES)
def test_every_frame_below_the_top_is_accounted_for_once(outcomes: list[tuple[int, str]]) -> None:
    gaps, shed, top = entered(outcomes)
    best: dict[int, str] = {}
    for sequence, reason in outcomes:
        if sequence not in best or RANKS[reason] > RANKS[best[sequence]]:
            best[sequence] = reason
    in_gaps = {n for start, end, _ in gaps for n in range(start, end)}
    in_shed = {n for flat in shed.values() for s, e in zip(flat[::2], flat[1::2], strict=True) for n in range(s, e)}
    assert in_gaps == set(range(top)) - best.keys()
    assert in_shed == {sequence for sequence, reason in best.items() if reason}
