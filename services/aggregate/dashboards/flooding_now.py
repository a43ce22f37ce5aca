"""Floods that are open now, and the water zones that can't say."""

# ruff: noqa: S608  (statements are made of this package's own words)

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.dashboard import (
    Column,
    Mapped,
    Panel,
    Query,
    Section,
    Text,
    Threshold,
    paragraph,
)
from services.aggregate.dashboards.episode_columns import (
    ALERT,
    BLIND_REASONS,
    KELURAHAN,
    LINK_COLUMNS,
    NAME,
    NOT_TOLD_WITHOUT_SIGHT,
    NOT_WATCHED,
    OF_LATE,
    OPEN,
    PICTURE,
    SEEN_AGO,
    SEEN_NOW,
    STARTED,
    UNKNOWN,
    WARNING,
    WHERE_COLUMNS,
    review_column,
)
from services.aggregate.dashboards.variables import CHOSEN_NOW

_SEEN_ZONES: Final = f"""SELECT camera_id, zone_id, argMax(state, minute) AS latest,
        argMax(m.ratio_mean, minute) AS ratio
    FROM current_flood_minutes AS m
    WHERE {OF_LATE} AND valid AND NOT simulated AND {CHOSEN_NOW}
    GROUP BY camera_id, zone_id"""
"""Each water zone that was seen of late, and how it stood in its latest valid minute."""


def _open_floods(review: str) -> str:
    return f"""WITH (SELECT count() FROM ({_SEEN_ZONES})) AS watched
SELECT if(watched = 0 AND count() = 0, NULL, count()) AS floods
FROM episodes_reviewed
WHERE episode_type = 'flood_episode' AND review = '{review}' AND NOT simulated AND {OPEN}"""


def _figure(title: Text, description: Text, sql: str, column: str, thresholds: tuple[Threshold, ...]) -> Panel:
    return Panel(
        "stat",
        title,
        description,
        (Query(sql),),
        {column: Column(title, thresholds=thresholds)},
        width=4,
        height=4,
        no_data=NOT_WATCHED,
    )


CONFIRMED_FLOODS: Final = _figure(
    Text("Floods, confirmed", "Banjir terkonfirmasi"),
    paragraph(
        Text(
            "Open floods that a person has confirmed: people looked, and it is water.",
            "Banjir yang masih berlangsung dan sudah dikonfirmasi petugas: ada yang melihat, dan memang air.",
        ),
        NOT_TOLD_WITHOUT_SIGHT,
    ),
    _open_floods("confirmed"),
    "floods",
    ALERT,
)
SUSPECTED_FLOODS: Final = _figure(
    Text("Floods, suspected", "Dugaan banjir"),
    paragraph(
        Text(
            "Open floods that nobody has judged yet: a water zone measured at least its onset ratio (15 %, unless its"
            " camera sets another) for 2 minutes. Cloudbursts on pale paving and unlit nights can look like water."
            " Open the camera and judge it.",
            "Banjir yang masih berlangsung dan belum dinilai siapa pun: rasio air di zona mencapai ambangnya (15 %,"
            " kecuali diatur lain untuk kameranya) selama 2 menit. Hujan sangat lebat di paving terang dan malam tanpa"
            " lampu bisa tampak seperti air. Buka kameranya dan nilai.",
        ),
        NOT_TOLD_WITHOUT_SIGHT,
    ),
    _open_floods("suspected"),
    "floods",
    WARNING,
)
_ONSETS: Final = _figure(
    Text("Water, not yet a flood", "Ada air, belum banjir"),
    Text(
        "Water zones whose latest valid minute was an onset: water above the onset ratio, for less than 2 minutes so"
        " far. Some become floods, some are a passing bus. Zones that were not seen in the last 15 minutes don't"
        " count.",
        "Zona air yang menit valid terakhirnya adalah awal genangan: rasio air di atas ambang, belum 2 menit. Sebagian"
        " menjadi banjir, sebagian hanya bus yang lewat. Zona yang tidak terlihat dalam 15 menit terakhir tidak"
        " dihitung.",
    ),
    f"SELECT if(count() = 0, NULL, countIf(latest = 'onset')) AS zones FROM ({_SEEN_ZONES})",
    "zones",
    (Threshold(0, "green"), Threshold(1, "yellow")),
)
_HIGHEST: Final = Panel(
    "stat",
    Text("Highest ratio now", "Rasio tertinggi sekarang"),
    Text(
        "The largest part of a water zone that is under water, by its latest valid minute (mean over its frames, above"
        " the dry baseline). It is a part of the zone as it was drawn, not a depth.",
        "Bagian terbesar sebuah zona air yang tergenang, menurut menit valid terakhirnya (rata-rata semua frame, di"
        " atas garis dasar kering). Ini bagian dari zona yang digambar, bukan kedalaman.",
    ),
    (Query(f"SELECT if(count() = 0, NULL, max(ratio)) AS ratio FROM ({_SEEN_ZONES})"),),
    {
        "ratio": Column(
            Text("Ratio", "Rasio"),
            "percentunit",
            decimals=0,
            thresholds=(Threshold(0, "green"), Threshold(0.05, "yellow"), Threshold(0.15, "red")),
        )
    },
    width=4,
    height=4,
    no_data=NOT_WATCHED,
)
_KELURAHAN: Final = _figure(
    Text("Kelurahan with a flood", "Kelurahan terdampak"),
    paragraph(
        Text(
            "Kelurahan with at least one open flood, confirmed or suspected, by where the camera stands.",
            "Kelurahan dengan sedikitnya satu banjir yang masih berlangsung, terkonfirmasi atau dugaan, menurut letak"
            " kameranya.",
        ),
        NOT_TOLD_WITHOUT_SIGHT,
    ),
    f"""WITH (SELECT count() FROM ({_SEEN_ZONES})) AS watched
SELECT if(watched = 0 AND count() = 0, NULL, uniqExact((c.kecamatan, c.kelurahan))) AS kelurahan
FROM episodes_reviewed AS e
INNER JOIN current_cameras AS c ON c.camera_id = e.camera_id
WHERE e.episode_type = 'flood_episode' AND NOT e.simulated AND {OPEN}""",
    "kelurahan",
    WARNING,
)

