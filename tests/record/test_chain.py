"""A chain takes each fact once, from however many writers, and tells of every change to it."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from schemas.recordings import ChainFact, FilesDeleted, IndexRange, MinuteRecorded
from services.record.chain import SEGMENT_LINES, Chains
from services.record.chain_lines import check_lines, lines_of
from services.record.object_keys import grown_key, root_key, segment_key
from services.runtime.object_store import ObjectStore
from services.runtime.store_settings import StoreSettings
from tests.record.facts import CAMERA, DAY, MINUTE_MS, NOON_MS, make_evidence, make_gap, make_minute


def _minutes(chains: Chains) -> list[int]:
    entries, fault = chains.read(CAMERA, DAY)
    assert fault is None
    facts = [one.entry.fact for one in entries]
    return [(fact.minute_ms - NOON_MS) // MINUTE_MS for fact in facts if isinstance(fact, MinuteRecorded)]


def test_entries_follow_each_other_over_segments(folder_store: ObjectStore) -> None:
    chains = Chains(folder_store)
    count = 2 * SEGMENT_LINES + 3
    for number in range(count):
        chains.append(CAMERA, DAY, [make_minute(number)])
    assert _minutes(chains) == list(range(count))
    assert len(list(folder_store.list("chain"))) == 3
    head = chains.head(CAMERA, DAY)
    assert head is not None
    assert head.entry_count == count


def test_many_facts_at_once_are_the_same_chain_as_one_by_one(folder_store: ObjectStore) -> None:
    facts: list[ChainFact] = [make_minute(n) if n % 5 else make_gap(n) for n in range(100)]
    together = Chains(folder_store, lambda: NOON_MS)
    together.append(CAMERA, DAY, facts)
    at_once = together.read_lines(CAMERA, DAY)
    for one in list(folder_store.list("chain")):
        folder_store.delete(one.key)
    single = Chains(folder_store, lambda: NOON_MS)
    for fact in facts:
        single.append(CAMERA, DAY, [fact])
    assert single.read_lines(CAMERA, DAY) == at_once


def test_the_first_word_on_a_minute_counts_also_after_a_restart(folder_store: ObjectStore) -> None:
    first = Chains(folder_store).append(CAMERA, DAY, [make_minute(0, b"first")])
    again = Chains(folder_store).append(CAMERA, DAY, [make_minute(0, b"second"), make_gap(1), make_minute(0, b"third")])
    assert again[0] == first[0] == again[2]
    assert again[1].entry.index == 1
    assert _minutes(Chains(folder_store)) == [0]


def test_a_writer_that_was_paused_finds_what_another_said_meanwhile(folder_store: ObjectStore) -> None:
    paused, other = Chains(folder_store), Chains(folder_store)
    paused.append(CAMERA, DAY, [make_minute(0)])
    for number in range(1, SEGMENT_LINES + 5):
        other.append(CAMERA, DAY, [make_minute(number, b"other's")])
    given_back = paused.append(CAMERA, DAY, [make_minute(1, b"the paused one's")])
    assert given_back[0].entry.fact == make_minute(1, b"other's")
    paused.append(CAMERA, DAY, [make_minute(100)])
    assert _minutes(other) == [*range(SEGMENT_LINES + 5), 100]


def test_gaps_that_begin_together_are_two_and_the_first_word_on_each_counts(folder_store: ObjectStore) -> None:
    gap = make_gap(0)
    longer, other = structs.replace(gap, until_ms=gap.until_ms + MINUTE_MS), structs.replace(gap, reason="lost")
    told = structs.replace(gap, detail="said again")
    entries = Chains(folder_store).append(CAMERA, DAY, [gap, longer, other, told])
    assert [one.entry.fact for one in entries] == [gap, longer, other, gap]
    assert [one.entry.index for one in entries] == [0, 1, 2, 0]


@pytest.mark.parametrize(
    ("first", "second"), [(make_gap(0), make_minute(0)), (make_minute(0), make_gap(0)), (make_minute(1), make_gap(1))]
)
def test_who_was_paused_adds_no_minute_to_a_gap_and_no_gap_to_a_minute(
    folder_store: ObjectStore, first: ChainFact, second: ChainFact
) -> None:
    paused, successor = Chains(folder_store), Chains(folder_store)
    paused.append(CAMERA, DAY, [make_evidence("ab" * 16, b"frame")])
    (counts,) = successor.append(CAMERA, DAY, [first])
    assert paused.append(CAMERA, DAY, [second]) == [counts]
    assert Chains(folder_store).append(CAMERA, DAY, [second]) == [counts]
    assert len(successor.read(CAMERA, DAY).entries) == 2


def test_a_minute_of_which_the_original_alone_is_kept_has_its_gap_also_when_both_are_said_again(
    folder_store: ObjectStore,
) -> None:
    Chains(folder_store).append(CAMERA, DAY, [make_minute(0)])
    for _ in range(2):
        entries = Chains(folder_store).append(CAMERA, DAY, [make_minute(0), make_gap(0)])
        assert [one.entry.fact for one in entries] == [make_minute(0), make_gap(0)]


def test_a_file_beside_the_segments_stops_no_recording(folder_store: ObjectStore) -> None:
    folder_store.put(f"chain/{DAY}/{CAMERA}/notes.txt", b"x")
    Chains(folder_store).append(CAMERA, DAY, [make_minute(0)])
    assert _minutes(Chains(folder_store)) == [0]


def _write_against_each_other(store: ObjectStore) -> None:
    def write() -> None:
        chains = Chains(store)
        for number in range(0, 80, 4):
            chains.append(CAMERA, DAY, [make_minute(n) for n in range(number, number + 4)])

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _minutes(Chains(store)) == list(range(80))


def test_writers_at_the_same_time_make_one_chain_in_a_folder(folder_store: ObjectStore) -> None:
    _write_against_each_other(folder_store)


@pytest.mark.integration
def test_writers_at_the_same_time_make_one_chain_on_s3(s3_server: StoreSettings) -> None:
    _write_against_each_other(ObjectStore(s3_server.model_copy(update={"url": f"{s3_server.url}/chains"})))


def test_growth_on_a_later_day_is_marked_for_that_days_root(folder_store: ObjectStore) -> None:
    Chains(folder_store, lambda: NOON_MS).append(CAMERA, DAY, [make_minute(0)])
    assert not list(folder_store.list("grown"))
    Chains(folder_store, lambda: NOON_MS + 86_400_000).append(CAMERA, DAY, [make_minute(1)])
    assert [one.key for one in folder_store.list("grown")] == [grown_key("2025-11-26", CAMERA, DAY)]


def test_what_a_day_gets_after_its_root_was_made_is_marked_for_the_next_one(folder_store: ObjectStore) -> None:
    chains = Chains(folder_store, lambda: NOON_MS)
    chains.append(CAMERA, DAY, [make_minute(0)])
    folder_store.put(root_key(DAY), b"made too early")
    chains.append(CAMERA, DAY, [make_minute(1)])
    assert [one.key for one in folder_store.list("grown")] == [grown_key("2025-11-26", CAMERA, DAY)]


def test_a_tombstone_of_entries_that_are_yet_to_come_is_a_fault(folder_store: ObjectStore) -> None:
    ahead = FilesDeleted(
        form="public", entries=(IndexRange(0, 1),), reason="retention", kept_days=7, decided_by="retention"
    )
    Chains(folder_store).append(CAMERA, DAY, [make_minute(0), ahead])
    fault = Chains(folder_store).read(CAMERA, DAY).fault
    assert fault is not None
    assert fault.line == 1


def test_recording_goes_on_after_a_chain_that_was_tampered_with(folder_store: ObjectStore) -> None:
    Chains(folder_store).append(CAMERA, DAY, [make_minute(n) for n in range(3)])
    key = segment_key(CAMERA, DAY, 0)
    data = folder_store.get(key)
    assert data is not None
    folder_store.put(key, data.replace(b'"frame_count":60', b'"frame_count":61', 1))
    Chains(folder_store).append(CAMERA, DAY, [make_minute(3)])
    chain = Chains(folder_store).read(CAMERA, DAY)
    assert chain.fault is not None
    assert chain.fault.line == 0


_FACTS: list[ChainFact] = [make_minute(0), make_gap(1), make_evidence("ab" * 16, b"frame"), make_minute(2)]


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A chain of four entries, as it lies in a store."""
    chains = Chains(ObjectStore(StoreSettings(url=str(tmp_path_factory.mktemp("lines")))), lambda: NOON_MS)
    chains.append(CAMERA, DAY, _FACTS)
    return chains.read_lines(CAMERA, DAY)


