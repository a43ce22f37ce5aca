"""How it came to this: what was open in the time range, and how much of the city anyone saw."""

# ruff: noqa: S608  (statements are made of this package's own words)

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.aggregate.dashboards.dashboard import Column, Panel, Query, Section, Text, Threshold, paragraph
from services.aggregate.dashboards.episode_columns import ENDED_AT, LASTS, REACHES_RANGE, REVIEW_COUNTS
from services.aggregate.dashboards.variables import CHOSEN_CAMERAS

_STEP: Final = "greatest(60, intDiv($__interval_s, 60) * 60)"
_END: Final = "least($__toTime, now() - INTERVAL 2 MINUTE)"
"""The last two minutes are still being written."""

_HOURS: Final = f"h.hour >= toStartOfHour($__fromTime) AND h.hour <= $__toTime AND h.{CHOSEN_CAMERAS}"


def _open_over_time(figures: Mapping[str, str], episode_types: str) -> Query:
    """Ask how many episodes were open at some time of each step.

    Args:
        figures: Of each curve the condition under which an episode ``e`` counts.
        episode_types: Those that are read, as a list in SQL.
    """
    counted = ", ".join(f"countIf({condition}) AS {name}" for name, condition in figures.items())
    shown = ", ".join(f"if(s.seen, n.{name}, NULL) AS {name}" for name in figures)
    return Query(f"""SELECT g.time AS time, {shown}
FROM
(
    SELECT toDateTime(arrayJoin(range(toUInt32(intDiv(toUnixTimestamp($__fromTime), {_STEP})),
        toUInt32(1 + intDiv(toUnixTimestamp({_END}), {_STEP})))) * {_STEP}) AS time
) AS g
LEFT JOIN
(
    SELECT toDateTime(arrayJoin(range(
            toUInt32(intDiv(toUnixTimestamp(greatest(toDateTime(e.started_at), $__fromTime)), {_STEP})),
            toUInt32(1 + intDiv(toUnixTimestamp(
                if({LASTS}, $__toTime, least(toDateTime({ENDED_AT}), $__toTime))), {_STEP})))) * {_STEP})
            AS time, {counted}
    FROM episodes_reviewed AS e
    WHERE e.episode_type IN ({episode_types}) AND NOT e.simulated AND e.review != 'rejected' AND e.{CHOSEN_CAMERAS}
        AND {REACHES_RANGE}
    GROUP BY time
) AS n ON n.time = g.time
LEFT JOIN
(
    SELECT DISTINCT toDateTime(h.hour) AS hour, true AS seen
    FROM camera_hours AS h FINAL
    WHERE {_HOURS} AND h.valid_minutes > 0
) AS s ON s.hour = toStartOfHour(greatest(g.time - INTERVAL 7 MINUTE, toStartOfHour($__fromTime)))
ORDER BY time""")


_HOW_COUNTED: Final = Text(
    "Each step counts the episodes that were open at some time of it; those that have not ended count until now, even"
    " if nobody has seen them for a while, unless their camera was removed; rejected and simulated ones are left out."
    " The verdict is today's: a flood that was confirmed at noon is drawn as confirmed from its onset. Where a curve"
    " breaks off, no chosen camera saw anything in that hour.",
    "Tiap langkah menghitung episode yang berlangsung pada suatu saat di dalamnya, termasuk yang belum selesai sampai"
    " sekarang walau lama tidak terlihat, kecuali kameranya sudah dicabut; tanpa yang ditolak dan simulasi."
    " Penilaiannya adalah yang sekarang: banjir yang dikonfirmasi siang hari digambar terkonfirmasi sejak mulainya."
    " Kurva terputus berarti pada jam itu tidak ada kamera pilihan yang melihat.",
)

_FLOODS: Final = Panel(
    "timeseries",
    Text("Floods and unattended counters", "Banjir dan loket tanpa petugas"),
    paragraph(
        Text("Floods by verdict, and counters without staff.", "Banjir menurut penilaian, dan loket tanpa petugas."),
        _HOW_COUNTED,
    ),
    (
        _open_over_time(
            {
                "confirmed": "e.episode_type = 'flood_episode' AND e.review = 'confirmed'",
                "suspected": "e.episode_type = 'flood_episode' AND e.review = 'suspected'",
                "unattended": "e.kind = 'unattended'",
            },
            "'flood_episode', 'counter_episode'",
        ),
    ),
    {
        "confirmed": Column(Text("floods, confirmed", "banjir terkonfirmasi"), "short", colour="red"),
        "suspected": Column(Text("floods, suspected", "dugaan banjir"), "short", colour="orange"),
        "unattended": Column(Text("counters unattended", "loket tanpa petugas"), "short", colour="blue"),
    },
    unit="short",
    width=8,
    height=9,
)

_PARKING: Final = Panel(
    "timeseries",
    Text("Parking cases", "Kasus parkir liar"),
    paragraph(Text("Parking cases, by verdict.", "Kasus parkir menurut penilaian."), _HOW_COUNTED),
    (
        _open_over_time(
            {"confirmed": "e.review = 'confirmed'", "suspected": "e.review = 'suspected'"},
            "'parking_case'",
        ),
    ),
    {
        "confirmed": REVIEW_COUNTS["confirmed"],
        "suspected": REVIEW_COUNTS["suspected"],
    },
    unit="short",
    stacked=True,
    width=8,
    height=9,
)

_SEEN: Final = Panel(
    "timeseries",
    Text("How much of the city was seen", "Seberapa banyak kota terlihat"),
    Text(
        "Valid, not simulated minutes of the chosen active cameras over the minutes that there were, by full hour."
        " What happened in the missing part is on no panel. The running hour is left out; cameras count as active that"
        " are so now, so a camera that was added yesterday makes the days before look worse than they were.",
        "Menit valid dan bukan simulasi dari kamera aktif pilihan dibagi menit yang ada, per jam penuh. Yang terjadi di"
        " bagian yang hilang tidak ada di panel mana pun. Jam berjalan tidak ditampilkan; kamera dihitung aktif menurut"
        " keadaan sekarang, jadi kamera yang baru ditambah kemarin membuat hari sebelumnya tampak lebih buruk.",
    ),
    (
        Query(f"""WITH (SELECT count() FROM current_cameras WHERE state = 'active' AND {CHOSEN_CAMERAS}) AS active
SELECT toDateTime(h.hour) AS time, toNullable(least(1, sum(h.valid_minutes) / (60 * active))) AS seen
FROM camera_hours AS h FINAL
WHERE {_HOURS} AND h.hour < toStartOfHour(now() - INTERVAL 7 MINUTE)
    AND h.camera_id IN (SELECT camera_id FROM current_cameras WHERE state = 'active')
GROUP BY time
ORDER BY time WITH FILL FROM toStartOfHour($__fromTime)
    TO toStartOfHour(greatest($__fromTime, {_END} - INTERVAL 7 MINUTE)) STEP 3600"""),
    ),
    {"seen": Column(Text("seen", "terlihat"), "percentunit", decimals=0)},
    unit="percentunit",
    thresholds=(Threshold(0.95, "green"),),
    width=8,
    height=9,
)

COURSE: Final = Section(Text("In the time range", "Dalam rentang waktu"), (_FLOODS, _PARKING, _SEEN))
