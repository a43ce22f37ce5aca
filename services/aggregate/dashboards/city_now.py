"""The dashboard *City now*: what needs somebody, where, and whether anyone can see."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from services.aggregate.dashboards.city_now_course import COURSE
from services.aggregate.dashboards.city_now_state import BLIND, MAP, NEWEST, UNATTENDED
from services.aggregate.dashboards.city_now_tables import BLIND_CAMERAS, COUNTERS, INCIDENTS
from services.aggregate.dashboards.dashboard import Dashboard, Section, Text
from services.aggregate.dashboards.flooding_now import CONFIRMED_FLOODS, OPEN_FLOODS, SUSPECTED_FLOODS
from services.aggregate.dashboards.parking_now import OPEN_CASES, OPEN_CASES_TABLE
from services.aggregate.dashboards.variables import WHERE

DASHBOARD: Final = Dashboard(
    "city_now",
    Text("City now", "Kota saat ini"),
    Text(
        "What is open at this moment and needs somebody: floods, counters, parked vehicles; and which cameras see"
        " nothing, so that nobody takes silence for calm. The figures above and the tables are of now; only the last"
        " section follows the time range.",
        "Yang sedang berlangsung dan perlu ditangani: banjir, loket, kendaraan parkir; dan kamera mana yang tidak"
        " melihat, agar sepi tidak dikira aman. Angka di atas dan tabel adalah keadaan sekarang; hanya bagian terakhir"
        " mengikuti rentang waktu.",
    ),
    (
        Section(
            Text("What needs somebody now", "Yang perlu ditangani sekarang"),
            (
                CONFIRMED_FLOODS,
                SUSPECTED_FLOODS,
                UNATTENDED,
                OPEN_CASES,
                BLIND,
                NEWEST,
                replace(OPEN_FLOODS, height=8),
                COUNTERS,
                replace(OPEN_CASES_TABLE, width=12, height=9),
            ),
        ),
        Section(
            Text("Where, and who can see", "Di mana, dan siapa yang melihat"),
            (MAP, replace(BLIND_CAMERAS, width=12, height=16), replace(INCIDENTS, width=24)),
        ),
        COURSE,
    ),
    WHERE,
    hours=6,
    refresh_seconds=30,
)
