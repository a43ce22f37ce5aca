"""*Cameras*: whether they see, since when not and why, and what their pictures weigh."""

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.cameras_seeing import ACTIVE, DAYS, SEEING, SHARE, WHOLE_DAYS
from services.aggregate.dashboards.cameras_trouble import INCIDENTS, TROUBLE
from services.aggregate.dashboards.cameras_volume import (
    BYTES_MADE,
    COST_MADE,
    FULL_DAYS,
    PRICE,
    PRICE_RUPIAH,
    VOLUME,
)
from services.aggregate.dashboards.dashboard import (
    Column,
    Dashboard,
    Section,
    Text,
    Threshold,
    figure,
    paragraph,
)
from services.aggregate.dashboards.variables import CHOSEN_CAMERAS, WHERE

_FAULTS: Final = (Threshold(0, "green"), Threshold(1, "red"))


_SUMMARY: Final = Section(
    Text("At a glance", "Sekilas"),
    (
        figure(
            Text("Cameras", "Kamera"),
            Text(
                "Chosen cameras of the registry that are active, and that are paused. Only active ones count below.",
                "Kamera terpilih dalam daftar yang aktif, dan yang dijeda. Di bawah hanya yang aktif dihitung.",
            ),
            f"""SELECT countIf(state = 'active') AS active, countIf(state = 'paused') AS paused
FROM current_cameras
WHERE {CHOSEN_CAMERAS}""",  # noqa: S608
            {"active": Column(Text("active", "aktif")), "paused": Column(Text("paused", "dijeda"))},
        ),
        figure(
            Text("Blind now", "Buta sekarang"),
            Text(
                "Active cameras without a valid, judged frame for 180 s, or longer where they are sampled rarely; and"
                " how many of them are in quarantine: these send pictures and wait for a person. It is now, whatever"
                " period is chosen.",
                "Kamera aktif tanpa frame sah yang dinilai selama 180 detik, atau lebih lama bila jarang diambil"
                " sampelnya; dan berapa di antaranya dalam karantina: yang ini mengirim gambar dan menunggu orang. Ini"
                " keadaan sekarang, apa pun kurun yang dipilih.",
            ),
            f"""SELECT if(cameras > 0, blind, NULL) AS blind, if(cameras > 0, quarantined, NULL) AS quarantined
FROM (
    SELECT (SELECT count() FROM {ACTIVE}) AS cameras, count() AS blind, countIf(reason = 'not_valid') AS quarantined
    FROM cameras_blind_now
    WHERE {CHOSEN_CAMERAS}
)""",  # noqa: S608
            {
                "blind": Column(Text("blind", "buta"), "none", 0, _FAULTS),
                "quarantined": Column(Text("in quarantine", "dikarantina"), "none", 0),
            },
        ),
        figure(
            Text("Without exactly one owner", "Tanpa tepat satu pemilik"),
            Text(
                "Active cameras that no ingest worker owns now, or two do. Silence is certain after 150 s. It is now,"
                " whatever period is chosen.",
                "Kamera aktif yang kini tidak dimiliki worker ingest mana pun, atau dimiliki dua. Diamnya worker pasti"
                " setelah 150 detik. Ini keadaan sekarang, apa pun kurun yang dipilih.",
            ),
            f"""SELECT if(count() > 0, countIf(NOT covered), NULL) AS not_covered
FROM camera_coverage
WHERE {CHOSEN_CAMERAS}""",  # noqa: S608
            {"not_covered": Column(Text("not covered", "tidak tertangani"), "none", 0, _FAULTS)},
        ),
        figure(
            Text("Uptime", "Waktu hidup"),
            paragraph(
                Text(
                    "Seconds that frames of active cameras observed, by all seconds; and the days it rests on.",
                    "Detik yang teramati oleh frame kamera aktif dibagi seluruh detik; dan jumlah hari yang"
                    " mendasarinya.",
                ),
                WHOLE_DAYS,
            ),
            f"""SELECT if(sum(day_s) > 0, sum(uptime_ratio * day_s) / sum(day_s), NULL) AS uptime_ratio,
    uniqExact(day) AS days
FROM {DAYS} AND state = 'active'""",  # noqa: S608
            {
                "uptime_ratio": Column(Text("seen", "terlihat"), "percentunit", 1, SHARE),
                "days": Column(Text("days", "hari"), "none", 0),
            },
        ),
        figure(
            Text("Valid", "Sah"),
            paragraph(
                Text(
                    "Minutes of active cameras that are valid and not simulated, by all minutes: what every statistic"
                    " of the city rests on. And how many cameras had none.",
                    "Menit kamera aktif yang sah dan bukan simulasi dibagi seluruh menit: dasar semua statistik kota."
                    " Dan berapa kamera yang tidak punya satu pun.",
                ),
                WHOLE_DAYS,
            ),
            f"""SELECT if(sum(d.day_s) > 0, least(1, sum(d.valid_minutes) * 60 / sum(d.day_s)), NULL) AS valid_ratio,
    if(count() > 0, countIf(d.valid_minutes = 0), NULL) AS never
FROM (
    SELECT camera_id, sum(u.day_s) AS day_s, sum(u.valid_minutes) AS valid_minutes
    FROM (SELECT * FROM {DAYS} AND state = 'active') AS u
    GROUP BY camera_id
) AS d""",  # noqa: S608
            {
                "valid_ratio": Column(Text("valid", "sah"), "percentunit", 1, SHARE),
                "never": Column(Text("cameras: none", "kamera: nihil"), "none", 0),
            },
        ),
        figure(
            Text("Pictures and cost, a day", "Gambar dan biaya, per hari"),
            paragraph(BYTES_MADE, COST_MADE),
            f"""SELECT sum(bytes) / nullIf(uniqExact(day), 0) AS bytes_a_day,
    bytes_a_day / 1e9 * toFloat64OrNull(${{{PRICE}:singlequote}}) AS cost_a_day
FROM {FULL_DAYS}""",  # noqa: S608
            {
                "bytes_a_day": Column(Text("pictures", "gambar"), "decbytes", 1),
                "cost_a_day": Column(Text("cost", "biaya"), "prefix:Rp ", 0),
            },
        ),
    ),
)

DASHBOARD: Final = Dashboard(
    "cameras",  # not a topic: its name
    Text("Cameras", "Kamera"),
    Text(
        "Whether the cameras see, since when not and why, who owns them, and what their pictures weigh and cost.",
        "Apakah kamera melihat, sejak kapan tidak dan mengapa, siapa pemiliknya, serta besar dan biaya gambarnya.",
    ),
    (_SUMMARY, TROUBLE, SEEING, INCIDENTS, VOLUME),
    WHERE,
    hours=7 * 24,
    refresh_seconds=300,
    constants={PRICE: PRICE_RUPIAH},
)
