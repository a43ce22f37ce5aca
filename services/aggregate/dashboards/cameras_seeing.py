"""*Cameras*: how much of the time they saw, hour by hour and one by one, and where the gaps are."""

from __future__ import annotations

from typing import Final

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
from services.aggregate.dashboards.episode_columns import CAMERA_ID, KELURAHAN, NAME
from services.aggregate.dashboards.variables import CHOSEN_CAMERAS

DAYS: Final = f"""camera_uptime_daily
WHERE day BETWEEN toDate($__fromTime, 'Asia/Jakarta') AND toDate($__toTime, 'Asia/Jakarta') AND {CHOSEN_CAMERAS}"""
ACTIVE: Final = f"current_cameras WHERE state = 'active' AND {CHOSEN_CAMERAS}"
COMPLETE_UNTIL: Final = "least($__toTime, toStartOfHour(now() - INTERVAL 10 MINUTE))"
"""Hours that end later are not in the hourly tier yet: it is filled every 5 minutes."""

FIRST_HOUR: Final = """greatest(toStartOfHour($__fromTime), assumeNotNull((
        SELECT if(count() > 0, toDateTime(min(hour)), now()) FROM camera_hours WHERE minutes > 0)))"""
"""Before the store's first hour nothing was missed."""

_FIRST_OWNED: Final = f"""SELECT camera_id,
        toStartOfDay(fromUnixTimestamp64Milli(toInt64(min(owner_epoch)), 'UTC'), 'Asia/Jakarta') AS owned_from
    FROM capture_counters
    WHERE {CHOSEN_CAMERAS}
    GROUP BY camera_id"""  # noqa: S608
"""The day on which a worker first owned a camera: before it nothing was to be seen. A camera without a row was never
owned."""

SHARE: Final = (Threshold(0, "red"), Threshold(0.9, "yellow"), Threshold(0.98, "green"))
"""0.98 of a day is half an hour lost, 0.9 is two and a half hours."""

WHOLE_DAYS: Final = Text(
    "Whole days in Asia/Jakarta that the period touches, today so far, each camera from the first day on which a worker"
    " owned it.",
    "Hari penuh menurut WIB yang tersentuh kurun ini, hari ini sampai sekarang, tiap kamera sejak hari pertama ada"
    " worker yang memilikinya.",
)
KIND: Final = Column(
    Text("Kind", "Jenis"),
    "string",
    mapped=(
        Mapped("counter", Text("counter", "loket")),
        Mapped("market", Text("market", "pasar")),
        Mapped("street", Text("street", "jalan")),
        Mapped("pump", Text("pump", "pompa")),
    ),
    width_px=90,
)

_CURVES_SQL: Final = f"""WITH
    assumeNotNull((SELECT greatest(1, count()) FROM {ACTIVE})) AS cameras,
    {FIRST_HOUR} AS first,
    range(toUInt32(greatest(0, dateDiff('hour', first, {COMPLETE_UNTIL})))) AS hours
SELECT g.time AS time, toNullable(least(1, s.observed_s / 3600 / cameras)) AS observed_ratio,
    toNullable(least(1, s.valid_minutes / 60 / cameras)) AS valid_ratio
FROM (SELECT first + toIntervalHour(arrayJoin(hours)) AS time) AS g
LEFT JOIN (
    SELECT toDateTime(hour) AS time, sum(observed_s) AS observed_s, sum(valid_minutes) AS valid_minutes
    FROM camera_hours FINAL
    WHERE hour >= toStartOfHour($__fromTime) AND hour < {COMPLETE_UNTIL}
        AND camera_id IN (SELECT camera_id FROM {ACTIVE})
    GROUP BY time
) AS s ON s.time = g.time
ORDER BY time"""  # noqa: S608

