"""When vehicles stand where they must not, how long, and whether it grows; every case of the range."""

# ruff: noqa: S608  (statements are made of this package's own words)

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.dashboard import Column, Panel, Query, Section, Text, paragraph
from services.aggregate.dashboards.episode_columns import (
    ENDED,
    ENDED_BECAUSE,
    KELURAHAN,
    LINK_COLUMNS,
    NAME,
    REVIEW_COUNTS,
    STARTED,
    UNKNOWN,
    VEHICLE,
    ZONE,
    review_column,
)
from services.aggregate.dashboards.parking_places import BEGAN, DWELLS, IN_RANGE, STREET
from services.aggregate.dashboards.variables import CHOSEN_CAMERAS

_COUNTED_REVIEWS: Final = """countIf(e.review = 'confirmed') AS confirmed, countIf(e.review = 'suspected') AS suspected,
        countIf(e.review = 'rejected') AS rejected"""

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
        STREET,
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
        WHERE {BEGAN}
        GROUP BY hour_number
        UNION ALL
        SELECT toHour(h.hour, 'Asia/Jakarta'), 0, 0, 0, sum(h.forbidden_s)
        FROM parking_hours AS h FINAL
        WHERE {IN_RANGE}
        GROUP BY 1
    ) AS u
    GROUP BY hour_number
    ORDER BY hour_number WITH FILL FROM 0 TO 24
)
ORDER BY hour_of_day"""),
    ),
    {"hour_of_day": Column(Text("Hour", "Jam"), "string"), **REVIEW_COUNTS},
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
    {"date": Column(Text("Day", "Hari"), "string"), **REVIEW_COUNTS},
    stacked=True,
    width=12,
    height=9,
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
WHERE {IN_RANGE}
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
    WHERE {BEGAN} AND e.review != 'rejected'
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
    e.review AS review, e.started_at AS started_at, e.dwell_s AS dwell_s, {ENDED} AS ended_because,
    nullIf(e.reviewed_by, '') AS reviewed_by, e.camera_id AS camera_id, e.started_at AS at
FROM episodes_reviewed AS e
LEFT JOIN current_cameras AS c ON c.camera_id = e.camera_id
WHERE {BEGAN}
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
        "dwell_s": Column(Text("Has stood", "Sudah berhenti"), "s", decimals=1, thresholds=DWELLS, width_px=110),
        "ended_because": ENDED_BECAUSE,
        "reviewed_by": Column(Text("Judged by", "Dinilai oleh"), "string", no_data=UNKNOWN),
        **LINK_COLUMNS,
    },
    width=24,
    height=10,
    no_data=Text("no case in the range", "tidak ada kasus dalam rentang waktu"),
)

TIMES: Final = Section(
    Text("When, and how much", "Kapan, dan seberapa banyak"), (_BY_HOUR, _BY_DAY, _VEHICLES, _SPREAD)
)
CASES: Final = Section(Text("Cases", "Kasus"), (_CASES,))
