"""Alerts for those who run the pipeline: does it see, is it fresh, does every frame have an outcome."""

from __future__ import annotations

from typing import Final

from services.aggregate.alerts.alert import Alert, AlertGroup
from services.aggregate.dashboards.dashboard import Text

OWNERSHIP_GAP: Final = Alert(
    name="ownership-gap",
    title=Text("Cameras without exactly one owner", "Kamera tanpa tepat satu pemilik"),
    summary=Text(
        "{{ $values.A }} active cameras are watched by no ingest worker, or by two",
        "{{ $values.A }} kamera aktif tidak diawasi pekerja ingest mana pun, atau diawasi dua",
    ),
    description=Text(
        "Of the cameras that the registry calls active so many have no owner that gave a sign of life within 150 s, or "
        "have several. A hand-over takes seconds, so the alert waits for two minutes. Prometheus' CameraWithoutOwner "
        "tells the same of each camera, sooner, where it is set up.",
        "Sebanyak itu kamera yang aktif menurut registri tidak punya pemilik yang memberi tanda dalam 150 detik, atau "
        "punya lebih dari satu. Serah terima hanya beberapa detik, jadi peringatan menunggu dua menit. "
        "CameraWithoutOwner di Prometheus memberitahukan hal yang sama per kamera, lebih cepat, bila terpasang.",
    ),
    sql="SELECT countIf(NOT covered) AS cameras FROM camera_coverage",
    above=0,
    pending_seconds=120,
    severity="critical",
    no_data="Alerting",
    on_error="KeepLast",
)

FRESHNESS: Final = Alert(
    name="freshness",
    title=Text("Nothing new is judged", "Tidak ada yang baru dinilai"),
    summary=Text(
        "The newest judged minute of the whole city ended {{ $values.A }} s ago (7200: two hours or longer): "
        "dashboards show the past",
        "Menit terbaru yang dinilai di seluruh kota berakhir {{ $values.A }} detik lalu (7200: dua jam atau lebih): "
        "dasbor menunjukkan masa lalu",
    ),
    description=Text(
        "No camera has a judged frame newer than five minutes, though some are active: ingest, Kafka, detect, "
        "aggregate or the way to ClickHouse stands still. Of single cameras tells the alert cameras-blind. No answer "
        "at all is told too.",
        "Tidak ada kamera dengan frame yang dinilai dalam lima menit terakhir, padahal ada yang aktif: ingest, "
        "Kafka, detect, aggregate, atau jalur ke ClickHouse berhenti. Kamera satu per satu: peringatan cameras-blind. "
        "Tanpa jawaban sama sekali juga diberitahukan.",
    ),
    sql="""\
SELECT if(
    (SELECT count() FROM current_cameras WHERE state = 'active') = 0,
    0,
    least(7200, greatest(0, dateDiff('second', max(minute) + INTERVAL 1 MINUTE, now64(3))))
) AS seconds
FROM current_camera_minutes
WHERE minute >= now64(3) - INTERVAL 2 HOUR AND detected > 0""",
    above=300,
    pending_seconds=120,
    severity="critical",
    no_data="Alerting",
    on_error="Error",
)

CAMERAS_BLIND: Final = Alert(
    name="cameras-blind",
    title=Text("Many cameras are blind", "Banyak kamera buta"),
    summary=Text(
        "{{ humanizePercentage $values.A.Value }} of the active cameras see nothing",
        "{{ humanizePercentage $values.A.Value }} kamera aktif tidak melihat apa pun",
    ),
    description=Text(
        "More than a tenth of the active cameras have had no valid, judged frame for three minutes, for ten minutes "
        "on end. A city always has a few blind cameras; many at once are a network, a video server, power, or detect.",
        "Lebih dari sepersepuluh kamera aktif tidak punya frame sah yang dinilai selama tiga menit, sepuluh menit "
        "berturut-turut. Selalu ada beberapa kamera buta; banyak sekaligus berarti jaringan, peladen video, listrik, "
        "atau detect.",
    ),
    sql="""\
SELECT assumeNotNull((SELECT count() FROM cameras_blind_now)) / greatest(countIf(state = 'active'), 1) AS ratio
FROM current_cameras""",
    above=0.1,
    pending_seconds=600,
    severity="warning",
    no_data="Alerting",
    on_error="KeepLast",
)

