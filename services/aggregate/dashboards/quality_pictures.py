"""*Quality* of what the rules rest on: minutes that count, frames without a verdict, clocks, and pictures of water."""

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.cameras_seeing import ACTIVE, COMPLETE_UNTIL, FIRST_HOUR
from services.aggregate.dashboards.dashboard import Column, Panel, Query, Section, Text, Threshold
from services.aggregate.dashboards.episode_columns import CAMERA_ID, KELURAHAN, NAME
from services.aggregate.dashboards.variables import CHOSEN_CAMERAS

LOW_RELIABILITY: Final = 0.3
"""As the flood rule has it: below it a flood takes longer to be told."""

_LAST_DAY: Final = (
    "minute >= greatest($__fromTime, toStartOfHour($__toTime) - INTERVAL 23 HOUR) AND minute <= $__toTime"
)
"""Reliability and lateness are kept by the minute only: a month of all cameras would take seconds to read."""

_HOUR_AND_GAPS: Final = """ORDER BY hour WITH FILL
        FROM toStartOfHour(greatest($__fromTime, toStartOfHour($__toTime) - INTERVAL 23 HOUR))
        TO least($__toTime, now() - INTERVAL 2 MINUTE) STEP INTERVAL 1 HOUR"""

_HOURS: Final = f"""camera_hours AS h FINAL
WHERE hour >= toStartOfHour($__fromTime) AND hour <= least($__toTime, now() - INTERVAL 70 MINUTE)
    AND {CHOSEN_CAMERAS}"""
_DAY: Final = "toDate(hour, 'Asia/Jakarta')"

_MINUTES_SQL: Final = f"""WITH
    assumeNotNull((SELECT count() FROM {ACTIVE})) AS cameras,
    {FIRST_HOUR} AS first,
    range(toUInt32(greatest(0, dateDiff('hour', first, {COMPLETE_UNTIL} + INTERVAL 3599 SECOND)))) AS hours
SELECT formatDateTime(g.day, '%m-%d') AS minutes_day, d.not_valid / g.due AS not_valid,
    d.simulated / g.due AS simulated, greatest(0, g.due - d.all_minutes) / g.due AS missing
FROM (
    SELECT toDate(first + toIntervalHour(arrayJoin(hours)), 'Asia/Jakarta') AS day, count() * 60 * cameras AS due
    GROUP BY day
) AS g
LEFT JOIN (
    SELECT {_DAY} AS day, sum(h.simulated_minutes) AS simulated, sum(h.minutes) AS all_minutes,
        all_minutes - sum(h.valid_minutes) - simulated AS not_valid
    FROM camera_hours AS h FINAL
    WHERE hour >= toStartOfHour($__fromTime) AND hour < {COMPLETE_UNTIL}
        AND camera_id IN (SELECT camera_id FROM {ACTIVE})
    GROUP BY day
) AS d ON d.day = g.day
WHERE g.due > 0
ORDER BY g.day"""  # noqa: S608

_FRAMES_SQL: Final = f"""SELECT toDateTime(hour) AS time,
    sum(h.shed_stale) / nullIf(sum(h.frames), 0) AS stale, sum(h.shed_overload) / nullIf(sum(h.frames), 0) AS overload,
    sum(h.dead_undecodable + h.dead_refused) / nullIf(sum(h.frames), 0) AS dead,
    sum(h.expired) / nullIf(sum(h.frames), 0) AS expired
FROM {_HOURS}
GROUP BY time
ORDER BY time WITH FILL FROM toStartOfHour($__fromTime) TO least($__toTime, now() - INTERVAL 70 MINUTE)
    STEP INTERVAL 1 HOUR"""  # noqa: S608

_LATE_SQL: Final = f"""SELECT formatDateTime(hour, '%H:00', 'Asia/Jakarta') AS late_hour, late, too_late, skewed
FROM (
    SELECT toDateTime(toStartOfHour(minute)) AS hour, sum(m.late) / nullIf(sum(m.frames), 0) AS late,
        sum(m.too_late) / nullIf(sum(m.frames), 0) AS too_late,
        sum(m.clock_skewed) / nullIf(sum(m.frames), 0) AS skewed
    FROM current_camera_minutes AS m
    WHERE {_LAST_DAY} AND {CHOSEN_CAMERAS}
    GROUP BY hour
    {_HOUR_AND_GAPS}
)
ORDER BY hour"""  # noqa: S608