_STATES_SQL: Final = f"""WITH
    if(dateDiff('hour', $__fromTime, $__toTime) <= 200, 1, 6) AS step,
    toStartOfInterval({FIRST_HOUR}, toIntervalHour(step)) AS first,
    intDiv(dateDiff('hour', first, {COMPLETE_UNTIL}), step) AS steps,
    indexOf(g.at, time) AS i
SELECT toDateTime(first) + toIntervalHour(step * n) AS time, g.name AS name, g.camera_id AS camera_id,
    multiIf(
        g.detected[i] = 0, if(time < g.first_owned, 'not_there', 'none'),
        g.valid[i] * 10 >= step * 60 * 9, 'seen',
        g.valid[i] > 0, 'partly',
        g.simulated[i] > 0, 'simulated',
        'not_valid') AS state
FROM (
    SELECT c.camera_id AS camera_id, c.name AS name, h.at AS at, h.valid AS valid, h.detected AS detected,
        h.simulated AS simulated, toDateTime(w.owned_from) AS first_owned
    FROM (SELECT camera_id, name FROM {ACTIVE}) AS c
    LEFT JOIN ({_FIRST_OWNED}) AS w ON w.camera_id = c.camera_id
    LEFT JOIN (
        SELECT camera_id, groupArray(p.bucket) AS at, groupArray(p.valid) AS valid, groupArray(p.detected) AS detected,
            groupArray(p.simulated) AS simulated
        FROM (
            SELECT camera_id, toStartOfInterval(toDateTime(hour), toIntervalHour(step)) AS bucket,
                sum(valid_minutes) AS valid, sum(h.detected) AS detected, sum(simulated_minutes) AS simulated
            FROM camera_hours AS h FINAL
            WHERE hour >= first AND hour < {COMPLETE_UNTIL} AND {CHOSEN_CAMERAS}
            GROUP BY camera_id, bucket
        ) AS p
        GROUP BY camera_id
    ) AS h ON h.camera_id = c.camera_id
    ORDER BY arraySum(h.valid) / greatest(1, dateDiff('hour', greatest(first, first_owned), {COMPLETE_UNTIL})),
        camera_id
    LIMIT 20
) AS g
ARRAY JOIN range(toUInt32(greatest(0, steps))) AS n
ORDER BY time, name, camera_id"""  # noqa: S608

_CAMERAS_SQL: Final = f"""SELECT c.camera_id AS camera_id, c.name AS name, c.kind AS kind, c.kelurahan AS kelurahan,
    if(d.day_s > 0, d.observed_s / d.day_s, NULL) AS uptime_ratio,
    if(d.day_s > 0, least(1, d.valid_minutes * 60 / d.day_s), NULL) AS valid_ratio,
    if(d.day_s > 0, greatest(0, intDiv(d.day_s, 3600) - toInt64(d.hours_with_data)), NULL) AS hours_lost,
    d.days AS days,
    if(d.captured + d.missed > 0, d.missed / (d.captured + d.missed), NULL) AS missed_ratio,
    if(d.captured + d.missed > 0, d.reconnects / d.days, NULL) AS reconnects_a_day,
    if(h.hours > 0 OR e.incidents > 0, e.incidents, NULL) AS incidents,
    if(h.hours > 0 OR e.incidents > 0, e.quarantines, NULL) AS quarantines,
    if(d.byte_days > 0, d.bytes / d.byte_days, NULL) AS bytes_a_day,
    if(toUnixTimestamp64Milli(h.last_hour) > 0, h.last_hour, NULL) AS at
FROM (SELECT camera_id, name, kind, kelurahan FROM {ACTIVE}) AS c
LEFT JOIN (
    SELECT camera_id, sum(u.day_s) AS day_s, sum(u.uptime_ratio * u.day_s) AS observed_s,
        sum(u.valid_minutes) AS valid_minutes, sum(u.hours_with_data) AS hours_with_data,
        count() AS days, sum(u.captured) AS captured, sum(u.missed) AS missed,
        sum(u.reconnects) AS reconnects, sum(u.bytes) AS bytes, countIf(u.bytes > 0) AS byte_days
    FROM (SELECT * FROM {DAYS}) AS u
    GROUP BY camera_id
) AS d ON d.camera_id = c.camera_id
LEFT JOIN (
    SELECT camera_id, count() AS incidents, countIf(quarantined) AS quarantines
    FROM episodes_reviewed
    WHERE episode_type = 'camera_incident' AND review != 'rejected' AND NOT simulated AND $__timeFilter(started_at)
        AND {CHOSEN_CAMERAS}
    GROUP BY camera_id
) AS e ON e.camera_id = c.camera_id
LEFT JOIN (
    SELECT camera_id, max(hour) AS last_hour, count() AS hours FROM camera_hours
    WHERE $__timeFilter(hour) AND detected > 0 AND {CHOSEN_CAMERAS}
    GROUP BY camera_id
) AS h ON h.camera_id = c.camera_id
ORDER BY uptime_ratio IS NOT NULL, uptime_ratio, camera_id
LIMIT 500"""  # noqa: S608

