"""Where it is flooded again and again: by kelurahan, day, hour and month."""

# ruff: noqa: S608  (statements are made of this package's own words)

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.dashboard import Column, Panel, Query, Section, Text, Threshold, paragraph
from services.aggregate.dashboards.episode_columns import REVIEW_COUNTS
from services.aggregate.dashboards.variables import CHOSEN_CAMERAS

_HOW_COUNTED: Final = Text(
    "A minute counts once for a kelurahan, however many of its water zones are under water in it; only valid, not"
    " simulated minutes count. What people rejected is not taken off: compare with the floods.",
    "Satu menit dihitung sekali untuk sebuah kelurahan, berapa pun zona airnya yang tergenang; hanya menit yang valid"
    " dan bukan simulasi. Yang ditolak petugas tidak dikurangkan: bandingkan dengan jumlah banjir.",
)
MINUTES: Final = "suffix:min"
"""A sum of minutes stays minutes: as hours and days it would look like a time that passed."""

_UNOBSERVED_DAY: Final = Text(
    "A day without a figure was not observed at all.", "Hari tanpa angka sama sekali tidak terpantau."
)
_OBSERVED: Final = Column(
    Text("Observed", "Terpantau"),
    "percentunit",
    decimals=0,
    thresholds=(Threshold(0, "red"), Threshold(0.8, "orange"), Threshold(0.95, "green")),
    width_px=100,
)


def _by_kelurahan_and_hour(hours: str) -> str:
    """Give the statement of flooded minutes by kelurahan and hour, as ``flood_daily_by_kelurahan`` counts them."""
    return f"""SELECT c.kecamatan AS kecamatan, c.kelurahan AS kelurahan, h.hour AS hour,
        bitCount(groupBitOr(h.flood_bits)) AS flood_minutes,
        groupUniqArrayIf((h.camera_id, h.zone_id), h.flood_minutes > 0) AS flooded_ids,
        max(h.ratio_max) AS ratio_max, sum(h.valid_observed_s) AS observed_s
    FROM flood_hours AS h FINAL
    INNER JOIN current_cameras AS c ON c.camera_id = h.camera_id
    WHERE h.minutes > h.simulated_minutes AND {hours} AND h.{CHOSEN_CAMERAS}
    GROUP BY kecamatan, kelurahan, hour"""


_UNTIL: Final = "least(toStartOfHour($__toTime + INTERVAL 3599 SECOND), now())"
"""The end of the last hour of the range, which counts whole, as the first one does."""

_ZONES: Final = f"""SELECT c.kecamatan AS kecamatan, c.kelurahan AS kelurahan, s.camera_id AS camera_id,
        s.zone_id AS zone_id, toStartOfDay(s.first_hour, 'Asia/Jakarta') AS there_from,
        toDate(s.last_hour, 'Asia/Jakarta') AS last_day,
        if(c.state = 'active' AND last_day = max(last_day) OVER (PARTITION BY camera_id), now(),
            toDateTime(last_day + 1, 'Asia/Jakarta')) AS there_until
    FROM
    (
        SELECT camera_id, zone_id, toDateTime(min(hour)) AS first_hour, toDateTime(max(hour)) AS last_hour
        FROM flood_hours
        WHERE minutes > simulated_minutes AND hour <= now64(3) AND {CHOSEN_CAMERAS}
        GROUP BY camera_id, zone_id
    ) AS s
    INNER JOIN current_cameras AS c ON c.camera_id = s.camera_id"""
"""Water zones that should have been seen, and on which days, as ``flood_daily_by_kelurahan`` expects them: from a
zone's first row to its last, dark days among them; of what an active camera showed last, until now.
"""

_IN_RANGE: Final = f"h.hour >= toStartOfHour($__fromTime) AND h.hour < {_UNTIL}"
_YEAR: Final = "toStartOfMonth($__toTime, 'Asia/Jakarta') - INTERVAL 11 MONTH"
_IN_YEAR: Final = f"h.hour >= toDateTime({_YEAR}, 'Asia/Jakarta') AND h.hour < {_UNTIL}"
_MONTH_BEFORE: Final = "toStartOfDay($__toTime, 'Asia/Jakarta') - INTERVAL 29 DAY"
_IN_MONTH: Final = f"h.hour >= {_MONTH_BEFORE} AND h.hour <= $__toTime"


