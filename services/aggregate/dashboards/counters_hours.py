"""*Counters* by the clock: queue and staff by hour of the day, and whether counters open and close when they should."""

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.counters_basis import HOURS, MISSED_STAFF, RESTS
from services.aggregate.dashboards.dashboard import (
    Column,
    Mapped,
    Panel,
    Query,
    Section,
    Text,
    Threshold,
    paragraph,
)
from services.aggregate.dashboards.episode_columns import CAMERA_ID
from services.aggregate.dashboards.variables import CHOSEN_CAMERAS

LATE_MINUTES: Final = 10
"""As for episodes ``not_open``: what is shorter is nobody's business."""

_DAYS: Final = 7
"""Openings are read from minutes, which cost too much to read for a month of all counters. Days are whole ones: in
what is left of a day after its opening nobody can see whether the counter opened."""

_HOUR: Final = Column(Text("Hour of the day", "Jam"), "string")

BY_HOUR_OF_DAY: Final = Section(
    Text("By hour of the day (Asia/Jakarta)", "Menurut jam (WIB)"),
    (
        Panel(
            "barchart",
            Text("Mean queue by hour of the day", "Antrean rata-rata menurut jam"),
            paragraph(
                Text(
                    "People in the queue zone, mean over the observed time of all days and chosen counters that falls"
                    " into the hour. An hour without a bar was never observed in opening hours.",
                    "Orang di zona antrean, rata-rata selama waktu terpantau pada jam itu dari semua hari dan loket"
                    " terpilih. Jam tanpa batang tidak pernah terpantau pada jam buka.",
                ),
                RESTS,
            ),
            (
                Query(f"""SELECT formatDateTime(hour, '%H', 'Asia/Jakarta') AS hour_of_day,
    sum(queue_person_s) / sum(queue_s) AS queue_mean
FROM {HOURS} AND queue_s > 0
GROUP BY hour_of_day
ORDER BY hour_of_day"""),  # noqa: S608
            ),
            {"hour_of_day": _HOUR, "queue_mean": Column(Text("people in the queue", "orang dalam antrean"), "none", 1)},
            width=8,
        ),
        Panel(
            "barchart",
            Text("Staffed part by hour of the day", "Bagian waktu dijaga menurut jam"),
            paragraph(
                Text(
                    "Part of the observed time of the hour with a person in the staff zone.",
                    "Bagian waktu terpantau pada jam itu dengan orang di zona petugas.",
                ),
                RESTS,
                MISSED_STAFF,
            ),
            (
                Query(f"""SELECT formatDateTime(hour, '%H', 'Asia/Jakarta') AS hour_of_day,
    sum(staffed_s) / sum(staff_s) AS staffed_ratio
FROM {HOURS} AND staff_s > 0
GROUP BY hour_of_day
ORDER BY hour_of_day"""),  # noqa: S608
            ),
            {"hour_of_day": _HOUR, "staffed_ratio": Column(Text("staffed", "dijaga"), "percentunit", 0)},
            width=8,
        ),
        Panel(
            "barchart",
            Text("Observed opening time by hour of the day", "Jam buka terpantau menurut jam"),
            paragraph(
                Text(
                    "Hours of observation that the two drawings beside this one rest on. A low bar is a rare hour:"
                    " its mean can be that of a single counter.",
                    "Jumlah jam pantauan yang mendasari kedua gambar di samping. Batang pendek berarti jam yang jarang"
                    " terpantau: rata-ratanya bisa berasal dari satu loket saja.",
                ),
                RESTS,
            ),
            (
                Query(f"""SELECT formatDateTime(hour, '%H', 'Asia/Jakarta') AS hour_of_day,
    sum(open_minutes) / 60 AS observed_h
FROM {HOURS} AND open_minutes > 0
GROUP BY hour_of_day
ORDER BY hour_of_day"""),  # noqa: S608
            ),
            {"hour_of_day": _HOUR, "observed_h": Column(Text("observed", "terpantau"), "suffix:h", 0)},
            width=8,
        ),
    ),
)

_OPENINGS: Final = f"""SELECT
    camera_id, toDate(toStartOfHour(minute), 'Asia/Jakarta') AS day,
    minIf(minute, is_open) AS opens, maxIf(minute, is_open) + INTERVAL 1 MINUTE AS closes,
    groupArrayIf(minute, NOT is_open) AS closed, has(closed, closes) AS closing_seen,
    minIf(minute, counts) AS observed_from, countIf(counts) AS observed_minutes,
    minIf(minute, counts AND is_staffed) AS staffed_from,
    maxIf(minute, counts AND is_staffed) + INTERVAL 1 MINUTE AS staffed_until,
    countIf(counts AND is_staffed) > 0 AS ever_staffed,
    multiIf(
        observed_minutes = 0 OR observed_from > opens + INTERVAL 5 MINUTE
            OR NOT has(closed, opens - INTERVAL 1 MINUTE), 'unknown',
        NOT ever_staffed, if(observed_minutes >= 60, 'never', 'unknown'),
        staffed_from >= opens + INTERVAL {LATE_MINUTES} MINUTE, 'late',
        'on_time') AS opened
FROM (
    SELECT camera_id, minute, opening = 'open' AS is_open,
        is_open AND valid AND NOT simulated AND staffed_known AS counts, staffed_s >= observed_s / 2 AS is_staffed
    FROM current_counter_minutes
    WHERE minute >= greatest(toStartOfDay($__fromTime, 'Asia/Jakarta'),
            toStartOfDay($__toTime, 'Asia/Jakarta') - INTERVAL {_DAYS - 1} DAY)
        AND minute <= $__toTime
        AND opening != 'unknown' AND {CHOSEN_CAMERAS}
)
GROUP BY camera_id, day
HAVING countIf(is_open) > 0"""  # noqa: S608

