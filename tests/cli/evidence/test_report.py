"""The report tells all there is and what is missing, in two languages, and needs nothing but itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from msgspec.structs import replace

from schemas.recordings import EvidenceRole, FileForm, GapReason
from services.cli.evidence import report_words as words
from services.cli.evidence.manifest import LeftOut
from services.cli.evidence.report import report_html
from tests.cli.evidence.recorded_case import MAKING, WANTED, Case, make_case, make_story
from tests.record.facts import CAMERA, DAY


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return make_case(tmp_path_factory.mktemp("case"))


def _report(case: Case, originals: bool = False, **changes: object) -> str:
    wanted = WANTED._replace(originals=originals)
    return report_html(make_story(**changes), wanted, case.gather(wanted), MAKING).decode()


def test_it_says_what_happened_in_both_languages(case: Case) -> None:
    text = _report(case)
    for said in (
        "loket tanpa petugas",
        "counter without staff",
        "Loket Kelurahan Tembalang",
        "2025-11-25 12:01:00 WIB",
    ):
        assert said in text
    assert "petugas tidak di tempat" in text
    assert "SIMULASI" not in text
    assert "RAHASIA" not in text


def test_it_warns_of_what_is_simulated_and_of_originals(case: Case) -> None:
    text = _report(case, originals=True, simulated=True)
    assert "SIMULASI" in text
    assert "RAHASIA" in text
    assert "as captured, nothing hidden" in text


def test_it_loads_nothing_from_elsewhere(case: Case) -> None:
    text = _report(case)
    assert text.count("data:image/jpeg;base64,") == 3
    assert not re.search(r"https?://|<script|@import|url\(", text)


def test_what_is_missing_is_told_with_the_reason(case: Case) -> None:
    gathered = case.gather()
    gathered.left_out.append(LeftOut("frames/x", "Kafka no longer held the frame"))
    text = report_html(make_story(), WANTED, gathered, MAKING).decode()
    assert "Kafka no longer held the frame" in text


def test_why_a_frame_has_no_public_form_is_told(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    before = case.gather(WANTED._replace(originals=True)).pictures[0].fact
    originals = tuple(file for file in before.files if file.form == "original")
    withheld = replace(before, event_id="f" * 32, files=originals, withheld="held")
    case.chains.append(CAMERA, DAY, [withheld])
    text = report_html(make_story(), WANTED, case.gather(), MAKING).decode()
    assert "the record has it only as original: held back: the picture was suspect" in text


def test_a_gap_is_told_with_its_reason(case: Case) -> None:
    wanted = WANTED._replace(until_ms=WANTED.until_ms + 600_000)
    text = report_html(make_story(), wanted, case.gather(wanted), MAKING).decode()
    assert "ditahan: gambar meragukan" in text


def test_nothing_that_was_said_becomes_markup(case: Case) -> None:
    evil = "<img src=x onerror=alert(1)>"
    text = _report(case, camera_name=evil, kelurahan=evil, verdict_by=evil, verdict_why=evil, zone_id=evil, kind=evil)
    assert evil not in text
    assert text.count("&lt;img src=x onerror=alert(1)&gt;") == 6


def test_an_episode_of_which_nothing_is_left_has_a_report_too(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    wanted = WANTED._replace(from_ms=0, until_ms=60_000)
    text = report_html(make_story(why_names=[], verdict=""), wanted, case.gather(wanted), MAKING).decode()
    assert "There is no picture in this file." in text
    assert "There is no recording in this file." in text
    assert "not yet reviewed by a person" in text


def test_each_word_of_the_record_has_its_words_in_both_languages() -> None:
    for literal, table in ((GapReason, words.GAPS), (EvidenceRole, words.ROLES), (FileForm, words.FORMS)):
        assert set(get_args(literal)) == set(table)