_ZONES_OF_LATE: Final = f"""SELECT camera_id, zone_id
    FROM flood_hours FINAL
    WHERE hour >= toStartOfHour(now64(3) - INTERVAL 7 DAY) AND minutes > simulated_minutes AND {CHOSEN_NOW}
    GROUP BY camera_id, zone_id"""
"""Water zones that had a row in the last week: those that should be seen."""

_UNSEEN: Final = _figure(
    Text("Water zones not seen", "Zona air tidak terlihat"),
    Text(
        "Water zones with a row in the last 7 days and no valid minute in the last 15 minutes: blind cameras and"
        " quarantined ones. A flood there is not told. A zone that has been dark for longer than a week is not"
        " counted.",
        "Zona air yang punya data dalam 7 hari terakhir tetapi tanpa menit valid dalam 15 menit terakhir: kameranya"
        " tidak melihat atau dikarantina. Banjir di sana tidak terlaporkan. Zona yang gelap lebih dari seminggu tidak"
        " dihitung.",
    ),
    f"""SELECT if(count() = 0, NULL, countIf((camera_id, zone_id) NOT IN
    (SELECT camera_id, zone_id FROM ({_SEEN_ZONES})))) AS zones
FROM ({_ZONES_OF_LATE})""",
    "zones",
    WARNING,
)

OPEN_FLOODS_SQL: Final = f"""SELECT c.name AS name, c.kelurahan AS kelurahan, e.review AS review,
    e.started_at AS started_at, dateDiff('second', e.started_at, now64(3)) AS lasted,
    r.ratio AS ratio, r.trend AS trend, e.peak_ratio AS peak_ratio,
    dateDiff('second', e.last_seen_at, now64(3)) AS seen_ago,
    {SEEN_NOW} AS picture, e.camera_id AS camera_id, e.last_seen_at AS at
FROM episodes_reviewed AS e
LEFT JOIN current_cameras AS c ON c.camera_id = e.camera_id
LEFT JOIN cameras_blind_now AS b ON b.camera_id = e.camera_id
LEFT JOIN
(
    SELECT camera_id, zone_id, toNullable(argMax(m.ratio_mean, minute)) AS ratio,
        ratio - argMaxOrNullIf(m.ratio_mean, minute, minute < now64(3) - INTERVAL 10 MINUTE) AS rise,
        multiIf(rise > 0.03, 'rising', rise < -0.03, 'falling', isNull(rise), NULL, 'steady') AS trend
    FROM current_flood_minutes AS m
    WHERE {OF_LATE} AND valid AND {CHOSEN_NOW}
    GROUP BY camera_id, zone_id
) AS r ON r.camera_id = e.camera_id AND r.zone_id = e.zone_id
WHERE e.episode_type = 'flood_episode' AND {OPEN}
ORDER BY e.simulated, e.review = 'suspected', ratio DESC NULLS LAST, e.started_at
LIMIT 200"""
"""A rise of .03 within some ten minutes is more than a still picture's ratio wavers (docs/floods.md, dry weather)."""

