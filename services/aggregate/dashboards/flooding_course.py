"""How water rose and fell in the time range: curves and states by place, and the episodes."""

# ruff: noqa: S608  (statements are made of this package's own words)

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.dashboard import Column, Mapped, Panel, Query, Section, Text, Threshold
from services.aggregate.dashboards.episode_columns import (
    CAMERA_ID,
    ENDED,
    ENDED_AT,
    ENDED_BECAUSE,
    KELURAHAN,
    LASTS,
    LINK_COLUMNS,
    NAME,
    NEVER,
    REACHES_RANGE,
    STARTED,
    UNKNOWN,
    review_column,
)
from services.aggregate.dashboards.variables import CHOSEN_CAMERAS

PLACES: Final = 10
"""So many curves can be told apart."""

_HIGHEST_PLACES: Final = f"""SELECT camera_id, zone_id
    FROM
    (
        SELECT camera_id, zone_id, toFloat64(max(h.ratio_max)) AS highest
        FROM flood_hours AS h FINAL
        WHERE hour >= toStartOfHour($__fromTime) AND hour <= $__toTime AND {CHOSEN_CAMERAS}
        GROUP BY camera_id, zone_id
        UNION ALL
        SELECT camera_id, zone_id, 1 + max(peak_ratio)
        FROM episodes_reviewed AS e
        WHERE episode_type = 'flood_episode' AND NOT simulated AND review != 'rejected' AND {REACHES_RANGE}
            AND {CHOSEN_CAMERAS}
        GROUP BY camera_id, zone_id
    )
    GROUP BY camera_id, zone_id
    ORDER BY max(highest) DESC, camera_id, zone_id
    LIMIT {PLACES}"""
"""Places with a flood in the range come first, then those with the highest ratio."""

_IS_SHORT: Final = "dateDiff('hour', $__fromTime, $__toTime) <= 48"
"""Up to here a place's minutes are drawn, beyond it its hours: ten places have 29,000 minutes then."""

_STEP: Final = f"""if({_IS_SHORT}, greatest(60, intDiv($__interval_s, 60) * 60),
    greatest(3600, intDiv($__interval_s, 3600) * 3600))"""

_MINUTES: Final = f"""SELECT camera_id, zone_id, minute AS moment, m.state AS state, valid AND NOT simulated AS counts,
        m.ratio_mean AS ratio, m.observed_s AS seconds
    FROM current_flood_minutes AS m
    WHERE {_IS_SHORT} AND $__timeFilter(minute) AND (camera_id, zone_id) IN ({_HIGHEST_PLACES})"""
_HOURS: Final = f"""SELECT camera_id, zone_id, hour AS moment,
        multiIf(h.flood_minutes > 0, 'flood', h.onset_minutes > 0, 'onset', 'dry') AS state,
        h.valid_observed_s > 0 AS counts, h.ratio_s / h.valid_observed_s AS ratio, h.valid_observed_s AS seconds
    FROM flood_hours AS h FINAL
    WHERE NOT ({_IS_SHORT}) AND hour >= toStartOfHour($__fromTime) AND hour <= $__toTime AND minutes > 0
        AND (camera_id, zone_id) IN ({_HIGHEST_PLACES})"""
_PLACE: Final = """concat(any(c.name), if(any(c.namesakes) > 1, concat(' · ', camera_id), ''),
            if(uniqExact(zone_id) OVER (PARTITION BY camera_id) > 1, concat(' · ', zone_id), ''))"""
"""A camera's name, with its id or zone only where the name alone would be that of two places."""

_BUCKETS: Final = f"""SELECT camera_id, zone_id, {_PLACE} AS place,
        toStartOfInterval(toDateTime(s.moment), toIntervalSecond({_STEP})) AS time,
        sumIf(s.ratio * s.seconds, s.counts) / nullIf(sumIf(s.seconds, s.counts), 0) AS mean_ratio,
        multiIf(countIf(s.counts AND s.state = 'flood') > 0, 'flood', countIf(s.counts AND s.state = 'onset') > 0,
            'onset', countIf(s.counts) > 0, 'dry', 'not_valid') AS worst
    FROM ({_MINUTES} UNION ALL {_HOURS}) AS s
    LEFT JOIN (SELECT camera_id, name, count() OVER (PARTITION BY name) AS namesakes FROM current_cameras) AS c
        ON c.camera_id = s.camera_id
    GROUP BY camera_id, zone_id, time"""