DEAD_LETTERS: Final = Alert(
    name="dead-letters",
    title=Text("Frames of a camera can't be judged", "Frame sebuah kamera tidak dapat dinilai"),
    summary=Text(
        "{{ $labels.camera }} ({{ $labels.kelurahan }}): {{ $values.A }} frames in 15 minutes became dead letters",
        "{{ $labels.camera }} ({{ $labels.kelurahan }}): {{ $values.A }} frame dalam 15 menit menjadi dead letter",
    ),
    description=Text(
        "More than 20 of the camera's frames of the last 15 minutes, and more than one in twenty, were no pictures "
        "(undecodable) or beyond the bounds (refused). What other services put aside tells Prometheus' "
        "EventsDeadLettered.",
        "Lebih dari 20 frame kamera ini dalam 15 menit terakhir, dan lebih dari satu dari dua puluh, bukan gambar "
        "(undecodable) atau di luar batas (refused). Dead letter layanan lain: EventsDeadLettered di Prometheus.",
    ),
    sql="""\
SELECT m.camera_id::String AS camera_id, c.name AS camera, c.kelurahan::String AS kelurahan, m.dead AS frames_dead
FROM
(
    SELECT camera_id, sum(dead_undecodable + dead_refused) AS dead, sum(frames) AS all_frames
    FROM current_camera_minutes
    WHERE minute >= now64(3) - INTERVAL 15 MINUTE
    GROUP BY camera_id
) AS m
INNER JOIN current_cameras AS c ON c.camera_id = m.camera_id
WHERE m.dead > 20 AND m.dead > 0.05 * m.all_frames""",
    above=0,
    pending_seconds=300,
    severity="warning",
    no_data="OK",
    on_error="KeepLast",
)

ACCOUNTING_MISMATCH: Final = Alert(
    name="accounting-mismatch",
    title=Text("Frames are unaccounted for", "Ada frame yang tidak terhitung"),
    summary=Text(
        "{{ $labels.checked }}: {{ $values.A }} frames were captured without an outcome, or the other way round",
        "{{ $labels.checked }}: {{ $values.A }} frame diambil tanpa hasil akhir, atau sebaliknya",
    ),
    description=Text(
        "ended epochs: of readers' epochs that began and ended within 26 hours, and ended at least 20 minutes ago, "
        "every frame that was captured must have an outcome, exactly. yesterday: of each camera's day in Jakarta, "
        "within 1 %, 100 frames and two minutes. Frames that lay in Kafka until they expired at the end of an epoch "
        "count here too. Recorded footage has old capture times, so a city that plays some always differs yesterday.",
        "ended epochs: untuk masa baca yang mulai dan selesai dalam 26 jam, dan selesai sedikitnya 20 menit lalu, "
        "setiap frame yang diambil harus punya hasil akhir, tepat. yesterday: untuk hari tiap kamera di Jakarta, "
        "dalam batas 1 %, 100 frame dan dua menit. Frame yang kedaluwarsa di Kafka pada akhir masa baca juga "
        "terhitung di sini. Rekaman punya waktu ambil lama, jadi kota yang memutarnya selalu berbeda pada yesterday.",
    ),
    sql="""\
WITH closed AS
(
    SELECT camera_id, owner_epoch, captured
    FROM camera_ownerships
    WHERE ended != 'owned' AND owned_until < now64(3) - INTERVAL 20 MINUTE
        AND owner_epoch >= toUnixTimestamp64Milli(now64(3) - INTERVAL 26 HOUR)
)
SELECT 'ended epochs' AS checked, sum(abs(toInt64(l.captured) - toInt64(o.outcomes))) AS frames
FROM closed AS l
LEFT JOIN
(
    SELECT camera_id, owner_epoch, count() AS outcomes
    FROM frame_outcomes FINAL
    WHERE owner_epoch >= toUnixTimestamp64Milli(now64(3) - INTERVAL 26 HOUR)
        AND (camera_id, owner_epoch) IN (SELECT camera_id, owner_epoch FROM closed)
    GROUP BY camera_id, owner_epoch
) AS o ON o.camera_id = l.camera_id AND o.owner_epoch = l.owner_epoch
UNION ALL
SELECT 'yesterday' AS checked, sumIf(d.apart, d.apart > greatest(100, d.captured / 100, 120 * c.sample_fps)) AS frames
FROM
(
    SELECT camera_id, captured, abs(toInt64(captured) - toInt64(frames)) AS apart
    FROM accounting_by_day
    WHERE day = toDate(now('Asia/Jakarta')) - 1
) AS d
INNER JOIN current_cameras AS c ON c.camera_id = d.camera_id""",
    above=0,
    pending_seconds=600,
    severity="warning",
    no_data="Alerting",
    on_error="KeepLast",
)

GROUP: Final = AlertGroup("tilik-operation", 60, (OWNERSHIP_GAP, FRESHNESS, CAMERAS_BLIND, DEAD_LETTERS))
BOOKS: Final = AlertGroup("tilik-books", 600, (ACCOUNTING_MISMATCH,))
