"""Where vehicles stand again and again, at which hours, and whether it grows."""

# ruff: noqa: S608  (statements are made of this package's own words)

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.dashboard import Column, Panel, Query, Section, Text, Threshold, paragraph
from services.aggregate.dashboards.episode_columns import (
    CONFIRMED,
    ENDED_BECAUSE,
    KELURAHAN,
    LINK_COLUMNS,
    NAME,
    REJECTED,
    STARTED,
    SUSPECTED,
    VEHICLE,
    ZONE,
    review_column,
)
from services.aggregate.dashboards.variables import CHOSEN_CAMERAS

_BEGAN: Final = f"""e.episode_type = 'parking_case' AND NOT e.simulated AND $__timeFilter(e.started_at)
        AND e.{CHOSEN_CAMERAS}"""
_IN_RANGE: Final = f"h.hour >= toStartOfHour($__fromTime) AND h.hour <= $__toTime AND h.{CHOSEN_CAMERAS}"
_STREET: Final = Text(
    "The registry knows no streets: a camera stands for its street. Times are Asia/Jakarta.",
    "Registri tidak mengenal nama jalan: satu kamera mewakili jalannya. Waktu dalam WIB.",
)
_REVIEWS: Final = {
    "confirmed": Column(CONFIRMED, "short"),
    "suspected": Column(SUSPECTED, "short"),
    "rejected": Column(REJECTED, "short"),
}
_COUNTED_REVIEWS: Final = """countIf(e.review = 'confirmed') AS confirmed, countIf(e.review = 'suspected') AS suspected,
        countIf(e.review = 'rejected') AS rejected"""
_DWELLS: Final = (Threshold(0, "text"), Threshold(1800, "orange"), Threshold(7200, "red"))