_FIRST: Final = f"toStartOfInterval($__fromTime + toIntervalSecond({_STEP} - 1), toIntervalSecond({_STEP}))"
"""The first whole step: what began before the range may have no row in it."""

_FILLED: Final = f"""WITH FILL FROM {_FIRST} TO greatest({_FIRST}, least($__toTime, now() - INTERVAL 2 MINUTE))
    STEP toIntervalSecond({_STEP})"""
"""A step without a row was not seen; the last two minutes are still being written. Where there is no place at all, this
makes steps of a place without a name."""

CURVES: Final = Panel(
    "timeseries",
    Text("Part of the zone under water, by place", "Bagian zona yang tergenang, per tempat"),
    Text(
        f"The {PLACES} places that matter most in the range: those with a flood first, then the highest ratios. Mean"
        " over valid, not simulated minutes; over more than 2 days, over hours. Where a curve breaks off nothing"
        " valid was seen: that is not dry. A flood begins at 15 % for 2 minutes and is over at 5 % for 5 (dashed"
        " lines), unless its camera sets other ratios. Not a depth. A point opens the camera at its time.",
        f"{PLACES} tempat terpenting dalam rentang waktu: yang banjir lebih dulu, lalu yang rasionya tertinggi."
        " Rata-rata menit yang valid dan bukan simulasi; untuk rentang lebih dari 2 hari, rata-rata jam. Kurva yang"
        " terputus berarti tidak ada yang terlihat, bukan kering. Banjir mulai pada 15 % selama 2 menit dan selesai"
        " pada 5 % selama 5 menit (garis putus-putus), kecuali kameranya diatur lain. Bukan kedalaman. Titik membuka"
        " kamera pada saat itu.",
    ),
    (
        Query(f"""SELECT time, place, camera_id, mean_ratio AS ratio
FROM
(
    SELECT time, place, camera_id, zone_id, mean_ratio
    FROM ({_BUCKETS})
    ORDER BY camera_id, zone_id, place, time {_FILLED}
)
WHERE place != ''
ORDER BY time, place"""),
    ),
    {
        "place": Column(Text("Place", "Tempat"), "string"),
        "camera_id": CAMERA_ID,
        "ratio": Column(Text("Ratio", "Rasio"), "percentunit", decimals=0, links_to_camera=True),
    },
    unit="percentunit",
    thresholds=(Threshold(0.05, "yellow"), Threshold(0.15, "red")),
    width=24,
    height=10,
)

STATES: Final = Panel(
    "state-timeline",
    Text("Dry, water, flood, or not seen", "Kering, ada air, banjir, atau tidak terlihat"),
    Text(
        "The same places: the worst state of each step. *Not valid* is a quarantined or a simulated picture, *not seen*"
        " a time without a judged frame; in neither can anyone say that it was dry.",
        "Tempat yang sama: keadaan terburuk tiap langkah waktu. *Tidak valid* berarti gambar dikarantina atau simulasi,"
        " *tidak terlihat* berarti tidak ada frame yang dinilai; pada keduanya tidak bisa dikatakan kering.",
    ),
    (
        Query(f"""SELECT time, place, camera_id, if(worst = '', 'not_seen', worst) AS state
FROM
(
    SELECT time, place, camera_id, zone_id, worst
    FROM ({_BUCKETS})
    ORDER BY camera_id, zone_id, place, time {_FILLED}
)
WHERE place != ''
ORDER BY time, place"""),
    ),
    {
        "place": Column(Text("Place", "Tempat"), "string"),
        "camera_id": CAMERA_ID,
        "state": Column(
            Text("State", "Keadaan"),
            "string",
            mapped=(
                Mapped("flood", Text("flood", "banjir"), "red"),
                Mapped("onset", Text("water, not yet a flood", "ada air, belum banjir"), "yellow"),
                Mapped("dry", Text("dry", "kering"), "green"),
                Mapped("not_valid", Text("not valid", "tidak valid"), "purple"),
                Mapped("not_seen", Text("not seen", "tidak terlihat"), "text"),
            ),
            links_to_camera=True,
        ),
    },
    width=24,
    height=9,
)

