"""Episodes that everybody may see: floods while suspected, counters too, parking cases only once confirmed."""

# ruff: noqa: S608  (statements are made of this package's own words; values go in as parameters)

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from msgspec import Struct

from schemas.times import NO_DATA_MS
from services.portal.pages.counter_figures import PUBLIC, ms
from services.portal.pages.written import day_start
from services.portal.questions import Questions

EPISODE_DAYS: Final = 14
MOST_EPISODES: Final = 30
MOST_LISTED: Final = 50
SILENT_AFTER: Final = timedelta(milliseconds=NO_DATA_MS)
"""Whether something goes on that is open and was last seen so long ago is not known: a camera without power ends
nothing."""
_OPEN_KEEP_SECONDS: Final = 15.0
_PAST_KEEP_SECONDS: Final = 120.0

_PUBLISHED: Final = """review != 'rejected' AND (episode_type IN ('flood_episode', 'counter_episode')
    OR episode_type = 'parking_case' AND review = 'confirmed')"""


class Episode(Struct, frozen=True):
    """An episode of one camera, without anything that tells a vehicle or a person.

    ``open``: nothing has ended it. ``goes_on``: it is open and was seen within ``SILENT_AFTER``.
    """

    episode_id: str
    episode_type: str
    kind: str
    open: bool
    goes_on: bool
    started_at: datetime
    last_seen_at: datetime
    ended_at: datetime
    review: str
    peak_ratio: float
    dwell_s: float
    people_waiting_max: int
    simulated: bool
    first_event_id: str
    best_event_id: str
    last_event_id: str
    peak_at: datetime


class Flood(Struct, frozen=True):
    """A flood, with its place. ``last_seen_at`` of one that nothing has ended; ``goes_on`` as of ``Episode``."""

    camera_id: str
    name: str
    kecamatan: str
    kelurahan: str
    episode_id: str
    started_at: datetime
    peak_ratio: float
    duration_s: float
    review: str
    simulated: bool
    last_seen_at: datetime | None = None
    goes_on: bool = False


class FloodedKelurahan(Struct, frozen=True):
    """How a kelurahan fared in a period, by its public cameras."""

    kecamatan: str
    kelurahan: str
    flood_minutes: int
    days_flooded: int
    floods_confirmed: int
    observed_ratio: float


class ParkingPlace(Struct, frozen=True):
    """Confirmed cases of one camera in a period."""

    camera_id: str
    name: str
    kecamatan: str
    kelurahan: str
    cases: int
    days: int
    mean_s: float


class ParkingCase(Struct, frozen=True):
    """A confirmed case; its begin to the quarter of an hour, as no vehicle is to be told by it."""

    camera_id: str
    name: str
    kelurahan: str
    vehicle: str
    started_at: datetime
    dwell_s: float


class ShownFrame(Struct, frozen=True):
    """Which frame an event judged."""

    event_id: str
    owner_epoch: int
    sequence: int
    captured_at: datetime


_GOES_ON: Final = "phase = 'open' AND last_seen_at > fromUnixTimestamp64Milli({silent:Int64}, 'UTC')"

_OF_CAMERA: Final = f"""SELECT toString(episode_id) AS episode_id, toString(episode_type) AS episode_type,
    toString(kind) AS kind, phase = 'open' AS open, {_GOES_ON} AS goes_on, started_at, last_seen_at, ended_at, review,
    peak_ratio, dwell_s, people_waiting_max, simulated, toString(first_event_id) AS first_event_id,
    toString(best_event_id) AS best_event_id, toString(last_event_id) AS last_event_id, peak_at
FROM episodes_reviewed
WHERE camera_id = {{camera_id:String}} AND started_at >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC')
    AND {_PUBLISHED}
ORDER BY goes_on DESC, open DESC, started_at DESC
LIMIT {MOST_EPISODES}"""

