"""What is open now, one row a case, each leading to its camera."""

# ruff: noqa: S608  (statements are made of this package's own words)

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.dashboard import Column, Mapped, Panel, Query, Text, Threshold
from services.aggregate.dashboards.episode_columns import (
    AT,
    BLIND_REASONS,
    CAMERA_ID,
    LINK_COLUMNS,
    NEVER,
    OF_LATE,
    OPEN,
    PICTURE,
    SEEN_AGO,
    SEEN_NOW,
    STARTED,
    UNKNOWN,
    WHERE_COLUMNS,
    review_column,
)
from services.aggregate.dashboards.variables import CHOSEN_NOW

COUNTERS: Final = Panel(
    "table",
    Text("Counters that nobody attends", "Loket yang tidak dilayani"),
    Text(
        "Open counter episodes. *Unattended*: people have waited for 2 minutes without staff. *Not open*: no staff for"
        " 10 minutes of opening hours, nobody waiting. *After hours*: people in a counter's zones outside its hours."
        " *Waiting now* is the mean queue of the latest valid minute; a dash: not seen for 15 minutes. Staff who stand"
        " outside their zone are not seen. Simulated ones stand last.",
        "Episode loket yang masih berlangsung. *Tanpa petugas*: warga menunggu 2 menit tanpa petugas. *Belum buka*:"
        " tidak ada petugas selama 10 menit pada jam buka, tanpa antrean. *Di luar jam*: ada orang di zona loket di"
        " luar jam buka. *Menunggu sekarang* adalah rata-rata antrean menit valid terakhir; tanda pisah: 15 menit"
        " tidak terlihat. Petugas di luar zonanya tidak terlihat. Simulasi ada di bawah.",
    ),
    (
        Query(f"""SELECT c.name AS name, c.kelurahan AS kelurahan, e.kind AS kind, e.review AS review,
    dateDiff('second', e.started_at, now64(3)) AS lasted, q.queue AS queue, e.people_waiting_max AS waiting_max,
    dateDiff('second', e.last_seen_at, now64(3)) AS seen_ago, {SEEN_NOW} AS picture,
    e.camera_id AS camera_id, e.last_seen_at AS at
FROM episodes_reviewed AS e
LEFT JOIN current_cameras AS c ON c.camera_id = e.camera_id
LEFT JOIN cameras_blind_now AS b ON b.camera_id = e.camera_id
LEFT JOIN
(
    SELECT camera_id, argMaxOrNullIf(m.queue_mean, minute, queue_known) AS queue
    FROM current_counter_minutes AS m
    WHERE {OF_LATE} AND valid AND {CHOSEN_NOW}
    GROUP BY camera_id
) AS q ON q.camera_id = e.camera_id
WHERE e.episode_type = 'counter_episode' AND {OPEN}
ORDER BY e.simulated, e.kind != 'unattended', e.started_at, camera_id
LIMIT 100"""),
    ),
    {
        **WHERE_COLUMNS,
        "kind": Column(
            Text("What", "Apa"),
            "string",
            mapped=(
                Mapped("unattended", Text("unattended", "tanpa petugas"), "red"),
                Mapped("not_open", Text("not open", "belum buka"), "orange"),
                Mapped("after_hours", Text("after hours", "di luar jam"), "purple"),
            ),
            width_px=115,
        ),
        "review": review_column(),
        "lasted": Column(Text("For", "Selama"), "s", decimals=1, width_px=90),
        "queue": Column(Text("Waiting now", "Menunggu sekarang"), decimals=1, width_px=105, no_data=UNKNOWN),
        "waiting_max": Column(Text("Most waiting", "Terbanyak"), width_px=105),
        "seen_ago": SEEN_AGO,
        "picture": PICTURE,
        **LINK_COLUMNS,
    },
    width=12,
    height=9,
    no_data=Text("no counter episode is open", "tidak ada episode loket"),
)