_OPENINGS_MADE: Final = Text(
    f"Of the last {_DAYS} days (Asia/Jakarta) that the period touches, each from midnight on. A counter has opened"
    f" once the staff zone was occupied for at least half of a minute; {LATE_MINUTES} minutes or more after the hours"
    f" begin is late, nobody in an hour or more of observation is 'nobody seen'. Not known: no staff zone, or no valid"
    f" picture in the 5 minutes after the opening, or none of the minute before it. Staff who serve standing outside"
    f" the zone are not seen: look at the pictures before you blame anybody.",
    f"Dari {_DAYS} hari (WIB) terakhir yang tersentuh kurun ini, masing-masing sejak tengah malam. Loket dianggap buka"
    f" begitu zona petugas terisi paling sedikit separuh menit; {LATE_MINUTES} menit atau lebih setelah jam buka mulai"
    f" berarti terlambat, tidak ada selama sejam pantauan atau lebih berarti 'tak terlihat petugas'. Tidak diketahui:"
    f" tidak ada zona petugas, atau tidak ada gambar yang sah dalam 5 menit sesudah jam buka, atau tidak ada gambar"
    f" semenit sebelumnya. Petugas yang melayani di luar zona tidak terlihat: lihat dulu gambarnya sebelum menyalahkan"
    f" siapa pun.",
)

OPENING: Final = Section(
    Text("Opening against hours", "Buka dibanding jam buka"),
    (
        Panel(
            "barchart",
            Text("Openings by day", "Pembukaan loket per hari"),
            paragraph(
                Text(
                    "How many counters opened in time, late, or showed nobody; and of how many it is not known.",
                    "Berapa loket yang buka tepat waktu, terlambat, atau tak terlihat petugas; dan berapa yang tidak"
                    " diketahui.",
                ),
                _OPENINGS_MADE,
            ),
            (
                Query(f"""SELECT formatDateTime(day, '%m-%d') AS opening_day, countIf(opened = 'on_time') AS on_time,
    countIf(opened = 'late') AS late, countIf(opened = 'unknown') AS unknown, countIf(opened = 'never') AS never
FROM ({_OPENINGS})
GROUP BY day
ORDER BY day"""),  # noqa: S608
            ),
            {
                "opening_day": Column(Text("Day", "Hari"), "string"),
                "on_time": Column(Text("in time", "tepat waktu"), colour="green"),
                "late": Column(Text("late", "terlambat"), colour="orange"),
                "unknown": Column(Text("not known", "tidak diketahui"), colour="purple"),
                "never": Column(Text("nobody seen", "tak terlihat petugas"), colour="red"),
            },
            stacked=True,
            width=8,
            height=10,
        ),
        Panel(
            "table",
            Text("Late openings, the most delayed first", "Pembukaan terlambat, yang paling terlambat lebih dulu"),
            paragraph(
                _OPENINGS_MADE,
                Text(
                    "'Left early by' is the time between the last staffed minute and the end of the"
                    " hours; it is empty where the closing was not seen. Lunch breaks are in neither.",
                    "'Selesai lebih awal' ialah selang antara menit terakhir dijaga dan akhir jam buka;"
                    " kosong bila waktu tutupnya tidak terpantau. Istirahat siang tidak termasuk.",
                ),
            ),
            (
                Query(f"""SELECT o.camera_id AS camera_id, c.name AS name,
    o.opened AS opened, o.opens AS at, if(o.ever_staffed, o.staffed_from, NULL) AS staffed_from,
    if(o.ever_staffed, dateDiff('minute', o.opens, o.staffed_from), NULL) AS late_min,
    if(o.ever_staffed AND o.closing_seen, dateDiff('minute', o.staffed_until, o.closes), NULL) AS early_min,
    o.observed_minutes / 60 AS observed_h
FROM ({_OPENINGS}) AS o
LEFT JOIN current_cameras AS c ON c.camera_id = o.camera_id
WHERE o.opened IN ('late', 'never')
ORDER BY o.opened = 'never' DESC, late_min DESC, at DESC, camera_id
LIMIT 200"""),  # noqa: S608
            ),
            {
                "camera_id": CAMERA_ID,
                "name": Column(Text("Counter", "Loket"), "string", links_to_camera=True, width_px=230),
                "opened": Column(
                    Text("Opened", "Buka"),
                    "string",
                    mapped=(
                        Mapped("never", Text("nobody seen", "tak terlihat petugas"), "red"),
                        Mapped("late", Text("late", "terlambat"), "orange"),
                    ),
                    width_px=120,
                ),
                "at": Column(Text("Hours began", "Jam buka"), "dateTimeAsIso", width_px=170),
                "staffed_from": Column(Text("First staffed", "Pertama dijaga"), "dateTimeAsIso", width_px=170),
                "late_min": Column(
                    Text("Late by", "Terlambat"),
                    "m",
                    0,
                    (Threshold(LATE_MINUTES, "orange"), Threshold(30, "red")),
                    width_px=90,
                ),
                "early_min": Column(Text("Left early by", "Selesai lebih awal"), "m", 0, width_px=130),
                "observed_h": Column(Text("Observed that day", "Terpantau hari itu"), "suffix:h", 1, width_px=130),
            },
            width=16,
            height=10,
            no_data=Text(
                "none late, or nothing observed: see the bars", "tidak ada yang terlambat, atau tidak terpantau"
            ),
        ),
    ),
)