_GAPS_SQL: Final = f"""WITH
    {COMPLETE_UNTIL} AS until,
    greatest(toDateTime(toStartOfHour($__fromTime)), toDateTime(w.owned_from)) AS there_from,
    arraySort(arrayConcat([there_from - INTERVAL 1 HOUR], g.seen, [greatest(there_from, until)])) AS ends
SELECT c.camera_id AS camera_id, c.name AS name, c.kind AS kind, c.kelurahan AS kelurahan,
    gap.1 + INTERVAL 1 HOUR AS at, gap.2 AS ended_at, dateDiff('hour', at, ended_at) AS lasted_h,
    multiIf(ended_at >= until, 'lasts', at <= $__fromTime AND w.owned_from < $__fromTime, 'before', 'ended') AS ends_how
FROM (SELECT camera_id, name, kind, kelurahan FROM {ACTIVE}) AS c
LEFT JOIN ({_FIRST_OWNED}) AS w ON w.camera_id = c.camera_id
LEFT JOIN (
    SELECT camera_id, groupUniqArray(toDateTime(hour)) AS seen
    FROM camera_hours FINAL
    WHERE hour >= toStartOfHour($__fromTime) AND hour < {COMPLETE_UNTIL} AND detected > 0 AND {CHOSEN_CAMERAS}
    GROUP BY camera_id
) AS g ON g.camera_id = c.camera_id
ARRAY JOIN arrayFilter(
    x -> dateDiff('hour', x.1, x.2) > 1, arrayZip(arrayPopBack(ends), arrayPopFront(ends))
) AS gap
ORDER BY lasted_h DESC, at DESC, camera_id
LIMIT 200"""  # noqa: S608

