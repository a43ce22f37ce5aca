"""Rows of a city, made inside ClickHouse: minutes, episodes and a day of raw rows, noisy and with gaps.

Of ten cameras one watches a counter, one a market, seven stand in streets and neighbourhoods, one at a pump. Streets
with a no-parking zone are two of ten, water zones two of ten. A camera's hour is missing once in a hundred; a hundredth
of the cameras is blind for the last three hours. Raw detections are one frame in 15 s: what a frame takes is measured.
Figures have as many decimals as detect gives them.
"""

# ruff: noqa: S608  (statements are made of numbers and of this file's own words)

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.topics import FRAMES
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.registry_rows import CameraRow

FRAME_SECONDS = 15
"""Time between two raw frames of a camera. At the city's one a second a day would be 95 million rows."""
_DAY_MINUTES = 1440

_ID = "concat('cam-', leftPad(toString(c), 4, '0'))"
_GAP = "cityHash64(c, toStartOfHour(inserted_at - INTERVAL 65 SECOND)) % 100 = 0"
_OPEN = "toHour(minute, 'Asia/Jakarta') BETWEEN 8 AND 15 AND toDayOfWeek(minute, 0, 'Asia/Jakarta') < 6"
_MINUTE = "cityHash64(c, intDiv(n, 1440), 7) % 200 != 0 AS valid, toUInt64(n) * 70000 + c * 60 AS version"
_OBSERVED = "60 - (bitShiftRight(h, 8) % 20) / 10 AS observed_s, toFloat64(60) AS expected_s"


@dataclass(frozen=True, slots=True)
class City:
    """How large, and when it ends. ``ruleset`` is the one that is current."""

    cameras: int
    days: int
    until_s: int
    ruleset: str

    def statements(self) -> Iterator[tuple[str, str]]:
        """Give what is inserted: the table, and a SELECT whose columns have the names of the table's."""
        yield CameraRow.TABLE, self._registry()
        for day in range(self.days):
            for table, share, columns in _MINUTES:
                yield table, self._minutes(table, share, columns, day)
        yield "detections", self._raw("detections", _DETECTION)
        yield "frame_outcomes", self._raw("frame_outcomes", _OUTCOME)
        yield "camera_statuses", self._of_day("camera_statuses", _STATUS)
        yield "capture_counters", self._counters()
        for episode_type, kind, share, per_day, columns in _EPISODES:
            yield EpisodeRow.TABLE, self._episodes(episode_type, kind, share, per_day, columns)
        yield "decisions", _DECISIONS

    def _registry(self) -> str:
        return f"""SELECT {_ID} AS camera_id, 1 AS revision, concat('Camera ', toString(c)) AS name,
            transform(c % 10, [0, 1, 9], ['counter', 'market', 'pump'], 'street') AS kind,
            concat('Kecamatan ', toString(c % 16)) AS kecamatan, concat('Kelurahan ', toString(c % 176)) AS kelurahan,
            1 AS sample_fps, 'active' AS state, 1 AS version
        FROM (SELECT toUInt32(number) AS c FROM numbers({self.cameras}))"""

    def _minutes(self, table: str, share: tuple[int, ...], columns: str, day: int) -> str:
        """A table's minutes of one day, by camera and minute: the order of its key."""
        first, stop = day * _DAY_MINUTES, (self.days * _DAY_MINUTES) - 180
        return f"""SELECT {_ID} AS camera_id, {columns},
            {_MINUTE}, '{self.ruleset}' AS ruleset, minute + INTERVAL 65 SECOND AS inserted_at
        FROM (SELECT *, cityHash64(c, n) AS h,
            toDateTime64({self.until_s - self.days * 86_400}, 3, 'UTC') + toIntervalMinute(n) AS minute FROM (
            SELECT toUInt32([{", ".join(map(str, share))}][intDiv(number, 1440) % {len(share)} + 1]
                + intDiv(intDiv(number, 1440), {len(share)}) * 10) AS c, toUInt32({first} + number % 1440) AS n
            FROM numbers(intDiv({self.cameras}, 10) * {len(share)} * 1440)))
        WHERE NOT ({_GAP}) AND NOT (c % 100 = 0 AND n >= {stop})"""

    def _raw(self, table: str, columns: str) -> str:
        frames = 86_400 // FRAME_SECONDS
        return f"""SELECT {_ID} AS camera_id, {columns}, '{self.ruleset}' AS ruleset,
            captured_at + INTERVAL 65 SECOND AS inserted_at
        FROM (SELECT *, cityHash64(c, f) AS h, toDateTime64({self.until_s - 86_400}, 3, 'UTC')
            + toIntervalMillisecond(f * {FRAME_SECONDS * 1000} + h % 1000) AS captured_at FROM (
            SELECT toUInt32(intDiv(number, {frames})) AS c, toUInt32(number % {frames}) AS f
            FROM numbers({self.cameras * frames})))
        WHERE NOT ({_GAP})"""

    def _of_day(self, table: str, columns: str) -> str:
        return f"""SELECT {_ID} AS camera_id, {columns}, '{self.ruleset}' AS ruleset,
            reported_at + INTERVAL 1 SECOND AS inserted_at
        FROM (SELECT *, cityHash64(c, n) AS h,
            toDateTime64({self.until_s - 86_400}, 3, 'UTC') + toIntervalMinute(n) AS reported_at FROM (
            SELECT toUInt32(intDiv(number, 1440)) AS c, toUInt32(number % 1440) AS n
            FROM numbers({self.cameras * _DAY_MINUTES})))"""

    def _counters(self) -> str:
        return f"""SELECT {_ID} AS camera_id, {self.until_s - 86_400 * self.days} * 1000 AS owner_epoch,
            2592000 AS captured, concat('ingest-', toString(c % 4)) AS ingest_instance,
            if(c % 100 = 0, 'backing_off', 'live') AS state, now64(3) + INTERVAL 1 HOUR AS active_at,
            now64(3) AS reported_at, '{self.ruleset}' AS ruleset, 1 AS version
        FROM (SELECT toUInt32(number) AS c FROM numbers({self.cameras}))"""

    def _episodes(self, episode_type: str, kind: str, share: tuple[int, ...], per_day: int, columns: str) -> str:
        rows = self.cameras // 10 * len(share) * self.days * per_day
        return f"""SELECT {_ID} AS camera_id, {_hex(2, "h")} AS episode_id,
            '{episode_type}' AS episode_type, '{kind}' AS kind, 'zone' AS zone_id, 'ended' AS phase,
            'suspected' AS review,
            toDateTime64({self.until_s}, 3, 'UTC') - toIntervalSecond(h % {self.days * 86_400}) AS started_at,
            started_at + toIntervalSecond(300 + bitShiftRight(h, 9) % 3000) AS last_seen_at, last_seen_at AS ended_at,
            'left' AS ended_because, {_hex(2, "h + 1")} AS first_event_id, {_hex(2, "h + 2")} AS best_event_id,
            {_hex(2, "h + 3")} AS last_event_id, ['stationary'] AS why_names, [300 + h % 100] AS why_values,
            [300.] AS why_thresholds, ['s'] AS why_units, {columns}, '{self.ruleset}' AS ruleset, number AS version,
            last_seen_at AS inserted_at
        FROM (SELECT number, toUInt32([{", ".join(map(str, share))}][number % {len(share)} + 1]
            + intDiv(number, {len(share)}) % {self.cameras // 10} * 10) AS c, cityHash64(number, '{episode_type}') AS h
            FROM numbers({rows}))"""


