"""A minute is stored once, whoever stores it and however often; what is missing before it is said with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from schemas.recordings import ChainEntry, ChainFact, GapNoted, MinuteRecorded, chain_start
from services.record.chain import Chains
from services.record.chain_lines import check_lines, line_of
from services.record.filing import Filing
from services.record.index_rows import RecordedMinuteRow, rows_of
from services.record.key_settings import KeySettings
from services.record.minute_videos import MinuteVideos, make_videos
from services.record.minutes import ClosedMinute, Missing
from services.record.object_keys import segment_key
from services.record.recording import Recording, Stored
from services.record.sealing import Sealer
from services.record.video import Encoding
from services.runtime.object_store import ObjectStore
from tests.record.facts import CAMERA, DAY, MINUTE_MS, NOON_MS, make_minute
from tests.record.make_minutes import at_ms, make_asked, make_closed


@pytest.fixture
def store(folder_store: ObjectStore) -> ObjectStore:
    return folder_store


def make_recording(store: ObjectStore) -> Recording:
    """Give a recording that remembers nothing: a process that has just begun."""
    return Recording(Filing(store, Sealer(KeySettings())), Chains(store))


def minute(number: int, **changes: object) -> ClosedMinute:
    seconds = range(number * 60, number * 60 + 3)
    return make_closed(seconds, seconds, **changes)


def record(recording: Recording, closed: ClosedMinute, video: bytes = b"video") -> Stored:
    made = MinuteVideos({"public": video} if video else {}, len(closed.shown), 0, 1)
    return recording.say(closed, made, recording.keep_files(closed, made))


def facts_in(store: ObjectStore) -> list[ChainFact]:
    entries, fault = Chains(store).read(CAMERA, DAY)
    assert fault is None
    return [one.entry.fact for one in entries]


def test_a_minute_that_a_killed_process_had_stored_is_not_stored_again_but_its_row_is(store: ObjectStore) -> None:
    first = record(make_recording(store), minute(0))
    again = make_recording(store)
    assert again.stored_before(minute(0)) == Stored(first.rows, [])
    assert again.stored_before(minute(1)) is None


def test_of_two_that_store_a_minute_the_first_counts_and_the_second_takes_its_file_away(store: ObjectStore) -> None:
    one, other = make_recording(store), make_recording(store)
    assert one.stored_before(minute(0)) is None
    assert other.stored_before(minute(0)) is None
    stored = record(one, minute(0), b"the first")
    assert record(other, minute(0), b"the second").rows == stored.rows
    files = [found.key for found in store.list("minutes")]
    assert files == [row.object_key for row in stored.rows if isinstance(row, RecordedMinuteRow)]


def test_what_lies_between_two_minutes_is_a_gap_with_its_reason(store: ObjectStore) -> None:
    record(make_recording(store), minute(0))
    record(make_recording(store), minute(3, before="lost"))
    [_, gap, _] = facts_in(store)
    assert gap == GapNoted(from_ms=NOON_MS + MINUTE_MS, until_ms=NOON_MS + 3 * MINUTE_MS, reason="lost")


def test_a_minute_that_may_not_be_shown_is_a_gap_and_counts_as_stored(store: ObjectStore) -> None:
    closed = minute(0)._replace(shown=[], withheld=dict.fromkeys(range(3), "quarantined"))
    record(make_recording(store), closed, b"")
    assert facts_in(store) == [GapNoted(from_ms=NOON_MS, until_ms=NOON_MS + MINUTE_MS, reason="quarantined")]
    assert make_recording(store).stored_before(closed) is not None


def test_a_minute_of_which_nothing_could_be_encoded_says_so(store: ObjectStore) -> None:
    record(make_recording(store), minute(0), b"")
    [gap] = facts_in(store)
    assert isinstance(gap, GapNoted)
    assert (gap.reason, gap.detail) == ("failed", "no picture could be encoded")


def test_what_was_lost_within_a_minute_is_told_beside_its_file(store: ObjectStore) -> None:
    closed = minute(0, missing=[Missing(at_ms(1), at_ms(2), "lost")])
    [row] = record(make_recording(store), closed).rows
    assert isinstance(row, RecordedMinuteRow)
    assert (row.gap, bool(row.object_key), row.frames) == ("lost", True, 3)
    assert [type(fact) for fact in facts_in(store)] == [MinuteRecorded, GapNoted]


def test_a_public_minute_says_under_which_revision_it_began_and_what_is_black_in_it(store: ObjectStore) -> None:
    closed = minute(0)
    first, *others = closed.shown
    shown = [(frame._replace(camera_revision=5), one) for frame, one in others]
    closed = closed._replace(shown=[(first[0]._replace(camera_revision=4), first[1]), *shown])
    recording = make_recording(store)
    made = MinuteVideos({"public": b"video"}, 3, 0, private_revision=6)
    [row] = recording.say(closed, made, recording.keep_files(closed, made)).rows
    assert isinstance(row, RecordedMinuteRow)
    assert (row.camera_revision, row.private_revision) == (4, 6)


def test_a_minute_from_before_its_files_had_times_and_revisions_is_still_as_it_was_written() -> None:
    old = make_minute(0)
    entry = ChainEntry(camera_id=CAMERA, day=DAY, index=0, previous=chain_start(CAMERA, DAY), at_ms=1, fact=old)
    file = replace(old.files[0], first_ms=NOON_MS + 5, last_ms=NOON_MS + 9)
    new = replace(entry, fact=replace(old, files=(file,), camera_revision=7, private_revision=8))
    assert b"revision" not in line_of(entry)[0]
    assert line_of(entry)[0].count(b"first_ms") == 1
    told = {(0, 0, old.first_ms, old.last_ms): entry, (7, 8, NOON_MS + 5, NOON_MS + 9): new}
    for expected, said in told.items():
        line = line_of(said)[0]
        checked = check_lines(line, CAMERA, DAY)
        assert checked.fault is None
        (row,) = rows_of(one.entry for one in checked.entries)
        assert isinstance(row, RecordedMinuteRow)
        assert (row.camera_revision, row.private_revision, row.first_at, row.last_at) == expected


def test_silence_is_noted_from_where_the_record_ends(store: ObjectStore) -> None:
    recording = make_recording(store)
    assert recording.note_silence(CAMERA, NOON_MS + 5 * MINUTE_MS).facts == [], "nothing was ever recorded"
    record(recording, minute(0))
    [first] = recording.note_silence(CAMERA, NOON_MS + 5 * MINUTE_MS).facts
    [second] = recording.note_silence(CAMERA, NOON_MS + 7 * MINUTE_MS).facts
    assert isinstance(first, GapNoted)
    assert isinstance(second, GapNoted)
    assert (first.from_ms, first.until_ms, second.from_ms) == (
        NOON_MS + MINUTE_MS,
        NOON_MS + 5 * MINUTE_MS,
        NOON_MS + 5 * MINUTE_MS,
    )


def test_an_original_alone_leaves_the_public_minute_a_gap(store: ObjectStore, tmp_path: Path) -> None:
    keys = KeySettings(sealing_dir=tmp_path / "keys")
    recording = Recording(Filing(store, Sealer(keys)), Chains(store))
    closed = minute(0)._replace(shown=[], withheld=dict.fromkeys(range(3), "held"))
    made = MinuteVideos({"original": b"as captured"}, 0, 0, 1)
    rows = recording.say(closed, made, recording.keep_files(closed, made)).rows
    told = {(row.form, row.gap, bool(row.object_key)) for row in rows if isinstance(row, RecordedMinuteRow)}
    assert told == {("original", "", True), ("public", "held", False)}


@pytest.mark.parametrize("is_shown", [True, False])
def test_each_form_has_the_times_of_its_own_pictures(store: ObjectStore, tmp_path: Path, is_shown: bool) -> None:
    keys = KeySettings(sealing_dir=tmp_path / "keys")
    recording = Recording(Filing(store, Sealer(keys)), Chains(store))
    closed = make_closed(range(10), range(5, 9) if is_shown else [])
    made = make_videos(closed, make_asked(closed.frames[2:]), Encoding())
    recording.say(closed, made, recording.keep_files(closed, made))
    again = make_recording(store).stored_before(closed)
    assert again is not None
    times = {
        row.form: (row.first_at, row.last_at)
        for row in again.rows
        if isinstance(row, RecordedMinuteRow) and row.object_key
    }
    original = {"original": (at_ms(2), at_ms(9))}
    assert times == ({"public": (at_ms(5), at_ms(8)), **original} if is_shown else original)


@pytest.mark.parametrize("spoilt", [0, 1, 3])
def test_a_line_that_was_altered_hides_no_minute_that_was_recorded(store: ObjectStore, spoilt: int) -> None:
    for number in range(4):
        record(make_recording(store), minute(number))
    key = segment_key(CAMERA, DAY, 0)
    lines = (store.get(key) or b"").splitlines(keepends=True)
    lines[spoilt] = lines[spoilt].replace(b'"frame_count":3', b'"frame_count":4')
    store.put(key, b"".join(lines))

    again = make_recording(store)
    assert (again.stored_before(minute(2)) or Stored([], [])).rows, "it is found after the fault"
    stored = record(again, minute(4))
    assert [type(fact) for fact in stored.facts] == [MinuteRecorded]
    assert [row.minute for row in stored.rows if isinstance(row, RecordedMinuteRow)] == [NOON_MS + 4 * MINUTE_MS]
    assert again.note_silence(CAMERA, NOON_MS + 5 * MINUTE_MS).facts == []


def test_a_minute_that_the_chain_does_not_speak_of_is_stored_though_it_speaks_of_later_ones(store: ObjectStore) -> None:
    record(make_recording(store), minute(5))
    late = make_recording(store)
    assert late.stored_before(minute(2)) is None
    assert [type(fact) for fact in record(late, minute(2)).facts] == [MinuteRecorded]
    assert late.covered_until(CAMERA, NOON_MS) == NOON_MS + 6 * MINUTE_MS


def test_silence_is_covered_only_as_far_as_the_chain_says(store: ObjectStore) -> None:
    record(make_recording(store), minute(0))
    one, other = make_recording(store), make_recording(store)
    for recording in (one, other):
        assert recording.covered_until(CAMERA, NOON_MS) == NOON_MS + MINUTE_MS
    other.note_silence(CAMERA, NOON_MS + 3 * MINUTE_MS)
    one.note_silence(CAMERA, NOON_MS + 5 * MINUTE_MS)
    told = [fact for fact in facts_in(store) if isinstance(fact, GapNoted)]
    assert one.covered_until(CAMERA, NOON_MS) == max(gap.until_ms for gap in told)


def test_what_came_too_late_is_said_of_its_minute_whose_row_stays(store: ObjectStore) -> None:
    recording = make_recording(store)
    record(recording, minute(0))
    stored = record(recording, minute(1, late=(Missing(at_ms(30), at_ms(59), "lost"),)))
    *_, last = facts_in(store)
    assert last == GapNoted(
        from_ms=at_ms(30), until_ms=at_ms(59), reason="lost", detail="came after the minute was stored"
    )
    assert [row.minute for row in stored.rows if isinstance(row, RecordedMinuteRow)] == [NOON_MS + MINUTE_MS]
    assert stored.facts[-1] == last


def test_a_minute_of_which_the_chain_says_that_nothing_came_is_not_made_again(store: ObjectStore) -> None:
    recording = make_recording(store)
    record(recording, minute(0))
    recording.note_silence(CAMERA, NOON_MS + 5 * MINUTE_MS)
    assert recording.stored_before(minute(2)) is not None
