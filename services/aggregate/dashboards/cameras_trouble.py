"""*Cameras* in trouble: which are blind now and why, who owns them, and what was wrong with their pictures."""

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.cameras_seeing import KIND
from services.aggregate.dashboards.dashboard import Column, Mapped, Panel, Query, Section, Text, Threshold
from services.aggregate.dashboards.episode_columns import (
    BLIND_REASONS,
    CAMERA_ID,
    ENDED,
    ENDED_BECAUSE,
    KELURAHAN,
    LASTS,
    NAME,
    review_column,
)
from services.aggregate.dashboards.variables import CHOSEN_CAMERAS

_BLIND_SQL: Final = f"""SELECT camera_id, name, kind, kelurahan, reason,
    if(toUnixTimestamp64Milli(blind_since) > 0, blind_since, NULL) AS at,
    if(toUnixTimestamp64Milli(blind_since) > 0, dateDiff('second', blind_since, now64(3)), NULL) AS for_s,
    if(c.source_state = '', 'never_owned', c.source_state) AS source,
    if(c.error_class = '', '–', c.error_class) AS error,
    if(c.error_detail = '', '–', c.error_detail) AS detail, if(c.owner = '', 'nobody', c.owner) AS worker
FROM cameras_blind_now AS c
WHERE {CHOSEN_CAMERAS}
ORDER BY at IS NOT NULL, at, camera_id
LIMIT 500"""  # noqa: S608

_OWNERS_SQL: Final = f"""SELECT if(covered, owner, '?') AS worker, count() AS cameras
FROM camera_coverage
WHERE {CHOSEN_CAMERAS}
GROUP BY worker
ORDER BY worker"""  # noqa: S608

_HANDOVERS_SQL: Final = f"""SELECT o.camera_id AS camera_id, c.name AS name, o.owned_until AS at,
    if(o.ingest_instance = '', '–', o.ingest_instance) AS worker, o.ended AS ended,
    if(o.next_instance = '', 'nobody', o.next_instance) AS next_worker, o.gap_seconds AS gap_s
FROM (
    SELECT * FROM camera_ownerships
    WHERE $__timeFilter(owned_until) AND ended != 'owned' AND next_instance != ''
        AND (ended != 'released' OR gap_seconds NOT BETWEEN -5 AND 5)
        AND {CHOSEN_CAMERAS}
    ORDER BY abs(gap_seconds) DESC, camera_id, owned_until
    LIMIT 100
) AS o
LEFT JOIN current_cameras AS c ON c.camera_id = o.camera_id
ORDER BY abs(gap_s) DESC, camera_id, at"""  # noqa: S608

_KINDS: Final = ("covered", "shifted", "frozen", "defocused", "dark")
_INCIDENTS_BY_DAY_SQL: Final = f"""SELECT formatDateTime(day, '%m-%d') AS incident_day,
    {", ".join(f"if(s.seen > 0 OR s.incidents > 0, s.{kind}, NULL) AS {kind}" for kind in _KINDS)}
FROM (
    SELECT day, sum(u.seen) AS seen, sum(u.incidents) AS incidents,
        {", ".join(f"sum(u.{kind}) AS {kind}" for kind in _KINDS)}
    FROM (
        SELECT toDate(started_at, 'Asia/Jakarta') AS day, toUInt64(0) AS seen, count() AS incidents,
            {", ".join(f"countIf(kind = '{kind}') AS {kind}" for kind in _KINDS)}
        FROM episodes_reviewed
        WHERE episode_type = 'camera_incident' AND review != 'rejected' AND NOT simulated AND $__timeFilter(started_at)
            AND {CHOSEN_CAMERAS}
        GROUP BY day
        UNION ALL
        SELECT toDate(hour, 'Asia/Jakarta') AS day, count(), 0, {", ".join("0" for _ in _KINDS)}
        FROM camera_hours
        WHERE hour >= toStartOfHour($__fromTime) AND hour <= $__toTime AND detected > 0 AND {CHOSEN_CAMERAS}
        GROUP BY day
    ) AS u
    GROUP BY day
    ORDER BY day WITH FILL FROM toDate($__fromTime, 'Asia/Jakarta') TO toDate($__toTime, 'Asia/Jakarta') + 1
) AS s
ORDER BY day"""  # noqa: S608

_INCIDENTS_SQL: Final = f"""SELECT e.camera_id AS camera_id, c.name AS name, e.kind AS what,
    e.started_at AS at, dateDiff('second', e.started_at, if(e.phase = 'open', e.last_seen_at, e.ended_at)) AS lasted_s,
    multiIf(e.quarantined AND e.phase = 'open', 'in_force', e.quarantined, 'over', 'none') AS quarantine,
    {ENDED} AS ended_because, e.review AS review
FROM (
    SELECT * FROM episodes_reviewed AS e
    WHERE episode_type = 'camera_incident' AND NOT simulated AND ($__timeFilter(started_at) OR {LASTS})
        AND {CHOSEN_CAMERAS}
    ORDER BY phase = 'open' DESC, started_at DESC, camera_id
    LIMIT 200
) AS e
LEFT JOIN current_cameras AS c ON c.camera_id = e.camera_id
ORDER BY e.phase = 'open' DESC, at DESC, camera_id"""  # noqa: S608

