"""The record of a day is checked where it lies: what was altered, taken away or moved is named."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.recordings import PUBLIC_KEY_CODEC, SIGNED_ROOT_CODEC, FilesDeleted, IndexRange, PublicKey, day_of
from schemas.times import DAY_MS
from services.cli.evidence.command import command
from services.cli.evidence.findings import Findings
from services.cli.evidence.store_checking import StoreCheck
from services.record.chain import Chains
from services.record.object_keys import heads_key, public_key_key, root_key, segment_key
from services.record.roots import make_due_roots
from services.record.signing import Signer, publish_key
from services.runtime.errors import ConfigurationError
from tests.cli.evidence.recorded_case import Case, make_case
from tests.record.facts import CAMERA, DAY, NOON_MS, make_gap


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_case(tmp_path)


def _check(case: Case, key: PublicKey | None = None, now: int = NOON_MS + DAY_MS) -> Findings:
    return StoreCheck(case.store, key, lambda done, total: None, lambda: now).check_day(CAMERA, DAY)


def _minutes(case: Case) -> list[str]:
    return [one.key for one in case.store.list("minutes") if "/public/" in one.key]


def test_a_day_that_nobody_touched_is_whole(case: Case) -> None:
    findings = _check(case, case.key)
    assert findings.wrong == []
    assert findings.notes == []
    assert findings.right == [
        "8 entries, each follows the one before",
        "14 files are what their entries say",
        "8 of 8 entries are under a signed root",
    ]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_flipped_bit_of_any_object_is_found_in_it(case: Case, data: st.DataObject) -> None:
    keys = [one.key for kind in ("chain", "minutes", "evidence", "heads", "roots") for one in case.store.list(kind)]
    key = data.draw(st.sampled_from(keys))
    whole = case.store.get(key) or b""
    flipped = bytearray(whole)
    flipped[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    case.store.put(key, bytes(flipped))
    wrong = [finding.path for finding in _check(case, case.key).wrong]
    case.store.put(key, whole)
    assert wrong[0] == key or (key.startswith("heads") and wrong[0] == root_key(DAY))


def test_a_root_that_says_another_day_is_named_by_where_it_lies(case: Case) -> None:
    root = case.store.get(root_key(DAY)) or b""
    case.store.put(root_key(DAY), root.replace(DAY.encode(), b"3025-11-25", 1))
    assert _check(case, case.key).wrong[0].path == root_key(DAY)


def test_a_minute_that_was_taken_away_is_named(case: Case) -> None:
    gone = _minutes(case)[2]
    case.store.delete(gone)
    (finding,) = _check(case).wrong
    assert finding.path == gone
    assert "no tombstone says so: the minute 12:02 of 2025-11-25" in finding.text


def test_two_minutes_that_changed_places_are_named(case: Case) -> None:
    one, other = _minutes(case)[:2]
    first, second = case.store.get(one) or b"", case.store.get(other) or b""
    case.store.put(one, second)
    case.store.put(other, first)
    assert [finding.path for finding in _check(case).wrong] == [one, other]


def test_entries_that_changed_places_are_named_with_the_minute_before(case: Case) -> None:
    key = segment_key(CAMERA, DAY, 0)
    lines = (case.store.get(key) or b"").splitlines(keepends=True)
    lines[1], lines[3] = lines[3], lines[1]
    case.store.put(key, b"".join(lines))
    finding = _check(case).wrong[0]
    assert finding.path == key
    assert finding.text.startswith("entry 1, after the minute 12:00 of 2025-11-25")


def test_entries_cut_off_the_end_are_missed_by_the_root(case: Case) -> None:
    key = segment_key(CAMERA, DAY, 0)
    lines = (case.store.get(key) or b"").splitlines(keepends=True)
    case.store.put(key, b"".join(lines[:-2]))
    assert "6 entries, and 8 were signed" in _check(case).wrong[0].text


def test_a_history_that_was_written_anew_is_not_the_one_that_was_signed(case: Case, tmp_path: Path) -> None:
    other = make_case(tmp_path / "other")
    for listed in list(case.store.list("chain")):
        case.store.delete(listed.key)
    case.chains.append(CAMERA, DAY, [one.entry.fact for one in other.chains.read(CAMERA, DAY).entries])
    assert any("not those that were signed" in finding.text for finding in _check(case).wrong)


def test_a_root_by_a_strangers_key_is_none_of_the_citys(case: Case, tmp_path: Path) -> None:
    key = case.key
    stranger = make_case(tmp_path / "stranger")
    for name in (root_key(DAY), heads_key(DAY)):
        case.store.put(name, stranger.store.get(name) or b"")
    publish_key(case.store, stranger.signer, may_begin_anew=True)
    assert any("not signed by a key of the city" in finding.text for finding in _check(case, key).wrong)


def test_a_root_that_was_taken_away_is_missed_by_the_next(case: Case) -> None:
    Chains(case.store, lambda: NOON_MS + DAY_MS).append(CAMERA, DAY, [make_gap(60)])
    make_due_roots(case.store, case.chains, case.signer, NOON_MS + 2 * DAY_MS)
    assert _check(case).wrong == []
    case.store.delete(root_key(DAY))
    assert [finding.path for finding in _check(case).wrong] == [root_key(DAY)]


def test_a_day_whose_root_must_be_there_and_is_not_is_told(case: Case) -> None:
    segment = segment_key(CAMERA, DAY, 0)
    lines = (case.store.get(segment) or b"").splitlines(keepends=True)
    case.store.put(segment, b"".join(lines[:-2]))
    kept = SIGNED_ROOT_CODEC.decode(case.store.get(root_key(DAY)) or b"")
    for one in (root_key(DAY), heads_key(DAY)):
        case.store.delete(one)
    assert _check(case, case.key, NOON_MS + DAY_MS).wrong == []
    findings = _check(case, case.key, NOON_MS + 2 * DAY_MS)
    assert [finding.path for finding in findings.wrong] == [root_key(DAY)]
    asked = Findings()
    StoreCheck(case.store, case.key, lambda done, total: None).check_kept_root(kept, asked)
    assert [finding.path for finding in asked.wrong] == [root_key(DAY)]


def test_a_root_that_was_kept_is_compared_with_the_records(case: Case, tmp_path: Path) -> None:
    kept = tmp_path / "root.json"
    kept.write_bytes(case.store.get(root_key(DAY)) or b"")
    arguments = ["verify", "--camera", CAMERA, "--day", DAY, "--store", case.store.place, "--root", str(kept)]
    answer = CliRunner().invoke(command, arguments)
    assert (answer.exit_code, f"the root of {DAY} is the one that was kept" in answer.stdout) == (0, True)
    other = make_case(tmp_path / "other")
    kept.write_bytes(other.store.get(root_key(DAY)) or b"")
    answer = CliRunner().invoke(command, arguments)
    assert answer.exit_code == 1
    assert "another one than the one that was kept" in answer.stdout
    kept.write_bytes(b"{}")
    assert isinstance(CliRunner().invoke(command, arguments).exception, ConfigurationError)


def test_a_file_beside_the_segments_is_named_and_harms_nothing(case: Case) -> None:
    for name in ("notes.txt", "0000.jsonl.bak"):
        stray = f"chain/{DAY}/{CAMERA}/{name}"
        case.store.put(stray, b"x")
        assert [finding.path for finding in _check(case).wrong] == [stray]
        case.store.delete(stray)


def test_a_key_that_the_citys_key_endorsed_is_the_citys(case: Case, tmp_path: Path) -> None:
    new = publish_key(case.store, Signer.open(tmp_path / "new.pem"), case.signer)
    assert _check(case, new).wrong == []


def test_of_a_key_that_leaked_only_the_roots_are_good_to_which_the_next_keys_roots_lead(
    case: Case, tmp_path: Path
) -> None:
    leaked, new = case.signer, Signer.open(tmp_path / "new.pem")
    key = new.statement(NOON_MS + DAY_MS)
    case.store.put(public_key_key(key.key_id), PUBLIC_KEY_CODEC.encode(key))
    assert [one.path for one in _check(case, key).wrong] == [root_key(DAY)], "the new key stands for nothing yet"
    forged = root_key(day_of(NOON_MS + 2 * DAY_MS))
    for number, signer, wrong in ((1, new, []), (2, leaked, [forged]), (3, new, [forged])):
        Chains(case.store, partial(int, NOON_MS + number * DAY_MS)).append(CAMERA, DAY, [make_gap(60 + number)])
        make_due_roots(case.store, case.chains, signer, NOON_MS + (number + 1) * DAY_MS)
        assert [one.path for one in _check(case, key).wrong] == wrong


def test_files_with_a_tombstone_may_be_gone(case: Case) -> None:
    tombstone = FilesDeleted(
        form="public", entries=(IndexRange(0, 0),), reason="retention", kept_days=7, decided_by="retention"
    )
    case.chains.append(CAMERA, DAY, [tombstone])
    assert any("a tombstone says" in note for note in _check(case).notes)
    whole = case.store.get(_minutes(case)[0]) or b""
    case.store.put(_minutes(case)[0], b"another")
    assert [finding.path for finding in _check(case).wrong] == [_minutes(case)[0]]
    case.store.put(_minutes(case)[0], whole)
    case.store.delete(_minutes(case)[0])
    findings = _check(case)
    assert findings.wrong == []
    assert "1 files were deleted, each with a tombstone that says why" in findings.right
    assert any("1 entries are under no root yet" in note for note in findings.notes)


def test_the_command_names_the_first_altered_file(case: Case, tmp_path: Path) -> None:
    key = tmp_path / "city.json"
    key.write_bytes(PUBLIC_KEY_CODEC.encode(case.key))
    arguments = ["verify", "--camera", CAMERA, "--day", DAY, "--store", case.store.place, "--public-key", str(key)]
    assert CliRunner().invoke(command, arguments).exit_code == 0
    altered = _minutes(case)[1]
    case.store.put(altered, b"another")
    answer = CliRunner().invoke(command, arguments)
    assert answer.exit_code == 1
    assert answer.stdout.startswith(f"ALTERED FIRST: {altered}: its bytes were altered")


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_place_without_a_record_is_not_made(scheme: str, tmp_path: Path) -> None:
    arguments = ["verify", "--camera", CAMERA, "--day", DAY, "--store", f"{scheme}{tmp_path / 'none'}"]
    answer = CliRunner().invoke(command, arguments)
    assert isinstance(answer.exception, ConfigurationError)
    assert not (tmp_path / "none").exists()