def _floods_by(of_started_at: str, of_hour: str) -> str:
    """Give the statement of floods by a part of the time at which they began; NULL where no zone was observed."""
    return f"""SELECT o.part AS part, if(o.seconds > 0, f.confirmed, NULL) AS confirmed,
        if(o.seconds > 0, f.suspected, NULL) AS suspected, if(o.seconds > 0, f.rejected, NULL) AS rejected
    FROM
    (
        SELECT {of_hour} AS part, sum(h.valid_observed_s) AS seconds
        FROM flood_hours AS h FINAL
        WHERE {_IN_MONTH} AND h.{CHOSEN_CAMERAS}
        GROUP BY part
    ) AS o
    LEFT JOIN
    (
        SELECT {of_started_at} AS part, countIf(e.review = 'confirmed') AS confirmed,
            countIf(e.review = 'suspected') AS suspected, countIf(e.review = 'rejected') AS rejected
        FROM episodes_reviewed AS e
        WHERE e.episode_type = 'flood_episode' AND NOT e.simulated AND e.{CHOSEN_CAMERAS}
            AND e.started_at >= {_MONTH_BEFORE} AND e.started_at <= $__toTime
        GROUP BY part
    ) AS f ON f.part = o.part"""


_DAYS: Final = f"""WITH FILL FROM toDate({_MONTH_BEFORE}, 'Asia/Jakarta')
        TO toDate($__toTime, 'Asia/Jakarta') + 1"""
_FLOODS_BY_DAY: Final = _floods_by("toDate(e.started_at, 'Asia/Jakarta')", "toDate(h.hour, 'Asia/Jakarta')")
_FLOODS_BY_HOUR: Final = _floods_by("toHour(e.started_at, 'Asia/Jakarta')", "toHour(h.hour, 'Asia/Jakarta')")

KELURAHAN_TABLE: Final = Panel(
    "table",
    Text("Flooded minutes by kelurahan", "Menit banjir per kelurahan"),
    paragraph(
        Text(
            "Minutes of the range (whole hours) in which the kelurahan was flooded.",
            "Menit dalam rentang waktu (jam penuh) saat kelurahan tergenang.",
        ),
        _HOW_COUNTED,
        Text(
            "*Observed* is the part of the range that its zones were seen, dark ones among them: 0 minutes at 10 %"
            " observed is not “no flood”, and where nothing was seen there are no minutes. *Floods* counts the"
            " episodes that began in the range, rejected ones left out. The newest hour may be up to 7 minutes behind.",
            "*Terpantau* adalah bagian rentang waktu saat zonanya terlihat, termasuk zona yang gelap: 0 menit dengan"
            " 10 % terpantau bukan berarti “tidak banjir”, dan tanpa pantauan tidak ada menit. *Banjir* adalah jumlah"
            " episode yang mulai dalam rentang waktu, tanpa yang ditolak. Jam terbaru bisa tertinggal hingga 7 menit.",
        ),
    ),
    (
        Query(f"""SELECT z.kecamatan AS kecamatan, z.kelurahan AS kelurahan,
    if(k.observed_s > 0, k.flood_minutes, NULL) AS flood_minutes,
    if(k.observed_s > 0, k.zones_flooded, NULL) AS zones_flooded, z.zones AS zones,
    if(k.observed_s > 0, k.ratio_max, NULL) AS ratio_max, least(1, k.observed_s / z.due_s) AS observed_ratio,
    if(k.observed_s > 0 OR f.floods > 0, f.floods, NULL) AS floods,
    if(k.observed_s > 0 OR f.floods > 0, f.confirmed, NULL) AS confirmed
FROM
(
    SELECT kecamatan, kelurahan, count() AS zones, sum(d.due_s) AS due_s
    FROM
    (
        SELECT kecamatan, kelurahan, dateDiff('second', greatest(there_from, toStartOfHour($__fromTime)),
            least(there_until, {_UNTIL})) AS due_s
        FROM ({_ZONES})
    ) AS d
    WHERE d.due_s > 0
    GROUP BY kecamatan, kelurahan
) AS z
LEFT JOIN
(
    SELECT kecamatan, kelurahan, sum(p.flood_minutes) AS flood_minutes, uniqExactArray(p.flooded_ids) AS zones_flooded,
        max(p.ratio_max) AS ratio_max, sum(p.observed_s) AS observed_s
    FROM ({_by_kelurahan_and_hour(_IN_RANGE)}) AS p
    GROUP BY kecamatan, kelurahan
) AS k ON k.kelurahan = z.kelurahan AND k.kecamatan = z.kecamatan
LEFT JOIN
(
    SELECT c.kelurahan AS kelurahan, c.kecamatan AS kecamatan, countIf(e.review != 'rejected') AS floods,
        countIf(e.review = 'confirmed') AS confirmed
    FROM episodes_reviewed AS e
    INNER JOIN current_cameras AS c ON c.camera_id = e.camera_id
    WHERE e.episode_type = 'flood_episode' AND NOT e.simulated AND $__timeFilter(e.started_at)
        AND e.{CHOSEN_CAMERAS}
    GROUP BY kelurahan, kecamatan
) AS f ON f.kelurahan = z.kelurahan AND f.kecamatan = z.kecamatan
ORDER BY ifNull(flood_minutes, 0) DESC, observed_ratio, kelurahan
LIMIT 500"""),
    ),
    {
        "kecamatan": Column(Text("Kecamatan", "Kecamatan"), "string"),
        "kelurahan": Column(Text("Kelurahan", "Kelurahan"), "string"),
        "flood_minutes": Column(
            Text("Flooded", "Tergenang"), MINUTES, thresholds=(Threshold(0, "green"), Threshold(1, "red")), width_px=100
        ),
        "zones_flooded": Column(Text("Zones flooded", "Zona tergenang"), width_px=115),
        "zones": Column(Text("of zones", "dari zona"), width_px=85),
        "ratio_max": Column(Text("Highest ratio", "Rasio tertinggi"), "percentunit", decimals=0, width_px=110),
        "observed_ratio": _OBSERVED,
        "floods": Column(Text("Floods", "Banjir"), width_px=75),
        "confirmed": Column(Text("confirmed", "terkonfirmasi"), width_px=110),
    },
    width=14,
    height=12,
)

