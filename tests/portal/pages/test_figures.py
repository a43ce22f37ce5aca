"""What the pages and the open data tell of the simulated city: public cameras alone, honest, and never too fine."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from schemas.cameras import Approval, Camera, Zone
from services.portal.metrics import PORTAL_METRICS
from services.portal.pages import open_data
from services.portal.pages.camera_figures import WaterQuarter, water_day, water_watchers
from services.portal.pages.counter_figures import ms
from services.portal.pages.datasets import DATASETS
from services.portal.pages.written import full_quarter_end, local, moment, quarter_start
from services.portal.questions import Questions
from services.portal.settings import QuestionSettings
from services.record.index_tables import ensure_tables
from services.runtime.metrics import Metrics
from services.runtime.object_store import ObjectStore
from services.runtime.store_settings import StoreSettings
from tests.portal.pages.seeded_city import SeededCity, seed, seeded_city
from tests.portal.pages.small_city import NOW, Visitor, make_camera, portal_of, visitor_of

pytestmark = pytest.mark.integration

DATABASE = "tilik_seed_pages"
UNSEEN = "loket-baru"
PERIOD = "from=2026-11-20&until=2026-11-26"


@pytest.fixture(scope="module")
def city(clickhouse_port: int) -> Iterator[SeededCity]:
    seed(clickhouse_port, DATABASE, "--days", "2", "--cameras", "60", "--until", f"{NOW:%Y-%m-%dT%H:%M}")
    with seeded_city(clickhouse_port, DATABASE) as made:
        yield made


@pytest.fixture(scope="module")
def visitor(city: SeededCity) -> Iterator[Visitor]:
    cameras = [*city.cameras, make_camera(UNSEEN, name="Loket Baru")]
    with portal_of(cameras, city.clickhouse) as portal, visitor_of(portal) as here:
        yield here


def rows(visitor: Visitor, name: str, more: str = "") -> list[dict[str, str]]:
    answer = visitor.get(f"/data/{name}.csv?{PERIOD}{more}", client=f"10.9.{len(name)}.{len(more) + 1}")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.mark.parametrize("path", ["/", "/cameras", "/counters", "/floods?days=90", "/parking?days=90"])
def test_a_page_leads_to_public_cameras_alone(visitor: Visitor, city: SeededCity, path: str) -> None:
    named = set(re.findall(r'href="/cameras/([a-z0-9._-]+)', visitor.page(path)))

    assert named
    assert named <= city.public | {UNSEEN}


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_open_data_has_rows_with_the_columns_that_are_described(visitor: Visitor, city: SeededCity, name: str) -> None:
    found = rows(visitor, name)

    assert found
    assert list(found[0]) == [column.name for column in DATASETS[name].columns]
    assert {row["camera_id"] for row in found if "camera_id" in row} <= city.public


def test_the_shortest_queue_comes_first_and_the_unseen_counter_is_not_one_of_them(visitor: Visitor) -> None:
    text = visitor.page("/counters")

    shown, _, unknown = text.partition('<h2 id="unknown">')
    queues = [float(figure.replace(",", ".")) for figure in re.findall(r"<b>([0-9]+,[0-9])</b>", shown)]
    assert len(queues) > 3
    assert queues == sorted(queues)
    assert UNSEEN not in shown
    assert UNSEEN in unknown
    assert "60 dari 60 menit" in shown
    assert re.search(r"[0-9]+ dari 15 menit", visitor.page("/"))


def test_figures_of_counters_come_in_full_quarters_of_an_hour(visitor: Visitor) -> None:
    found = rows(visitor, "counters-quarter-hourly")

    starts = [datetime.fromisoformat(row["start"]) for row in found]
    assert {start.minute for start in starts} <= {0, 15, 30, 45}
    assert max(starts) + timedelta(minutes=15) <= full_quarter_end(NOW)
    assert {int(row["observed_minutes"]) for row in found} <= set(range(1, 16))
    assert "counter_minutes" not in visitor.page("/data")


def test_hours_of_counters_are_told_once_they_are_over(visitor: Visitor) -> None:
    hours = [datetime.fromisoformat(row["hour"]) for row in rows(visitor, "counters-hourly")]

    assert max(hours) + timedelta(hours=1) <= full_quarter_end(NOW)


def test_a_days_figures_of_counters_are_told_once_it_is_over(visitor: Visitor) -> None:
    found = rows(visitor, "kelurahan-daily")
    told = {row["day"] for row in found if {row["queue_mean"], row["staffed_ratio"]} != {""}}

    assert told == {row["day"] for row in found if row["day"] < "2026-11-26"}
    assert any(row["day"] == "2026-11-26" and row["flood_minutes"] for row in found)


def test_parking_cases_are_told_once_a_person_confirmed_them_and_tell_no_vehicle(
    visitor: Visitor, city: SeededCity
) -> None:
    confirmed = city.client.query(
        "SELECT count() FROM parking_cases WHERE review = 'confirmed' AND camera_id IN"
        " (SELECT camera_id FROM current_cameras WHERE public)"
    ).result_rows[0][0]

    found = rows(visitor, "parking-cases")

    assert len(found) == confirmed > 0
    assert not set(found[0]) & {"left", "top", "best_event_id", "episode_id", "zone_id", "review"}
    assert {datetime.fromisoformat(row["started_quarter"]).minute for row in found} <= {0, 15, 30, 45}
    assert "<img" not in visitor.page("/parking")


def test_what_people_rejected_is_no_flood_and_what_nobody_checked_is_a_suspicion(
    visitor: Visitor, city: SeededCity
) -> None:
    assert {row["review"] for row in rows(visitor, "floods")} <= {"suspected", "confirmed"}

    text = visitor.page("/floods")

    assert "Dugaan" in text
    assert "Terkonfirmasi" in text
    flooded = city.client.query("SELECT DISTINCT camera_id FROM flood_events WHERE open AND review != 'rejected'")
    now = set(re.findall(r'href="/cameras/([a-z0-9._-]+)', text.partition('<form class="filter"')[0]))
    assert now == {row[0] for row in flooded.result_rows} & city.public


def test_what_was_open_when_its_camera_fell_silent_goes_on_for_half_an_hour_and_is_last_seen_then(
    city: SeededCity,
) -> None:
    open_ones = "phase = 'open' AND review != 'rejected' AND NOT simulated"
    (flooded, *_), (counter, *_) = (
        episodes_like(city, f"episode_type = '{kind}' AND {open_ones}") for kind in ("flood_episode", "counter_episode")
    )
    of_cameras = [f"/cameras/{camera_id}" for camera_id, *_ in (flooded, counter)]
    seen_at, queued_at = (
        city.client.query(
            f"SELECT max(last_seen_at) FROM episodes_reviewed WHERE episode_type = '{kind}' AND {open_ones}"
            f" AND camera_id = '{camera[0]}'"
        ).result_rows[0][0]
        for kind, camera in (("flood_episode", flooded), ("counter_episode", counter))
    )
    said, said_of_quarter = (f"terakhir terlihat {moment(at, 'id')}" for at in (seen_at, quarter_start(queued_at)))
    with portal_of(city.cameras, city.clickhouse) as portal:
        with visitor_of(portal, lambda: NOW + timedelta(minutes=20)) as here:
            for path in ("/floods", *of_cameras):
                assert "masih berlangsung" in here.page(path)
                assert "terakhir terlihat" not in here.page(path)
            assert "mark-flood" in here.page("/")
        with visitor_of(portal, lambda: NOW + timedelta(minutes=40)) as here:
            for path in ("/floods", *of_cameras):
                assert "masih berlangsung" not in here.page(path)
                assert "terakhir terlihat" in here.page(path)
            for path in ("/", "/floods", of_cameras[0]):
                assert said in here.page(path)
            assert said_of_quarter in here.page(of_cameras[1])
            assert "mark-flood" not in here.page("/")


def test_a_kelurahan_can_be_asked_for_and_what_it_is_called_is_a_value(visitor: Visitor) -> None:
    everywhere = rows(visitor, "kelurahan-daily")
    here = everywhere[0]["kelurahan"]

    assert {row["kelurahan"] for row in rows(visitor, "kelurahan-daily", f"&kelurahan={here}")} == {here}
    assert rows(visitor, "kelurahan-daily", "&kelurahan=%27%20OR%201%3D1%20--") == []


def test_every_format_tells_the_same(visitor: Visitor, city: SeededCity) -> None:
    table = rows(visitor, "cameras")
    listed = json.loads(visitor.get("/data/cameras.json", client="10.8.0.1").content)
    columns = visitor.get("/data/cameras.parquet", client="10.8.0.2").content

    assert [row["camera_id"] for row in listed] == [row["camera_id"] for row in table]
    read = city.client.query(f"SELECT camera_id FROM format(Parquet, unhex('{columns.hex()}'))").result_rows
    assert [row[0] for row in read] == [row["camera_id"] for row in table]


def test_a_counters_page_has_curves_with_tables_and_episodes_in_quarters(visitor: Visitor, city: SeededCity) -> None:
    busiest = city.client.query(
        "SELECT camera_id FROM episodes_reviewed WHERE episode_type = 'counter_episode' AND review != 'rejected' AND"
        " camera_id IN (SELECT camera_id FROM current_cameras WHERE public) GROUP BY 1 ORDER BY count() DESC LIMIT 1"
    ).result_rows[0][0]

    text = visitor.page(f"/cameras/{busiest}?day=2026-11-25")

    for name in ("queue", "staffed", "observed"):
        assert f'id="curve-{name}"' in text
    assert re.search(r"<th scope=\"row\">09\.15</th><td class=\"figure\">[0-9],[0-9]</td>", text)
    assert re.search(r"antara pukul [0-9]{2}\.(00|15|30|45) dan [0-9]{2}\.(00|15|30|45)", text)
    assert not re.search(r'class="curve"[^>]*>.*?[0-9]{2}\.[0-9][1-46-9]</th>', text, re.DOTALL)


def test_a_link_to_the_record_tells_of_a_counters_episode_no_more_than_its_quarter(
    visitor: Visitor, city: SeededCity
) -> None:
    filmed = [replace(camera, record=True) for camera in city.cameras]
    camera_id, *_ = episodes_like(city, "episode_type = 'counter_episode' AND review != 'rejected'")[0]
    with portal_of(filmed, city.clickhouse) as portal, visitor_of(portal) as here:
        moments = re.findall(r'href="\?at=([0-9]+)#recorded"', here.page(f"/cameras/{camera_id}"))

    assert moments
    assert {int(moment) % 900_000 for moment in moments} == {0}


def test_simulated_water_is_told_by_nobody(city: SeededCity) -> None:
    (camera_id,) = city.client.query(
        "SELECT camera_id FROM current_cameras WHERE public AND camera_id NOT IN"
        " (SELECT camera_id FROM flood_minutes) ORDER BY camera_id LIMIT 1"
    ).result_rows[0]
    city.client.command(
        "INSERT INTO flood_minutes SELECT * REPLACE ({camera:String} AS camera_id, true AS simulated, true AS valid,"
        " toDateTime64({minute:String}, 3, 'UTC') AS minute) FROM flood_minutes WHERE observed_s > 0 LIMIT 1",
        parameters={"camera": camera_id, "minute": f"{NOW - timedelta(minutes=20):%Y-%m-%d %H:%M:00}"},
    )

    async def ask() -> tuple[set[str], list[WaterQuarter]]:
        with closing(Questions(city.clickhouse, QuestionSettings(), Metrics(PORTAL_METRICS))) as questions:
            watchers = await water_watchers(questions, NOW - timedelta(minutes=10))
            return watchers, await water_day(questions, camera_id, local(NOW).date(), NOW)

    watchers, quarters = asyncio.run(ask())
    assert watchers
    assert camera_id not in watchers
    assert quarters == []


def test_a_day_without_a_picture_is_told_as_such(visitor: Visitor) -> None:
    text = visitor.page(f"/cameras/{UNSEEN}")

    assert "Belum ada pantauan pada hari ini." in text
    assert "Belum ada seperempat jam penuh yang terpantau pada hari ini" in text
    assert "Tidak ada yang publik dalam 14 hari terakhir." in text


def episodes_like(city: SeededCity, where: str) -> list[tuple[str, str, str]]:
    """Give camera, episode and event of public cameras' episodes of the last days."""
    public = "camera_id IN (SELECT camera_id FROM current_cameras WHERE public)"
    found = city.client.query(
        "SELECT camera_id, toString(episode_id), toString(best_event_id) FROM episodes_reviewed"
        f" WHERE {where} AND {public} ORDER BY started_at DESC, episode_id LIMIT 1 BY camera_id LIMIT 2"
    ).result_rows
    return [(camera_id, episode_id, event_id) for camera_id, episode_id, event_id in found]


