"""What people decide about cameras, and which cameras they mean."""

from __future__ import annotations

import click
import msgspec
import pytest

from schemas.cameras import Approval, Camera, Place
from services.cli.cameras.change import revised
from services.cli.cameras.selection import Area, select
from services.runtime.camera_changes import approved, paused, removed, resumed, withdrawn
from services.runtime.errors import ConfigurationError
from tests.ingest.builders import make_camera

APPROVAL = Approval("Sri Wahyuni", 1_790_000_000_000)
PUBLIC = make_camera("cam-public", public=True, approval=APPROVAL)
PAUSED = make_camera("cam-paused", state="paused")
GONE = make_camera("cam-gone", state="removed")


def test_pausing_keeps_the_approval_and_removing_ends_it() -> None:
    assert paused(PUBLIC) == msgspec.structs.replace(PUBLIC, state="paused")
    assert removed(PUBLIC) == msgspec.structs.replace(PUBLIC, state="removed", public=False, approval=None)
    assert withdrawn(PUBLIC) == msgspec.structs.replace(PUBLIC, public=False, approval=None)
    assert resumed(PAUSED).state == "active"


def test_an_approval_says_who_and_when_and_the_first_one_stays() -> None:
    camera = approved(make_camera(), "Budi", 7)
    assert (camera.public, camera.approval, camera.is_public) == (True, Approval("Budi", 7), True)
    assert approved(camera, "Citra", 8) == camera


def test_a_camera_is_public_only_with_its_approval() -> None:
    assert PUBLIC.is_public
    assert not make_camera(public=True).is_public
    assert not msgspec.structs.replace(PUBLIC, state="removed").is_public
    assert not msgspec.structs.replace(PUBLIC, public=False).is_public


def test_a_decision_counts_revisions_up_and_leaves_alone_what_is_so_already() -> None:
    active = make_camera("cam-active", revision=4)
    news, same = revised([active, PAUSED], paused)
    assert [(camera.camera_id, camera.revision, camera.state) for camera in news] == [("cam-active", 5, "paused")]
    assert same == [PAUSED]


def test_of_several_cameras_all_are_changed_or_none() -> None:
    with pytest.raises(ConfigurationError, match=r"cam-gone was removed; .*nothing was changed"):
        revised([PAUSED, GONE], resumed)


def camera_in(camera_id: str, kelurahan: str, kecamatan: str = "Tembalang") -> Camera:
    return make_camera(camera_id, place=Place(kecamatan, kelurahan, -7.0, 110.4))


CITY = [camera_in("loket-1", "Tembalang"), camera_in("loket-2", "Bulusan"), camera_in("rt-1", "Tembalang"), GONE]
PURWOSARI = [camera_in("rt-2", "Purwosari", "Mijen"), camera_in("rt-3", "Purwosari", "Semarang Utara")]


@pytest.mark.parametrize(
    ("wanted", "kelurahan", "found"),
    [
        (["loket-1"], None, ["loket-1"]),
        (["loket-*"], None, ["loket-1", "loket-2"]),
        (["*"], None, ["loket-1", "loket-2", "rt-1"]),
        ([], "tembalang", ["loket-1", "rt-1"]),
        (["loket-*"], "Tembalang", ["loket-1"]),
        (["cam-gone"], None, ["cam-gone"]),
    ],
)
def test_ids_patterns_and_kelurahan(wanted: list[str], kelurahan: str | None, found: list[str]) -> None:
    assert [camera.camera_id for camera in select(CITY, wanted, Area(kelurahan))] == found


def test_a_kelurahans_name_that_two_have_needs_its_kecamatan() -> None:
    with pytest.raises(ConfigurationError, match="in 2 kecamatan: Mijen, Semarang Utara; --kecamatan says which"):
        select([*CITY, *PURWOSARI], [], Area("Purwosari"))
    assert select([*CITY, *PURWOSARI], [], Area("Purwosari", "semarang utara")) == [PURWOSARI[1]]
    assert select([*CITY, *PURWOSARI], ["rt-*"], Area(None, "Mijen")) == [PURWOSARI[0]]
    assert select([*CITY, PURWOSARI[0]], [], Area("Purwosari")) == [PURWOSARI[0]]


@pytest.mark.parametrize(
    ("wanted", "kelurahan", "text"),
    [
        (["loket-1", "loket-9"], None, "'loket-9'; nothing was changed"),
        (["rt-*"], "Bulusan", "'rt-*'"),
        ([], "Nowhere", "kelurahan 'Nowhere'"),
    ],
)
def test_what_means_no_camera_is_said(wanted: list[str], kelurahan: str | None, text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        select(CITY, wanted, Area(kelurahan))
    assert text in str(caught.value)


def test_no_selection_is_not_every_camera() -> None:
    with pytest.raises(click.UsageError):
        select(CITY, [], Area())