EPISODES: Final = Panel(
    "table",
    Text("Floods in the range: onset, peak, cleared", "Banjir dalam rentang waktu: mulai, puncak, surut"),
    Text(
        "Every flood that was open at some time of the range, the latest first, at most 500; rejected ones are shown,"
        " so that one sees what was taken for a flood. *Began* is the first frame of the 2 minutes above the onset"
        " ratio. *Receding since* is the last time at 0.9 of the peak. *Cleared* is the first frame of the 5 dry"
        " minutes; a dash with *nothing was seen any more*: the end is the last sight, not when it was dry. Simulated"
        " floods are left out. Times are right within the median of a minute (docs/floods.md has how well they were"
        " measured).",
        "Semua banjir yang berlangsung pada suatu saat dalam rentang waktu, terbaru di atas, paling banyak 500; yang"
        " ditolak ikut ditampilkan agar terlihat apa yang sempat dikira banjir. *Mulai* adalah frame pertama dari 2"
        " menit di atas ambang. *Menurun sejak* adalah saat terakhir pada 0,9 dari puncak. *Surut* adalah frame"
        " pertama dari 5 menit kering; tanda pisah dengan *tidak terlihat lagi*: akhirnya adalah saat terakhir"
        " terlihat, bukan saat kering. Banjir simulasi tidak ditampilkan. Ketepatan waktunya sekitar satu menit (lihat"
        " docs/floods.md).",
    ),
    (
        Query(f"""SELECT c.name AS name, c.kelurahan AS kelurahan, e.review AS review, e.started_at AS started_at,
    nullIf(e.peak_at, {NEVER}) AS peak_at, e.peak_ratio AS peak_ratio,
    nullIf(e.recession_at, {NEVER}) AS recession_at, nullIf(e.cleared_at, {NEVER}) AS cleared_at,
    dateDiff('second', e.started_at, if({LASTS}, now64(3), {ENDED_AT})) AS lasted,
    {ENDED} AS ended_because, nullIf(e.reviewed_by, '') AS reviewed_by,
    if(e.reviewed_at = {NEVER}, NULL, dateDiff('second', e.started_at, e.first_reviewed_at)) AS reviewed_after,
    e.camera_id AS camera_id, if(e.peak_at = {NEVER}, e.started_at, e.peak_at) AS at
FROM episodes_reviewed AS e
LEFT JOIN current_cameras AS c ON c.camera_id = e.camera_id
WHERE e.episode_type = 'flood_episode' AND NOT e.simulated AND {CHOSEN_CAMERAS}
    AND {REACHES_RANGE}
ORDER BY e.started_at DESC, e.camera_id
LIMIT 500"""),
    ),
    {
        "name": NAME,
        "kelurahan": KELURAHAN,
        "review": review_column(),
        "started_at": STARTED,
        "peak_at": Column(Text("Peak at", "Puncak pada"), "dateTimeAsIso", width_px=165, no_data=UNKNOWN),
        "peak_ratio": Column(Text("Peak", "Puncak"), "percentunit", decimals=0, width_px=75),
        "recession_at": Column(Text("Receding since", "Menurun sejak"), "dateTimeAsIso", width_px=165, no_data=UNKNOWN),
        "cleared_at": Column(Text("Cleared", "Surut"), "dateTimeAsIso", width_px=165, no_data=UNKNOWN),
        "lasted": Column(Text("For", "Selama"), "s", decimals=1, width_px=90),
        "ended_because": ENDED_BECAUSE,
        "reviewed_by": Column(Text("Judged by", "Dinilai oleh"), "string", width_px=110, no_data=UNKNOWN),
        "reviewed_after": Column(
            Text("Judged after", "Dinilai setelah"), "s", decimals=1, width_px=110, no_data=UNKNOWN
        ),
        **LINK_COLUMNS,
    },
    width=24,
    height=11,
    no_data=Text("no flood in the range", "tidak ada banjir dalam rentang waktu"),
)

COURSE: Final = Section(Text("In the time range", "Dalam rentang waktu"), (CURVES, STATES, EPISODES))
