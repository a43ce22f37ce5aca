"""A file of evidence is whole, or the check names the file that was altered, wherever the byte is."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from schemas.recordings import DAILY_ROOT_CODEC, PUBLIC_KEY_CODEC, SIGNED_ROOT_CODEC, PublicKey, SignedRoot, day_of
from schemas.times import DAY_MS
from services.cli.evidence.archive import pack, unpack
from services.cli.evidence.checking import check_package
from services.cli.evidence.command import command
from services.cli.evidence.findings import Findings
from services.cli.evidence.manifest import (
    MANIFEST,
    MANIFEST_CODEC,
    MANIFEST_SIGNATURE_CODEC,
    REPORT,
    SIGNATURE,
    ManifestSignature,
)
from services.cli.evidence.packing import pack_evidence
from services.record.chain import Chains
from services.record.object_keys import heads_key, public_key_key, root_key
from services.record.roots import make_due_roots
from services.record.signatures import is_endorsed
from services.record.signing import Signer, publish_key, published_keys
from services.runtime.errors import ConfigurationError
from tests.cli.evidence.recorded_case import MAKING, MINUTES, WANTED, Case, make_case, make_story
from tests.record.facts import CAMERA, DAY, MINUTE_MS, NOON_MS, make_gap


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return make_case(tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def package(case: Case) -> bytes:
    return case.export()


_TILIK = Path(sys.executable).with_name("tilik")
_NEEDED = ("click", "rich", "pygments", "msgspec", "cryptography", "cffi", "structlog", "tzdata", "schemas", "services")
_ONLY_THESE = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        first = name.split(".")[0]
        if first[0] != "_" and first not in sys.stdlib_module_names and first not in {_NEEDED!r}:
            raise ModuleNotFoundError(f"{{name}} is not installed", name=name)

sys.meta_path.insert(0, Absent())
from services.cli.__main__ import main
main()
"""


def test_a_citizen_checks_a_file_with_five_packages_and_no_more(case: Case, package: bytes, tmp_path: Path) -> None:
    file, key = tmp_path / "case.zip", tmp_path / "city.json"
    file.write_bytes(package)
    key.write_bytes(PUBLIC_KEY_CODEC.encode(case.key))
    arguments = ["evidence", "verify", str(file), "--public-key", str(key)]
    told = subprocess.run([sys.executable, "-c", _ONLY_THESE, *arguments], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.splitlines()[-1] == "All of it is as it was written."
    record = [*arguments[:2], "--camera", "street-1", "--day", "2025-11-25"]
    told = subprocess.run([sys.executable, "-c", _ONLY_THESE, *record], capture_output=True, text=True, check=False)
    assert "is not installed" in told.stderr, "what the other check needs is absent here"


def _check(data: bytes, key: PublicKey | None = None) -> Findings:
    return check_package(data, key)[1]


def _resigned(data: bytes, change: Callable[[dict[str, bytes]], None], signer: Signer) -> bytes:
    """Give what somebody with a key would make: files changed, manifest and signature made anew."""
    contents = unpack(data).contents
    change(contents)
    manifest = MANIFEST_CODEC.decode(contents[MANIFEST])
    said = [
        structs.replace(file, sha256=hashlib.sha256(contents[file.path]).hexdigest(), size=len(contents[file.path]))
        for file in manifest.files
        if file.path in contents
    ]
    contents[MANIFEST] = MANIFEST_CODEC.encode(structs.replace(manifest, files=tuple(said)))
    signature = ManifestSignature(
        key_id=signer.key_id, public_key=signer.public_key, signature=signer.sign("export", contents[MANIFEST])
    )
    contents[SIGNATURE] = MANIFEST_SIGNATURE_CODEC.encode(signature)
    return pack(contents)


def test_what_was_exported_is_whole_and_signed_by_the_city(case: Case, package: bytes) -> None:
    findings = _check(package, case.key)
    assert findings.wrong == []
    assert findings.notes == []
    assert "8 entries of 2025-11-25 are under the root of 2025-11-25" in findings.right
    assert any(text.startswith("signed with the city's key") for text in findings.right)


def test_it_holds_the_frames_minutes_rows_chain_and_proofs(package: bytes) -> None:
    names = set(unpack(package).contents)
    assert {MANIFEST, SIGNATURE, REPORT, f"chain/{DAY}.jsonl", f"roots/{DAY}.json", "rows/episodes.jsonl"} <= names
    assert f"proofs/{DAY}-of-{DAY}.json" in names
    assert len([name for name in names if name.startswith("frames/")]) == 3
    assert len([name for name in names if name.startswith("minutes/")]) == MINUTES


def test_the_same_is_exported_as_the_same_bytes(case: Case, package: bytes) -> None:
    assert case.export() == package


def test_originals_are_in_it_opened_and_found_in_the_chain(case: Case) -> None:
    data = case.export(WANTED._replace(originals=True))
    videos = {content for name, content in unpack(data).contents.items() if name.startswith("minutes/")}
    assert b"original video of minute 0" in videos
    assert _check(data, case.key).is_whole


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_any_flipped_bit_is_found_and_its_file_named(package: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(package) - 1))
    flipped = bytearray(package)
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    findings = _check(bytes(flipped))
    assert not findings.is_whole
    owner = next(
        (
            name
            for name, content in unpack(package).contents.items()
            if package.find(content) <= at < package.find(content) + len(content)
        ),
        None,
    )
    if owner not in (None, SIGNATURE):  # of bits of the signature, or between the files, what they are nearest to
        assert findings.wrong[0].path == owner


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_an_archive_that_was_cut_off_or_goes_on_is_found(package: bytes, data: st.DataObject) -> None:
    assert not _check(package[: data.draw(st.integers(0, len(package) - 1))]).is_whole
    assert not _check(package + data.draw(st.binary(min_size=1, max_size=50))).is_whole