SEEING: Final = Section(
    Text("Seeing", "Penglihatan"),
    (
        Panel(
            "timeseries",
            Text("Part of the time that was seen", "Bagian waktu yang terlihat"),
            Text(
                "By hour, over all chosen cameras that are active now: seconds that frames observed, and valid minutes,"
                " as a part of the hour times the cameras. This curve measures what is missing, so an hour in which"
                " nothing was seen is 0 here and no gap. Cameras that were added in the period lower its beginning."
                " Valid lies below seen while cameras are in quarantine; it can lie a little above, for a minute counts"
                " whole as soon as it has frames.",
                "Per jam, semua kamera terpilih yang kini aktif: detik yang teramati oleh frame, dan menit yang sah,"
                " sebagai bagian dari satu jam kali jumlah kamera. Garis ini mengukur apa yang hilang, jadi jam tanpa"
                " penglihatan bernilai 0 di sini, bukan garis putus. Kamera yang ditambahkan dalam kurun ini menurunkan"
                " bagian awalnya. Garis 'sah' berada di bawah 'terlihat' selama ada kamera dikarantina; bisa juga"
                " sedikit di atasnya, karena satu menit dihitung utuh begitu ada frame.",
            ),
            (Query(_CURVES_SQL),),
            {
                "observed_ratio": Column(Text("seen", "terlihat"), "percentunit", 1),
                "valid_ratio": Column(Text("valid", "sah"), "percentunit", 1),
            },
            width=10,
            height=12,
        ),
        Panel(
            "state-timeline",
            Text("The 20 cameras that saw least", "20 kamera yang paling sedikit melihat"),
            Text(
                "Active cameras with the fewest valid minutes for the time since a worker first owned them, by hour,"
                " or by 6 hours where the period is longer than 8 days. Seen: at least 90 % of the minutes are valid."
                " Not valid: frames were judged, but the camera is in quarantine (shifted, covered, frozen), so that"
                " nothing is counted. An empty street and a blind camera are told apart here. Not there yet: before"
                " the day on which a worker first owned it.",
                "Kamera aktif dengan menit sah paling sedikit sejak pertama ada worker yang memilikinya, per jam, atau"
                " per 6 jam bila kurun lebih dari 8 hari. Terlihat: paling sedikit 90 % menitnya sah. Tidak sah: ada"
                " frame yang dinilai, tetapi kamera dikarantina (bergeser, tertutup, beku), jadi tidak ada yang"
                " dihitung. Di sinilah jalan yang sepi dibedakan dari kamera yang buta. Belum ada: sebelum hari"
                " pertama ada worker yang memilikinya.",
            ),
            (Query(_STATES_SQL),),
            {
                "name": Column(Text("Camera", "Kamera"), "string"),
                "camera_id": CAMERA_ID,
                "state": Column(
                    Text("State", "Keadaan"),
                    "string",
                    mapped=(
                        Mapped("seen", Text("seen", "terlihat"), "green"),
                        Mapped("partly", Text("seen in part", "terlihat sebagian"), "yellow"),
                        Mapped("not_valid", Text("not valid", "tidak sah"), "purple"),
                        Mapped("simulated", Text("simulated", "simulasi"), "blue"),
                        Mapped("none", Text("nothing seen", "tidak terlihat"), "red"),
                        Mapped("not_there", Text("not there yet", "belum ada"), "text"),
                    ),
                    links_to_camera=True,
                ),
            },
            width=14,
            height=12,
        ),
        Panel(
            "table",
            Text("Cameras, the least uptime first", "Kamera, yang paling jarang hidup lebih dulu"),
            paragraph(
                Text(
                    "Active cameras. Uptime is seconds that frames observed, by seconds of the days; valid is the part"
                    " of them that counts. Missed is samples that ingest could not take, by all that it should have"
                    " taken. Incidents leave out rejected and simulated ones. Empty cells are not known: ingest"
                    " reported nothing. A click shows the last hour with a picture. No camera is blamed here: a low"
                    " uptime can be the network's or the power's.",
                    "Kamera aktif. Waktu hidup ialah detik yang teramati oleh frame dibagi detik hari-hari itu; sah"
                    " ialah bagian yang dihitung. Terlewat ialah sampel yang tidak dapat diambil ingest, dibagi semua"
                    " yang seharusnya diambil. Gangguan yang ditolak dan yang simulasi tidak dihitung. Sel kosong"
                    " berarti tidak diketahui: tidak ada laporan dari ingest. Klik untuk melihat jam terakhir yang"
                    " bergambar. Tidak ada kamera yang disalahkan: penyebabnya bisa jaringan atau listrik.",
                ),
                WHOLE_DAYS,
            ),
            (Query(_CAMERAS_SQL),),
            {
                "camera_id": CAMERA_ID,
                "name": NAME,
                "kind": KIND,
                "kelurahan": KELURAHAN,
                "uptime_ratio": Column(Text("Uptime", "Waktu hidup"), "percentunit", 1, SHARE, width_px=100),
                "valid_ratio": Column(Text("Valid", "Sah"), "percentunit", 1, SHARE, width_px=90),
                "hours_lost": Column(Text("Hours without a picture", "Jam tanpa gambar"), "none", 0, width_px=120),
                "days": Column(Text("of days", "dari hari"), "none", 0, width_px=80),
                "missed_ratio": Column(Text("Samples missed", "Sampel terlewat"), "percentunit", 2, width_px=110),
                "reconnects_a_day": Column(Text("Reconnects a day", "Sambung ulang per hari"), "none", 1, width_px=110),
                "incidents": Column(Text("Incidents", "Gangguan"), "none", 0, width_px=95),
                "quarantines": Column(Text("with quarantine", "dengan karantina"), "none", 0, width_px=110),
                "bytes_a_day": Column(Text("Pictures a day", "Gambar per hari"), "decbytes", 1, width_px=110),
                "at": Column(Text("Last hour with a picture", "Jam terakhir bergambar"), "dateTimeAsIso", hidden=True),
            },
            width=24,
            height=12,
        ),
        Panel(
            "table",
            Text("Gaps of an hour and more, the longest first", "Jeda sejam atau lebih, yang terpanjang lebih dulu"),
            Text(
                "Full hours in a row in which no frame of an active camera was judged. Shorter gaps are in the uptime,"
                " not here. A gap at the period's beginning may have begun before it, one at its end goes on as far as"
                " the hours are known (10 minutes back). A camera that was added in the period has gaps from the day"
                " on which a worker first owned it; one that no worker ever owned is a gap from end to end.",
                "Jam-jam penuh berurutan tanpa satu pun frame kamera aktif yang dinilai. Jeda yang lebih pendek ada di"
                " waktu hidup, bukan di sini. Jeda di awal kurun bisa jadi mulai sebelumnya; jeda di akhir berlanjut"
                " sejauh jamnya sudah diketahui (10 menit ke belakang). Kamera yang baru ditambahkan dihitung sejak"
                " hari pertama ada worker yang memilikinya; yang belum pernah dimiliki tampak sebagai jeda sepenuhnya.",
            ),
            (Query(_GAPS_SQL),),
            {
                "camera_id": CAMERA_ID,
                "name": NAME,
                "kind": KIND,
                "kelurahan": KELURAHAN,
                "at": Column(Text("From", "Dari"), "dateTimeAsIso", width_px=180),
                "ended_at": Column(Text("Until", "Sampai"), "dateTimeAsIso", width_px=180),
                "lasted_h": Column(
                    Text("Lasted", "Lama"),
                    "suffix:h",
                    0,
                    (Threshold(1, "yellow"), Threshold(6, "orange"), Threshold(24, "red")),
                ),
                "ends_how": Column(
                    Text("State", "Keadaan"),
                    "string",
                    mapped=(
                        Mapped("lasts", Text("goes on", "berlangsung"), "red"),
                        Mapped("before", Text("began earlier, perhaps", "mungkin mulai sebelumnya"), "orange"),
                        Mapped("ended", Text("ended", "selesai")),
                    ),
                ),
            },
            width=24,
            height=9,
            no_data=Text("no such gap", "tidak ada jeda"),
        ),
    ),
)