def _hex(parts: int, of: str) -> str:
    return "lower(concat(" + ", ".join(f"hex(cityHash64({of}, {n}))" for n in range(parts)) + "))"


def _array(of: str) -> str:
    return f"arrayMap(i -> {of}, range(h % 9))"


_CAMERA_MINUTE = f"""minute, 1 AS camera_revision, 55 + h % 6 AS frames, frames - (h % 97 = 0) AS detected,
    toUInt64(h % 97 = 0) AS shed_stale, {_OBSERVED}, false AS simulated,
    0.1 + bitShiftRight(h, 16) % 300 / 1000 AS age_appended_p50_s, age_appended_p50_s * 2.5 AS age_appended_p95_s,
    0.4 + bitShiftRight(h, 24) % 600 / 1000 AS age_detected_p50_s, age_detected_p50_s * 1.7 AS age_detected_p95_s"""
_COUNTER_MINUTE = f"""minute, 1 AS camera_revision, 55 + h % 6 AS frames, if({_OPEN}, 'open', 'closed') AS opening,
    true AS queue_known, if(opening = 'open', bitShiftRight(h, 16) % 120 / 17, 0) AS queue_mean,
    round(queue_mean) AS queue_median, toUInt64(ceil(queue_mean * 1.4)) AS queue_max, true AS staffed_known,
    {_OBSERVED}, if(opening = 'open', observed_s * (50 + h % 51) / 100, 0) AS staffed_s,
    staffed_s / observed_s AS staffed_ratio, c % 3 = 0 AS served_known,
    toUInt64(served_known AND opening = 'open') * (h % 4) AS served, served > 2 AS waiting_known,
    if(waiting_known, queue_mean * observed_s / served, 0) AS waiting_s"""
_PARKING_MINUTE = f"""'zone' AS zone_id, minute, 1 AS camera_revision, 55 + h % 6 AS frames,
    toHour(minute, 'Asia/Jakarta') BETWEEN 6 AND 20 AS in_force, bitShiftRight(h, 16) % 200 / 37 AS vehicles_mean,
    toUInt64(ceil(vehicles_mean * 1.3)) AS vehicles_max, {_OBSERVED}, vehicles_mean * observed_s AS vehicle_seconds,
    toUInt64(h % 20 = 0) AS cases_open_max"""
