"""The marts: views for people who work with the data, what each is asked for, and how a period of it is chosen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mart:
    """A documented view, with the question that it answers best.

    Attributes:
        name: Of the view.
        period_column: The column by which a period of it is chosen: ``day``, a date in Asia/Jakarta, or a time in UTC.
        order: Columns that put its rows into one order, the same each time.
        question: What its example answers.
        example: SQL with ``{from_day:Date}`` and ``{to_day:Date}``, both included, Asia/Jakarta; and perhaps
            ``{camera_id:String}``.
    """

    name: str
    period_column: str
    order: tuple[str, ...]
    question: str
    example: str


MARTS: tuple[Mart, ...] = (
    Mart(
        "flood_daily_by_kelurahan",
        "day",
        ("day", "kecamatan", "kelurahan"),
        "On how many days was each kelurahan flooded, and for how long in all?",
        """SELECT kecamatan, kelurahan, countIf(flood_minutes > 0) AS days_flooded, sum(flood_minutes) AS minutes,
    countIf(NOT known) AS days_not_observed, round(avg(observed_ratio), 2) AS observed
FROM flood_daily_by_kelurahan
WHERE day BETWEEN {from_day:Date} AND {to_day:Date}
GROUP BY kecamatan, kelurahan
ORDER BY minutes DESC, kecamatan, kelurahan
LIMIT 20""",
    ),
    Mart(
        "flood_events",
        "day",
        ("started_at", "camera_id", "episode_id"),
        "How long did it take from a flood's onset until a person first decided about it?",
        """SELECT kecamatan, count() AS floods, round(quantile(0.5)(onset_to_review_s) / 60) AS median_minutes,
    round(max(onset_to_review_s) / 60) AS longest_minutes
FROM flood_events
WHERE day BETWEEN {from_day:Date} AND {to_day:Date} AND reviewed_known
GROUP BY kecamatan
ORDER BY median_minutes DESC, kecamatan""",
    ),
    Mart(
        "parking_cases",
        "day",
        ("started_at", "camera_id", "episode_id"),
        "At which places do vehicles stand again and again where they must not?",
        """SELECT camera_id, name, kelurahan, uniqExact(day) AS days, count() AS cases,
    countIf(review = 'confirmed') AS confirmed, round(avg(dwell_s) / 60, 1) AS mean_minutes
FROM parking_cases
WHERE day BETWEEN {from_day:Date} AND {to_day:Date} AND review != 'rejected'
GROUP BY camera_id, name, kelurahan
ORDER BY cases DESC, camera_id
LIMIT 20""",
    ),
    Mart(
        "counter_service_hourly",
        "day",
        ("hour", "camera_id"),
        "At which hours do people wait longest, and is somebody at the counter then?",
        """SELECT hour_of_day, sum(open_minutes) AS minutes, round(sum(queue_person_s) / sum(queue_s), 2) AS queue_mean,
    round(sum(staffed_s) / sum(staff_s), 2) AS staffed_ratio, sum(unattended) AS times_unattended
FROM counter_service_hourly
WHERE day BETWEEN {from_day:Date} AND {to_day:Date} AND queue_known AND staffed_known
GROUP BY hour_of_day
ORDER BY hour_of_day""",
    ),
    Mart(
        "camera_uptime_daily",
        "day",
        ("day", "camera_id"),
        "Which cameras saw least, on how many days nothing, and on how many had no worker?",
        """SELECT camera_id, name, kelurahan, round(sum(observed_s) / sum(day_s), 3) AS uptime,
    countIf(frames = 0 AND owned) AS dark_days, countIf(NOT owned) AS days_without_owner,
    round(sum(bytes) / 1e9, 2) AS gigabytes
FROM camera_uptime_daily
WHERE day BETWEEN {from_day:Date} AND {to_day:Date} AND state = 'active'
GROUP BY camera_id, name, kelurahan
ORDER BY uptime, camera_id
LIMIT 20""",
    ),
    Mart(
        "incident_log",
        "day",
        ("started_at", "camera_id", "episode_id"),
        "What happened on a day, in order?",
        """SELECT toTimeZone(started_at, 'Asia/Jakarta') AS at, name, kelurahan, episode_type, kind,
    round(duration_s) AS seconds, review, portal_path
FROM incident_log
WHERE day BETWEEN {from_day:Date} AND {to_day:Date}
ORDER BY started_at, camera_id, episode_id
LIMIT 100""",
    ),
    Mart(
        "open_daily_by_kelurahan",
        "day",
        ("day", "kecamatan", "kelurahan"),
        "What may be published of each kelurahan?",
        """SELECT day, kecamatan, kelurahan, cameras, cameras_observed, flood_known, flood_minutes, floods_confirmed,
    parking_confirmed
FROM open_daily_by_kelurahan
WHERE day BETWEEN {from_day:Date} AND {to_day:Date}
ORDER BY day, kecamatan, kelurahan
LIMIT 1000""",
    ),
    Mart(
        "frame_accounting_minutely",
        "minute",
        ("minute", "camera_id"),
        "How old were a camera's facts when their row was there, by hour? Name a camera: single frames are read.",
        """SELECT toStartOfHour(minute) AS hour, sum(frames) AS all_frames, sum(detected) AS judged,
    round(max(age_row_p95_s), 1) AS worst_p95_s
FROM frame_accounting_minutely
WHERE toDate(minute, 'Asia/Jakarta') BETWEEN {from_day:Date} AND {to_day:Date}
    AND camera_id = {camera_id:String}
GROUP BY hour
ORDER BY hour""",
    ),
)


def mart(name: str) -> Mart | None:
    """Give the mart of a name; None: there is none."""
    return next((one for one in MARTS if one.name == name), None)