def approved_at(when: datetime, camera: Camera) -> Camera:
    return replace(camera, approval=camera.approval and Approval("Sari", ms(when)))


def test_of_what_the_record_keeps_of_episodes_everybody_sees_what_is_public(
    visitor: Visitor, city: SeededCity, tmp_path: Path
) -> None:
    ensure_tables(city.clickhouse)
    settings = StoreSettings(url=str(tmp_path))
    jpeg = b"\xff\xd8 hidden people"
    ObjectStore(settings).put("evidence/kept.jpg", jpeg)
    (flood, troubled), (case, _) = (
        episodes_like(city, "episode_type = 'flood_episode' AND review = 'suspected'"),
        episodes_like(city, "episode_type = 'parking_case' AND review = 'confirmed'"),
    )
    (judged, *_), (doubtful, *_) = (
        episodes_like(city, f"episode_type = 'counter_episode' AND review = '{review}'")
        for review in ("confirmed", "suspected")
    )
    for camera_id, episode_id, event_id in (flood, troubled, case, judged, doubtful):
        city.client.command(
            "INSERT INTO recorded_evidence"
            " (camera_id, episode_id, event_id, form, roles, captured_at, camera_revision, object_key, sha256)"
            " SELECT camera_id, episode_id, {event:String}, 'public', ['best'], started_at, 1, 'evidence/kept.jpg',"
            " {sha256:String} FROM episodes FINAL"
            " WHERE camera_id = {camera:String} AND episode_id = {episode:String}",
            parameters={
                "camera": camera_id,
                "episode": episode_id,
                "event": event_id,
                "sha256": hashlib.sha256(jpeg).hexdigest(),
            },
        )
    city.client.command(
        "INSERT INTO episodes SELECT * REPLACE ('camera_incident' AS episode_type, 'covered' AS kind,"
        " repeat('f', 32) AS episode_id, 'open' AS phase) FROM"
        " (SELECT * FROM episodes WHERE camera_id = {camera:String} AND episode_id = {episode:String})",
        parameters={"camera": troubled[0], "episode": troubled[1]},
    )

    def url(episode: tuple[str, str, str]) -> str:
        return "/cameras/{}/episodes/{}/{}.jpg".format(*episode)

    with portal_of(city.cameras, city.clickhouse, store=settings) as portal, visitor_of(portal) as here:
        assert here.get(url(flood)).content == jpeg
        assert url(flood) in here.page(f"/cameras/{flood[0]}")
        assert here.get(url(judged)).content == jpeg
        for hidden in (case, doubtful, troubled, (judged[0], flood[1], flood[2]), (flood[0], flood[1], "0" * 32)):
            assert here.get(url(hidden)).status_code == 404
            assert url(hidden) not in here.page(f"/cameras/{hidden[0]}")
        assert here.get(f"/cameras/{flood[0]}/episodes/{flood[1]}/..%2Fkept.jpg").status_code in (400, 404)
    approved_later = [approved_at(NOW, camera) for camera in city.cameras]
    with portal_of(approved_later, city.clickhouse, store=settings) as portal, visitor_of(portal) as here:
        assert here.get(url(flood)).status_code == 404
        assert url(flood) not in here.page(f"/cameras/{flood[0]}")
    private = Zone(zone_id="jendela", purpose="private", polygon=((0, 0), (1, 0), (1, 1)))
    for changed, status in (({"zones": (private,)}, 404), ({"name": "Kali"}, 200)):
        later = [replace(camera, revision=2, **changed) for camera in city.cameras]
        with (
            portal_of([*city.cameras, *later], city.clickhouse, store=settings) as portal,
            visitor_of(portal) as here,
        ):
            assert here.get(url(flood)).status_code == status, "what is private now is not burnt out of it"
            assert (url(flood) in here.page(f"/cameras/{flood[0]}")) == (status == 200)
        with portal_of(later, city.clickhouse, store=settings) as portal, visitor_of(portal) as here:
            assert here.get(url(flood)).status_code == 404, "nobody knows what was private then"
    ObjectStore(settings).put("evidence/kept.jpg", b"another picture")
    with portal_of(city.cameras, city.clickhouse, store=settings) as portal, visitor_of(portal) as here:
        assert here.get(url(flood)).status_code == 503, "it is there, and is another one"


def test_where_too_much_is_asked_for_at_once_the_answer_says_so(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(open_data._SETTINGS, "max_result_rows", 3)

    answer = visitor.get("/data/cameras.csv", client="10.7.0.1")

    assert answer.status_code == 413
    assert "Terlalu banyak sekaligus" in answer.text