_REPEAT: Final = Panel(
    "table",
    Text("Places where it happens again", "Tempat yang berulang kali dilanggar"),
    paragraph(
        Text(
            "No-parking zones with at least one case that began in the range, rejected ones left out. *Per 10 h*"
            " divides by the hours in which the zone was seen, validly, while parking was forbidden: compare places by"
            " that, not by *cases*, for a camera that sees half of the day has half of the cases. *Watched* under 5"
            " hours (grey rate) says little. *Days* are days with a case. Hours are up to 7 minutes behind.",
            "Zona larangan parkir dengan sedikitnya satu kasus yang mulai dalam rentang waktu, tanpa yang ditolak."
            " *Per 10 jam* membagi dengan jam saat zona terlihat dan valid selama larangan berlaku: bandingkan tempat"
            " dengan angka itu, bukan dengan *kasus*, karena kamera yang melihat setengah hari hanya mencatat"
            " setengahnya. *Terpantau* di bawah 5 jam: angkanya tidak diberikan. *Hari* adalah hari dengan kasus. Data"
            " jam bisa tertinggal 7 menit.",
        ),
        _STREET,
    ),
    (
        Query(f"""SELECT c.name AS name, c.kelurahan AS kelurahan, e.zone_id AS zone_id, e.cases AS cases,
    e.days AS days, h.forbidden_s AS watched_s, if(h.forbidden_s >= 18000, 36000 * e.cases / h.forbidden_s, NULL) AS per_10_hours,
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
    WHERE {_BEGAN}
    GROUP BY e.camera_id, e.zone_id
    HAVING cases > 0
) AS e
LEFT JOIN
(
    SELECT h.camera_id AS camera_id, h.zone_id AS zone_id, sum(h.forbidden_s) AS forbidden_s
    FROM parking_hours AS h FINAL
    WHERE {_IN_RANGE}
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
            Text("Watched", "Terpantau"), "s", decimals=1, thresholds=(Threshold(0, "orange"), Threshold(18000, "text"))
        ),
        "per_10_hours": Column(Text("Per 10 h", "Per 10 jam"), decimals=1, width_px=90),
        "dwell_median": Column(Text("Median stay", "Median lama"), "s", decimals=0, width_px=105),
        "dwell_max": Column(Text("Longest", "Terlama"), "s", decimals=1, thresholds=_DWELLS, width_px=95),
        "confirmed": Column(CONFIRMED, width_px=105),
        "rejected": Column(REJECTED, width_px=85),
        **LINK_COLUMNS,
    },
    width=24,
    height=11,
    no_data=Text("no case in the range", "tidak ada kasus dalam rentang waktu"),
)

_BY_HOUR: Final = Panel(
    "barchart",
    Text("Cases by hour of the day", "Kasus per jam dalam sehari"),
    paragraph(
        Text(
            "Cases of the range by the hour in which they began. An hour without a figure: no zone was watched while"
            " parking was forbidden. A case that began before its timetable counts in the hour in which the vehicle"
            " came.",
            "Kasus dalam rentang waktu menurut jam mulainya. Jam tanpa angka: tidak ada zona yang terpantau selama"
            " larangan berlaku. Kasus yang mulai sebelum jadwalnya dihitung pada jam kendaraannya datang.",
        ),
        _STREET,
    ),
    (
        Query(f"""SELECT leftPad(toString(hour_number), 2, '0') AS hour_of_day,
    if(seconds > 0 OR cases > 0, confirmed, NULL) AS confirmed,
    if(seconds > 0 OR cases > 0, suspected, NULL) AS suspected,
    if(seconds > 0 OR cases > 0, rejected, NULL) AS rejected
FROM
(
    SELECT hour_number, sum(u.confirmed) AS confirmed, sum(u.suspected) AS suspected, sum(u.rejected) AS rejected,
        sum(u.seconds) AS seconds, confirmed + suspected + rejected AS cases
    FROM
    (
        SELECT toHour(e.started_at, 'Asia/Jakarta') AS hour_number, {_COUNTED_REVIEWS}, 0. AS seconds
        FROM episodes_reviewed AS e
        WHERE {_BEGAN}
        GROUP BY hour_number
        UNION ALL
        SELECT toHour(h.hour, 'Asia/Jakarta'), 0, 0, 0, sum(h.forbidden_s)
        FROM parking_hours AS h FINAL
        WHERE {_IN_RANGE}
        GROUP BY 1
    ) AS u
    GROUP BY hour_number
    ORDER BY hour_number WITH FILL FROM 0 TO 24
)
ORDER BY hour_of_day"""),
    ),
    {"hour_of_day": Column(Text("Hour", "Jam"), "string"), **_REVIEWS},
    stacked=True,
    width=12,
    height=9,
)

_BY_DAY: Final = Panel(
    "barchart",
    Text("Cases by day, 30 days", "Kasus per hari, 30 hari"),
    Text(
        "Cases by the day (Asia/Jakarta) on which they began, for the 30 days up to the end of the range, whatever the"
        " range is. A day without a figure: no zone was watched while parking was forbidden. Read a low day beside the"
        " cameras' gaps before calling it a quiet one.",
        "Kasus menurut hari mulainya (WIB), 30 hari sampai akhir rentang waktu, berapa pun rentangnya. Hari tanpa"
        " angka: tidak ada zona yang terpantau selama larangan berlaku. Sebelum menyebut suatu hari sepi, lihat dulu"
        " jeda kameranya.",
    ),
    (
        Query(f"""SELECT toString(day) AS date, if(seconds > 0 OR cases > 0, confirmed, NULL) AS confirmed,
    if(seconds > 0 OR cases > 0, suspected, NULL) AS suspected, if(seconds > 0 OR cases > 0, rejected, NULL) AS rejected
FROM
(
    SELECT day, sum(u.confirmed) AS confirmed, sum(u.suspected) AS suspected, sum(u.rejected) AS rejected,
        sum(u.seconds) AS seconds, confirmed + suspected + rejected AS cases
    FROM
    (
        SELECT toDate(e.started_at, 'Asia/Jakarta') AS day, {_COUNTED_REVIEWS}, 0. AS seconds
        FROM episodes_reviewed AS e
        WHERE e.episode_type = 'parking_case' AND NOT e.simulated AND e.{CHOSEN_CAMERAS}
            AND e.started_at >= toStartOfDay($__toTime, 'Asia/Jakarta') - INTERVAL 29 DAY AND e.started_at <= $__toTime
        GROUP BY day
        UNION ALL
        SELECT toDate(h.hour, 'Asia/Jakarta'), 0, 0, 0, sum(h.forbidden_s)
        FROM parking_hours AS h FINAL
        WHERE h.hour >= toStartOfDay($__toTime, 'Asia/Jakarta') - INTERVAL 29 DAY AND h.hour <= $__toTime
            AND h.{CHOSEN_CAMERAS}
        GROUP BY 1
    ) AS u
    GROUP BY day
    ORDER BY day WITH FILL FROM toDate($__toTime, 'Asia/Jakarta') - 29 TO toDate($__toTime, 'Asia/Jakarta') + 1
)
ORDER BY date"""),
    ),
    {"date": Column(Text("Day", "Hari"), "string"), **_REVIEWS},
    stacked=True,
    width=12,
    height=9,
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
        _STREET,
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
    WHERE {_BEGAN} AND e.review != 'rejected'
    GROUP BY camera_id
    ORDER BY cases DESC, camera_id
    LIMIT {_STREETS}
) AS e
LEFT JOIN
(
    SELECT h.camera_id AS camera_id, groupUniqArray(toHour(h.hour, 'Asia/Jakarta')) AS hours
    FROM parking_hours AS h FINAL
    WHERE {_IN_RANGE} AND h.forbidden_s > 0
    GROUP BY camera_id
) AS w ON w.camera_id = e.camera_id
LEFT JOIN current_cameras AS c ON c.camera_id = e.camera_id
ORDER BY cases DESC, camera_id"""),
    ),
    {
        "name": NAME,
        "cases": Column(Text("Cases", "Kasus"), width_px=70),
        **{name: Column(Text(name[1:], name[1:]), thresholds=_HEAT, width_px=44) for name in _HOURS},
        **LINK_COLUMNS,
    },
    width=24,
    height=10,
    no_data=Text("no case in the range", "tidak ada kasus dalam rentang waktu"),
)

