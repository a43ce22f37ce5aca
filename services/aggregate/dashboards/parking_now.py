"""Vehicles that stand now where they must not, by how long they have stood, and the zones that can't say."""

# ruff: noqa: S608  (statements are made of this package's own words)

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.dashboard import Column, Panel, Query, Section, Text, Threshold, paragraph
from services.aggregate.dashboards.episode_columns import (
    ASIDE,
    KELURAHAN,
    LINK_COLUMNS,
    NAME,
    NOT_TOLD_WITHOUT_SIGHT,
    NOT_WATCHED,
    OF_LATE,
    OPEN,
    PICTURE,
    REVIEW_COUNTS,
    SEEN_AGO,
    SEEN_NOW,
    STARTED,
    VEHICLE,
    WARNING,
    ZONE,
    review_column,
)
from services.aggregate.dashboards.variables import CHOSEN_NOW

_SEEN_ZONES: Final = f"""SELECT camera_id, zone_id, max(in_force) AS forbidden
    FROM current_parking_minutes
    WHERE {OF_LATE} AND valid AND NOT simulated AND {CHOSEN_NOW}
    GROUP BY camera_id, zone_id"""
"""No-parking zones that were seen of late, and whether parking was forbidden in them then."""

_OPEN_CASES: Final = f"""FROM episodes_reviewed AS e
WHERE e.episode_type = 'parking_case' AND NOT e.simulated AND {OPEN}"""

_AGE: Final = Text(
    "The age is the time that the vehicle was seen standing: it does not grow while its camera is blind.",
    "Umur adalah lamanya kendaraan terlihat berhenti: tidak bertambah selama kameranya tidak melihat.",
)
_OLD: Final = (Threshold(0, "text"), Threshold(1800, "orange"), Threshold(7200, "red"))
"""Half an hour is a delivery that takes long, two hours are parking; both chosen, no rule rests on them."""


def _count(title: Text, description: Text, figure: str, thresholds: tuple[Threshold, ...] = WARNING) -> Panel:
    sql = f"""WITH (SELECT count() FROM ({_SEEN_ZONES})) AS watched
SELECT if(watched = 0 AND count() = 0, NULL, {figure}) AS cases
{_OPEN_CASES}"""
    return Panel(
        "stat",
        title,
        paragraph(description, NOT_TOLD_WITHOUT_SIGHT),
        (Query(sql),),
        {"cases": Column(title, thresholds=thresholds)},
        width=4,
        height=4,
        no_data=NOT_WATCHED,
    )


OPEN_CASES: Final = _count(
    Text("Open parking cases", "Kasus parkir liar"),
    Text(
        "Vehicles that have stood in a no-parking zone beyond its grace time (5 minutes, unless set otherwise) while"
        " parking is forbidden there, and have not left. Confirmed and suspected ones.",
        "Kendaraan yang berhenti di zona larangan parkir melebihi batas tenggang (5 menit, kecuali diatur lain) selama"
        " larangan berlaku, dan belum pergi. Terkonfirmasi dan dugaan.",
    ),
    "count()",
    ASIDE,
)
_HALF_HOUR: Final = _count(
    Text("Standing over 30 minutes", "Berhenti lebih dari 30 menit"),
    paragraph(Text("Open cases of at least 30 minutes.", "Kasus terbuka sedikitnya 30 menit."), _AGE),
    "countIf(e.dwell_s >= 1800)",
)
_TWO_HOURS: Final = _count(
    Text("Standing over 2 hours", "Berhenti lebih dari 2 jam"),
    paragraph(Text("Open cases of at least 2 hours.", "Kasus terbuka sedikitnya 2 jam."), _AGE),
    "countIf(e.dwell_s >= 7200)",
    (Threshold(0, "green"), Threshold(1, "red")),
)
_UNJUDGED: Final = _count(
    Text("Not judged by anyone", "Belum dinilai siapa pun"),
    Text(
        "Open cases that are only suspected: no person has said yet whether they are cases.",
        "Kasus terbuka yang masih dugaan: belum ada petugas yang menilainya.",
    ),
    "countIf(e.review = 'suspected')",
    ASIDE,
)
_FORBIDDEN: Final = Panel(
    "stat",
    Text("No-parking zones in force", "Zona larangan berlaku"),
    Text(
        "No-parking zones with a valid minute in the last 15 minutes in which their timetable forbids parking."
        " Elsewhere no case can open now: at night a low figure is the timetable, not order in the streets.",
        "Zona larangan parkir dengan menit valid dalam 15 menit terakhir dan larangannya sedang berlaku. Di tempat lain"
        " kasus tidak mungkin muncul sekarang: angka rendah pada malam hari karena jadwal, bukan karena jalan tertib.",
    ),
    (Query(f"SELECT if(count() = 0, NULL, countIf(forbidden)) AS zones FROM ({_SEEN_ZONES})"),),
    {"zones": Column(Text("Zones", "Zona"))},
    width=4,
    height=4,
    no_data=NOT_WATCHED,
)

_ZONES_OF_LATE: Final = f"""SELECT camera_id, zone_id
    FROM parking_hours FINAL
    WHERE hour >= toStartOfHour(now64(3) - INTERVAL 7 DAY) AND minutes > simulated_minutes AND {CHOSEN_NOW}
    GROUP BY camera_id, zone_id"""