BLIND_CAMERAS: Final = Panel(
    "table",
    Text("Blind cameras, and why", "Kamera yang tidak melihat, dan sebabnya"),
    Text(
        "Active cameras that see nothing now, the longest first. The reason is the first that holds: no worker owns it"
        " (or two do), its source does not deliver, no frames arrive, frames come and are shed or put aside, or it is"
        " in quarantine. *Blind since* a dash: nothing was seen for 24 hours.",
        "Kamera aktif yang sekarang tidak melihat, terlama di atas. Sebabnya adalah yang pertama berlaku: tidak ada"
        " worker yang memegangnya (atau dua), sumbernya tidak mengirim, tidak ada frame masuk, frame masuk tetapi"
        " dibuang atau disisihkan, atau sedang dikarantina. Tanda pisah: 24 jam tidak ada yang"
        " terlihat.",
    ),
    (
        Query(f"""SELECT name, kelurahan, reason, nullIf(b.blind_since, {NEVER}) AS since,
    if(b.blind_since = {NEVER}, NULL, dateDiff('second', b.blind_since, now64(3))) AS lasted,
    nullIf(error_detail, '') AS error_detail,
    camera_id, if(b.blind_since = {NEVER}, now64(3), b.blind_since) AS at
FROM cameras_blind_now AS b
WHERE {CHOSEN_NOW}
ORDER BY b.blind_since, camera_id
LIMIT 200"""),
    ),
    {
        **WHERE_COLUMNS,
        "reason": Column(Text("Why", "Sebab"), "string", mapped=BLIND_REASONS, width_px=175),
        "since": Column(Text("Blind since", "Tidak melihat sejak"), "dateTimeAsIso", width_px=165, no_data=UNKNOWN),
        "lasted": Column(
            Text("For", "Selama"),
            "s",
            decimals=1,
            thresholds=(Threshold(0, "text"), Threshold(900, "orange"), Threshold(3600, "red")),
            width_px=95,
            no_data=Text("over 24 h", "lebih dari 24 jam"),
        ),
        "error_detail": Column(Text("What the source says", "Keterangan sumber"), "string", no_data=UNKNOWN),
        "camera_id": CAMERA_ID,
        "at": AT,
    },
    width=14,
    height=9,
    no_data=Text("every active camera sees", "semua kamera aktif melihat"),
)

INCIDENTS: Final = Panel(
    "table",
    Text("Pictures not to be trusted", "Gambar yang tidak bisa dipercaya"),
    Text(
        "Open camera incidents. A quarantined camera (shifted, covered, frozen) is out of all statistics until a"
        " person has looked and released it with `tilik decide release CAMERA`; dark and defocused ones end by"
        " themselves and make nothing invalid. People who rejected an incident have not released its camera. Simulated"
        " incidents stand last.",
        "Insiden kamera yang masih berlangsung. Kamera yang dikarantina (bergeser, tertutup, beku) tidak masuk"
        " statistik sampai petugas memeriksa dan melepasnya dengan `tilik decide release KAMERA`; yang gelap dan kabur"
        " selesai sendiri dan tidak membatalkan data. Menolak insiden belum melepas kameranya. Insiden simulasi ada"
        " di bawah.",
    ),
    (
        Query(f"""SELECT c.name AS name, e.kind AS kind,
    multiIf(e.simulated, 'simulated', e.quarantined, 'yes', 'no') AS quarantined, e.review AS review,
    e.started_at AS started_at,
    dateDiff('second', e.started_at, now64(3)) AS lasted, e.camera_id AS camera_id, e.started_at AS at
FROM episodes_reviewed AS e
LEFT JOIN current_cameras AS c ON c.camera_id = e.camera_id
WHERE e.episode_type = 'camera_incident' AND e.phase = 'open' AND e.{CHOSEN_NOW}
ORDER BY e.simulated, e.quarantined DESC, e.started_at, camera_id
LIMIT 200"""),
    ),
    {
        "name": WHERE_COLUMNS["name"],
        "kind": Column(
            Text("What", "Apa"),
            "string",
            mapped=(
                Mapped("shifted", Text("shifted", "bergeser"), "red"),
                Mapped("covered", Text("covered", "tertutup"), "red"),
                Mapped("frozen", Text("frozen", "beku"), "red"),
                Mapped("defocused", Text("defocused", "kabur"), "orange"),
                Mapped("dark", Text("dark", "gelap"), "orange"),
            ),
            width_px=95,
        ),
        "quarantined": Column(
            Text("Quarantine", "Karantina"),
            "string",
            mapped=(
                Mapped("yes", Text("yes", "ya"), "purple"),
                Mapped("no", Text("no", "tidak")),
                Mapped("simulated", Text("simulated", "simulasi"), "blue"),
            ),
            width_px=95,
        ),
        "review": review_column(),
        "started_at": STARTED,
        "lasted": Column(Text("For", "Selama"), "s", decimals=1, width_px=90),
        **LINK_COLUMNS,
    },
    width=10,
    height=9,
    no_data=Text("no incident is open", "tidak ada insiden"),
)
