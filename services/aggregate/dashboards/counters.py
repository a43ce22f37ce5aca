"""*Counters*: queues, staff and waiting at service counters, and whether they open when they should."""

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.counters_basis import (
    CAN_WAIT,
    HOURS,
    LEAST_SERVED,
    LITTLE,
    MISSED_STAFF,
    PERIOD_MINUTES,
    REGISTERED,
    RESTS,
)
from services.aggregate.dashboards.counters_hours import BY_HOUR_OF_DAY, OPENING
from services.aggregate.dashboards.counters_table import COMPARED, EPISODES
from services.aggregate.dashboards.dashboard import (
    Column,
    Dashboard,
    Panel,
    Query,
    Section,
    Text,
    Threshold,
    figure,
    paragraph,
)
from services.aggregate.dashboards.variables import CHOSEN_CAMERAS, WHERE

_BY_HOUR: Final = """GROUP BY time
ORDER BY time WITH FILL FROM toStartOfHour($__fromTime) TO least($__toTime, now()) STEP INTERVAL 1 HOUR"""


_SUMMARY: Final = Section(
    Text("In the chosen period", "Dalam kurun yang dipilih"),
    (
        figure(
            Text("Counters", "Loket"),
            Text(
                "Cameras of kind counter in the registry, and others with a queue or a staff zone; and how many of them"
                " were observed for at least one valid minute that did not fall outside opening hours. The other"
                " figures know nothing of the rest.",
                "Kamera jenis loket dalam daftar, dan kamera lain yang punya zona antrean atau petugas; dan berapa di"
                " antaranya yang terpantau paling sedikit satu menit sah yang tidak di luar jam buka. Angka lain tidak"
                " tahu apa-apa tentang sisanya.",
            ),
            f"""SELECT
    (SELECT count() FROM {REGISTERED}) AS counters,
    (SELECT uniqExactIf(camera_id, open_minutes > 0) FROM {HOURS}) AS observed""",  # noqa: S608
            {
                "counters": Column(Text("registered", "terdaftar")),
                "observed": Column(Text("observed", "terpantau")),
            },
        ),
        figure(
            Text("Staffed", "Dijaga petugas"),
            paragraph(
                Text(
                    "Part of the observed time with a person in the staff zone, over all chosen counters together; and"
                    " the hours of observation that it rests on.",
                    "Bagian waktu terpantau dengan orang di zona petugas, semua loket terpilih digabung; dan jumlah jam"
                    " pantauan yang mendasarinya.",
                ),
                RESTS,
                MISSED_STAFF,
            ),
            f"""SELECT if(sum(staff_s) > 0, sum(staffed_s) / sum(staff_s), NULL) AS staffed_ratio,
    sum(staff_s) / 3600 AS hours
FROM {HOURS}""",  # noqa: S608
            {
                "staffed_ratio": Column(
                    Text("staffed", "dijaga"),
                    "percentunit",
                    1,
                    (Threshold(0, "red"), Threshold(0.6, "yellow"), Threshold(0.8, "green")),
                ),
                "hours": Column(Text("observed", "terpantau"), "suffix:h", 0),
            },
        ),
        figure(
            Text("Queue", "Antrean"),
            paragraph(
                Text(
                    "People in the queue zone: the mean over observed time and all chosen counters, and the most that"
                    " one frame showed. The most is one frame of one counter: people who merely walk past count too.",
                    "Orang di zona antrean: rata-rata selama waktu terpantau di semua loket terpilih, dan yang"
                    " terbanyak dalam satu frame. Yang terbanyak berasal dari satu frame satu loket: orang yang"
                    " sekadar lewat ikut terhitung.",
                ),
                RESTS,
            ),
            f"""SELECT if(sum(queue_s) > 0, sum(queue_person_s) / sum(queue_s), NULL) AS queue_mean,
    if(sum(queue_s) > 0, max(queue_max), NULL) AS queue_most
FROM {HOURS}""",  # noqa: S608
            {
                "queue_mean": Column(Text("mean, people", "rata-rata, orang"), "none", 1),
                "queue_most": Column(Text("most, people", "terbanyak, orang"), "none", 0),
            },
        ),
        figure(
            Text("Waiting, estimated", "Waktu tunggu, perkiraan"),
            paragraph(LITTLE, RESTS),
            f"""SELECT if(sum(served) >= {LEAST_SERVED}, sum(queue_person_s) / sum(served), NULL) AS waiting_s,
    uniqExact(camera_id) AS counters
FROM {HOURS} AND {CAN_WAIT}""",  # noqa: S608
            {
                "waiting_s": Column(Text("mean", "rata-rata"), "s", 0),
                "counters": Column(Text("counters that tell it", "loket yang bisa menghitung")),
            },
        ),
        figure(
            Text("Unattended while people waited", "Ditinggal saat orang menunggu"),
            Text(
                "Episodes of kind unattended that began in the period: nobody in the staff zone for 120 s while at"
                " least every other frame of a minute showed somebody waiting, in opening hours. Rejected and simulated"
                " ones are left out; all that people have not confirmed is a suspicion. Where no counter was observed,"
                " there is no figure and no 0.",
                "Kejadian jenis 'ditinggal' yang mulai dalam kurun ini: tidak ada orang di zona petugas selama 120"
                " detik, sementara paling sedikit separuh frame dalam semenit memperlihatkan orang menunggu, pada jam"
                " buka. Yang ditolak dan yang simulasi tidak dihitung; yang belum dikonfirmasi orang masih dugaan."
                " Bila tidak ada loket yang terpantau, tidak ada angka, bukan 0.",
            ),
            f"""WITH (SELECT sum(open_minutes) FROM {HOURS}) AS watched
SELECT if(watched = 0 AND count() = 0, NULL, countIf(review = 'suspected')) AS suspected,
    if(watched = 0 AND count() = 0, NULL, countIf(review = 'confirmed')) AS confirmed
FROM episodes_reviewed
WHERE episode_type = 'counter_episode' AND kind = 'unattended' AND NOT simulated AND $__timeFilter(started_at)
    AND {CHOSEN_CAMERAS}""",  # noqa: S608
            {
                "suspected": Column(Text("suspected", "dugaan")),
                "confirmed": Column(Text("confirmed", "terkonfirmasi")),
            },
        ),
        figure(
            Text("Period observed", "Kurun yang terpantau"),
            Text(
                "Valid minutes of all chosen counters, divided by all minutes of the period, nights included: the store"
                " does not keep the timetable of minutes that it never saw. Below a half trust none of the figures."
                " A counter that was only just set up lowers it.",
                "Menit sah semua loket terpilih dibagi semua menit dalam kurun ini, termasuk malam: jadwal untuk menit"
                " yang tidak terlihat tidak disimpan. Di bawah separuh, jangan percaya angka mana pun. Loket yang baru"
                " dipasang menurunkan angka ini.",
            ),
            f"""SELECT if(counters > 0, least(1, minutes / counters / {PERIOD_MINUTES}), NULL) AS observed_ratio
FROM (
    SELECT (SELECT count() FROM {REGISTERED}) AS counters,
        (SELECT sum(valid_minutes) FROM {HOURS}) AS minutes
)""",  # noqa: S608
            {
                "observed_ratio": Column(
                    Text("observed", "terpantau"),
                    "percentunit",
                    1,
                    (Threshold(0, "red"), Threshold(0.5, "yellow"), Threshold(0.9, "green")),
                ),
            },
        ),
    ),
)

