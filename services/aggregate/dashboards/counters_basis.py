"""What the figures of *Counters* rest on: which rows, and the sentences that say so."""

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.dashboard import Text
from services.aggregate.dashboards.variables import CHOSEN_CAMERAS

_UNTIL: Final = "least(toStartOfHour($__toTime + INTERVAL 3599 SECOND), now())"
"""The end of the last hour that the period touches: its hours are whole ones at both ends."""

HOURS: Final = f"""counter_hours FINAL
WHERE hour >= toStartOfHour($__fromTime) AND hour < {_UNTIL} AND {CHOSEN_CAMERAS}"""
CAN_WAIT: Final = "queue_s > 0 AND served_minutes = open_minutes AND served_minutes > 0"
"""Hours in which queue and departures were counted in the same minutes: only there may one be divided by the other."""

REGISTERED: Final = f"""current_cameras
    WHERE {CHOSEN_CAMERAS}
        AND (kind = 'counter' AND state != 'removed' OR camera_id IN (SELECT camera_id FROM {HOURS}))"""  # noqa: S608
"""Cameras of kind counter, and others with a queue or a staff zone, which are known by their rows, as removed ones
are."""

PERIOD_MINUTES: Final = f"dateDiff('minute', toStartOfHour($__fromTime), {_UNTIL})"

LEAST_HOURS: Final = 10
LEAST_RATIO: Final = 0.5
"""Below so many observed hours, or such a part of the period, a counter's figures are called a small sample: ten hours
are about one and a half working days, and what half a period did not show could turn any comparison round."""

RESTS: Final = Text(
    "Rests on valid minutes in opening hours, and on all valid minutes of counters without opening hours; quarantined"
    " and simulated minutes are left out.",
    "Berdasarkan menit yang sah selama jam buka, dan semua menit yang sah untuk loket tanpa jam buka; menit karantina"
    " dan menit simulasi tidak dihitung.",
)
MISSED_STAFF: Final = Text(
    "The detector misses seated staff in about one frame of ten, so that 90 % can be a counter that nobody ever left."
    " A counter without a staff zone has no figure here, which is not 0 %.",
    "Detektor luput melihat petugas yang duduk pada kira-kira satu dari sepuluh frame, jadi 90 % bisa berarti loket"
    " tidak pernah ditinggal. Loket tanpa zona petugas tidak punya angka di sini, dan itu bukan 0 %.",
)
LEAST_SERVED: Final = 30
"""Below so many people served a waiting time is not told: one person who walks through the queue would move it far."""

LITTLE: Final = Text(
    f"An estimate by Little's law: people in the queue times seconds, divided by people served. It needs a drawn"
    f" counter edge and a queue that does not only grow or only shrink; on test footage people served were miscounted"
    f" by 12 to 33 %. Not told of fewer than {LEAST_SERVED} people served.",
    f"Perkiraan menurut hukum Little: jumlah orang dalam antrean dikali detik, dibagi jumlah orang yang dilayani. Perlu"
    f" garis loket yang sudah digambar dan antrean yang tidak terus memanjang atau memendek; pada rekaman uji, jumlah"
    f" yang dilayani meleset 12 sampai 33 %. Tidak ditampilkan bila yang dilayani kurang dari {LEAST_SERVED} orang.",
)