_CAMERAS_SQL: Final = f"""SELECT w.camera_id AS camera_id, c.name AS name, c.kelurahan AS kelurahan, w.frames AS frames,
    w.unjudged_ratio AS unjudged_ratio, w.skewed_ratio AS skewed_ratio, w.at AS at
FROM (
    SELECT camera_id, sum(h.frames) AS frames, (frames - sum(h.detected)) / frames AS unjudged_ratio,
        sum(h.clock_skewed) / frames AS skewed_ratio, max(hour) AS at
    FROM {_HOURS} AND h.frames > 0
    GROUP BY camera_id
    HAVING unjudged_ratio > 0 OR skewed_ratio > 0
    ORDER BY greatest(unjudged_ratio, skewed_ratio) DESC, camera_id
    LIMIT 100
) AS w
LEFT JOIN current_cameras AS c ON c.camera_id = w.camera_id
ORDER BY greatest(unjudged_ratio, skewed_ratio) DESC, camera_id"""  # noqa: S608

_WATER: Final = f"current_flood_minutes WHERE {_LAST_DAY} AND valid AND NOT simulated AND {CHOSEN_CAMERAS}"
_WATER_SQL: Final = f"""SELECT formatDateTime(hour, '%H:00', 'Asia/Jakarta') AS water_hour, typical, poor
FROM (
    SELECT toDateTime(toStartOfHour(minute)) AS hour, if(count() > 0, quantile(0.5)(reliability_mean), NULL) AS typical,
        if(count() > 0, quantile(0.1)(reliability_mean), NULL) AS poor
    FROM {_WATER}
    GROUP BY hour
    {_HOUR_AND_GAPS}
)
ORDER BY hour"""  # noqa: S608

_WATER_ZONES_SQL: Final = f"""SELECT z.camera_id AS camera_id, c.name AS name,
    z.zone_id AS zone_id, z.reliability AS reliability, z.low_ratio AS low_ratio, z.minutes AS minutes,
    z.wet AS wet, z.wet_low AS wet_low,
    z.at AS at
FROM (
    SELECT camera_id, zone_id, avg(reliability_mean) AS reliability,
        countIf(reliability_mean < {LOW_RELIABILITY}) / count() AS low_ratio, count() AS minutes,
        countIf(state = 'flood') AS wet, countIf(state = 'flood' AND reliability_mean < {LOW_RELIABILITY}) AS wet_low,
        argMin(minute, reliability_mean) AS at
    FROM {_WATER}
    GROUP BY camera_id, zone_id
    ORDER BY low_ratio DESC, reliability, camera_id, zone_id
    LIMIT 100
) AS z
LEFT JOIN current_cameras AS c ON c.camera_id = z.camera_id
ORDER BY low_ratio DESC, reliability, camera_id, zone_id"""  # noqa: S608


