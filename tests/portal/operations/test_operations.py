"""What people do: confirm, reject, release, draw, approve, look at originals; each in the audit log, or not at all."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import simplejpeg

from schemas.cameras import Source
from services.portal.operations import audit_pages
from services.portal.operations.audit import AuditLog
from services.portal.roles import Role
from services.runtime.camera_registry import read_registry
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from tests.portal.operations.city import FLOODS, HERE, INCIDENT, THEIRS, THERE, City, build_city, street_jpeg
from tests.portal.operations.office import Office, make_camera, office

pytestmark = pytest.mark.integration

WHY = "Dilihat pada tiga gambar"
SQUARE = [[0.1, 0.1], [0.6, 0.1], [0.6, 0.6], [0.1, 0.6]]


@pytest.fixture(scope="module")
def city(kafka: KafkaSettings, clickhouse_port: int) -> City:
    return build_city(kafka, clickhouse_port)


@pytest.fixture
def place(city: City, tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path, city.kafka, city.clickhouse) as built:
        for camera in read_registry(city.kafka).all():
            built.portal.cameras.add(camera)
        yield built


def post(place: Office, role: Role, address: str, *areas: str, **data: str) -> httpx.Response:
    """Send a form as somebody of this role."""
    cookies = place.cookies(role, *areas)

    async def send() -> httpx.Response:
        async with place.client(cookies) as client:
            return await client.post(f"/operations/{address}", data={"form_token": place.token(cookies), **data})

    return asyncio.run(send())


def get(place: Office, role: Role, address: str, *areas: str) -> httpx.Response:
    """Ask for a page as somebody of this role."""

    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        return await client.get(f"/operations/{address}".replace("/?", "?").rstrip("/"))

    return place.ask(ask, role, *areas)


def draw(place: Office, revision: int, zones: list[dict[str, Any]], **more: Any) -> httpx.Response:
    """Save zones as an operator."""
    cookies = place.cookies("operator")
    edit = {"revision": revision, "zones": zones, "opening_hours": None, "why": WHY, **more}

    async def send() -> httpx.Response:
        async with place.client(cookies, accept="application/json") as client:
            headers = {"x-form-token": place.token(cookies)}
            return await client.post(f"/operations/cameras/{THERE}/zones", json=edit, headers=headers)

    return asyncio.run(send())


def test_signing_in_takes_the_password_and_is_noted(place: Office, city: City) -> None:
    _, password = place.account("reviewer", name="sri")

    async def sign_in(given: str, following: str) -> tuple[httpx.Response, httpx.Response]:
        async with place.client() as client:
            form = await client.get("/operations/sign-in", params={"next": following})
            token = form.text.split('name="form_token" value="')[1].split('"')[0]
            data = {"form_token": token, "name": "sri", "password": given, "next": following}
            answer = await client.post("/operations/sign-in", data=data)
            return answer, await client.get("/operations")

    refused, page = asyncio.run(sign_in(password + "x", "/operations"))
    assert (refused.status_code, page.status_code) == (401, 303)
    assert password not in refused.text
    answer, page = asyncio.run(sign_in(password, "//elsewhere.test/operations"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/operations")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert page.status_code == 200
    assert "sri" in page.text
    assert [who for who, *_ in city.audit("signed_in")] == ["sri"]
    assert [who for who, *_ in city.audit("sign_in_refused")] == ["sri"]


def test_a_sign_in_without_our_form_and_too_many_of_them_are_refused(city: City, tmp_path: Path) -> None:
    with office(tmp_path, city.kafka, city.clickhouse, tries_per_minute=2) as place:

        async def tries() -> list[int]:
            async with place.client() as client:
                data = {"name": "admin", "password": "x", "form_token": "0" * 64}
                found = [(await client.post("/operations/sign-in", data=data)).status_code]
                form = await client.get("/operations/sign-in")
                data["form_token"] = form.text.split('name="form_token" value="')[1].split('"')[0]
                found += [(await client.post("/operations/sign-in", data=data)).status_code for _ in range(3)]
                return found

        assert asyncio.run(tries()) == [403, 401, 401, 429]


def test_the_queue_shows_what_nobody_has_judged_of_ones_own_areas(place: Office) -> None:
    page = get(place, "reviewer", "review?type=flood_episode", "Tembalang").text
    assert all(one in page for one in FLOODS)
    assert THEIRS not in page
    assert INCIDENT not in page
    assert THEIRS in get(place, "reviewer", "review?order=oldest").text


def test_a_verdict_is_noted_and_sent_with_who_and_why(place: Office, city: City) -> None:
    assert post(place, "reviewer", f"episodes/{FLOODS[0]}/confirm", reason=f" {WHY} ").status_code == 303
    assert post(place, "reviewer", f"episodes/{FLOODS[1]}/reject", reason=WHY).status_code == 303
    sent = [(one.decision, one.episode_id, one.decided_by, one.reason) for one in city.decisions()]
    assert sent[-2:] == [
        ("episode_confirmed", FLOODS[0], "reviewer of all", WHY),
        ("episode_rejected", FLOODS[1], "reviewer of all", WHY),
    ]
    assert city.audit("episode_confirmed")[-1] == ("reviewer of all", HERE, FLOODS[0], WHY)


@pytest.mark.parametrize("reason", ["", "ok", "a\r\nSet-Cookie: x=y", "x" * 501])
def test_a_verdict_needs_a_reason_of_one_line(place: Office, city: City, reason: str) -> None:
    before = len(city.decisions())
    answer = post(place, "reviewer", f"episodes/{FLOODS[2]}/confirm", reason=reason)
    assert (answer.status_code, answer.headers.get("set-cookie")) == (422, None)
    assert len(city.decisions()) == before


def test_an_episode_of_another_area_can_neither_be_seen_nor_judged(place: Office, city: City) -> None:
    before = len(city.decisions())
    assert post(place, "admin", f"episodes/{THEIRS}/confirm", "Tembalang/Tembalang", reason=WHY).status_code == 404
    assert post(place, "admin", f"episodes/{THEIRS}/best/original", "Tembalang", reason=WHY).status_code == 404
    assert get(place, "admin", f"episodes/{THEIRS}/best.jpg", "Tembalang").status_code == 404
    assert len(city.decisions()) == before


def test_nothing_sensitive_is_done_while_the_audit_log_is_away(city: City, tmp_path: Path) -> None:
    away = ClickHouseSettings(port=1, connect_timeout_seconds=1)
    with office(tmp_path, city.kafka, city.clickhouse, audit=away) as place:
        for camera in read_registry(city.kafka).all():
            place.portal.cameras.add(camera)
        before, revision = len(city.decisions()), read_registry(city.kafka).latest(THERE)
        original = post(place, "operator", f"episodes/{FLOODS[2]}/best/original", reason=WHY)
        verdict = post(place, "reviewer", f"episodes/{FLOODS[2]}/confirm", reason=WHY)
        assert revision is not None
        drawn = draw(place, revision.revision, [])
        changed = draw(place, revision.revision, [{"zone_id": "air", "purpose": "water", "polygon": SQUARE}])
        assert (original.status_code, verdict.status_code, changed.status_code) == (503, 503, 503)
        assert original.headers["content-type"].startswith("text/html")
        assert drawn.status_code == 200, "what changes nothing is not noted"
        assert len(city.decisions()) == before
        assert read_registry(city.kafka).latest(THERE) == revision


def test_a_picture_is_of_a_few_blocks_where_nobody_could_be_hidden(place: Office) -> None:
    answer = get(place, "viewer", f"episodes/{FLOODS[2]}/best.jpg")
    assert (answer.status_code, answer.headers["x-tilik-picture"]) == (200, "coarse")
    picture = simplejpeg.decode_jpeg(answer.content, "GRAY")[..., 0].astype(np.int16)
    inside = np.abs(np.diff(picture, axis=1))[:, np.arange(639) % 20 != 19]
    assert np.percentile(inside, 99) <= 12, "no detail but the blocks themselves"
    assert answer.headers["cache-control"] == "no-store"
    assert get(place, "viewer", f"cameras/{HERE}/now.jpg").headers["x-tilik-picture"] == "coarse"


def test_an_original_takes_an_operator_and_a_reason_and_is_noted(place: Office, city: City) -> None:
    address = f"episodes/{FLOODS[2]}/best/original"
    assert post(place, "reviewer", address, reason=WHY).status_code == 403
    assert post(place, "operator", address, reason="x").status_code == 422
    before = len(city.audit("original_viewed"))
    answer = post(place, "operator", address, reason=WHY)
    assert (answer.status_code, answer.content) == (200, street_jpeg())
    assert answer.headers["cache-control"] == "no-store"
    assert city.audit("original_viewed")[before:] == [
        ("operator of all", HERE, f"episode {FLOODS[2]}, best frame", WHY)
    ]
    newest = post(place, "operator", f"cameras/{HERE}/original", reason=WHY)
    assert newest.content == street_jpeg()


def test_a_release_ends_the_quarantine_of_a_camera(place: Office, city: City) -> None:
    page = get(place, "operator", "quarantine").text
    assert f"/operations/quarantine/{HERE}/release" in page
    assert post(place, "reviewer", f"quarantine/{HERE}/release", reason=WHY).status_code == 403
    assert post(place, "operator", f"quarantine/{THERE}/release", reason=WHY).status_code == 409
    assert post(place, "operator", f"quarantine/{HERE}/release", reason=WHY).status_code == 303
    last = city.decisions()[-1]
    assert (last.camera_id, last.decision, last.decided_by) == (HERE, "quarantine_released", "operator of all")


def test_zones_become_the_next_revision_once(place: Office, city: City) -> None:
    water = {"zone_id": "genangan-1", "purpose": "water", "polygon": SQUARE}
    first = draw(place, 1, [water])
    assert first.json() == {"revision": 2, "changed": True, "public": False, "was_public": False}
    registered = read_registry(city.kafka).latest(THERE)
    assert registered is not None
    assert [zone.zone_id for zone in registered.zones] == ["genangan-1"]

    late = draw(place, 1, [])
    assert late.status_code == 409
    assert read_registry(city.kafka).latest(THERE) == registered
    assert draw(place, 2, [water]).json() == {"revision": 2, "changed": False}
    assert city.audit("zones_changed")[-1][1:] == (THERE, "revision 2", WHY)


def test_of_two_portals_that_change_a_camera_at_once_one_is_told(place: Office, city: City, tmp_path: Path) -> None:
    known = place.portal.cameras.latest(THERE)
    assert known is not None
    with office(tmp_path / "other", city.kafka, city.clickhouse) as other:
        other.portal.cameras.add(known)
        first = [{"zone_id": "first", "purpose": "exclude", "polygon": SQUARE}]
        second = [{"zone_id": "second", "purpose": "exclude", "polygon": SQUARE}]
        assert draw(place, known.revision, first).json()["changed"] is True
        assert draw(other, known.revision, second).status_code == 409
    ruling = read_registry(city.kafka).latest(THERE)
    assert ruling is not None
    assert (ruling.revision, [zone.zone_id for zone in ruling.zones]) == (known.revision + 1, ["first"])


@pytest.mark.parametrize(
    ("zones", "told"),
    [
        ([{"zone_id": "a", "purpose": "water", "polygon": [[0, 0], [1, 1], [1, 0], [0, 1]]}], "cross"),
        ([{"zone_id": "a", "purpose": "water", "polygon": SQUARE[:2]}], "length"),
        ([{"zone_id": "a", "purpose": "water"}], "needs a polygon"),
        ([{"zone_id": "a", "purpose": "water", "polygon": [[0, 0], [2, 0], [1, 1]]}], "1.0"),
        ([{"zone_id": "A b", "purpose": "water", "polygon": SQUARE}], "regex"),
        ([{"zone_id": "a", "purpose": "water", "polygon": SQUARE}] * 2, "already"),
        ([{"zone_id": "a", "purpose": "queue", "polygon": SQUARE}], "counter and market"),
        ([{"zone_id": "a", "purpose": "water", "polygon": SQUARE, "timetable": {"weekdays": {}}}], "no_parking"),
        ([{"zone_id": "a", "purpose": "water", "polygon": SQUARE, "public": True}], "unknown field"),
    ],
)
def test_a_zone_that_is_none_is_refused_with_what_is_wrong(
    place: Office, zones: list[dict[str, Any]], told: str
) -> None:
    current = place.portal.cameras.latest(THERE)
    assert current is not None
    answer = draw(place, current.revision, zones)
    assert answer.status_code == 422
    assert told in answer.text


def test_a_person_who_looked_makes_a_camera_public_and_private_zones_take_that_back(place: Office, city: City) -> None:
    camera = place.portal.cameras.latest(THERE)
    assert camera is not None
    data = {"reason": WHY, "revision": str(camera.revision)}
    assert post(place, "operator", f"cameras/{THERE}/approve", **data).status_code == 422
    assert post(place, "operator", f"cameras/{THERE}/approve", looked="yes", **data).status_code == 303
    public = read_registry(city.kafka).latest(THERE)
    assert public is not None
    assert public.is_public
    assert public.approval is not None
    assert public.approval.approved_by == "operator of all"
    assert post(place, "operator", f"cameras/{THERE}/withdraw", **data).status_code == 409, "of an older revision"

    private = {"zone_id": "jendela", "purpose": "private", "polygon": SQUARE}
    assert draw(place, public.revision, [private]).json()["public"] is False
    hidden = read_registry(city.kafka).latest(THERE)
    assert hidden is not None
    assert not hidden.is_public


def test_a_new_camera_is_registered_and_not_public(place: Office, city: City) -> None:
    values = {
        "do": "add",
        "url": "rtsp://10.20.0.15/stream1",
        "source_kind": "rtsp",
        "camera_id": "ops-new-1",
        "name": "Jalan baru",
        "kind": "street",
        "kecamatan": "Tembalang",
        "kelurahan": "Tembalang",
        "latitude": "-7,05",
        "longitude": "110.44",
        "reason": WHY,
    }
    elsewhere = {**values, "kelurahan": "Bulusan"}
    assert post(place, "operator", "cameras/new", "Tembalang/Tembalang", **elsewhere).status_code == 422
    for wrong in (
        {"url": "file:///etc/passwd"},
        {"url": "rtsp://u:p@10.0.0.1/"},
        {"camera_id": "../x"},
        {"latitude": "x"},
    ):
        assert post(place, "operator", "cameras/new", **{**values, **wrong}).status_code == 422
    assert read_registry(city.kafka).latest("ops-new-1") is None
    answer = post(place, "operator", "cameras/new", "Tembalang/Tembalang", **values)
    assert (answer.status_code, answer.headers.get("location")) == (303, "/operations/cameras/ops-new-1")
    camera = read_registry(city.kafka).latest("ops-new-1")
    assert camera is not None
    assert (camera.revision, camera.public, camera.place.latitude) == (1, False, -7.05)
    assert post(place, "operator", "cameras/new", **values).status_code == 422, "the id is taken"


def test_an_operator_names_only_secrets_that_the_host_knows_already(city: City, tmp_path: Path) -> None:
    def source(host: str, secret: str) -> Source:
        return Source("snapshot", f"http://{host}/still.jpg", secret=secret)

    entry = {"name": "Jalan", "kind": "street", "kecamatan": "Tembalang", "latitude": "-7", "longitude": "110"}
    known = {"do": "probe", "source_kind": "snapshot", "secret": "ours", "reason": WHY}
    with office(tmp_path, city.kafka, city.clickhouse, probing=True) as place:
        for camera in (
            make_camera("ops-secret-1", source=source("127.0.0.1:9", "ours")),
            make_camera("ops-secret-2", source=source("127.0.0.3:9", "ours"), state="removed"),
            make_camera("ops-secret-3", "Bulusan", source=source("127.0.0.2:9", "theirs")),
        ):
            place.portal.cameras.add(camera)
        for url, secret in (
            ("http://127.0.0.2:9/still.jpg", "ours"),
            ("http://127.0.0.3:9/still.jpg", "ours"),
            ("http://127.0.0.2:9/still.jpg", "theirs"),
            ("http://127.0.0.1:9/still.jpg", "nobodys"),
        ):
            for do in ("probe", "add"):
                asked = {**known, **entry, "do": do, "url": url, "secret": secret}
                asked |= {"camera_id": "ops-secret-4", "kelurahan": "Tembalang"}
                answer = post(place, "operator", "cameras/new", "Tembalang/Tembalang", **asked)
                assert answer.status_code == 422
                assert "di host yang sama" in answer.text, "the same is told of every one"
        theirs = {**known, "url": "http://127.0.0.2:9/still.jpg", "secret": "theirs"}
        ours = {**known, "url": "http://127.0.0.1:9/other.jpg"}
        assert "Alasan wajib" in post(place, "operator", "cameras/new", "Tembalang", **{**ours, "reason": ""}).text
        assert "di host yang sama" not in post(place, "operator", "cameras/new", "Tembalang", **ours).text
        assert "di host yang sama" in post(place, "admin", "cameras/new", "Tembalang", **theirs).text
        assert "di host yang sama" not in post(place, "admin", "cameras/new", **theirs).text
        assert [entry[2:] for entry in city.audit("camera_probed")[-2:]] == [
            (ours["url"], WHY),
            (theirs["url"], WHY),
        ]
        assert "secret theirs for 127.0.0.2" in get(place, "admin", "audit").text
    assert read_registry(city.kafka).latest("ops-secret-4") is None


def test_admins_read_the_audit_log_of_their_areas(place: Office) -> None:
    everything = get(place, "admin", "audit")
    assert everything.status_code == 200
    assert "<code>episode_confirmed</code>" in everything.text
    theirs = get(place, "admin", "audit", "Bulusan").text
    assert "<code>zones_changed</code>" in theirs
    assert "<code>episode_confirmed</code>" not in theirs
    assert get(place, "operator", "audit").status_code == 403


def test_pages_of_the_audit_log_lose_no_entry_of_the_same_moment(
    place: Office, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_pages, "_PAGE_SIZE", 2)
    at_once = AuditLog(city.clickhouse, place.portal.metrics, lambda: 1_700_000_000_000)
    for number in range(5):
        at_once.note("sign_in_refused", "10.0.0.1", who="crowd", detail=f"try {number}")
    at_once.close()
    address, found = "audit?who=crowd", list[str]()
    while address:
        page = get(place, "admin", address).text
        found += re.findall(r"try \d", page)
        older = re.search(r'href="\?([^"]+)">[^<]+</a></p>', page)
        address = f"audit?{unescape(older[1])}" if older else ""
    assert sorted(found) == [f"try {number}" for number in range(5)]


def test_every_page_of_a_viewer_is_drawn_in_both_languages(place: Office) -> None:
    listing = "cameras"  # not a topic: a page
    for address in ("", "review", "quarantine", listing, f"cameras/{HERE}", f"cameras/{HERE}/zones"):
        for language, word in (("id", "Tinjauan"), ("en", "Review")):
            answer = get(place, "viewer", f"{address}?lang={language}")
            assert (answer.status_code, f'lang="{language}"' in answer.text, word in answer.text) == (200, True, True)
            assert "still.jpg" not in answer.text, "a viewer sees no source"


def test_a_camera_that_can_not_be_read_is_told_with_what_to_do(city: City, tmp_path: Path) -> None:
    with office(tmp_path, city.kafka, city.clickhouse, probing=True) as place:
        values = {"do": "probe", "url": "http://127.0.0.1:9/still.jpg", "source_kind": "snapshot"}
        answer = post(place, "operator", "cameras/new", **values)
        assert answer.status_code == 422
        assert "network" in answer.text.split('role="alert"')[1].split("</div>")[0]
        assert 'role="alert"' in answer.text
        assert city.audit("camera_probed")[-1][0] == "operator of all"