def test_an_archive_that_was_packed_anew_is_another_one_and_takes_no_more_memory_than_it_has(package: bytes) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in unpack(package).contents.items():
            archive.writestr(name, content)
        archive.writestr("bomb", bytes(50_000_000))
    assert not _check(buffer.getvalue()).is_whole
    assert "bomb" not in unpack(buffer.getvalue()).contents


@pytest.mark.parametrize("start", [REPORT, "frames/", "minutes/", "chain/", "roots/", "proofs/", "rows/", "keys/"])
def test_a_file_that_was_removed_is_named(package: bytes, start: str) -> None:
    contents = unpack(package).contents
    name = next(name for name in contents if name.startswith(start))
    del contents[name]
    findings = _check(pack(contents))
    assert findings.wrong[0].path == name
    assert "removed" in findings.wrong[0].text


def test_a_file_that_was_added_is_named(package: bytes) -> None:
    assert _check(pack({**unpack(package).contents, "frames/new.jpg": b"x"})).wrong[0].path == "frames/new.jpg"


def test_minutes_that_changed_places_in_the_chain_are_named(package: bytes) -> None:
    contents = unpack(package).contents
    first, second, *rest = contents[f"chain/{DAY}.jsonl"].splitlines(keepends=True)
    contents[f"chain/{DAY}.jsonl"] = b"".join([second, first, *rest])
    finding = _check(pack(contents)).wrong[0]
    assert finding.path == f"chain/{DAY}.jsonl"
    assert "entry 0" in finding.text


def test_two_minutes_whose_files_changed_places_are_named(package: bytes) -> None:
    contents = unpack(package).contents
    one, other = [name for name in contents if name.startswith("minutes/")][:2]
    contents[one], contents[other] = contents[other], contents[one]
    assert {finding.path for finding in _check(pack(contents)).wrong} == {one, other}


def test_files_in_another_order_are_another_archive(package: bytes) -> None:
    contents = dict(reversed(unpack(package).contents.items()))
    assert "the archive around them" in _check(pack(contents)).wrong[0].text


def test_who_signs_anew_can_change_no_minute_for_the_chain_speaks_of_another(case: Case, package: bytes) -> None:
    name = next(name for name in unpack(package).contents if name.startswith("minutes/"))
    forged = _resigned(package, lambda contents: contents.update({name: b"another video"}), case.signer)
    (finding,) = _check(forged, case.key).wrong
    assert finding.path == name
    assert "speaks of another file" in finding.text


def test_who_signs_anew_can_drop_no_entry_for_the_root_speaks_of_another(case: Case, package: bytes) -> None:
    def cut(contents: dict[str, bytes]) -> None:
        lines = contents[f"chain/{DAY}.jsonl"].splitlines(keepends=True)
        contents[f"chain/{DAY}.jsonl"] = b"".join(lines[:-1])

    finding = _check(_resigned(package, cut, case.signer), case.key).wrong[0]
    assert "another one than under the root" in finding.text


def test_who_signs_with_a_key_of_their_own_is_not_the_city(case: Case, package: bytes, tmp_path: Path) -> None:
    stranger = Signer.open(tmp_path / "stranger.pem")
    forged = _resigned(package, lambda _: None, stranger)
    assert "not with the city's" in _check(forged, case.key).wrong[0].text
    assert any(stranger.key_id in note for note in _check(forged).notes)


