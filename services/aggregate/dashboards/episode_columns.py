"""Columns and pieces of SQL that panels of episodes share: where it is, what people said, whether it can be seen.

Tables of what is open show simulated episodes too, named as such and last; every count leaves them out. What people
have rejected is in neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.aggregate.dashboards.dashboard import Column, Mapped, Text, Threshold
from services.aggregate.dashboards.variables import CHOSEN_NOW

OF_LATE: Final = "minute BETWEEN now64(3) - INTERVAL 15 MINUTE AND now64(3)"
"""Minutes that tell what is so now: they are written up to a minute late, and a checkpoint may be slow."""

OPEN: Final = f"phase = 'open' AND review != 'rejected' AND {CHOSEN_NOW}"
"""The condition of ``episodes_reviewed`` under which an episode of a chosen camera is open and not rejected."""

SEEN_NOW: Final = "multiIf(e.simulated, 'simulated', b.reason != '', b.reason, 'seen')"
"""Whether the camera of ``e`` can be believed now, where ``b`` is ``cameras_blind_now``."""

UNKNOWN: Final = Text("–", "–")
"""What a cell says where there is nothing to say, or nobody knows."""

NEVER: Final = "toDateTime64(0, 3, 'UTC')"
"""What a time is that there is not (yet)."""

ALERT: Final = (Threshold(0, "green"), Threshold(1, "red"))
WARNING: Final = (Threshold(0, "green"), Threshold(1, "orange"))
ASIDE: Final = (Threshold(0, "green"), Threshold(1, "yellow"))

CAMERA_ID: Final = Column(Text("Camera ID", "ID kamera"), "string", hidden=True)
AT: Final = Column(Text("Moment", "Saat"), "dateTimeAsIso", hidden=True)
NAME: Final = Column(Text("Camera", "Kamera"), "string", links_to_camera=True)
KECAMATAN: Final = Column(Text("Kecamatan", "Kecamatan"), "string", width_px=130)
KELURAHAN: Final = Column(Text("Kelurahan", "Kelurahan"), "string", width_px=140)
ZONE: Final = Column(Text("Zone", "Zona"), "string", width_px=90)
STARTED: Final = Column(Text("Began", "Mulai"), "dateTimeAsIso", width_px=165)
SEEN_AGO: Final = Column(
    Text("Last seen", "Terakhir terlihat"),
    "s",
    decimals=0,
    thresholds=(Threshold(0, "green"), Threshold(180, "orange"), Threshold(900, "red")),
    width_px=105,
)
WHERE_COLUMNS: Final[Mapping[str, Column]] = {"name": NAME, "kelurahan": KELURAHAN}
LINK_COLUMNS: Final[Mapping[str, Column]] = {"camera_id": CAMERA_ID, "at": AT}

SUSPECTED: Final = Text("suspected", "dugaan")
CONFIRMED: Final = Text("confirmed", "terkonfirmasi")
REJECTED: Final = Text("rejected", "ditolak")

REVIEW_COUNTS: Final[Mapping[str, Column]] = {
    "confirmed": Column(CONFIRMED, "short", colour="red"),
    "suspected": Column(SUSPECTED, "short", colour="orange"),
    "rejected": Column(REJECTED, "short", colour="blue"),
}
"""Columns of bars that are counted by what people said."""


def review_column(confirmed: str = "red") -> Column:
    """Give the column of what people said; ``confirmed`` is the colour of what they confirmed."""
    return Column(
        Text("Verdict", "Penilaian"),
        "string",
        mapped=(
            Mapped("confirmed", CONFIRMED, "red" if confirmed == "red" else "text"),
            Mapped("suspected", SUSPECTED, "orange"),
            Mapped("rejected", REJECTED, "blue"),
        ),
        width_px=105,
    )


BLIND_REASONS: Final = (
    Mapped("not_owned", Text("no worker reads it", "tidak dibaca worker mana pun"), "red"),
    Mapped("not_live", Text("source does not deliver", "sumber tidak mengirim"), "red"),
    Mapped("no_frames", Text("no frames arrive", "tidak ada frame masuk"), "red"),
    Mapped("not_judged", Text("frames are not judged", "frame tidak dinilai"), "red"),
    Mapped("not_valid", Text("in quarantine", "dalam karantina"), "purple"),
)
"""The reasons of ``cameras_blind_now``, in the order in which that view asks."""

PICTURE: Final = Column(
    Text("Picture now", "Gambar sekarang"),
    "string",
    mapped=(
        Mapped("seen", Text("seen", "terlihat"), "green"),
        *BLIND_REASONS,
        Mapped("simulated", Text("simulated", "simulasi"), "blue"),
    ),
    width_px=155,
)

VEHICLE: Final = Column(
    Text("Vehicle", "Kendaraan"),
    "string",
    mapped=(
        Mapped("car", Text("car", "mobil")),
        Mapped("motorcycle", Text("motorcycle", "sepeda motor")),
        Mapped("truck", Text("lorry", "truk")),
        Mapped("bus", Text("bus", "bus")),
    ),
    width_px=95,
)

LASTS: Final = """e.phase = 'open'
        AND e.camera_id NOT IN (SELECT camera_id FROM current_cameras WHERE state = 'removed')"""
"""Whether ``e`` goes on. What was open when its camera was removed will never be ended by a frame."""

ENDED_AT: Final = "if(e.phase = 'open', e.last_seen_at, e.ended_at)"
"""When ``e`` ended if it does not go on."""

REACHES_RANGE: Final = f"e.started_at <= $__toTime AND ({LASTS} OR {ENDED_AT} >= $__fromTime)"
"""Whether ``e`` was open at some time of the range."""

ENDED: Final = f"multiIf({LASTS}, 'open', e.phase = 'open', 'no_data', e.ended_because)"
"""Why ``e`` ended, for the column ``ENDED_BECAUSE``."""

ENDED_BECAUSE: Final = Column(
    Text("Ended because", "Berakhir karena"),
    "string",
    mapped=(
        Mapped("open", Text("still open", "masih berlangsung"), "orange"),
        Mapped("cleared", Text("it cleared", "sudah surut/selesai")),
        Mapped("left", Text("they left", "sudah pergi")),
        Mapped("timetable", Text("the hours ended", "jam berlakunya habis")),
        Mapped("rule_changed", Text("its zone was changed", "zonanya diubah"), "purple"),
        Mapped("no_data", Text("nothing was seen any more", "tidak terlihat lagi"), "purple"),
        Mapped("released", Text("a person released it", "dilepas petugas")),
        Mapped("closed", Text("it was closed", "ditutup")),
    ),
    width_px=180,
)

NOT_TOLD_WITHOUT_SIGHT: Final = Text(
    "Where no zone of this kind was seen in the last 15 minutes, it says so and gives no 0."
    " Simulated and rejected ones are not counted.",
    "Jika dalam 15 menit terakhir tidak ada zona sejenis yang terlihat, panel menyatakannya dan tidak menulis 0."
    " Yang simulasi dan yang ditolak tidak dihitung.",
)
NOT_WATCHED: Final = Text("not watched", "tidak terpantau")