WORST_KELURAHAN: Final = Panel(
    "barchart",
    Text("The 12 most flooded kelurahan", "12 kelurahan paling lama tergenang"),
    paragraph(
        Text(
            "The upper end of the table beside it, in minutes of the range.",
            "Bagian atas tabel di sampingnya, dalam menit.",
        ),
        _HOW_COUNTED,
    ),
    (
        Query(f"""SELECT concat(kelurahan, ', ', kecamatan) AS place, sum(p.flood_minutes) AS flood_minutes
FROM ({_by_kelurahan_and_hour(_IN_RANGE)}) AS p
GROUP BY kecamatan, kelurahan
HAVING flood_minutes > 0
ORDER BY flood_minutes DESC, place
LIMIT 12"""),
    ),
    {
        "place": Column(Text("Kelurahan, kecamatan", "Kelurahan, kecamatan"), "string"),
        "flood_minutes": Column(Text("Flooded", "Tergenang"), MINUTES, colour="red"),
    },
    lying=True,
    width=10,
    height=12,
    no_data=Text("no flooded minute was seen", "tidak ada menit banjir yang terlihat"),
)

BY_DAY: Final = Panel(
    "barchart",
    Text("Flooded minutes by day, 30 days", "Menit banjir per hari, 30 hari"),
    paragraph(
        Text(
            "Minutes summed over kelurahan, for the 30 days (Asia/Jakarta) up to the end of the range.",
            "Jumlah menit semua kelurahan, 30 hari (WIB) sampai akhir rentang waktu.",
        ),
        _HOW_COUNTED,
        _UNOBSERVED_DAY,
    ),
    (
        Query(f"""SELECT toString(day) AS date, if(observed_s > 0, minutes, NULL) AS flood_minutes
FROM
(
    SELECT toDate(p.hour, 'Asia/Jakarta') AS day, sum(p.flood_minutes) AS minutes, sum(p.observed_s) AS observed_s
    FROM ({_by_kelurahan_and_hour(_IN_MONTH)}) AS p
    GROUP BY day
    ORDER BY day {_DAYS}
)
ORDER BY day"""),
    ),
    {
        "date": Column(Text("Day", "Hari"), "string"),
        "flood_minutes": Column(Text("Flooded", "Tergenang"), MINUTES, colour="red"),
    },
    width=12,
    height=9,
)

FLOODS_BY_DAY: Final = Panel(
    "barchart",
    Text("Floods begun by day, 30 days", "Banjir yang mulai per hari, 30 hari"),
    Text(
        "Episodes by the day (Asia/Jakarta) on which they began and by what people said, for the 30 days up to the end"
        " of the range. *Suspected* ones nobody has judged. Many rejected ones at one place: raise its onset ratio, or"
        " approve its dry reference again. A day without a figure was not observed.",
        "Episode menurut hari mulainya (WIB) dan penilaian petugas, 30 hari sampai akhir rentang waktu. *Dugaan* belum"
        " dinilai. Jika banyak yang ditolak di satu tempat: naikkan ambangnya, atau setujui lagi acuan keringnya. Hari"
        " tanpa angka tidak terpantau.",
    ),
    (
        Query(f"""SELECT toString(part) AS date, confirmed, suspected, rejected
FROM (SELECT * FROM ({_FLOODS_BY_DAY}) ORDER BY part {_DAYS})
ORDER BY date"""),
    ),
    {"date": Column(Text("Day", "Hari"), "string"), **REVIEW_COUNTS},
    stacked=True,
    width=12,
    height=9,
)

