"""*Counters*, one beside the other: each with what its figures rest on; and the episodes behind them."""

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.counters_basis import (
    CAN_WAIT,
    HOURS,
    LEAST_HOURS,
    LEAST_RATIO,
    LEAST_SERVED,
    LITTLE,
    MISSED_STAFF,
    PERIOD_MINUTES,
    REGISTERED,
    RESTS,
)
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
from services.aggregate.dashboards.episode_columns import CAMERA_ID, review_column
from services.aggregate.dashboards.variables import CHOSEN_CAMERAS

_LEAGUE_SQL: Final = f"""SELECT
    c.camera_id AS camera_id, c.name AS name, c.kelurahan AS kelurahan,
    multiIf(h.open_minutes = 0, 'none',
        h.open_minutes < {LEAST_HOURS * 60} OR observed_ratio < {LEAST_RATIO}, 'small', 'enough') AS sample,
    h.open_minutes / 60 AS open_hours,
    least(1, h.valid_minutes / {PERIOD_MINUTES}) AS observed_ratio,
    if(h.staff_s > 0, h.staffed_s / h.staff_s, NULL) AS staffed_ratio,
    h.staffed_lowest AS staffed_lowest,
    if(h.queue_s > 0, h.queue_person_s / h.queue_s, NULL) AS queue_mean,
    if(h.queue_s > 0, h.queue_most, NULL) AS queue_most,
    if(h.served_timed >= {LEAST_SERVED}, h.waited_person_s / h.served_timed, NULL) AS waiting_s,
    if(h.served_minutes > 0, h.served, NULL) AS served,
    if(h.open_minutes > 0, e.unattended, NULL) AS unattended,
    if(h.open_minutes >= {LEAST_HOURS * 60}, e.unattended / h.open_minutes * 6000, NULL) AS unattended_per_100_h,
    if(h.open_minutes > 0, h.last_hour, NULL) AS at
FROM (
    SELECT camera_id, name, kelurahan FROM {REGISTERED}
) AS c
LEFT JOIN (
    SELECT camera_id, sum(d.open_minutes) AS open_minutes, sum(d.valid_minutes) AS valid_minutes,
        sum(d.staff_s) AS staff_s, sum(d.staffed_s) AS staffed_s,
        minOrNullIf(d.staffed_s / d.staff_s, d.staff_s >= 3600) AS staffed_lowest,
        sum(d.queue_s) AS queue_s, sum(d.queue_person_s) AS queue_person_s, max(d.queue_most) AS queue_most,
        sum(d.waited_person_s) AS waited_person_s, sum(d.served_timed) AS served_timed,
        sum(d.served) AS served, sum(d.served_minutes) AS served_minutes,
        max(d.last_hour) AS last_hour
    FROM (
        SELECT camera_id, toDate(hour, 'Asia/Jakarta') AS day,
            sum(h.open_minutes) AS open_minutes, sum(h.valid_minutes) AS valid_minutes,
            sum(h.staff_s) AS staff_s, sum(h.staffed_s) AS staffed_s,
            sum(h.queue_s) AS queue_s, sum(h.queue_person_s) AS queue_person_s, max(h.queue_max) AS queue_most,
            sumIf(h.queue_person_s, h.can_wait) AS waited_person_s, sumIf(h.served, h.can_wait) AS served_timed,
            sum(h.served) AS served, sum(h.served_minutes) AS served_minutes,
            maxIf(hour, h.open_minutes > 0) AS last_hour
        FROM (SELECT *, {CAN_WAIT} AS can_wait FROM {HOURS}) AS h
        GROUP BY camera_id, day
    ) AS d
    GROUP BY camera_id
) AS h ON h.camera_id = c.camera_id
LEFT JOIN (
    SELECT camera_id, count() AS unattended
    FROM episodes_reviewed
    WHERE episode_type = 'counter_episode' AND kind = 'unattended' AND review != 'rejected' AND NOT simulated
        AND $__timeFilter(started_at) AND {CHOSEN_CAMERAS}
    GROUP BY camera_id
) AS e ON e.camera_id = c.camera_id
ORDER BY sample = 'none', sample = 'small', staffed_ratio IS NULL, staffed_ratio, camera_id
LIMIT 500"""  # noqa: S608