_CURVES: Final = Section(
    Text("Hour by hour", "Jam demi jam"),
    (
        Panel(
            "timeseries",
            Text("People in the queue", "Orang dalam antrean"),
            paragraph(
                Text(
                    "By hour: the mean over observed time of all chosen counters, and the most in one frame. Where"
                    " nothing was observed, or all were closed, there is a gap and no zero.",
                    "Per jam: rata-rata selama waktu terpantau di semua loket terpilih, dan yang terbanyak dalam satu"
                    " frame. Jika tidak ada pantauan, atau semua tutup, garisnya putus, bukan nol.",
                ),
                RESTS,
            ),
            (
                Query(f"""SELECT toDateTime(hour) AS time,
    if(sum(queue_s) > 0, sum(queue_person_s) / sum(queue_s), NULL) AS queue_mean,
    if(sum(queue_s) > 0, max(queue_max), NULL) AS queue_most
FROM {HOURS}
{_BY_HOUR}"""),  # noqa: S608
            ),
            {
                "queue_mean": Column(Text("mean", "rata-rata"), "none", 1),
                "queue_most": Column(Text("most", "terbanyak"), "none", 0),
            },
        ),
        Panel(
            "timeseries",
            Text("Staffed part of the opening time", "Bagian jam buka yang dijaga petugas"),
            paragraph(RESTS, MISSED_STAFF),
            (
                Query(f"""SELECT toDateTime(hour) AS time,
    if(sum(staff_s) > 0, sum(staffed_s) / sum(staff_s), NULL) AS staffed_ratio
FROM {HOURS}
{_BY_HOUR}"""),  # noqa: S608
            ),
            {"staffed_ratio": Column(Text("staffed", "dijaga"), "percentunit", 0)},
        ),
        Panel(
            "timeseries",
            Text("Waiting, estimated", "Waktu tunggu, perkiraan"),
            paragraph(LITTLE, RESTS),
            (
                Query(f"""SELECT toDateTime(hour) AS time,
    if(sumIf(served, {CAN_WAIT}) >= {LEAST_SERVED},
        sumIf(queue_person_s, {CAN_WAIT}) / sumIf(served, {CAN_WAIT}), NULL) AS waiting_s
FROM {HOURS}
{_BY_HOUR}"""),  # noqa: S608
            ),
            {"waiting_s": Column(Text("mean waiting time", "waktu tunggu rata-rata"), "s", 0)},
        ),
        Panel(
            "timeseries",
            Text("How many counters the curves rest on", "Berapa loket yang mendasari garis-garis ini"),
            Text(
                "By hour: counters with at least one valid minute in their opening hours; those of them that tell"
                " staff; those that can count people served. Compare two hours only where these are alike.",
                "Per jam: loket dengan paling sedikit satu menit sah pada jam bukanya; di antaranya yang bisa melihat"
                " petugas; dan yang bisa menghitung orang yang dilayani. Bandingkan dua jam hanya bila jumlahnya"
                " mirip.",
            ),
            (
                Query(f"""SELECT toDateTime(hour) AS time,
    toNullable(uniqExactIf(camera_id, open_minutes > 0)) AS open, toNullable(uniqExactIf(camera_id, staff_s > 0))
        AS with_staff, toNullable(uniqExactIf(camera_id, served_minutes > 0)) AS with_served
FROM {HOURS}
{_BY_HOUR}"""),  # noqa: S608
            ),
            {
                "open": Column(Text("observed while open", "terpantau saat buka")),
                "with_staff": Column(Text("tell staff", "melihat petugas")),
                "with_served": Column(Text("count people served", "menghitung yang dilayani")),
            },
        ),
    ),
)

DASHBOARD: Final = Dashboard(
    "counters",
    Text("Counters", "Loket pelayanan"),
    Text(
        "Queues, staff and waiting at the city's service counters, each with what it rests on.",
        "Antrean, petugas dan waktu tunggu di loket pelayanan kota, masing-masing dengan dasar angkanya.",
    ),
    (_SUMMARY, COMPARED, _CURVES, BY_HOUR_OF_DAY, OPENING, EPISODES),
    WHERE,
    hours=7 * 24,
    refresh_seconds=300,
)
