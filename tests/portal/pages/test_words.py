"""What the pages say: in both languages, and nothing that a template asks for is missing."""

from __future__ import annotations

import importlib
import pkgutil
import re
import string

import pytest
from msgspec import to_builtins

from schemas.kept_periods import KeptPeriods
from services.portal.operations.audit import KEPT_DAYS
from services.portal.pages import words
from services.portal.pages.about import _DOCUMENTS as DOCUMENTS
from services.portal.pages.datasets import DATASETS
from services.portal.pages.language import LANGUAGES, Text, Words, chosen_language
from services.portal.pages.rendering import TEMPLATES
from services.portal.pages.words.about import HOW, KEPT, NEVER, PRIVACY, RECORD
from services.portal.pages.words.camera import CameraWords
from services.portal.pages.words.counters import CounterWords, FloodWords, ParkingWords
from services.portal.pages.words.data import DataWords
from services.portal.pages.words.frame import FrameWords
from services.portal.pages.words.home import CameraListWords, HomeWords
from services.record.retention_settings import RetentionSettings

_SAME_IN_BOTH = {"brand", "kelurahan", "vehicle_bus", "format", "dataset"}
_OF_TEMPLATE = {
    "home.html": HomeWords,
    "cameras.html": CameraListWords,
    "camera.html": CameraWords,
    "counters.html": CounterWords,
    "floods.html": FloodWords,
    "parking.html": ParkingWords,
    "data.html": DataWords,
}


def catalogues() -> list[type]:
    found = []
    for module in pkgutil.iter_modules(words.__path__):
        for value in vars(importlib.import_module(f"{words.__name__}.{module.name}")).values():
            if isinstance(value, type) and value.__name__.endswith("Words"):
                found.append(value)
    return sorted(set(found), key=lambda each: each.__name__)


def texts() -> list[tuple[str, Text]]:
    said = [(name, text) for each in catalogues() for name, text in vars(each).items() if isinstance(text, Text)]
    for section in (*HOW, NEVER, *PRIVACY, *RECORD):
        said += [("section", text) for text in (section.heading, *section.sentences, *section.items)]
    said += [("kept", text) for row in KEPT for text in row]
    for dataset in DATASETS.values():
        said += [("dataset", text) for text in (dataset.title, dataset.about, *(c.meaning for c in dataset.columns))]
    return said


def test_every_text_is_said_in_both_languages() -> None:
    assert len(texts()) > 250
    for name, text in texts():
        assert text.en.strip()
        assert text.id.strip(), name
        same_is_meant = name in _SAME_IN_BOTH or text.en.startswith("WGS 84")
        assert text.en != text.id or same_is_meant, f"{name}: {text.en!r} is in one language only"


def test_both_languages_have_the_same_places_to_fill() -> None:
    for name, text in texts():
        places = [{field for _, field, _, _ in string.Formatter().parse(each) if field} for each in text]
        assert places[0] == places[1], name


def test_a_template_asks_for_no_word_that_is_not_there() -> None:
    for template, catalogue in _OF_TEMPLATE.items():
        text = (TEMPLATES / template).read_text()
        for name in re.findall(r"\bt\.([a-z_0-9]+)", text):
            assert isinstance(getattr(catalogue, name, None), Text), f"{template}: t.{name}"
    for path in TEMPLATES.glob("*.html"):
        text = path.read_text()
        for prefix, catalogue in (("f", FrameWords), ("w_home", HomeWords), ("w_floods", FloodWords)):
            for name in re.findall(rf"\b{prefix}\.([a-z_0-9]+)", text):
                assert isinstance(getattr(catalogue, name, None), Text), f"{path.name}: {prefix}.{name}"


def test_the_assessment_names_the_periods_that_tilik_comes_with() -> None:
    rules = RetentionSettings()
    documents = [(DOCUMENTS / f"dpia.{language}.md").read_text() for language in LANGUAGES]

    for days in (rules.original_days, rules.evidence_days, rules.rejected_days):
        assert f"{days} hari" in documents[0]
        assert f"{days} days" in documents[1]
    assert rules.confirmed_days == 730
    assert "2 tahun" in documents[0]
    assert "2 years" in documents[1]
    assert {name: getattr(rules, name) for name in KeptPeriods.__struct_fields__} == to_builtins(KeptPeriods())


def test_the_log_of_access_is_told_with_how_long_it_is_kept() -> None:
    years = KEPT_DAYS / 365
    (row,) = (row for row in KEPT if "network address" in row.what.en)
    documents = [(DOCUMENTS / f"dpia.{language}.md").read_text() for language in LANGUAGES]
    (lines_id, lines_en) = ([line for line in text.splitlines() if line.startswith("| Log")] for text in documents)

    assert row.how_long == (f"{years:g} years", f"{years:g} tahun")
    assert [line.endswith(f"| {years:g} tahun |") for line in lines_id] == [True]
    assert [line.endswith(f"| {years:g} years |") for line in lines_en] == [True]


@pytest.mark.parametrize(
    ("asked", "kept", "language"),
    [
        (None, None, "id"),
        ("en", None, "en"),
        (None, "en", "en"),
        ("id", "en", "id"),
        ("de", "fr", "id"),
        ("x", "en", "en"),
    ],
)
def test_bahasa_indonesia_unless_english_is_chosen(asked: str | None, kept: str | None, language: str) -> None:
    assert chosen_language(asked, kept) == language


def test_a_word_whose_name_is_put_together_must_exist() -> None:
    assert Words(CameraWords, "en")["state_live"] == "live"
    with pytest.raises(KeyError):
        Words(CameraWords, "en")["state_flying"]
    with pytest.raises(KeyError):
        Words(CameraWords, "en")["__doc__"]
