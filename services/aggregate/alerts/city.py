"""Alerts for those who look after the city: what cameras found, and what a person should look at now."""

from __future__ import annotations

from typing import Final

from services.aggregate.alerts.alert import Alert, AlertGroup
from services.aggregate.dashboards.dashboard import Text

_OPEN_FLOODS = """\
SELECT
    e.camera_id::String AS camera_id,
    c.name AS camera,
    c.kelurahan::String AS kelurahan,
    e.zone_id::String AS zone_id,
    max(e.peak_ratio) AS peak_ratio
FROM episodes_reviewed AS e
INNER JOIN current_cameras AS c ON c.camera_id = e.camera_id
WHERE e.episode_type = 'flood_episode' AND e.phase = 'open' AND e.review = '{review}' AND NOT e.simulated
    AND e.last_seen_at >= now64(3) - INTERVAL 12 HOUR AND c.state = 'active'
GROUP BY camera_id, camera, kelurahan, zone_id"""

FLOOD_SUSPECTED: Final = Alert(
    name="flood-suspected",
    title=Text("Flood suspected", "Dugaan banjir"),
    summary=Text(
        "{{ $labels.camera }} ({{ $labels.kelurahan }}) shows a flood: look, then confirm or reject it",
        "{{ $labels.camera }} ({{ $labels.kelurahan }}) menunjukkan banjir: periksa, lalu benarkan atau tolak",
    ),
    description=Text(
        "A water zone of the camera has been at least 15 % under water for two observed minutes, above its dry "
        "baseline. The alert stays until the flood has ended or a person has confirmed or rejected it, also where the "
        "camera has gone dark, then for 12 hours. The value is the largest part of the zone that was under water.",
        "Sedikitnya 15 % zona air kamera ini tergenang selama dua menit teramati, di atas keadaan keringnya. "
        "Peringatan tetap ada sampai banjir berakhir atau seseorang membenarkan atau menolaknya, juga bila kamera "
        "padam, lalu selama 12 jam. Nilainya adalah bagian zona terbesar yang pernah tergenang.",
    ),
    sql=_OPEN_FLOODS.format(review="suspected"),
    above=0,
    pending_seconds=0,
    severity="critical",
    no_data="OK",
    on_error="Error",
)

FLOOD_CONFIRMED: Final = Alert(
    name="flood-confirmed",
    title=Text("Flood confirmed", "Banjir dibenarkan"),
    summary=Text(
        "{{ $labels.camera }} ({{ $labels.kelurahan }}): a person has confirmed the flood, and it has not ended",
        "{{ $labels.camera }} ({{ $labels.kelurahan }}): seseorang membenarkan banjir ini, dan banjir belum berakhir",
    ),
    description=Text(
        "A flood episode is open that a person has looked at and confirmed. The alert stays until the flood has ended "
        "or somebody rejects it after all, also where the camera has gone dark, then for 12 hours. The value is the "
        "largest part of the zone that was under water.",
        "Ada episode banjir terbuka yang sudah diperiksa dan dibenarkan seseorang. Peringatan tetap ada sampai banjir "
        "berakhir atau akhirnya ditolak, juga bila kamera padam, lalu selama 12 jam. Nilainya adalah bagian zona "
        "terbesar yang pernah tergenang.",
    ),
    sql=_OPEN_FLOODS.format(review="confirmed"),
    above=0,
    pending_seconds=0,
    severity="critical",
    no_data="OK",
    on_error="KeepLast",
)

COUNTER_UNATTENDED: Final = Alert(
    name="counter-unattended",
    title=Text("People wait at an unattended counter", "Orang mengantre di loket tanpa petugas"),
    summary=Text(
        "{{ $labels.camera }} ({{ $labels.kelurahan }}): people wait and nobody is behind the counter",
        "{{ $labels.camera }} ({{ $labels.kelurahan }}): orang mengantre dan tidak ada petugas di loket",
    ),
    description=Text(
        "In opening hours, people have waited for two minutes without staff, and for three more since. It ends when "
        "staff is back, when nobody waits, or when the counter closes; it is not told while the camera gives no "
        "pictures. The value is the largest number of people who waited.",
        "Pada jam buka, orang telah mengantre dua menit tanpa petugas, dan tiga menit lagi sejak itu. Berakhir bila "
        "petugas kembali, bila antrean habis, atau bila loket tutup; tidak diberitahukan selama kamera tidak mengirim "
        "gambar. Nilainya adalah jumlah terbanyak orang yang mengantre.",
    ),
    sql="""\
SELECT
    e.camera_id::String AS camera_id,
    c.name AS camera,
    c.kelurahan::String AS kelurahan,
    max(e.people_waiting_max) AS people
FROM episodes_reviewed AS e
INNER JOIN current_cameras AS c ON c.camera_id = e.camera_id
WHERE e.episode_type = 'counter_episode' AND e.kind = 'unattended' AND e.phase = 'open' AND e.review != 'rejected'
    AND NOT e.simulated AND e.last_seen_at >= now64(3) - INTERVAL 5 MINUTE AND c.state = 'active'
GROUP BY camera_id, camera, kelurahan""",
    above=0,
    pending_seconds=180,
    severity="warning",
    no_data="OK",
    on_error="KeepLast",
)

CAMERA_QUARANTINED: Final = Alert(
    name="camera-quarantined",
    title=Text("Camera in quarantine", "Kamera dikarantina"),
    summary=Text(
        "{{ $labels.camera }} ({{ $labels.kelurahan }}) is {{ $labels.fault }}: nothing it shows counts until it is "
        "released",
        "{{ $labels.camera }} ({{ $labels.kelurahan }}) bermasalah ({{ $labels.fault }}): gambarnya tidak dihitung "
        "sampai dilepas",
    ),
    description=Text(
        "The camera was moved (shifted), covered, or sends the same picture again and again (frozen). Its minutes are "
        "not valid and in no statistics; only a person's release ends that. Told after ten minutes. The value is for "
        "how many hours it has lasted.",
        "Kamera bergeser (shifted), tertutup (covered), atau mengirim gambar yang sama terus-menerus (frozen). "
        "Menitnya tidak sah dan tidak masuk statistik; hanya pelepasan oleh seseorang yang mengakhirinya. "
        "Diberitahukan setelah sepuluh menit. Nilainya adalah lamanya dalam jam.",
    ),
    sql="""\
SELECT
    e.camera_id::String AS camera_id,
    c.name AS camera,
    c.kelurahan::String AS kelurahan,
    e.kind::String AS fault,
    dateDiff('second', min(e.started_at), now64(3)) / 3600 AS hours
FROM episodes_reviewed AS e
INNER JOIN current_cameras AS c ON c.camera_id = e.camera_id
WHERE e.episode_type = 'camera_incident' AND e.quarantined AND e.phase = 'open' AND NOT e.simulated
    AND c.state = 'active'
GROUP BY camera_id, camera, kelurahan, fault""",
    above=0,
    pending_seconds=600,
    severity="warning",
    no_data="OK",
    on_error="KeepLast",
)

GROUP: Final = AlertGroup("tilik-city", 60, (FLOOD_SUSPECTED, FLOOD_CONFIRMED, COUNTER_UNATTENDED, CAMERA_QUARANTINED))