def test_a_root_by_a_strangers_key_is_none_of_the_citys(case: Case, package: bytes, tmp_path: Path) -> None:
    stranger = Signer.open(tmp_path / "stranger.pem")

    def replace_root(contents: dict[str, bytes]) -> None:
        root = SIGNED_ROOT_CODEC.decode(contents[f"roots/{DAY}.json"]).root
        signature = stranger.sign("root", DAILY_ROOT_CODEC.encode(root))
        theirs = SignedRoot(root=root, key_id=stranger.key_id, signature=signature)
        contents[f"roots/{DAY}.json"] = SIGNED_ROOT_CODEC.encode(theirs)
        contents[f"keys/{case.key.key_id}.json"] = PUBLIC_KEY_CODEC.encode(stranger.statement(0))

    forged = _resigned(package, replace_root, case.signer)
    assert [finding.path for finding in _check(forged, case.key).wrong] == [f"roots/{DAY}.json"]


def test_of_a_minute_that_was_withdrawn_no_frame_is_exported_either(case: Case) -> None:
    withdrawn = NOON_MS + 2 * MINUTE_MS
    gathered = case.gather(WANTED._replace(withdrawn=frozenset([withdrawn])))
    assert [picture.fact.roles for picture in gathered.pictures] == [("first",), ("last",)]
    assert [one.what.split("-")[0] for one in gathered.left_out if "withdrawn" in one.why] == [
        "minutes/2025",
        "frames/best",
    ]
    originals = case.gather(WANTED._replace(originals=True, withdrawn=frozenset([withdrawn])))
    assert len(originals.pictures) == 3


def test_a_root_by_a_strangers_key_is_not_exported(tmp_path: Path) -> None:
    case, stranger = make_case(tmp_path / "case"), make_case(tmp_path / "stranger")
    for one in (root_key(DAY), heads_key(DAY)):
        case.store.put(one, stranger.store.get(one) or b"")
    publish_key(case.store, stranger.signer, may_begin_anew=True)
    gathered = case.gather()
    assert not any(name.startswith(("roots/", "proofs/")) for name in gathered.contents)
    assert any("not signed by a key of the city" in one.why for one in gathered.left_out)


def test_a_signature_that_was_written_otherwise_is_told(case: Case, package: bytes) -> None:
    contents = unpack(package).contents
    contents[SIGNATURE] = contents[SIGNATURE].replace(b":", b": ", 1)
    assert [finding.path for finding in _check(pack(contents), case.key).wrong] == [SIGNATURE]


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_what_is_no_file_of_evidence_is_told(data: bytes) -> None:
    assert _check(data).wrong[0].path == MANIFEST


def test_the_command_tells_by_its_exit_code_and_first_line(case: Case, package: bytes, tmp_path: Path) -> None:
    whole, altered, key = tmp_path / "case.zip", tmp_path / "altered.zip", tmp_path / "city.json"
    whole.write_bytes(package)
    altered.write_bytes(package.replace(b"public video of minute 2", b"public video of minute 3"))
    key.write_bytes(PUBLIC_KEY_CODEC.encode(case.key))
    answer = CliRunner().invoke(command, ["verify", str(whole), "--public-key", str(key)])
    assert (answer.exit_code, answer.output.splitlines()[-1]) == (0, "All of it is as it was written.")
    answer = CliRunner().invoke(command, ["verify", str(altered)])
    assert answer.exit_code == 1
    assert answer.output.startswith("ALTERED FIRST: minutes/2025-11-25-1202-")
    told = [subprocess.run([_TILIK, "evidence", "verify", file], check=False) for file in (whole, altered)]
    assert [one.returncode for one in told] == [0, 1], "as scripts of citizens see it"


def test_what_a_file_says_of_itself_comes_after_who_signed_it_and_looks_like_nothing_else(
    case: Case, tmp_path: Path
) -> None:
    file = tmp_path / "case.zip"
    making = MAKING._replace(why="warga\nok: signed with the city's key\x1b[8m\u202e", key_id=case.signer.key_id)
    data = pack_evidence(make_story(kind="a\rb"), WANTED, case.gather(), making, case.signer, case.key)
    file.write_bytes(data)
    told = CliRunner().invoke(command, ["verify", str(file)])
    assert told.exit_code == 0
    lines = told.stdout.splitlines()
    assert lines[0].startswith("note: It was signed with key")
    said = [line for line in lines if line.startswith("says: ")]
    assert r"a\rb" in said[0]
    assert said[1].endswith(r"Sri Wahyuni: warga\nok: signed with the city's key\x1b[8m\u202e")
    assert not any(line.startswith("ok: signed with") for line in lines)


