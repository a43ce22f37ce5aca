"""What the pages do whatever the figures say: whom they show, what they escape, and how they answer odd requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

import pytest

from schemas.camera_events import FrameCoordinates
from schemas.kept_periods import KEPT_PERIODS_CODEC, KEPT_PERIODS_KEY, KeptPeriods
from schemas.recordings import IndexedGap
from schemas.topics import FRAMES
from services.portal.pages.language import LANGUAGES, Language, Words
from services.portal.pages.rendering import Pages
from services.portal.pages.words.camera import CameraWords
from services.portal.pages_settings import PagesSettings
from services.privacy.showable import ShowableFrame
from services.record.index_rows import DELETED
from services.record.retention_settings import RetentionSettings
from tests.portal.pages.small_city import NOW, Visitor, make_camera, portal_of, visitor_of

pytestmark = pytest.mark.integration  # sockets of an event loop, and a ClickHouse that is not there

HOSTILE = '"><script>alert(1)</script>'
PAGES = (
    "/",
    "/cameras",
    "/cameras?kecamatan=Genuk",
    "/cameras/loket-genuk",
    "/counters",
    "/floods",
    "/parking",
    "/data",
    "/how",
    "/privacy",
    "/privacy/assessment",
    "/record",
)
_FIRST_VIEW_BYTES = 150_000
CAMERAS = (
    make_camera(),
    make_camera("pasar-rahasia", name="Pasar Rahasia", kind="market", public=False),
    make_camera("jalan-dihapus", name="Jalan Dihapus", kind="street", state="removed"),
    make_camera("jalan-jahat", name=HOSTILE, kind="street", kelurahan=HOSTILE, water=True, record=True),
)


@pytest.fixture(scope="module")
def visitor() -> Iterator[Visitor]:
    with portal_of(CAMERAS) as portal, visitor_of(portal) as here:
        yield here


@pytest.mark.parametrize("path", PAGES)
def test_every_page_answers_in_both_languages_without_the_database(visitor: Visitor, path: str) -> None:
    indonesian = visitor.page(path)
    english = visitor.page(path + ("&" if "?" in path else "?") + "lang=en")

    assert '<html lang="id">' in indonesian
    assert '<html lang="en">' in english
    assert "hidden-source" not in indonesian
    assert "<script>alert" not in indonesian


@pytest.mark.parametrize(
    "path", ["/", "/cameras?kecamatan=Genuk", "/counters", "/floods", "/parking", "/cameras/loket-genuk"]
)
def test_where_figures_cannot_be_read_the_page_says_so_and_tells_no_zero(visitor: Visitor, path: str) -> None:
    text = visitor.page(path)

    assert "Angka sedang tidak bisa dibaca" in text
    assert "tidak terlihat genangan" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_recorded_camera_s_page_has_words_for_each_reason_that_the_index_gives(
    visitor: Visitor, language: Language
) -> None:
    text = visitor.page(f"/cameras/jalan-jahat?lang={language}")

    assert DELETED in get_args(IndexedGap)
    for reason in get_args(IndexedGap):
        said = Words(CameraWords, language)[f"gap_{reason}"]
        assert f'data-gap{reason.replace("_", "")}="{said}"' in text


@pytest.mark.parametrize("camera_id", ["pasar-rahasia", "jalan-dihapus", "nobody", "..%2F..%2Fetc", "x" * 64, "%00"])
def test_a_camera_that_is_not_public_is_not_there(visitor: Visitor, camera_id: str) -> None:
    answer = visitor.get(f"/cameras/{camera_id}")

    assert answer.status_code == 404
    assert "Rahasia" not in answer.text


@pytest.mark.parametrize("path", ["/", "/cameras", "/cameras?q=pasar", "/cameras?kind=market", "/counters"])
def test_no_list_and_no_map_names_a_camera_that_is_not_public(visitor: Visitor, path: str) -> None:
    text = visitor.page(path)

    assert "Rahasia" not in text
    assert "pasar-rahasia" not in text
    assert "Dihapus" not in text


def test_what_somebody_called_a_camera_is_text(visitor: Visitor) -> None:
    for path in ("/cameras", "/cameras/jalan-jahat", f"/cameras?q={HOSTILE}"):
        text = visitor.page(path)
        assert "&lt;script&gt;" in text
        assert "<script>alert" not in text


@pytest.mark.parametrize(
    "path",
    [
        "/cameras?page=0",
        "/cameras?kind=secret",
        "/cameras?q=" + "a" * 101,
        "/cameras/loket-genuk?at=-1",
        "/cameras/loket-genuk?at=99999999999999",
        "/cameras/loket-genuk?day=yesterday",
        "/floods?days=3650",
        "/data/floods.exe",
        "/data/floods.csv?from=2026-13-01",
        "/data/floods.csv?from=2020-01-01&until=2026-01-01",
        "/data/floods.csv?from=2026-02-01&until=2026-01-01",
        "/data/floods.csv?kelurahan=" + "a" * 121,
        "/data/floods.csv?from=9999-12-25",
        "/data/floods.csv?until=9999-12-31",
        "/data/floods.csv?until=0001-01-01",
        "/data/file?name=floods&kind=csv&from=0001-01-01&until=9999-12-31",
    ],
)
def test_what_cannot_be_asked_is_refused(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)

    assert answer.status_code == 400
    assert "Traceback" not in answer.text


def test_a_day_long_ago_or_to_come_is_the_nearest_one_that_is_shown(visitor: Visitor) -> None:
    assert 'value="2026-11-26"' in visitor.page("/cameras/loket-genuk?day=2030-01-01")
    assert 'value="2026-11-26"' in visitor.page("/cameras/loket-genuk?day=9999-12-31")
    assert 'value="2026-08-28"' in visitor.page("/cameras/loket-genuk?day=0001-01-01")
    assert 'value="2026-08-28"' in visitor.page("/cameras/loket-genuk?day=2001-01-01")


def test_the_other_language_keeps_the_choice_and_leads_nowhere_else(visitor: Visitor) -> None:
    text = visitor.page("/cameras?kecamatan=Genuk&next=//evil.example")

    assert 'href="?kecamatan=Genuk&amp;next=%2F%2Fevil.example&amp;lang=en"' in text


def test_the_chosen_language_stays(visitor: Visitor) -> None:
    answer = visitor.get("/?lang=en")

    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("tilik-lang=en;")
    assert "HttpOnly" in cookie
    assert '<html lang="en">' in visitor.get("/", cookie="tilik-lang=en").text
    assert '<html lang="id">' in visitor.get("/", cookie="tilik-lang=%22%3E").text
    assert "set-cookie" not in visitor.get("/").headers


def test_the_privacy_page_names_whom_to_write_to_once_the_city_has_said_so(visitor: Visitor) -> None:
    assert "setelah ditunjuk" in visitor.page("/privacy")
    contact = PagesSettings(privacy_contact="Diskominfo <pdp@kota.example>", city="Salatiga")
    with portal_of([], pages=contact) as portal, visitor_of(portal) as here:
        text = here.page("/privacy")
        assert "Diskominfo &lt;pdp@kota.example&gt;" in text
        assert "Tilik Salatiga" in text


def test_the_privacy_page_tells_the_periods_that_the_recorder_is_set_to(visitor: Visitor) -> None:
    assert "jangka waktu yang umum" in visitor.page("/privacy")
    with portal_of([]) as portal, visitor_of(portal) as here:
        set_to = RetentionSettings(original_days=1, evidence_days=45, rejected_days=14, confirmed_days=1_095)
        said = KeptPeriods(**{name: getattr(set_to, name) for name in KeptPeriods.__struct_fields__})
        portal.store.store.put(KEPT_PERIODS_KEY, KEPT_PERIODS_CODEC.encode(said))
        text = here.page("/privacy?lang=en")

    assert "1 day, never longer" in text
    assert "45 days; 14 days once rejected; 3 years once confirmed" in text
    assert "usual periods" not in text


def test_a_picture_from_before_a_camera_was_public_is_not_linked(monkeypatch: pytest.MonkeyPatch) -> None:
    before, now = make_camera(public=False), make_camera(revision=2)
    with portal_of((before, now)) as portal:
        pages = Pages(portal)
        at = FrameCoordinates(FRAMES.name, 0, 1, 1)
        for revision, shown in ((1, False), (2, True)):
            frame = ShowableFrame(now.camera_id, 1, 1, 1, at, revision, simulated=False, hidden=())
            monkeypatch.setattr(portal.shown, "find", lambda *_, frame=frame: frame)
            assert pages.shows(now, 1, 1) is shown


def test_an_empty_city_says_that_it_is_empty() -> None:
    with portal_of([]) as portal, visitor_of(portal) as here:
        assert "Belum ada kamera yang dibuka untuk umum" in here.page("/")


def test_a_city_of_a_thousand_cameras_is_light_on_a_cheap_phone() -> None:
    many = [
        make_camera(
            f"jalan-{number:04d}",
            name=f"Simulated RT {number % 12:02d} RW {number % 9:02d} Muktiharjo Kidul",
            kind="street",
            kecamatan=f"Kecamatan {number % 16}",
            latitude=-6.95 - number % 37 / 250,
            longitude=110.3 + number % 61 / 300,
        )
        for number in range(1_100)
    ]
    with portal_of(many) as portal, visitor_of(portal, lambda: NOW) as here:
        for path in (page.replace("loket-genuk", "jalan-0001") for page in PAGES):
            for language in LANGUAGES:
                text = here.page(f"{path}{'&' if '?' in path else '?'}lang={language}")
                static = set(re.findall(r'(?:href|src)="/static/([^"]+)"', text))
                weight = len(text.encode()) + sum(len(portal.assets._files[name].body) for name in static)
                assert len(static) >= 2
                assert weight <= _FIRST_VIEW_BYTES, path


def test_of_many_cameras_a_page_shows_some_and_leads_to_the_rest() -> None:
    many = [make_camera(f"jalan-{number:03d}", name=f"Jalan {number:03d}") for number in range(130)]
    with portal_of(many) as portal, visitor_of(portal) as here:
        first = here.page("/cameras?kind=counter")
        assert first.count('href="/cameras/jalan-') == 60
        assert 'href="?kind=counter&amp;page=2"' in first
        assert here.page("/cameras?page=3").count('href="/cameras/jalan-') == 10
        assert here.page("/cameras?page=900").count('href="/cameras/jalan-') == 10


def test_files_of_open_data_are_limited_for_each_client(visitor: Visitor) -> None:
    statuses = [visitor.get("/data/cameras.csv", client="10.1.1.1").status_code for _ in range(12)]

    assert statuses == [503] * 10 + [429] * 2  # ClickHouse is not there; the budget is taken all the same
    assert visitor.get("/data/cameras.csv", client="10.1.1.2").status_code == 503
    of_one_line = [visitor.get("/data/cameras.csv", client=f"2001:db8::{number:x}").status_code for number in range(12)]
    assert of_one_line == statuses
    assert visitor.get("/data/nothing.csv").status_code == 404


def test_the_form_of_open_data_leads_to_its_file_and_nowhere_else(visitor: Visitor) -> None:
    answer = visitor.get("/data/file?name=floods&kind=csv&from=2026-11-01&until=2026-11-02&kelurahan=A%26b%0d%0aX: y")

    assert answer.status_code == 303
    assert (
        answer.headers["location"] == "/data/floods.csv?from=2026-11-01&until=2026-11-02&kelurahan=A%26b%0D%0AX%3A%20y"
    )
    assert visitor.get("/data/file?name=//evil&kind=csv&from=2026-11-01&until=2026-11-02").status_code == 404
