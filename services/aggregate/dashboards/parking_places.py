"""Where vehicles stand again and again, at which hours, and whether it grows."""

# ruff: noqa: S608  (statements are made of this package's own words)

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.dashboard import Column, Panel, Query, Section, Text, Threshold, paragraph
from services.aggregate.dashboards.episode_columns import (
    CONFIRMED,
    KELURAHAN,
    LINK_COLUMNS,
    NAME,
    REJECTED,
    UNKNOWN,
    ZONE,
)
from services.aggregate.dashboards.variables import CHOSEN_CAMERAS

BEGAN: Final = f"""e.episode_type = 'parking_case' AND NOT e.simulated AND $__timeFilter(e.started_at)
        AND e.{CHOSEN_CAMERAS}"""
"""The condition under which an episode ``e`` is a case of a chosen camera that began in the range."""

IN_RANGE: Final = f"h.hour >= toStartOfHour($__fromTime) AND h.hour <= $__toTime AND h.{CHOSEN_CAMERAS}"
"""The same of an hour ``h`` of ``parking_hours``."""

STREET: Final = Text(
    "The registry knows no streets: a camera stands for its street. Times are Asia/Jakarta.",
    "Registri tidak mengenal nama jalan: satu kamera mewakili jalannya. Waktu dalam WIB.",
)
DWELLS: Final = (Threshold(0, "text"), Threshold(1800, "orange"), Threshold(7200, "red"))

_REPEAT: Final = Panel(
    "table",
    Text("Places where it happens again", "Tempat yang berulang kali dilanggar"),
    paragraph(
        Text(
            "No-parking zones with at least one case that began in the range, rejected ones left out. *Per 10 h*"
            " divides by the hours in which the zone was seen, validly, while parking was forbidden: compare places by"
            " that, not by *cases*, for a camera that sees half of the day has half of the cases. *Watched* under 5"
            " hours: no rate is given. *Days* are days with a case. Hours are up to 7 minutes behind.",
            "Zona larangan parkir dengan sedikitnya satu kasus yang mulai dalam rentang waktu, tanpa yang ditolak."
            " *Per 10 jam* membagi dengan jam saat zona terlihat dan valid selama larangan berlaku: bandingkan tempat"
            " dengan angka itu, bukan dengan *kasus*, karena kamera yang melihat setengah hari hanya mencatat"
            " setengahnya. *Terpantau* di bawah 5 jam: angkanya tidak diberikan. *Hari* adalah hari dengan kasus. Data"
            " jam bisa tertinggal 7 menit.",
        ),
        STREET,
    ),
    (
        Query(f"""SELECT c.name AS name, c.kelurahan AS kelurahan, e.zone_id AS zone_id, e.cases AS cases,
    e.days AS days, h.forbidden_s AS watched_s,
    if(h.forbidden_s >= 18000, 36000 * e.cases / h.forbidden_s, NULL) AS per_10_hours,
    e.dwell_median AS dwell_median, e.dwell_max AS dwell_max, e.confirmed AS confirmed, e.rejected AS rejected,
    e.camera_id AS camera_id, e.at AS at
FROM
(
    SELECT e.camera_id AS camera_id, e.zone_id AS zone_id, countIf(e.review != 'rejected') AS cases,
        uniqExactIf(toDate(e.started_at, 'Asia/Jakarta'), e.review != 'rejected') AS days,
        quantileIf(0.5)(e.dwell_s, e.review != 'rejected') AS dwell_median,
        maxIf(e.dwell_s, e.review != 'rejected') AS dwell_max, countIf(e.review = 'confirmed') AS confirmed,
        countIf(e.review = 'rejected') AS rejected, maxIf(e.last_seen_at, e.review != 'rejected') AS at
    FROM episodes_reviewed AS e
    WHERE {BEGAN}
    GROUP BY e.camera_id, e.zone_id
    HAVING cases > 0
) AS e
LEFT JOIN
(
    SELECT h.camera_id AS camera_id, h.zone_id AS zone_id, sum(h.forbidden_s) AS forbidden_s
    FROM parking_hours AS h FINAL
    WHERE {IN_RANGE}
    GROUP BY camera_id, zone_id
) AS h ON h.camera_id = e.camera_id AND h.zone_id = e.zone_id
LEFT JOIN current_cameras AS c ON c.camera_id = e.camera_id
ORDER BY e.cases DESC, e.dwell_max DESC, camera_id
LIMIT 200"""),
    ),
    {
        "name": NAME,
        "kelurahan": KELURAHAN,
        "zone_id": ZONE,
        "cases": Column(Text("Cases", "Kasus"), width_px=75),
        "days": Column(Text("Days", "Hari"), width_px=70),
        "watched_s": Column(
            Text("Watched", "Terpantau"),
            "s",
            decimals=1,
            thresholds=(Threshold(0, "orange"), Threshold(18000, "text")),
            width_px=95,
        ),
        "per_10_hours": Column(Text("Per 10 h", "Per 10 jam"), decimals=1, width_px=90, no_data=UNKNOWN),
        "dwell_median": Column(Text("Median stay", "Median lama"), "s", decimals=0, width_px=105),
        "dwell_max": Column(Text("Longest", "Terlama"), "s", decimals=1, thresholds=DWELLS, width_px=95),
        "confirmed": Column(CONFIRMED, width_px=105),
        "rejected": Column(REJECTED, width_px=85),
        **LINK_COLUMNS,
    },
    width=24,
    height=11,
    no_data=Text("no case in the range", "tidak ada kasus dalam rentang waktu"),
)