_STEP: Final = "greatest(3600, intDiv($__interval_s, 3600) * 3600)"

_VEHICLES: Final = Panel(
    "timeseries",
    Text("Vehicles in a no-parking zone, on average", "Rata-rata kendaraan di zona larangan parkir"),
    Text(
        "Mean number of vehicles in a watched zone while parking is forbidden in it, moving ones among them, by hour:"
        " vehicle seconds over seconds seen, valid and not simulated. It counts passing traffic too, so it shows how"
        " crowded the kerb is, not how many offend. No line: no zone was watched, or parking was allowed everywhere.",
        "Rata-rata jumlah kendaraan di zona yang terpantau selama larangan berlaku, termasuk yang lewat, per jam:"
        " detik kendaraan dibagi detik terlihat, yang valid dan bukan simulasi. Arus lewat ikut terhitung, jadi ini"
        " kepadatan tepi jalan, bukan jumlah pelanggar. Garis terputus: tidak ada zona terpantau, atau di semua tempat"
        " boleh parkir.",
    ),
    (
        Query(f"""SELECT toStartOfInterval(toDateTime(h.hour), toIntervalSecond({_STEP})) AS time,
    sum(h.vehicle_seconds) / nullIf(sum(h.forbidden_s), 0) AS vehicles
FROM parking_hours AS h FINAL
WHERE {_IN_RANGE}
GROUP BY time
ORDER BY time WITH FILL FROM toStartOfInterval($__fromTime, toIntervalSecond({_STEP})) TO $__toTime
    STEP toIntervalSecond({_STEP})"""),
    ),
    {"vehicles": Column(Text("Vehicles", "Kendaraan"), "short", decimals=1)},
    unit="short",
    width=12,
    height=9,
)