OPEN_FLOODS: Final = Panel(
    "table",
    Text("Open floods", "Banjir yang masih berlangsung"),
    Text(
        "One row a flood that has not cleared, confirmed ones first, the highest water on top. *Ratio now* is the part"
        " of the zone under water in its latest valid minute; a dash: not seen for 15 minutes. *Trend* compares it with"
        " some ten minutes before. *Last seen* far back, or a picture that is not *seen*: the flood may be over, or"
        " worse; nobody knows. Simulated floods stand last and count nowhere. The name opens the camera.",
        "Satu baris untuk tiap banjir yang belum surut; yang terkonfirmasi dan yang tertinggi di atas. *Rasio sekarang*"
        " adalah bagian zona yang tergenang pada menit valid terakhir; tanda pisah: 15 menit tidak terlihat. *Tren*"
        " membandingkannya dengan sekitar sepuluh menit sebelumnya. Jika *terakhir terlihat* sudah lama, atau gambar"
        " tidak *terlihat*: banjirnya mungkin sudah surut, mungkin lebih parah; tidak ada yang tahu. Banjir simulasi"
        " ada di bawah dan tidak dihitung di mana pun. Nama membuka kameranya.",
    ),
    (Query(OPEN_FLOODS_SQL),),
    {
        "name": NAME,
        "kelurahan": KELURAHAN,
        "review": review_column(),
        "started_at": STARTED,
        "lasted": Column(Text("For", "Selama"), "s", decimals=1, width_px=90),
        "ratio": Column(
            Text("Ratio now", "Rasio sekarang"),
            "percentunit",
            decimals=0,
            thresholds=(Threshold(0, "green"), Threshold(0.05, "yellow"), Threshold(0.15, "red")),
            width_px=95,
            no_data=UNKNOWN,
        ),
        "trend": Column(
            Text("Trend", "Tren"),
            "string",
            mapped=(
                Mapped("rising", Text("▲ rising", "▲ naik"), "red"),
                Mapped("falling", Text("▼ falling", "▼ turun"), "green"),
                Mapped("steady", Text("steady", "tetap")),
            ),
            width_px=90,
            no_data=UNKNOWN,
        ),
        "peak_ratio": Column(Text("Peak", "Puncak"), "percentunit", decimals=0, width_px=75),
        "seen_ago": SEEN_AGO,
        "picture": PICTURE,
        **LINK_COLUMNS,
    },
    width=24,
    height=9,
    no_data=Text("no flood is open", "tidak ada banjir yang berlangsung"),
)

_UNSEEN_TABLE: Final = Panel(
    "table",
    Text("Water zones that nobody sees", "Zona air yang tidak terlihat"),
    Text(
        "The zones counted above as not seen: which place could be flooded without anyone being told. *Last valid hour*"
        " is the last hour with a valid minute in 7 days; a dash: none.",
        "Zona yang di atas dihitung tidak terlihat: tempat yang bisa saja banjir tanpa ada laporan. *Jam valid"
        " terakhir* adalah jam terakhir dengan menit valid dalam 7 hari; tanda pisah: tidak ada.",
    ),
    (
        Query(f"""SELECT c.name AS name, c.kelurahan AS kelurahan, z.zone_id AS zone_id, z.at AS at, b.reason AS reason,
    z.camera_id AS camera_id
FROM
(
    SELECT camera_id, zone_id, maxOrNullIf(h.hour, h.valid_minutes > 0) AS at
    FROM flood_hours AS h FINAL
    WHERE hour >= toStartOfHour(now64(3) - INTERVAL 7 DAY) AND minutes > simulated_minutes AND {CHOSEN_NOW}
    GROUP BY camera_id, zone_id
) AS z
LEFT JOIN current_cameras AS c ON c.camera_id = z.camera_id
LEFT JOIN cameras_blind_now AS b ON b.camera_id = z.camera_id
WHERE (z.camera_id, z.zone_id) NOT IN (SELECT camera_id, zone_id FROM ({_SEEN_ZONES}))
ORDER BY at, name
LIMIT 200"""),
    ),
    {
        **WHERE_COLUMNS,
        "zone_id": Column(Text("Zone", "Zona"), "string"),
        "at": Column(Text("Last valid hour", "Jam valid terakhir"), "dateTimeAsIso", no_data=UNKNOWN),
        "reason": Column(
            Text("Why the camera is blind", "Mengapa kamera tidak melihat"),
            "string",
            mapped=(
                Mapped("", Text("water is not measured", "air tidak diukur"), "orange"),
                *BLIND_REASONS,
            ),
        ),
        "camera_id": LINK_COLUMNS["camera_id"],
    },
    width=24,
    height=6,
    no_data=Text("every water zone is seen", "semua zona air terlihat"),
)

NOW: Final = Section(
    Text("Now", "Sekarang"),
    (CONFIRMED_FLOODS, SUSPECTED_FLOODS, _ONSETS, _HIGHEST, _KELURAHAN, _UNSEEN, OPEN_FLOODS),
)
UNSEEN: Final = Section(Text("What can't be seen", "Yang tidak terlihat"), (_UNSEEN_TABLE,))