_STREETS: Final = 15
_HOURS: Final = tuple(f"h{hour:02}" for hour in range(24))
_HEAT: Final = (Threshold(0, "text"), Threshold(1, "yellow"), Threshold(5, "orange"), Threshold(15, "red"))
"""Of a street and an hour of the day, over the range: chosen so that each second day of a month is red."""


def _cells() -> str:
    """Give the columns of the hours: cases, or NULL where none began and the street was not watched in that hour."""
    cells = (
        f"if(e.by_hour[{hour + 1}] > 0 OR has(w.hours, {hour}), e.by_hour[{hour + 1}], NULL) AS {name}"
        for hour, name in enumerate(_HOURS)
    )
    return ",\n    ".join(cells)


_BY_STREET_AND_HOUR: Final = Panel(
    "table",
    Text("By street and hour", "Per jalan dan jam"),
    paragraph(
        Text(
            f"The {_STREETS} streets with most cases in the range, and how many began in each hour of the day;"
            " rejected ones left out. A dash: in that hour the street was not watched while parking was forbidden, so"
            " nobody knows.",
            f"{_STREETS} jalan dengan kasus terbanyak dalam rentang waktu, dan berapa yang mulai pada tiap jam; tanpa"
            " yang ditolak. Tanda pisah: pada jam itu jalannya tidak terpantau selama larangan berlaku, jadi tidak"
            " diketahui.",
        ),
        STREET,
    ),
    (
        Query(f"""SELECT c.name AS name, e.cases AS cases,
    {_cells()},
    e.camera_id AS camera_id, e.at AS at
FROM
(
    SELECT e.camera_id AS camera_id, count() AS cases, max(e.started_at) AS at,
        sumForEach(arrayMap(n -> toUInt64(n = toHour(e.started_at, 'Asia/Jakarta')), range(24))) AS by_hour
    FROM episodes_reviewed AS e
    WHERE {BEGAN} AND e.review != 'rejected'
    GROUP BY camera_id
    ORDER BY cases DESC, camera_id
    LIMIT {_STREETS}
) AS e
LEFT JOIN
(
    SELECT h.camera_id AS camera_id, groupUniqArray(toHour(h.hour, 'Asia/Jakarta')) AS hours
    FROM parking_hours AS h FINAL
    WHERE {IN_RANGE} AND h.forbidden_s > 0
    GROUP BY camera_id
) AS w ON w.camera_id = e.camera_id
LEFT JOIN current_cameras AS c ON c.camera_id = e.camera_id
ORDER BY cases DESC, camera_id"""),
    ),
    {
        "name": NAME,
        "cases": Column(Text("Cases", "Kasus"), width_px=70),
        **{name: Column(Text(name[1:], name[1:]), thresholds=_HEAT, width_px=44, no_data=UNKNOWN) for name in _HOURS},
        **LINK_COLUMNS,
    },
    width=24,
    height=10,
    no_data=Text("no case in the range", "tidak ada kasus dalam rentang waktu"),
)

PLACES: Final = Section(Text("Repeat places", "Tempat berulang"), (_REPEAT, _BY_STREET_AND_HOUR))