COMPARED: Final = Section(
    Text("Counters compared", "Perbandingan loket"),
    (
        Panel(
            "table",
            Text("Counters, the least staffed first", "Loket, yang paling jarang dijaga lebih dulu"),
            paragraph(
                Text(
                    f"One row a counter. No places are given, for one must not be read without the other: compare"
                    f" staffed time only between counters with enough sample. A sample is small below {LEAST_HOURS} h"
                    f" of observed opening time or where less than {LEAST_RATIO:.0%} of all minutes of the period,"
                    f" nights included, were valid; these come last, whatever their figures. 'Observed' is opening time"
                    f" with valid minutes. 'Lowest day' is the day with the least staff among days with an hour of"
                    f" observation or more: far below the mean it tells of one bad day. Queues depend on the place and"
                    f" the season as well, not on staff alone.",
                    f"Satu baris satu loket. Tidak ada peringkat, karena angka tidak boleh dibaca tanpa dasarnya:"
                    f" bandingkan waktu dijaga hanya antara loket yang datanya cukup. Data disebut sedikit bila jam"
                    f" buka yang terpantau kurang dari {LEAST_HOURS} jam, atau bila kurang dari {LEAST_RATIO:.0%} semua"
                    f" menit dalam kurun ini, termasuk malam, yang sah; loket itu ada di akhir, berapa pun angkanya."
                    f" 'Terpantau' ialah jam buka dengan menit sah. 'Hari terendah' ialah hari dengan petugas paling"
                    f" sedikit di antara hari yang terpantau sejam atau lebih: bila jauh di bawah rata-rata, itu satu"
                    f" hari buruk. Antrean juga tergantung tempat dan musim, bukan hanya petugas.",
                ),
                RESTS,
                MISSED_STAFF,
                LITTLE,
            ),
            (Query(_LEAGUE_SQL),),
            {
                "camera_id": CAMERA_ID,
                "name": Column(Text("Counter", "Loket"), "string", links_to_camera=True, width_px=230),
                "kelurahan": Column(Text("Kelurahan", "Kelurahan"), "string", width_px=140),
                "sample": Column(
                    Text("Sample", "Data"),
                    "string",
                    mapped=(
                        Mapped("enough", Text("enough", "cukup"), "green"),
                        Mapped("small", Text("small: don't compare", "sedikit: jangan dibandingkan"), "orange"),
                        Mapped("none", Text("not observed", "tidak terpantau"), "red"),
                    ),
                    width_px=170,
                ),
                "open_hours": Column(Text("Observed", "Terpantau"), "suffix:h", 0, width_px=110),
                "observed_ratio": Column(
                    Text("of period", "dari kurun"),
                    "percentunit",
                    0,
                    (Threshold(0, "red"), Threshold(LEAST_RATIO, "yellow"), Threshold(0.9, "green")),
                    width_px=110,
                ),
                "staffed_ratio": Column(
                    Text("Staffed", "Dijaga"),
                    "percentunit",
                    1,
                    (Threshold(0, "red"), Threshold(0.6, "yellow"), Threshold(0.8, "green")),
                    width_px=90,
                ),
                "staffed_lowest": Column(Text("Lowest day", "Hari terendah"), "percentunit", 1, width_px=110),
                "queue_mean": Column(Text("Queue, mean", "Antrean, rata-rata"), "none", 1, width_px=110),
                "queue_most": Column(Text("Queue, most", "Antrean, terbanyak"), "none", 0, width_px=110),
                "waiting_s": Column(Text("Waiting, estimated", "Tunggu, perkiraan"), "s", 0, width_px=120),
                "served": Column(Text("Served", "Dilayani"), "none", 0, width_px=90),
                "unattended": Column(Text("Unattended episodes", "Kejadian ditinggal"), "none", 0, width_px=110),
                "unattended_per_100_h": Column(Text("per 100 h", "per 100 jam"), "none", 1, width_px=90),
                "at": Column(Text("Last observed hour", "Jam terakhir terpantau"), "dateTimeAsIso", hidden=True),
            },
            width=24,
            height=13,
        ),
    ),
)

