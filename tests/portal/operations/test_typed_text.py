"""What people type is one visible line; nobody is sent to another place."""

from __future__ import annotations

import pytest

from schemas.cameras import Place
from services.portal.operations.typed_text import inside_address, reason_of, single_line
from services.portal.roles import Person, covers, in_areas


@pytest.mark.parametrize(
    "text",
    ["a\r\nset-cookie: x", "a\nb", "a\tb", "a\x00b", "a\u2028b", "a\u202eb", "a\ud800b", "", "  ", "x" * 501],
)
def test_what_is_no_visible_line_is_no_reason(text: str) -> None:
    assert reason_of(text) is None


def test_a_reason_is_kept_as_it_was_typed_without_the_spaces_around() -> None:
    assert reason_of("  Genangan nyata, 20 cm – lihat foto kedua ") == "Genangan nyata, 20 cm – lihat foto kedua"
    assert single_line("ok", 10, 3) is None


@pytest.mark.parametrize(
    "address",
    [
        "//elsewhere.test",
        "https://elsewhere.test/operations/",
        "/\\elsewhere.test",
        "/operations/../../elsewhere",
        "/operationsx",
        "/operations\\@elsewhere.test",
        "/operations/\r\nset-cookie: a=b",
        "/operations//elsewhere.test\t",
        "javascript:alert(1)",
        "/cameras",
        "",
        None,
        "/operations/" + "x" * 600,
    ],
)
def test_nobody_is_sent_elsewhere(address: str | None) -> None:
    assert inside_address(address, "/operations") == "/operations"


@pytest.mark.parametrize("address", ["/operations", "/operations/review?type=flood_episode", "/operations/cameras/x-1"])
def test_one_comes_back_to_where_one_was(address: str) -> None:
    assert inside_address(address, "/operations") == address


def test_areas_are_names_that_a_place_has() -> None:
    place = Place("Tembalang", "Bulusan", -7, 110)
    assert in_areas(place, ["*"])
    assert in_areas(place, ["bulusan "])
    assert in_areas(place, ["Tembalang/Bulusan"])
    assert in_areas(place, ["Tembalang/*"])
    assert not in_areas(place, ["Tembalang", "Banyumanik/Bulusan", "Banyumanik/*", ""])
    assert not in_areas(place, [])


@pytest.mark.parametrize(
    ("areas", "area", "covered"),
    [
        (["*"], "*", True),
        (["*"], "Bulusan", True),
        (["Tembalang/*"], "tembalang/Bulusan", True),
        (["Tembalang/*"], "Tembalang/*", True),
        (["Bulusan"], "Tembalang/Bulusan", True),
        (["Bulusan"], " bulusan", True),
        (["Tembalang/*", "Banyumanik/*"], "*", False),
        (["Tembalang/*"], "Bulusan", False),
        (["Tembalang/Bulusan"], "Bulusan", False),
        (["Tembalang/Bulusan"], "Tembalang/*", False),
        (["Tembalang"], "Tembalang/*", False),
        ([], "Bulusan", False),
    ],
)
def test_areas_cover_what_lies_in_them_whole(areas: list[str], area: str, covered: bool) -> None:
    assert covers(areas, area) == covered


def test_a_higher_role_may_what_a_lower_one_may() -> None:
    person = Person("siti", "operator", ("*",), "s" * 16)
    assert [person.may(role) for role in ("viewer", "reviewer", "operator", "admin")] == [True, True, True, False]
