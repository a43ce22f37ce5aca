"""The city at a glance: figures of what is open, the map of cameras by state, and whether anyone can see."""

# ruff: noqa: S608  (statements are made of this package's own words)

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.dashboard import Column, Mapped, Panel, Query, Text, Threshold, paragraph
from services.aggregate.dashboards.episode_columns import (
    KECAMATAN,
    KELURAHAN,
    LINK_COLUMNS,
    NAME,
    NEVER,
    NOT_TOLD_WITHOUT_SIGHT,
    NOT_WATCHED,
    OF_LATE,
    OPEN,
    WARNING,
)
from services.aggregate.dashboards.variables import CHOSEN_NOW

UNATTENDED: Final = Panel(
    "stat",
    Text("Counters unattended", "Loket tanpa petugas"),
    paragraph(
        Text(
            "Counters where people have waited for at least 2 minutes in opening hours and no staff was seen. A person"
            " who works outside the staff zone is not seen: look before you call.",
            "Loket yang pada jam buka ditunggu warga sedikitnya 2 menit dan tidak ada petugas terlihat. Petugas yang"
            " bekerja di luar zonanya tidak terlihat: lihat dulu sebelum menelepon.",
        ),
        NOT_TOLD_WITHOUT_SIGHT,
    ),
    (
        Query(f"""WITH
    (
        SELECT uniqExact(camera_id) FROM current_counter_minutes
        WHERE {OF_LATE} AND valid AND NOT simulated AND {CHOSEN_NOW}
    ) AS watched
SELECT if(watched = 0 AND count() = 0, NULL, count()) AS counters
FROM episodes_reviewed
WHERE episode_type = 'counter_episode' AND kind = 'unattended' AND NOT simulated AND {OPEN}"""),
    ),
    {"counters": Column(Text("Counters", "Loket"), thresholds=WARNING)},
    width=4,
    height=4,
    no_data=NOT_WATCHED,
)

BLIND: Final = Panel(
    "stat",
    Text("Cameras blind", "Kamera tidak melihat"),
    Text(
        "Active cameras without a valid, judged frame for 3 minutes (longer for slow cameras), quarantined ones among"
        " them. Whatever happens before them is on no panel of this page. Empty: no camera is active.",
        "Kamera aktif tanpa frame valid yang dinilai selama 3 menit (lebih lama untuk kamera lambat), termasuk yang"
        " dikarantina. Apa pun yang terjadi di depannya tidak tampil di halaman ini. Kosong: tidak ada kamera aktif.",
    ),
    (
        Query(f"""WITH (SELECT count() FROM current_cameras WHERE state = 'active' AND {CHOSEN_NOW}) AS active
SELECT if(active = 0, NULL, count()) AS cameras
FROM cameras_blind_now
WHERE {CHOSEN_NOW}"""),
    ),
    {"cameras": Column(Text("Cameras", "Kamera"), thresholds=WARNING)},
    width=4,
    height=4,
    no_data=Text("no active camera", "tidak ada kamera aktif"),
)

NEWEST: Final = Panel(
    "stat",
    Text("Newest judged minute, ago", "Umur data terbaru"),
    Text(
        "How long ago the newest minute with a row ended, over the whole city, whatever is chosen above. Up to a minute"
        " and a half is usual. If this grows, nothing on this page is of now: a quiet page says nothing then. Cameras"
        " whose clocks run ahead can't lower it. Recorded footage shows the age of its pictures.",
        "Berapa lama sejak menit terbaru yang punya data berakhir, untuk seluruh kota, apa pun pilihan di atas. Sampai"
        " satu setengah menit itu biasa. Jika angka ini naik, isi halaman ini bukan keadaan sekarang: halaman yang"
        " sepi tidak berarti apa-apa. Jam kamera yang terlalu cepat tidak menurunkannya. Rekaman menunjukkan umur"
        " gambarnya.",
    ),
    (
        Query("""SELECT if(count() = 0, NULL,
    greatest(0, dateDiff('second', max(minute) + INTERVAL 1 MINUTE, now64(3)))) AS age
FROM camera_minutes"""),
    ),
    {
        "age": Column(
            Text("Age", "Umur"),
            "s",
            decimals=0,
            thresholds=(Threshold(0, "green"), Threshold(180, "orange"), Threshold(600, "red")),
        )
    },
    width=4,
    height=4,
    no_data=Text("nothing was ever judged", "belum pernah ada yang dinilai"),
)