BY_HOUR: Final = Panel(
    "barchart",
    Text("Floods by the hour in which they began, 30 days", "Banjir menurut jam mulainya, 30 hari"),
    Text(
        "Hours of the day are Asia/Jakarta. Afternoon rain and tides leave their mark here. A camera that sees nothing"
        " at night tells of no floods at night.",
        "Jam dalam WIB. Hujan sore dan rob tampak di sini. Kamera yang tidak melihat pada malam hari tidak melaporkan"
        " banjir malam.",
    ),
    (
        Query(f"""SELECT leftPad(toString(part), 2, '0') AS hour_of_day, confirmed, suspected, rejected
FROM (SELECT * FROM ({_FLOODS_BY_HOUR}) ORDER BY part WITH FILL FROM 0 TO 24)
ORDER BY hour_of_day"""),
    ),
    {"hour_of_day": Column(Text("Hour", "Jam"), "string"), **REVIEW_COUNTS},
    stacked=True,
    width=10,
    height=10,
)

BY_MONTH: Final = Panel(
    "table",
    Text("By month and kecamatan, 12 months", "Per bulan dan kecamatan, 12 bulan"),
    paragraph(
        Text(
            "Flooded minutes summed over kelurahan in the 12 calendar months (Asia/Jakarta) up to the end of the"
            " range, and how far the zones were seen in the month, so far.",
            "Jumlah menit banjir semua kelurahan dalam 12 bulan kalender (WIB) sampai akhir rentang waktu, dan seberapa"
            " jauh zonanya terlihat dalam bulan itu, sejauh ini.",
        ),
        _HOW_COUNTED,
        Text(
            "A month in which nothing was seen has no minutes; months before the first water zone are missing.",
            "Bulan tanpa pemantauan tidak punya menit; bulan sebelum zona air pertama tidak ada di sini.",
        ),
    ),
    (
        Query(f"""SELECT formatDateTime(z.month, '%Y-%m') AS year_month, z.kecamatan AS kecamatan,
    if(k.observed_s > 0, k.flood_minutes, NULL) AS flood_minutes,
    if(k.observed_s > 0, k.kelurahan_flooded, NULL) AS kelurahan_flooded, z.zones AS zones,
    least(1, k.observed_s / z.due_s) AS observed_ratio
FROM
(
    SELECT d.month AS month, kecamatan, count() AS zones, sum(d.due_s) AS due_s
    FROM
    (
        SELECT kecamatan, {_YEAR} + toIntervalMonth(arrayJoin(range(12))) AS month,
            dateDiff('second', greatest(there_from, toDateTime(month, 'Asia/Jakarta')),
                least(there_until, toDateTime(month + INTERVAL 1 MONTH, 'Asia/Jakarta'), {_UNTIL})) AS due_s
        FROM ({_ZONES})
    ) AS d
    WHERE d.due_s > 0
    GROUP BY month, kecamatan
) AS z
LEFT JOIN
(
    SELECT toStartOfMonth(p.hour, 'Asia/Jakarta') AS month, kecamatan, sum(p.flood_minutes) AS flood_minutes,
        uniqIf(p.kelurahan, p.flood_minutes > 0) AS kelurahan_flooded, sum(p.observed_s) AS observed_s
    FROM ({_by_kelurahan_and_hour(_IN_YEAR)}) AS p
    GROUP BY month, kecamatan
) AS k ON k.month = z.month AND k.kecamatan = z.kecamatan
ORDER BY z.month DESC, ifNull(flood_minutes, 0) DESC, kecamatan
LIMIT 500"""),
    ),
    {
        "year_month": Column(Text("Month", "Bulan"), "string", width_px=90),
        "kecamatan": Column(Text("Kecamatan", "Kecamatan"), "string"),
        "flood_minutes": Column(Text("Flooded", "Tergenang"), MINUTES, width_px=110),
        "kelurahan_flooded": Column(Text("Kelurahan flooded", "Kelurahan tergenang"), width_px=140),
        "zones": Column(Text("Zones", "Zona"), width_px=75),
        "observed_ratio": _OBSERVED,
    },
    width=14,
    height=10,
)

BY_KELURAHAN: Final = Section(Text("By kelurahan", "Per kelurahan"), (KELURAHAN_TABLE, WORST_KELURAHAN))
HISTORY: Final = Section(Text("History", "Riwayat"), (BY_DAY, FLOODS_BY_DAY, BY_HOUR, BY_MONTH))