_EPISODES_SQL: Final = f"""SELECT
    e.camera_id AS camera_id, c.name AS name, c.kelurahan AS kelurahan, e.kind AS kind, e.started_at AS at,
    dateDiff('second', e.started_at, if(e.phase = 'open', e.last_seen_at, e.ended_at)) AS lasted_s,
    e.phase AS phase, e.people_waiting_max AS people, e.review AS review
FROM (
    SELECT * FROM episodes_reviewed
    WHERE episode_type = 'counter_episode' AND NOT simulated AND $__timeFilter(started_at) AND {CHOSEN_CAMERAS}
    ORDER BY started_at DESC, camera_id, kind
    LIMIT 200
) AS e
LEFT JOIN current_cameras AS c ON c.camera_id = e.camera_id
ORDER BY at DESC, camera_id, kind"""  # noqa: S608

EPISODES: Final = Section(
    Text("Episodes", "Kejadian"),
    (
        Panel(
            "table",
            Text("Latest episodes at counters", "Kejadian terakhir di loket"),
            Text(
                "The 200 latest episodes that began in the period, rejected ones among them, simulated ones not."
                " Unattended: people wait and nobody has staffed the counter for 120 s. Not open: nobody has staffed it"
                " for 10 minutes of its opening hours. After hours: people at the counter for 60 s outside them."
                " Suspected means that a rule found it and no person has looked. While a camera is in quarantine rules"
                " go on: look at the camera's incidents before you rely on one. A click on the counter shows the"
                " pictures.",
                "200 kejadian terakhir yang mulai dalam kurun ini, termasuk yang ditolak, tanpa yang simulasi."
                " Ditinggal: orang menunggu dan loket tidak dijaga selama 120 detik. Tidak buka: loket tidak dijaga"
                " selama 10 menit pada jam buka. Di luar jam: ada orang di loket selama 60 detik di luar jam buka."
                " Dugaan berarti ditemukan oleh aturan dan belum dilihat orang. Selama kamera dikarantina aturan tetap"
                " berjalan: periksa gangguan kamera itu sebelum mengandalkan kejadiannya. Klik nama loket untuk melihat"
                " gambarnya.",
            ),
            (Query(_EPISODES_SQL),),
            {
                "camera_id": CAMERA_ID,
                "name": Column(Text("Counter", "Loket"), "string", links_to_camera=True, width_px=240),
                "kelurahan": Column(Text("Kelurahan", "Kelurahan"), "string", width_px=160),
                "kind": Column(
                    Text("What", "Apa"),
                    "string",
                    mapped=(
                        Mapped("unattended", Text("unattended", "ditinggal"), "red"),
                        Mapped("not_open", Text("not open", "tidak buka"), "orange"),
                        Mapped("after_hours", Text("after hours", "di luar jam"), "blue"),
                    ),
                    width_px=120,
                ),
                "at": Column(Text("Began", "Mulai"), "dateTimeAsIso", width_px=180),
                "lasted_s": Column(Text("Lasted, so far", "Lama, sejauh ini"), "s", 0, width_px=130),
                "phase": Column(
                    Text("State", "Keadaan"),
                    "string",
                    mapped=(
                        Mapped("open", Text("going on", "berlangsung"), "red"),
                        Mapped("ended", Text("ended", "selesai")),
                    ),
                    width_px=120,
                ),
                "people": Column(Text("Most people waiting", "Penunggu terbanyak"), "none", 0, width_px=140),
                "review": review_column(),
            },
            width=24,
            height=11,
        ),
    ),
)