_FLOOD_MINUTE = f"""'zone' AS zone_id, minute, 1 AS camera_revision, 55 + h % 6 AS frames,
    if(cityHash64(c, intDiv(n, 180)) % 150 = 0, 'flood', 'dry') AS state,
    if(state = 'flood', 0.4, 0.01) + bitShiftRight(h, 16) % 100 / 3000 AS ratio_mean, ratio_mean * 1.2 AS ratio_max,
    0.7 + bitShiftRight(h, 24) % 300 / 1000 AS reliability_mean, {_OBSERVED}"""
_MINUTES = (
    ("camera_minutes", tuple(range(10)), _CAMERA_MINUTE),
    ("counter_minutes", (0,), _COUNTER_MINUTE),
    ("parking_minutes", (2, 3), _PARKING_MINUTE),
    ("flood_minutes", (8, 9), _FLOOD_MINUTE),
)

_DETECTION = f"""captured_at, 1790000000000 AS owner_epoch, f AS sequence, {_hex(2, "h")} AS event_id,
    1 AS camera_revision, 'rtsp' AS source_kind, '{FRAMES.name}' AS frame_topic, c % 48 AS frame_partition,
    toUInt64(f) * 25 + c AS frame_offset, captured_at + INTERVAL 120 MILLISECOND AS appended_at,
    captured_at + toIntervalMillisecond(600 + h % 400) AS detected_at, 1280 AS width, 720 AS height,
    'nanodet' AS detector_name, '1x1' AS detector_tiles,
    {_array("['person', 'motorcycle', 'car', 'truck'][cityHash64(h, i, 1) % 4 + 1]")} AS object_labels,
    arrayReverseSort({_array("0.35 + cityHash64(h, i, 2) % 6500 / 10000")}) AS object_scores,
    {_array("cityHash64(h, i, 3) % 90000 / 100000")} AS object_lefts,
    {_array("cityHash64(h, i, 4) % 90000 / 100000")} AS object_tops,
    arrayMap(x -> round(x + 0.05, 5), object_lefts) AS object_rights,
    arrayMap(x -> round(x + 0.1, 5), object_tops) AS object_bottoms,
    0.4 + h % 1009 / 10000 AS luma, 0.2 + h % 1013 / 10000 AS contrast,
    200 + h % 10007 / 100 AS sharpness, {_hex(1, "h")} AS content_hash, {_hex(4, "h, 5")} AS signature,
    0.8 + h % 101 / 1000 AS reliability,
    if(c % 10 >= 8, concat(repeat(char(2), 288), randomString(288)), '') AS water, toUInt64(f) * 66000 + c AS version,
    version AS source_offset"""
_OUTCOME = f"""1790000000000 AS owner_epoch, f AS sequence, if(h % 97 = 0, 'shed', 'detected') AS outcome,
    if(h % 97 = 0, 'stale', '') AS reason, toStartOfMinute(captured_at) AS minute, captured_at,
    captured_at + INTERVAL 120 MILLISECOND AS appended_at,
    captured_at + toIntervalMillisecond(600 + h % 400) AS judged_at, {_hex(2, "h")} AS event_id, 1 AS camera_revision,
    'rtsp' AS source_kind, toUInt64(f) * 66000 + c AS version"""
_STATUS = f"""reported_at, {_hex(2, "h")} AS event_id, 1790000000000 AS owner_epoch, 1 AS camera_revision,
    concat('ingest-', toString(c % 4)) AS ingest_instance, 'rtsp' AS source_kind, 'live' AS state,
    toUInt64(n) * 60 AS captured, map('late', toUInt64(intDiv(n, 100))) AS missed, captured * 60000 AS bytes,
    toUInt64(n) * 66000 + c AS version"""
_EPISODES = (
    ("parking_case", "", (2, 3), 12, "'car' AS vehicle, 300 + toFloat64(h % 3000) AS dwell_s"),
    ("counter_episode", "unattended", (0,), 15, "h % 12 AS people_waiting_max"),
    ("flood_episode", "", (8, 9), 1, "0.2 + h % 800 / 1000 AS peak_ratio, last_seen_at AS cleared_at"),
    ("camera_incident", "covered", (0, 5), 1, "true AS quarantined"),
)
_DECISIONS = """SELECT camera_id, reverse(episode_id) AS event_id,
        if(cityHash64(episode_id) % 5 = 0, 'episode_rejected', 'episode_confirmed') AS decision,
        last_seen_at + INTERVAL 1 HOUR AS decided_at, decided_at AS effective_at, 'Sari' AS decided_by, episode_id,
        ruleset, version
    FROM episodes WHERE cityHash64(episode_id, 1) % 3 = 0"""
