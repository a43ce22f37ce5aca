"""The dashboard *City now*: what needs somebody, where, and whether anyone can see."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from services.aggregate.dashboards.city_now_course import COURSE
from services.aggregate.dashboards.city_now_state import BLIND, MAP, NEWEST, UNATTENDED
from services.aggregate.dashboards.city_now_tables import BLIND_CAMERAS, COUNTERS, INCIDENTS
from services.aggregate.dashboards.dashboard import Dashboard, Panel, Section, Text
from services.aggregate.dashboards.flooding_now import CONFIRMED_FLOODS, OPEN_FLOODS, SUSPECTED_FLOODS
from services.aggregate.dashboards.parking_now import OPEN_CASES, OPEN_CASES_TABLE
from services.aggregate.dashboards.variables import WHERE


def _brief(panel: Panel, *left_out: str, width: int, height: int) -> Panel:
    """Give a table with fewer columns, for less room."""
    columns = {
        name: replace(column, hidden=name in left_out or column.hidden) for name, column in panel.columns.items()
    }
    return replace(panel, columns=columns, width=width, height=height)


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
                _brief(OPEN_FLOODS, "started_at", "peak_ratio", width=15, height=14),
                replace(MAP, width=9, height=14),
                _brief(COUNTERS, "kelurahan", "waiting_max", "seen_ago", width=12, height=9),
                _brief(OPEN_CASES_TABLE, "kelurahan", "zone_id", "started_at", width=12, height=9),
            ),
        ),
        Section(
            Text("What can't be seen", "Yang tidak terlihat"),
            (replace(BLIND_CAMERAS, width=14), replace(INCIDENTS, width=10)),
        ),
        COURSE,
    ),
    WHERE,
    hours=6,
    refresh_seconds=30,
)