PICTURES: Final = Section(
    Text("What the figures rest on", "Dasar angka-angka"),
    (
        Panel(
            "barchart",
            Text("Minutes that do not count", "Menit yang tidak dihitung"),
            Text(
                "By day (Asia/Jakarta), as parts of the minutes that active cameras should have had in whole hours,"
                " from the store's first hour on. Not valid: in quarantine. Simulated: effects are laid over the"
                " pictures, so that they count nowhere. Missing: no frame came, or the service did not run. What is"
                " left to 100 % carries the statistics. Cameras that were added in the period were missing before.",
                "Per hari (WIB), sebagai bagian dari menit yang seharusnya dimiliki kamera aktif dalam jam penuh, sejak"
                " jam pertama di basis data. Tidak sah: dikarantina. Simulasi: gambarnya diberi efek, jadi tidak"
                " dihitung di mana pun. Hilang: tidak ada frame, atau layanan tidak berjalan. Sisanya sampai 100 %"
                " menjadi dasar statistik. Kamera yang ditambahkan dalam kurun ini terhitung hilang sebelumnya.",
            ),
            (Query(_MINUTES_SQL),),
            {
                "minutes_day": Column(Text("Day", "Hari"), "string"),
                "not_valid": Column(Text("not valid", "tidak sah"), "percentunit", 1, colour="purple"),
                "simulated": Column(Text("simulated", "simulasi"), "percentunit", 1, colour="blue"),
                "missing": Column(Text("missing", "hilang"), "percentunit", 1, colour="red"),
            },
            stacked=True,
            height=9,
        ),
        Panel(
            "timeseries",
            Text("Captured frames without a verdict", "Frame yang terambil tetapi tidak dinilai"),
            Text(
                "By hour, parts of all frames with an outcome. Too old and overload: shed on purpose, the newest frame"
                " of each camera first to be kept. Not a picture: dead letters. Outcome lost: none ever came. All four"
                " shorten what a minute rests on, none of them makes a figure wrong by itself.",
                "Per jam, bagian dari semua frame yang ada hasilnya. Terlalu tua dan beban lebih: sengaja dilewati,"
                " dengan mendahulukan frame terbaru tiap kamera. Bukan gambar: surat mati. Hasil hilang: tidak pernah"
                " datang. Keempatnya mengurangi dasar sebuah menit, tetapi tidak membuat angka keliru dengan"
                " sendirinya.",
            ),
            (Query(_FRAMES_SQL),),
            {
                "stale": Column(Text("too old", "terlalu tua"), "percentunit", 2),
                "overload": Column(Text("overload", "beban lebih"), "percentunit", 2),
                "dead": Column(Text("not a picture", "bukan gambar"), "percentunit", 2),
                "expired": Column(Text("outcome lost", "hasil hilang"), "percentunit", 2),
            },
            height=9,
            shortest_interval_s=3600,
        ),
        Panel(
            "barchart",
            Text("Late frames and clocks that run ahead", "Frame terlambat dan jam yang terlalu cepat"),
            Text(
                "Of the last 24 hours of the period, by hour (Asia/Jakarta), parts of all frames. Late: came"
                " after its minute was judged and only amended its counts. Too late: more than an hour, changed no"
                " minute. Clock ahead: captured more than 30 s after Kafka took it, so that the camera's clock is"
                " wrong; such a frame counts at the time at which Kafka took it. Clocks that run behind can't be told"
                " from a slow network.",
                "Dari 24 jam terakhir kurun ini, per jam (WIB), bagian dari semua frame. Terlambat:"
                " datang setelah menitnya dinilai dan hanya memperbaiki hitungannya. Sangat terlambat: lebih dari"
                " sejam, tidak mengubah menit mana pun. Jam terlalu cepat: waktu ambilnya lebih dari 30 detik sesudah"
                " diterima Kafka, jadi jam kamera salah; frame itu dihitung pada waktu diterima Kafka. Jam yang lambat"
                " tidak bisa dibedakan dari jaringan yang lambat.",
            ),
            (Query(_LATE_SQL),),
            {
                "late_hour": Column(Text("Hour", "Jam"), "string"),
                "late": Column(Text("late", "terlambat"), "percentunit", 2),
                "too_late": Column(Text("too late", "sangat terlambat"), "percentunit", 2),
                "skewed": Column(Text("clock ahead", "jam terlalu cepat"), "percentunit", 2),
            },
            height=9,
        ),
        Panel(
            "table",
            Text("Cameras with unjudged frames or a wrong clock", "Kamera dengan frame tak dinilai atau jam salah"),
            Text(
                "Up to 100 cameras, the worse of both parts first, over the frames of the period. Of a few frames a"
                " part says little: look at their number.",
                "Paling banyak 100 kamera, yang bagiannya lebih buruk lebih dulu, dari semua frame dalam kurun ini."
                " Dari sedikit frame, sebuah bagian tidak banyak artinya: lihat jumlahnya.",
            ),
            (Query(_CAMERAS_SQL),),
            {
                "camera_id": CAMERA_ID,
                "name": NAME,
                "kelurahan": KELURAHAN,
                "frames": Column(Text("Frames", "Frame"), "short", 1, width_px=100),
                "unjudged_ratio": Column(
                    Text("Not judged", "Tidak dinilai"),
                    "percentunit",
                    2,
                    (Threshold(0.02, "yellow"), Threshold(0.1, "red")),
                    width_px=110,
                ),
                "skewed_ratio": Column(
                    Text("Clock ahead", "Jam terlalu cepat"),
                    "percentunit",
                    2,
                    (Threshold(0.001, "orange"), Threshold(0.1, "red")),
                    width_px=120,
                ),
                "at": Column(Text("Last hour", "Jam terakhir"), "dateTimeAsIso", hidden=True),
            },
            height=9,
            no_data=Text("no such camera", "tidak ada kamera seperti itu"),
        ),
    ),
)