_KIND_TEXTS: Final = {
    "covered": Text("covered", "tertutup"),
    "shifted": Text("shifted", "bergeser"),
    "frozen": Text("frozen", "gambar beku"),
    "defocused": Text("out of focus", "tidak fokus"),
    "dark": Text("dark", "gelap"),
}

TROUBLE: Final = Section(
    Text("Blind now, and who owns the cameras", "Yang buta sekarang, dan siapa pemilik kameranya"),
    (
        Panel(
            "table",
            Text("Blind now, the longest first", "Yang buta sekarang, yang terlama lebih dulu"),
            Text(
                "Active cameras without a valid, judged frame for 180 s, or for a minute and three sampling periods if"
                " that is longer. The first reason that holds is told; a camera in quarantine sends pictures and waits"
                " for a person to release it. 'Since' is empty where nothing was seen for 24 hours. This is now,"
                " whatever period is chosen.",
                "Kamera aktif tanpa frame sah yang dinilai selama 180 detik, atau selama semenit ditambah tiga kali"
                " selang sampel bila itu lebih lama. Yang ditulis ialah alasan pertama yang berlaku; kamera dalam"
                " karantina mengirim gambar dan menunggu dilepas oleh orang. 'Sejak' kosong bila tidak ada yang"
                " terlihat selama 24 jam. Ini keadaan sekarang, apa pun kurun yang dipilih.",
            ),
            (Query(_BLIND_SQL),),
            {
                "camera_id": CAMERA_ID,
                "name": NAME,
                "kind": KIND,
                "kelurahan": KELURAHAN,
                "reason": Column(Text("Why", "Mengapa"), "string", mapped=BLIND_REASONS, width_px=190),
                "at": Column(Text("Since", "Sejak"), "dateTimeAsIso", width_px=170),
                "for_s": Column(
                    Text("For", "Selama"),
                    "s",
                    0,
                    (Threshold(180, "yellow"), Threshold(3600, "orange"), Threshold(86_400, "red")),
                    width_px=100,
                ),
                "source": Column(
                    Text("State of its source", "Keadaan sumber"),
                    "string",
                    mapped=(
                        Mapped("live", Text("live", "hidup"), "green"),
                        Mapped("connecting", Text("connecting", "menyambung"), "yellow"),
                        Mapped("stalled", Text("stalled", "tersendat"), "orange"),
                        Mapped("backing_off", Text("unreachable, tried again", "tak terjangkau, dicoba lagi"), "red"),
                        Mapped("refused", Text("refused", "ditolak"), "red"),
                        Mapped("stopped", Text("stopped", "berhenti")),
                        Mapped("never_owned", Text("never owned", "belum pernah dimiliki"), "red"),
                    ),
                    width_px=130,
                ),
                "error": Column(Text("Error", "Kesalahan"), "string", width_px=140),
                "detail": Column(Text("What it says", "Keterangan"), "string"),
                "worker": Column(
                    Text("Worker", "Worker"),
                    "string",
                    mapped=(Mapped("nobody", Text("none, or two", "tidak ada, atau dua"), "red"),),
                    width_px=120,
                ),
            },
            width=24,
            height=7,
            no_data=Text("no active camera is blind", "tidak ada kamera aktif yang buta"),
        ),
        Panel(
            "barchart",
            Text("Cameras by worker, now", "Kamera menurut worker, sekarang"),
            Text(
                "Active cameras by the ingest worker that owns them; '?' has none, or two. A worker that fell silent"
                " is known after 150 s, for statuses come each 60 s.",
                "Kamera aktif menurut worker ingest pemiliknya; '?' tidak punya pemilik, atau punya dua. Worker yang"
                " diam baru diketahui setelah 150 detik, karena laporan datang tiap 60 detik.",
            ),
            (Query(_OWNERS_SQL),),
            {
                "worker": Column(Text("Worker", "Worker"), "string"),
                "cameras": Column(Text("cameras", "kamera"), "none", 0),  # not a topic: a column
            },
            width=8,
            height=9,
        ),
        Panel(
            "table",
            Text("Handovers between workers, the worst first", "Serah terima antar worker, yang terburuk lebih dulu"),
            Text(
                "Ownerships that ended in the period and what came next; those that were released and taken over within"
                " 5 s are left out. Positive: nobody read the camera for so long. Negative: two workers did at once,"
                " and frames of that time are accounted for twice, under two epochs. Without judged frames the last"
                " sign of life is a status, so that a gap can seem up to 60 s too long.",
                "Kepemilikan yang berakhir dalam kurun ini dan penerusnya; yang dilepas dan diambil alih dalam 5 detik"
                " tidak ditampilkan. Positif: selama itu tidak ada yang membaca kamera. Negatif: dua worker membaca"
                " sekaligus, dan frame pada waktu itu tercatat dua kali, dalam dua epoch. Tanpa frame yang dinilai,"
                " tanda hidup terakhir ialah laporan, jadi jeda bisa tampak hingga 60 detik terlalu lama.",
            ),
            (Query(_HANDOVERS_SQL),),
            {
                "camera_id": CAMERA_ID,
                "name": NAME,
                "at": Column(Text("Owned until", "Dimiliki sampai"), "dateTimeAsIso", width_px=170),
                "worker": Column(Text("By", "Oleh"), "string", width_px=120),
                "ended": Column(
                    Text("Ended", "Berakhir"),
                    "string",
                    mapped=(
                        Mapped("released", Text("released", "dilepas"), "green"),
                        Mapped("superseded", Text("superseded", "digantikan"), "orange"),
                        Mapped("silent", Text("silent", "diam"), "red"),
                    ),
                    width_px=110,
                ),
                "next_worker": Column(
                    Text("Next", "Berikutnya"),
                    "string",
                    mapped=(Mapped("nobody", Text("nobody", "tidak ada"), "red"),),
                    width_px=120,
                ),
                "gap_s": Column(
                    Text("Gap", "Jeda"),
                    "s",
                    0,
                    (Threshold(-1e9, "purple"), Threshold(-5, "green"), Threshold(60, "orange"), Threshold(300, "red")),
                    width_px=100,
                ),
            },
            width=16,
            height=9,
            no_data=Text("no handover with a gap", "tidak ada serah terima dengan jeda"),
        ),
    ),
)