_UNSEEN: Final = Panel(
    "stat",
    Text("Zones not seen", "Zona tidak terlihat"),
    Text(
        "No-parking zones with a row in the last 7 days and no valid minute in the last 15 minutes: their cameras are"
        " blind or in quarantine. City now lists blind cameras with the reason.",
        "Zona larangan parkir yang punya data dalam 7 hari terakhir tetapi tanpa menit valid dalam 15 menit terakhir:"
        " kameranya tidak melihat atau dikarantina. Dasbor Kota saat ini memuat kamera itu beserta sebabnya.",
    ),
    (
        Query(f"""SELECT if(count() = 0, NULL, countIf((camera_id, zone_id) NOT IN
    (SELECT camera_id, zone_id FROM ({_SEEN_ZONES})))) AS zones
FROM ({_ZONES_OF_LATE})"""),
    ),
    {"zones": Column(Text("Zones", "Zona"), thresholds=WARNING)},
    width=4,
    height=4,
)

_OPEN_CASES_SQL: Final = f"""SELECT c.name AS name, c.kelurahan AS kelurahan, e.zone_id AS zone_id,
    e.vehicle AS vehicle,
    e.review AS review, e.dwell_s AS dwell_s, e.started_at AS started_at,
    dateDiff('second', e.last_seen_at, now64(3)) AS seen_ago, {SEEN_NOW} AS picture,
    e.camera_id AS camera_id, e.last_seen_at AS at
FROM episodes_reviewed AS e
LEFT JOIN current_cameras AS c ON c.camera_id = e.camera_id
LEFT JOIN cameras_blind_now AS b ON b.camera_id = e.camera_id
WHERE e.episode_type = 'parking_case' AND {OPEN}
ORDER BY e.simulated, e.dwell_s DESC, e.started_at
LIMIT 200"""

_OPEN_CASE_COLUMNS: Final = {
    "name": NAME,
    "kelurahan": KELURAHAN,
    "zone_id": ZONE,
    "vehicle": VEHICLE,
    "review": review_column(),
    "dwell_s": Column(Text("Has stood", "Sudah berhenti"), "s", decimals=1, thresholds=_OLD, width_px=110),
    "started_at": STARTED,
    "seen_ago": SEEN_AGO,
    "picture": PICTURE,
    **LINK_COLUMNS,
}

OPEN_CASES_TABLE: Final = Panel(
    "table",
    Text("Open cases, the oldest first", "Kasus terbuka, terlama di atas"),
    paragraph(
        Text(
            "One row a vehicle that stands now, at most 200.",
            "Satu baris untuk tiap kendaraan yang sekarang berhenti, paling banyak 200.",
        ),
        _AGE,
        Text(
            "*Last seen* a few minutes ago is usual: a case ends only after 3 minutes without its vehicle. A vehicle"
            " that is hidden by another one for longer ends its case and begins a new one. Simulated cases stand last"
            " and count nowhere. The name opens the camera.",
            "*Terakhir terlihat* beberapa menit lalu itu biasa: kasus baru berakhir setelah 3 menit tanpa"
            " kendaraannya. Kendaraan yang lebih lama tertutup kendaraan lain mengakhiri kasusnya dan memulai yang"
            " baru. Kasus simulasi ada di bawah dan tidak dihitung di mana pun. Nama membuka kameranya.",
        ),
    ),
    (Query(_OPEN_CASES_SQL),),
    _OPEN_CASE_COLUMNS,
    width=17,
    height=11,
    no_data=Text("no case is open", "tidak ada kasus terbuka"),
)

_AGES: Final = Panel(
    "barchart",
    Text("Open cases by age", "Kasus terbuka menurut umur"),
    paragraph(
        Text("Open cases by how long they have stood.", "Kasus terbuka menurut lamanya berhenti."),
        _AGE,
        NOT_TOLD_WITHOUT_SIGHT,
    ),
    (
        Query(f"""WITH (SELECT count() FROM ({_SEEN_ZONES})) AS watched, (SELECT count() {_OPEN_CASES}) AS open
SELECT concat(a.label, ' min') AS age, if(watched = 0 AND open = 0, NULL, n.confirmed) AS confirmed,
    if(watched = 0 AND open = 0, NULL, n.suspected) AS suspected
FROM
(
    SELECT arrayJoin([('< 15', 0), ('15–30', 900), ('30–60', 1800), ('60–120', 3600), ('> 120', 7200)]) AS step,
        step.1 AS label, step.2 AS from_s
) AS a
LEFT JOIN
(
    SELECT multiIf(e.dwell_s < 900, 0, e.dwell_s < 1800, 900, e.dwell_s < 3600, 1800, e.dwell_s < 7200, 3600, 7200)
            AS from_s, countIf(e.review = 'confirmed') AS confirmed, countIf(e.review = 'suspected') AS suspected
    {_OPEN_CASES}
    GROUP BY from_s
) AS n ON n.from_s = a.from_s
ORDER BY a.from_s"""),
    ),
    {
        "age": Column(Text("Age", "Umur"), "string"),
        "confirmed": REVIEW_COUNTS["confirmed"],
        "suspected": REVIEW_COUNTS["suspected"],
    },
    stacked=True,
    width=7,
    height=11,
    no_data=NOT_WATCHED,
)

NOW: Final = Section(
    Text("Now", "Sekarang"),
    (OPEN_CASES, _HALF_HOUR, _TWO_HOURS, _UNJUDGED, _FORBIDDEN, _UNSEEN, OPEN_CASES_TABLE, _AGES),
)
