"""The dashboard *Flooding*: what is under water now, how it came, where it happens again and again."""

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.dashboard import Dashboard, Text
from services.aggregate.dashboards.flooding_course import COURSE
from services.aggregate.dashboards.flooding_history import BY_KELURAHAN, HISTORY
from services.aggregate.dashboards.flooding_now import NOW, UNSEEN
from services.aggregate.dashboards.variables import WHERE

DASHBOARD: Final = Dashboard(
    "flooding",
    Text("Flooding", "Banjir"),
    Text(
        "Water on the street, by water zones that people have drawn: what is flooded now, what nobody can see, how"
        " water rose and fell, and which kelurahan it comes back to. Rules suspect, people confirm.",
        "Air di jalan, menurut zona air yang digambar petugas: apa yang banjir sekarang, apa yang tidak terlihat, kapan"
        " air naik dan turun, dan kelurahan mana yang sering tergenang. Aturan menduga, petugas memastikan.",
    ),
    (NOW, COURSE, UNSEEN, BY_KELURAHAN, HISTORY),
    WHERE,
)