_STATES: Final = (
    Mapped("flood_confirmed", Text("flood, confirmed", "banjir terkonfirmasi"), "red"),
    Mapped("flood_suspected", Text("flood, suspected", "dugaan banjir"), "orange"),
    Mapped("unattended", Text("counter unattended", "loket tanpa petugas"), "orange"),
    Mapped("quarantined", Text("in quarantine", "dalam karantina"), "purple"),
    Mapped("blind", Text("blind", "tidak melihat"), "purple"),
    Mapped("parking", Text("parking case", "kasus parkir"), "yellow"),
    Mapped("simulated", Text("simulated episode only", "hanya episode simulasi"), "blue"),
    Mapped("paused", Text("paused", "dijeda"), "text"),
    Mapped("sees", Text("sees, nothing open", "melihat, tidak ada kasus"), "green"),
)
"""The gravest first: one colour a camera."""

_GRAVITY: Final = ", ".join(f"'{state.value}'" for state in _STATES)

MAP: Final = Panel(
    "geomap",
    Text("Cameras by state", "Kamera menurut keadaan"),
    Text(
        "Each camera of the registry once, in the colour of the gravest thing: red a flood that a person confirmed,"
        " orange a suspected flood or an unattended counter, purple a camera that sees nothing or is in quarantine,"
        " yellow a parking case, blue a simulated episode, green a camera that sees and has nothing open. Green is not"
        " “all is well”: a camera only tells of the zones that are drawn on it. Cameras without coordinates are not on"
        " the map.",
        "Setiap kamera dalam registri satu kali, dengan warna hal terberat: merah banjir terkonfirmasi, jingga dugaan"
        " banjir atau loket tanpa petugas, ungu kamera yang tidak melihat atau dikarantina, kuning kasus parkir, biru"
        " episode simulasi, hijau kamera yang melihat tanpa kasus. Hijau bukan berarti “semua aman”: kamera hanya"
        " melaporkan zona yang digambar padanya. Kamera tanpa koordinat tidak ada di peta.",
    ),
    (
        Query(f"""SELECT c.latitude AS latitude, c.longitude AS longitude,
    multiIf(e.flood_confirmed, 'flood_confirmed', e.flood_suspected, 'flood_suspected', e.unattended, 'unattended',
        b.reason = 'not_valid', 'quarantined', b.reason != '', 'blind', e.parking, 'parking',
        e.simulated, 'simulated', c.state = 'paused', 'paused', 'sees') AS state,
    c.name AS name, c.kecamatan AS kecamatan, c.kelurahan AS kelurahan, c.camera_id AS camera_id,
    multiIf(e.seen_at > {NEVER}, e.seen_at, b.blind_since > {NEVER}, b.blind_since, now64(3)) AS at
FROM current_cameras AS c
LEFT JOIN
(
    SELECT camera_id, max(e.last_seen_at) AS seen_at,
        countIf(NOT e.simulated AND e.episode_type = 'flood_episode' AND e.review = 'confirmed') > 0 AS flood_confirmed,
        countIf(NOT e.simulated AND e.episode_type = 'flood_episode' AND e.review = 'suspected') > 0 AS flood_suspected,
        countIf(NOT e.simulated AND e.kind = 'unattended') > 0 AS unattended,
        countIf(NOT e.simulated AND e.episode_type = 'parking_case') > 0 AS parking, max(e.simulated) AS simulated
    FROM episodes_reviewed AS e
    WHERE {OPEN}
    GROUP BY camera_id
) AS e ON e.camera_id = c.camera_id
LEFT JOIN cameras_blind_now AS b ON b.camera_id = c.camera_id
WHERE NOT (c.latitude = 0 AND c.longitude = 0) AND c.{CHOSEN_NOW}
ORDER BY indexOf([{_GRAVITY}], state) DESC, camera_id"""),
    ),
    {
        "state": Column(Text("State", "Keadaan"), "string", mapped=_STATES),
        "name": NAME,
        "kecamatan": KECAMATAN,
        "kelurahan": KELURAHAN,
        **LINK_COLUMNS,
    },
    width=12,
    height=16,
    no_data=Text("no camera has coordinates", "tidak ada kamera dengan koordinat"),
)