INCIDENTS: Final = Section(
    Text("What was wrong with the picture", "Apa yang salah dengan gambarnya"),
    (
        Panel(
            "barchart",
            Text("Incidents by day", "Gangguan per hari"),
            Text(
                "Incidents by the day (Asia/Jakarta) on which they began and by kind, without rejected and simulated"
                " ones. Covered, shifted and frozen cameras go into quarantine: their minutes count nowhere until a"
                " person releases them. Dark and out of focus make nothing invalid. A day without any figure was not"
                " observed: no camera saw anything.",
                "Gangguan menurut hari (WIB) mulainya dan menurut jenis, tanpa yang ditolak dan yang simulasi. Kamera"
                " yang tertutup, bergeser atau beku masuk karantina: menitnya tidak dihitung di mana pun sampai dilepas"
                " orang. Gelap dan tidak fokus tidak membatalkan apa pun. Hari tanpa angka sama sekali tidak"
                " terpantau: tidak ada kamera yang melihat.",
            ),
            (Query(_INCIDENTS_BY_DAY_SQL),),
            {"incident_day": Column(Text("Day", "Hari"), "string")}
            | {kind: Column(_KIND_TEXTS[kind], "none", 0) for kind in _KINDS},
            stacked=True,
            width=9,
            height=10,
            no_data=Text("none was found", "tidak ada yang ditemukan"),
        ),
        Panel(
            "table",
            Text("Incidents, open ones first", "Gangguan, yang masih terbuka lebih dulu"),
            Text(
                "Up to 200 incidents that are open or began in the period. A quarantine in force hides everything that"
                " the camera could tell: look at the picture, then release it or have the camera mended. A rejected"
                " incident stays here, so that a rule that errs can be seen.",
                "Paling banyak 200 gangguan yang masih terbuka atau mulai dalam kurun ini. Karantina yang berlaku"
                " menyembunyikan semua yang bisa dikatakan kamera: lihat gambarnya, lalu lepas karantinanya atau"
                " perbaiki kameranya. Gangguan yang ditolak tetap di sini, agar aturan yang keliru kelihatan.",
            ),
            (Query(_INCIDENTS_SQL),),
            {
                "camera_id": CAMERA_ID,
                "name": NAME,
                "what": Column(
                    Text("What", "Apa"),
                    "string",
                    mapped=tuple(Mapped(kind, _KIND_TEXTS[kind]) for kind in _KINDS),
                    width_px=110,
                ),
                "at": Column(Text("Began", "Mulai"), "dateTimeAsIso", width_px=170),
                "lasted_s": Column(Text("Lasted, so far", "Lama, sejauh ini"), "s", 0, width_px=110),
                "quarantine": Column(
                    Text("Quarantine", "Karantina"),
                    "string",
                    mapped=(
                        Mapped("in_force", Text("in force", "berlaku"), "purple"),
                        Mapped("over", Text("over", "selesai")),
                        Mapped("none", Text("none", "tidak ada")),
                    ),
                    width_px=100,
                ),
                "ended_because": ENDED_BECAUSE,
                "review": review_column(),
            },
            width=15,
            height=10,
            no_data=Text("none was found", "tidak ada yang ditemukan"),
        ),
    ),
)