_OPEN_FLOODS: Final = f"""SELECT toString(e.camera_id) AS camera_id, c.name AS name, toString(c.kecamatan) AS kecamatan,
    toString(c.kelurahan) AS kelurahan, toString(e.episode_id) AS episode_id, e.started_at AS started_at,
    e.peak_ratio AS peak_ratio, dateDiff('second', e.started_at, e.last_seen_at) AS duration_s, e.review AS review,
    e.simulated AS simulated, e.last_seen_at AS last_seen_at, {_GOES_ON} AS goes_on
FROM episodes_reviewed AS e
INNER JOIN current_cameras AS c ON c.camera_id = e.camera_id
WHERE e.camera_id IN ({PUBLIC}) AND e.episode_type = 'flood_episode' AND e.phase = 'open' AND e.review != 'rejected'
ORDER BY e.simulated, goes_on DESC, e.review, e.started_at DESC
LIMIT {MOST_LISTED}"""

_PAST_FLOODS: Final = f"""SELECT toString(camera_id) AS camera_id, name, toString(kecamatan) AS kecamatan,
    toString(kelurahan) AS kelurahan, episode_id, started_at, peak_ratio, duration_s, review, false AS simulated
FROM flood_events
WHERE day BETWEEN {{from_day:Date}} AND {{to_day:Date}} AND NOT open AND review != 'rejected'
    AND camera_id IN ({PUBLIC})
ORDER BY started_at DESC, camera_id
LIMIT {MOST_LISTED}"""

_BY_KELURAHAN: Final = f"""SELECT toString(k.kecamatan) AS kecamatan, toString(k.kelurahan) AS kelurahan,
    sum(bitCount(k.bits)) AS flood_minutes, uniqExactIf(k.day, k.bits > 0) AS days_flooded,
    any(e.confirmed) AS floods_confirmed, uniqExactMerge(k.zones) AS zone_count,
    least(1, sum(k.observed_s) / zone_count / {{period_s:Float64}}) AS observed_ratio
FROM
(
    SELECT c.kecamatan AS kecamatan, c.kelurahan AS kelurahan, h.hour AS hour, toDate(h.hour, 'Asia/Jakarta') AS day,
        groupBitOr(h.flood_bits) AS bits, sum(h.valid_observed_s) AS observed_s,
        uniqExactState((h.camera_id, h.zone_id)) AS zones
    FROM flood_hours AS h FINAL
    INNER JOIN current_cameras AS c ON c.camera_id = h.camera_id
    WHERE h.hour >= fromUnixTimestamp64Milli({{start:Int64}}, 'UTC')
        AND h.hour < fromUnixTimestamp64Milli({{end:Int64}}, 'UTC')
        AND h.minutes > h.simulated_minutes AND h.camera_id IN ({PUBLIC})
    GROUP BY kecamatan, kelurahan, hour
) AS k
LEFT JOIN
(
    SELECT kecamatan, kelurahan, count() AS confirmed
    FROM flood_events
    WHERE day BETWEEN {{from_day:Date}} AND {{to_day:Date}} AND review = 'confirmed' AND camera_id IN ({PUBLIC})
    GROUP BY kecamatan, kelurahan
) AS e ON e.kecamatan = k.kecamatan AND e.kelurahan = k.kelurahan
GROUP BY kecamatan, kelurahan
HAVING sum(k.observed_s) > 0
ORDER BY flood_minutes DESC, kelurahan
LIMIT 200"""

_PARKING_PLACES: Final = f"""SELECT toString(camera_id) AS camera_id, any(p.name) AS name,
    toString(any(p.kecamatan)) AS kecamatan, toString(any(p.kelurahan)) AS kelurahan, count() AS cases,
    uniqExact(day) AS days, avg(dwell_s) AS mean_s
FROM parking_cases AS p
WHERE day BETWEEN {{from_day:Date}} AND {{to_day:Date}} AND review = 'confirmed' AND camera_id IN ({PUBLIC})
GROUP BY camera_id
ORDER BY cases DESC, camera_id
LIMIT {MOST_LISTED}"""

_PARKING_LATEST: Final = f"""SELECT toString(camera_id) AS camera_id, name, toString(kelurahan) AS kelurahan,
    toString(vehicle) AS vehicle, toStartOfInterval(p.started_at, INTERVAL 15 MINUTE) AS started_at, dwell_s
FROM parking_cases AS p
WHERE day BETWEEN {{from_day:Date}} AND {{to_day:Date}} AND review = 'confirmed' AND camera_id IN ({PUBLIC})
ORDER BY p.started_at DESC, camera_id
LIMIT 50"""