@pytest.mark.parametrize("arguments", [[], ["--camera", "x-1"], ["--day", DAY], ["FILE", "--camera", "x-1"]])
def test_a_command_line_that_means_nothing_is_refused(arguments: list[str], tmp_path: Path) -> None:
    file = tmp_path / "case.zip"
    file.write_bytes(b"")
    told = [str(file) if one == "FILE" else one for one in arguments]
    assert CliRunner().invoke(command, ["verify", *told]).exit_code == 2


def test_a_key_that_is_none_is_a_matter_of_configuration(package: bytes, tmp_path: Path) -> None:
    file, key = tmp_path / "case.zip", tmp_path / "key.json"
    file.write_bytes(package)
    for text in ("{}", json.dumps({"key_id": "0" * 16, "public_key": "0" * 64, "since_ms": 0})):
        key.write_text(text)
        answer = CliRunner().invoke(command, ["verify", str(file), "--public-key", str(key)])
        assert isinstance(answer.exception, ConfigurationError)


def test_a_file_of_the_key_before_is_the_citys_too(case: Case, package: bytes, tmp_path: Path) -> None:
    new = Signer.open(tmp_path / "new.pem").statement(0, case.signer)
    assert _check(package, new).is_whole
    unendorsed = Signer.open(tmp_path / "new.pem").statement(0)
    assert not _check(package, unendorsed).is_whole


def test_a_file_holds_the_keys_that_lead_from_the_one_that_signed_roots_to_the_one_that_signs_now(
    tmp_path: Path,
) -> None:
    case = make_case(tmp_path)
    signers = [case.signer, *(Signer.open(tmp_path / name) for name in ("second.pem", "third.pem"))]
    first = case.key
    for before, new in pairwise(signers):
        publish_key(case.store, new, before)
    case.signer = signers[-1]
    package = case.export()
    for key in (first, case.key, signers[1].statement(0, signers[0])):
        assert _check(package, key).wrong == []
    assert not any("signed roots too" in note for note in _check(package).notes)


def test_a_file_under_the_key_after_one_that_leaked_holds_the_roots_that_lead_to_its_own(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    leaked, case.signer = case.signer, Signer.open(tmp_path / "new.pem")
    key = case.signer.statement(NOON_MS + 2 * DAY_MS)
    case.store.put(public_key_key(key.key_id), PUBLIC_KEY_CODEC.encode(key))
    assert any("not signed by a key of the city" in one.why for one in case.gather().left_out)
    for number, signer in ((1, leaked), (2, case.signer)):
        at_ms = NOON_MS + number * DAY_MS
        Chains(case.store, lambda: NOON_MS).append(f"{CAMERA}-b", day_of(at_ms), [make_gap(60)])
        make_due_roots(case.store, case.chains, signer, at_ms + DAY_MS)
    package = case.export()
    findings = _check(package, key)
    assert findings.wrong == []
    assert f"8 entries of {DAY} are under the root of {DAY}" in findings.right
    cut = unpack(package).contents
    del cut[f"roots/{day_of(NOON_MS + DAY_MS)}.json"]
    manifest = MANIFEST_CODEC.decode(cut[MANIFEST])
    kept = structs.replace(manifest, files=tuple(file for file in manifest.files if file.path in cut))
    cut[MANIFEST] = MANIFEST_CODEC.encode(kept)
    resigned = _resigned(pack(cut), lambda _: None, case.signer)
    assert [finding.path for finding in _check(resigned, key).wrong] == [f"roots/{DAY}.json"]


def test_a_new_key_is_made_and_published_with_the_old_ones_endorsement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make_case(tmp_path)
    monkeypatch.setenv("TILIK_RECORD_KEYS__SIGNING_KEY_FILE", str(tmp_path / "signing.pem"))
    arguments = ["new-key", "--out", str(tmp_path / "new.pem"), "--store", case.store.place]
    answer = CliRunner().invoke(command, arguments)
    assert answer.exit_code == 0
    keys = published_keys(case.store)
    new = Signer.open(tmp_path / "new.pem", make=False)
    assert is_endorsed(keys[new.key_id], keys[case.signer.key_id])
    assert isinstance(CliRunner().invoke(command, arguments).exception, ConfigurationError)
    monkeypatch.setenv("TILIK_RECORD_KEYS__SIGNING_KEY_FILE", str(tmp_path / "lost.pem"))
    arguments = ["new-key", "--out", str(tmp_path / "another.pem"), "--store", case.store.place]
    assert isinstance(CliRunner().invoke(command, arguments).exception, ConfigurationError)
    assert CliRunner().invoke(command, [*arguments, "--first"]).exit_code == 0