WATER: Final = Section(
    Text("How far pictures of water can be trusted", "Sejauh mana gambar air dapat dipercaya"),
    (
        Panel(
            "barchart",
            Text("Reliability of water zones", "Keandalan zona air"),
            Text(
                f"Of the last 24 hours of the period, by hour (Asia/Jakarta), over valid minutes of water zones: the"
                f" median zone minute, and the poorest tenth. Reliability falls with darkness, blur and rain on the"
                f" lens; below {LOW_RELIABILITY} a flood takes 240 s to be told. A clear picture of a wet, shining"
                f" street is reliable by this measure and can still be taken for a flood.",
                f"Dari 24 jam terakhir kurun ini, per jam (WIB), dari menit sah zona air: menit zona yang"
                f" median, dan sepersepuluh yang terburuk. Keandalan turun karena gelap, buram dan air hujan pada"
                f" lensa; di bawah {LOW_RELIABILITY} banjir baru dinyatakan setelah 240 detik. Gambar jernih jalan"
                f" basah yang mengkilap tetap andal menurut ukuran ini, dan masih bisa disangka banjir.",
            ),
            (Query(_WATER_SQL),),
            {
                "water_hour": Column(Text("Hour", "Jam"), "string"),
                "typical": Column(Text("typical (median)", "umum (median)"), "none", 2, colour="green"),
                "poor": Column(Text("poorest tenth", "sepersepuluh terburuk"), "none", 2, colour="orange"),
            },
            width=10,
            height=10,
        ),
        Panel(
            "table",
            Text("Water zones, the least reliable first", "Zona air, yang paling tidak andal lebih dulu"),
            Text(
                f"Of the last 24 hours of the period. Low is the part of the zone's valid minutes below"
                f" {LOW_RELIABILITY}. A zone with flood minutes that are mostly low has floods to look at before"
                f" anybody is told. The moment is the least reliable minute.",
                f"Dari 24 jam terakhir kurun ini. Rendah ialah bagian menit sah zona itu yang di bawah"
                f" {LOW_RELIABILITY}. Zona yang menit banjirnya kebanyakan rendah perlu dilihat dulu sebelum siapa pun"
                f" diberi tahu. Waktunya ialah menit yang paling tidak andal.",
            ),
            (Query(_WATER_ZONES_SQL),),
            {
                "camera_id": CAMERA_ID,
                "name": NAME,
                "zone_id": Column(Text("Zone", "Zona"), "string", width_px=100),
                "reliability": Column(
                    Text("Reliability, mean", "Keandalan, rata-rata"),
                    "none",
                    2,
                    (Threshold(0, "red"), Threshold(LOW_RELIABILITY, "yellow"), Threshold(0.6, "green")),
                    width_px=120,
                ),
                "low_ratio": Column(Text("Low", "Rendah"), "percentunit", 1, width_px=90),
                "minutes": Column(Text("of minutes", "dari menit"), "none", 0, width_px=100),
                "wet": Column(Text("Flood minutes", "Menit banjir"), "none", 0, width_px=100),
                "wet_low": Column(Text("of them low", "yang rendah"), "none", 0, width_px=100),
                "at": Column(Text("Worst minute", "Menit terburuk"), "dateTimeAsIso", hidden=True),
            },
            width=14,
            height=10,
        ),
    ),
)