_FRAMES: Final = """SELECT toString(event_id) AS event_id, owner_epoch, sequence, captured_at
FROM detections
WHERE camera_id = {camera_id:String} AND captured_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
    AND event_id IN {event_ids:Array(String)}
LIMIT 1 BY event_id"""


async def episodes_of(ask: Questions, camera_id: str, now: datetime) -> list[Episode]:
    """Give what happened at a camera in the last ``EPISODE_DAYS`` days, what goes on first.

    Raises:
        RetryableError: ClickHouse does not answer.
    """
    since = now.replace(second=0, microsecond=0) - timedelta(days=EPISODE_DAYS)
    told = {"camera_id": camera_id, "from": ms(since), **_silent(now)}
    return await ask.query_as(Episode, _OF_CAMERA, told, keep_seconds=_OPEN_KEEP_SECONDS)


async def frames_of(ask: Questions, camera_id: str, event_ids: list[str], since: datetime) -> dict[str, ShownFrame]:
    """Give which frames of a camera these events judged, of those captured from ``since`` on, by event.

    Raises:
        RetryableError: ClickHouse does not answer.
    """
    if not event_ids:
        return {}
    told = {"camera_id": camera_id, "event_ids": event_ids, "from": ms(since.replace(second=0, microsecond=0))}
    rows = await ask.query_as(ShownFrame, _FRAMES, told, keep_seconds=_OPEN_KEEP_SECONDS)
    return {row.event_id: row for row in rows}


async def open_floods(ask: Questions, now: datetime) -> list[Flood]:
    """Give the floods that nothing has ended: first those that go on now, of these confirmed ones first.

    Raises:
        RetryableError: ClickHouse does not answer.
    """
    return await ask.query_as(Flood, _OPEN_FLOODS, _silent(now), keep_seconds=_OPEN_KEEP_SECONDS)


async def past_floods(ask: Questions, from_day: date, to_day: date) -> list[Flood]:
    """Give the newest floods that have ended, of those that began on these days.

    Raises:
        RetryableError: ClickHouse does not answer.
    """
    return await ask.query_as(Flood, _PAST_FLOODS, _days(from_day, to_day), keep_seconds=_PAST_KEEP_SECONDS)


async def flooded_kelurahan(ask: Questions, from_day: date, to_day: date, now: datetime) -> list[FloodedKelurahan]:
    """Give each kelurahan whose public cameras have measured water areas on these days, the wettest first.

    Raises:
        RetryableError: ClickHouse does not answer.
    """
    hour = now.replace(minute=0, second=0, microsecond=0)
    start, end = day_start(from_day), min(day_start(to_day + timedelta(days=1)), hour + timedelta(hours=1))
    period_s = max(1.0, (min(end, hour) - start).total_seconds())
    told = _days(from_day, to_day) | {"start": ms(start), "end": ms(end), "period_s": period_s}
    return await ask.query_as(FloodedKelurahan, _BY_KELURAHAN, told, keep_seconds=_PAST_KEEP_SECONDS)


async def parking_places(ask: Questions, from_day: date, to_day: date) -> list[ParkingPlace]:
    """Give the cameras with confirmed cases on these days, most cases first.

    Raises:
        RetryableError: ClickHouse does not answer.
    """
    return await ask.query_as(ParkingPlace, _PARKING_PLACES, _days(from_day, to_day), keep_seconds=_PAST_KEEP_SECONDS)


async def latest_parking(ask: Questions, from_day: date, to_day: date) -> list[ParkingCase]:
    """Give the latest confirmed cases of these days.

    Raises:
        RetryableError: ClickHouse does not answer.
    """
    return await ask.query_as(ParkingCase, _PARKING_LATEST, _days(from_day, to_day), keep_seconds=_PAST_KEEP_SECONDS)


def _silent(now: datetime) -> dict[str, object]:
    return {"silent": ms(now.replace(second=0, microsecond=0) - SILENT_AFTER)}


def _days(from_day: date, to_day: date) -> dict[str, object]:
    return {"from_day": from_day.isoformat(), "to_day": to_day.isoformat()}