_SPREAD: Final = Panel(
    "timeseries",
    Text("How long they stand, by day", "Lama berhenti per hari"),
    Text(
        "Median and 90th percentile of the observed standing time of the cases that began in the range, by day"
        " (Asia/Jakarta), rejected and simulated ones left out. Open cases count with what they have so far, so today's"
        " figures grow. A case begins at 5 minutes, so nothing lies below that. Gaps: no case began.",
        "Median dan persentil ke-90 lama berhenti yang terlihat dari kasus yang mulai dalam rentang waktu, per hari"
        " (WIB), tanpa yang ditolak dan simulasi. Kasus terbuka dihitung dengan lamanya sejauh ini, jadi angka hari"
        " ini masih naik. Kasus mulai pada 5 menit, jadi tidak ada nilai di bawahnya. Terputus: tidak ada kasus yang"
        " mulai.",
    ),
    (
        Query(f"""SELECT toDateTime(day, 'Asia/Jakarta') AS time, median_s, p90_s
FROM
(
    SELECT toDate(e.started_at, 'Asia/Jakarta') AS day, toNullable(quantile(0.5)(e.dwell_s)) AS median_s,
        toNullable(quantile(0.9)(e.dwell_s)) AS p90_s
    FROM episodes_reviewed AS e
    WHERE {_BEGAN} AND e.review != 'rejected'
    GROUP BY day
    ORDER BY day WITH FILL FROM toDate($__fromTime, 'Asia/Jakarta') TO toDate($__toTime, 'Asia/Jakarta') + 1
)
ORDER BY time"""),
    ),
    {
        "median_s": Column(Text("median", "median"), "s"),
        "p90_s": Column(Text("90th percentile", "persentil ke-90"), "s"),
    },
    unit="s",
    width=12,
    height=9,
)

_CASES: Final = Panel(
    "table",
    Text("Cases in the range", "Kasus dalam rentang waktu"),
    Text(
        "Cases that began in the range, the latest first, at most 500; rejected ones are shown, simulated ones are"
        " not. *Has stood* is observed time from the first to the last sight, short gaps bridged; time in which the"
        " camera was blind is not in it. *Nothing was seen any more*: the camera went blind, the vehicle may have"
        " stayed.",
        "Kasus yang mulai dalam rentang waktu, terbaru di atas, paling banyak 500; yang ditolak ditampilkan, simulasi"
        " tidak. *Sudah berhenti* adalah waktu terlihat dari pertama sampai terakhir, jeda pendek disambung; waktu"
        " kamera tidak melihat tidak termasuk. *Tidak terlihat lagi*: kameranya tidak melihat, kendaraannya mungkin"
        " masih di sana.",
    ),
    (
        Query(f"""SELECT c.name AS name, c.kelurahan AS kelurahan, e.zone_id AS zone_id, e.vehicle AS vehicle,
    e.review AS review, e.started_at AS started_at, e.dwell_s AS dwell_s, e.ended_because AS ended_because,
    e.reviewed_by AS reviewed_by, e.camera_id AS camera_id, e.started_at AS at
FROM episodes_reviewed AS e
LEFT JOIN current_cameras AS c ON c.camera_id = e.camera_id
WHERE {_BEGAN}
ORDER BY e.started_at DESC, e.camera_id
LIMIT 500"""),
    ),
    {
        "name": NAME,
        "kelurahan": KELURAHAN,
        "zone_id": ZONE,
        "vehicle": VEHICLE,
        "review": review_column(),
        "started_at": STARTED,
        "dwell_s": Column(Text("Has stood", "Sudah berhenti"), "s", decimals=1, thresholds=_DWELLS, width_px=110),
        "ended_because": ENDED_BECAUSE,
        "reviewed_by": Column(Text("Judged by", "Dinilai oleh"), "string"),
        **LINK_COLUMNS,
    },
    width=24,
    height=10,
    no_data=Text("no case in the range", "tidak ada kasus dalam rentang waktu"),
)

PLACES: Final = Section(Text("Repeat places", "Tempat berulang"), (_REPEAT, _BY_STREET_AND_HOUR))
TIMES: Final = Section(
    Text("When, and how much", "Kapan, dan seberapa banyak"), (_BY_HOUR, _BY_DAY, _VEHICLES, _SPREAD)
)
CASES: Final = Section(Text("Cases", "Kasus"), (_CASES,))
