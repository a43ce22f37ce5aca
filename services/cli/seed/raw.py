"""Raw frames of the simulated city's last hours: an outcome of each, a detection of each that was judged.

They are the frames that the minutes up to its end count, numbered from 0 in the newest ownership, so that its
accounting has no difference. Figures have as many decimals as detect gives them.
"""

# ruff: noqa: S608  (statements are made of numbers and of this package's own words)

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from schemas.topics import FRAMES
from services.cli.seed.city import MINUTE, City
from services.cli.seed.episodes import at, hex_id


def raw_statements(city: City) -> Iterator[tuple[str, str]]:
    """Give what is inserted in order: the table, and a SELECT whose columns have the names of the table's."""
    if city.raw_hours:
        yield "frame_outcomes", _frames(city, _OUTCOME, "1")
        yield "detections", _frames(city, _DETECTION, "outcome = 'detected'")


def _frames(city: City, columns: str, where: str) -> str:
    """Give a row for each frame of a minute: which of them were shed is drawn, how many is what the minute says."""
    first = city.epochs_s[2]
    return f"""SELECT camera_id, {columns}, '{city.ruleset}' AS ruleset,
        {at("captured_ms / 1000")} + INTERVAL 3 SECOND AS inserted_at
    FROM (
        SELECT *, before + n AS sequence, cityHash64({city.seed}, number, sequence, 'raw') AS h,
            toUInt64(m) * 1000 + intDiv(n * {MINUTE * 1000}, frames) + h % 150 AS captured_ms,
            {first}000 + number AS owner_epoch,
            multiIf(n < detected, ('detected', ''), n < detected + shed_stale, ('shed', 'stale'),
                n < detected + shed_stale + shed_overload, ('shed', 'overload'), ('dead_lettered',
                    'undecodable')) AS became,
            became.1 AS outcome, became.2 AS reason, {hex_id("camera_id", "captured_ms")} AS event_id
        FROM (
            SELECT number, camera_id, source_kind, water_zone, toUInt32(toUnixTimestamp(minute)) AS m, frames, detected,
                shed_stale, shed_overload,
                sum(frames) OVER (PARTITION BY camera_id ORDER BY minute ROWS BETWEEN UNBOUNDED PRECEDING
                    AND CURRENT ROW)
                    - frames AS before
            FROM camera_minutes AS m INNER JOIN seed_cameras AS c ON c.camera_id = m.camera_id
            WHERE minute >= {at(str(first))} AND minute < {at(str(city.until_s))}
        ) ARRAY JOIN range(frames) AS n
    ) WHERE {where}"""


_OUTCOME: Final = f"""owner_epoch, sequence, outcome, reason, {at("m")} AS minute,
    {at("captured_ms / 1000")} AS captured_at,
    captured_at + INTERVAL 120 MILLISECOND AS appended_at, captured_at + toIntervalMillisecond(600 + h % 400)
        AS judged_at,
    event_id, 1 AS camera_revision, source_kind, toUInt64(sequence) AS version"""


def _array(of: str) -> str:
    return f"arrayMap(i -> {of}, range(h % 9))"


_NOISE: Final = "arrayStringConcat(arrayMap(i -> toString(MD5(concat(toString(h), toString(i)))), range(18)))"
_DETECTION: Final = f"""{at("captured_ms / 1000")} AS captured_at, owner_epoch, sequence, event_id,
    1 AS camera_revision, source_kind,
    '{FRAMES.name}' AS frame_topic, number % 48 AS frame_partition, sequence * 25 + number AS frame_offset,
    captured_at + INTERVAL 120 MILLISECOND AS appended_at, captured_at + toIntervalMillisecond(600 + h % 400)
        AS detected_at,
    1280 AS width, 720 AS height, 'nanodet' AS detector_name, '{"5eed" * 16}' AS detector_weights_sha256,
        '1x1' AS detector_tiles,
    {_array("['person', 'motorcycle', 'car', 'truck'][cityHash64(h, i, 1) % 4 + 1]")} AS object_labels,
    arrayReverseSort({_array("0.35 + cityHash64(h, i, 2) % 6500 / 10000")}) AS object_scores,
    {_array("cityHash64(h, i, 3) % 90000 / 100000")} AS object_lefts,
    {_array("cityHash64(h, i, 4) % 90000 / 100000")} AS object_tops,
    arrayMap(x -> round(x + 0.05, 5), object_lefts) AS object_rights,
    arrayMap(x -> round(x + 0.1, 5), object_tops) AS object_bottoms,
    0.4 + h % 1009 / 10000 AS luma, 0.2 + h % 1013 / 10000 AS contrast, 200 + h % 10007 / 100 AS sharpness,
    lower(hex(h)) AS content_hash, concat(event_id, {hex_id("h")}) AS signature, 0.8 + h % 101 / 1000 AS reliability,
    if(water_zone != '', concat(repeat(char(2), 288), {_NOISE}), '') AS water,
    if(water_zone != '', 'water', '') AS water_detector_name, toUInt64(sequence) AS version, version AS source_offset"""
