"""The dashboard *Parking*: what stands now where it must not, and where and when it happens again."""

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.dashboard import Dashboard, Text
from services.aggregate.dashboards.parking_now import NOW
from services.aggregate.dashboards.parking_places import PLACES
from services.aggregate.dashboards.parking_times import CASES, TIMES
from services.aggregate.dashboards.variables import WHERE

DASHBOARD: Final = Dashboard(
    "parking",
    Text("Parking", "Parkir liar"),
    Text(
        "Vehicles in no-parking zones that people have drawn: which stand now and for how long, which places and hours"
        " come back, with the time for which they were watched. A case is a suspicion until a person confirms it; no"
        " number plate is read.",
        "Kendaraan di zona larangan parkir yang digambar petugas: mana yang sekarang berhenti dan berapa lama, tempat"
        " dan jam mana yang berulang, beserta lamanya terpantau. Kasus adalah dugaan sampai dikonfirmasi petugas;"
        " pelat nomor tidak dibaca.",
    ),
    (NOW, PLACES, TIMES, CASES),
    WHERE,
    hours=7 * 24,
    refresh_seconds=300,
)