def test_lines_are_read_as_they_were_written(lines: bytes) -> None:
    entries, fault = check_lines(lines, CAMERA, DAY)
    assert fault is None
    assert [one.entry.fact for one in entries] == _FACTS
    assert lines_of(entries) == lines


@settings(deadline=None)
@given(st.data())
def test_any_flipped_bit_is_found_in_its_line(lines: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(lines) - 1))
    flipped = bytearray(lines)
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    fault = check_lines(bytes(flipped), CAMERA, DAY).fault
    assert fault is not None
    assert fault.line == lines[:at].count(b"\n")


@given(st.permutations(range(4)))
def test_entries_in_another_order_are_found(lines: bytes, order: list[int]) -> None:
    parts = lines.splitlines(keepends=True)
    fault = check_lines(b"".join(parts[at] for at in order), CAMERA, DAY).fault
    first_moved = next((place for place, at in enumerate(order) if place != at), None)
    assert (fault and fault.line) == first_moved


@given(st.integers(0, 2))
def test_an_entry_that_was_taken_out_is_found_by_the_next(lines: bytes, gone: int) -> None:
    parts = lines.splitlines(keepends=True)
    fault = check_lines(b"".join(parts[:gone] + parts[gone + 1 :]), CAMERA, DAY).fault
    assert fault is not None
    assert fault.line == gone


def test_another_cameras_chain_is_none_of_this_one(lines: bytes) -> None:
    assert check_lines(lines, "another-camera", DAY).fault is not None
    assert check_lines(lines, CAMERA, "2025-11-26").fault is not None
