"""*Quality* of the rules: how often people agree with what a rule found, with what that rests on."""

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
from services.aggregate.dashboards.episode_columns import CAMERA_ID, KELURAHAN, NAME
from services.aggregate.dashboards.variables import CHOSEN_CAMERAS

LEAST_JUDGED: Final = 30
"""Below so many judged episodes the interval of a precision of 0.8 is wider than 0.3."""

EPISODES: Final = f"episodes_reviewed WHERE NOT simulated AND $__timeFilter(started_at) AND {CHOSEN_CAMERAS}"
RULE: Final = "if(kind = '', toString(episode_type), concat(episode_type, '/', kind))"
_COUNTS: Final = """count() AS episodes, countIf(review = 'confirmed') AS confirmed,
    countIf(review = 'rejected') AS rejected, confirmed + rejected AS judged"""
_CENTRE: Final = "(confirmed + 1.96 * 1.96 / 2) / (judged + 1.96 * 1.96)"
_REACH: Final = "1.96 * sqrt(confirmed * rejected / judged + 1.96 * 1.96 / 4) / (judged + 1.96 * 1.96)"
_INTERVAL: Final = f"""if(judged > 0, greatest(0, {_CENTRE} - {_REACH}), NULL) AS precision_low,
    if(judged > 0, least(1, {_CENTRE} + {_REACH}), NULL) AS precision_high"""
"""Wilson's score interval at 95 %. Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927)."""

_SAMPLE: Final = Column(
    Text("Sample", "Data"),
    "string",
    mapped=(
        Mapped("enough", Text("enough", "cukup"), "green"),
        Mapped("small", Text("small", "sedikit"), "orange"),
        Mapped("none", Text("nobody has judged", "belum dinilai"), "red"),
    ),
    width_px=140,
)
RULE_COLUMN: Final = Column(
    Text("Rule", "Aturan"),
    "string",
    mapped=(
        Mapped("flood_episode", Text("flood", "banjir")),
        Mapped("parking_case", Text("parking case", "kasus parkir")),
        Mapped("counter_episode/unattended", Text("counter unattended", "loket ditinggal")),
        Mapped("counter_episode/not_open", Text("counter not open", "loket tidak buka")),
        Mapped("counter_episode/after_hours", Text("counter after hours", "loket di luar jam")),
        Mapped("camera_incident/covered", Text("camera covered", "kamera tertutup")),
        Mapped("camera_incident/shifted", Text("camera shifted", "kamera bergeser")),
        Mapped("camera_incident/frozen", Text("picture frozen", "gambar beku")),
        Mapped("camera_incident/defocused", Text("out of focus", "tidak fokus")),
        Mapped("camera_incident/dark", Text("dark", "gelap")),
    ),
    width_px=180,
)
_JUDGED: Final = Text(
    "Precision is confirmed by confirmed and rejected. It knows only what people judged, and they do not pick at"
    " random: where they look at the glaring ones first it is too high. It says nothing of what a rule overlooked."
    " Simulated episodes are left out.",
    "Presisi ialah yang dikonfirmasi dibagi yang dikonfirmasi dan ditolak. Yang diketahui hanya yang dinilai orang, dan"
    " orang tidak memilih secara acak: bila yang mencolok dilihat lebih dulu, angkanya terlalu tinggi. Angka ini tidak"
    " berkata apa-apa tentang yang terlewat oleh aturan. Kejadian simulasi tidak dihitung.",
)

_RULES_SQL: Final = f"""SELECT {RULE} AS rule,
    multiIf(judged >= {LEAST_JUDGED}, 'enough', judged > 0, 'small', 'none') AS sample,
    {_COUNTS}, judged / episodes AS judged_ratio,
    if(judged > 0, confirmed / judged, NULL) AS precision,
    {_INTERVAL},
    if(judged > 0, quantileIf(0.5)(dateDiff('second', started_at, first_reviewed_at), review != 'suspected'), NULL)
        AS wait_s
FROM {EPISODES}
GROUP BY episode_type, kind
ORDER BY episode_type, kind"""  # noqa: S608

_LEAST_IN_A_WEEK: Final = 5
_BARS: Final = {
    "flood": ("episode_type = 'flood_episode'", Text("flood", "banjir")),
    "parking": ("episode_type = 'parking_case'", Text("parking case", "kasus parkir")),
    "unattended": ("kind = 'unattended'", Text("counter unattended", "loket ditinggal")),
    "not_open": ("kind = 'not_open'", Text("counter not open", "loket tidak buka")),
    "after_hours": ("kind = 'after_hours'", Text("counter after hours", "loket di luar jam")),
    "incident": ("episode_type = 'camera_incident'", Text("camera incidents, all", "gangguan kamera, semua")),
}


def _precision_if(condition: str) -> str:
    judged = f"countIf({condition} AND review != 'suspected')"
    return f"if({judged} >= {_LEAST_IN_A_WEEK}, countIf({condition} AND review = 'confirmed') / {judged}, NULL)"


_WEEKS_SQL: Final = f"""SELECT formatDateTime(toMonday(toDate(started_at, 'Asia/Jakarta')), '%m-%d') AS week,
    {", ".join(f"{_precision_if(condition)} AS {name}" for name, (condition, _) in _BARS.items())}
FROM {EPISODES}
GROUP BY week, toMonday(toDate(started_at, 'Asia/Jakarta'))
ORDER BY toMonday(toDate(started_at, 'Asia/Jakarta'))"""  # noqa: S608

_VERDICTS_SQL: Final = f"""SELECT formatDateTime(toMonday(toDate(started_at, 'Asia/Jakarta')), '%m-%d') AS week,
    countIf(review = 'confirmed') AS confirmed, countIf(review = 'rejected') AS rejected,
    countIf(review = 'suspected') AS unjudged
FROM {EPISODES}
GROUP BY week, toMonday(toDate(started_at, 'Asia/Jakarta'))
ORDER BY toMonday(toDate(started_at, 'Asia/Jakarta'))"""  # noqa: S608

_PLACES_SQL: Final = f"""SELECT e.camera_id AS camera_id, c.name AS name, c.kelurahan AS kelurahan, e.rule AS rule,
    e.episodes AS episodes, e.judged AS judged, e.rejected AS rejected, e.precision AS precision,
    e.precision_low AS precision_low, e.precision_high AS precision_high, e.at AS at
FROM (
    SELECT camera_id, {RULE} AS rule, {_COUNTS}, if(judged > 0, confirmed / judged, NULL) AS precision,
        {_INTERVAL}, maxIf(started_at, review = 'rejected') AS at
    FROM {EPISODES}
    GROUP BY camera_id, episode_type, kind
    HAVING rejected > 0 AND judged >= 3
    ORDER BY precision_high, rejected DESC, camera_id
    LIMIT 100
) AS e
LEFT JOIN current_cameras AS c ON c.camera_id = e.camera_id
ORDER BY precision_high, rejected DESC, camera_id"""  # noqa: S608

_SHARE: Final = (Threshold(0, "red"), Threshold(0.6, "yellow"), Threshold(0.8, "green"))

RULES: Final = Section(
    Text("Do people agree with the rules?", "Apakah orang setuju dengan aturannya?"),
    (
        Panel(
            "table",
            Text("Precision by rule", "Presisi menurut aturan"),
            paragraph(
                Text(
                    f"Episodes that began in the period, by the rule that found them. Low and high bound the precision"
                    f" at 95 % (Wilson) as far as chance goes. A sample is small below {LEAST_JUDGED} judged episodes:"
                    f" read its bounds, not its precision. Waited is the median time from the beginning to the first"
                    f" verdict.",
                    f"Kejadian yang mulai dalam kurun ini, menurut aturan yang menemukannya. Batas bawah dan atas"
                    f" mengapit presisi pada 95 % (Wilson) sejauh menyangkut kebetulan. Data disebut sedikit bila yang"
                    f" dinilai kurang dari {LEAST_JUDGED}: baca batasnya, bukan presisinya. Menunggu ialah median waktu"
                    f" dari mulai sampai penilaian pertama.",
                ),
                _JUDGED,
            ),
            (Query(_RULES_SQL),),
            {
                "rule": RULE_COLUMN,
                "sample": _SAMPLE,
                "episodes": Column(Text("Episodes", "Kejadian"), "none", 0, width_px=100),
                "confirmed": Column(Text("confirmed", "terkonfirmasi"), "none", 0, width_px=110),
                "rejected": Column(Text("rejected", "ditolak"), "none", 0, width_px=100),
                "judged": Column(Text("judged", "dinilai"), "none", 0, width_px=90),
                "judged_ratio": Column(Text("of all", "dari semua"), "percentunit", 0, width_px=90),
                "precision": Column(Text("Precision", "Presisi"), "percentunit", 1, _SHARE, width_px=100),
                "precision_low": Column(Text("at least", "paling rendah"), "percentunit", 0, width_px=100),
                "precision_high": Column(Text("at most", "paling tinggi"), "percentunit", 0, width_px=100),
                "wait_s": Column(Text("Waited for a verdict", "Menunggu penilaian"), "s", 0, width_px=150),
            },
            width=24,
            height=9,
        ),
        Panel(
            "barchart",
            Text("Precision by week", "Presisi per minggu"),
            paragraph(
                Text(
                    "By the week (from Monday, Asia/Jakarta) in which the episodes began. A rule with fewer than 5"
                    " verdicts in a week has no bar in it. Five are few still: look at the number of verdicts beside.",
                    "Menurut minggu (mulai Senin, WIB) saat kejadian mulai. Aturan dengan kurang dari 5 penilaian dalam"
                    " suatu minggu tidak punya batang di situ. Lima pun masih sedikit: lihat jumlah penilaian di"
                    " sampingnya.",
                ),
                _JUDGED,
            ),
            (Query(_WEEKS_SQL),),
            {"week": Column(Text("Week of", "Minggu mulai"), "string")}
            | {name: Column(text, "percentunit", 0) for name, (_, text) in _BARS.items()},
            width=12,
            height=9,
        ),
        Panel(
            "barchart",
            Text("Verdicts by week", "Penilaian per minggu"),
            Text(
                "All episodes by the week (from Monday, Asia/Jakarta) in which they began, and what people said of"
                " them. Not judged is no agreement. The first and the last week may be cut by the period.",
                "Semua kejadian menurut minggu (mulai Senin, WIB) mulainya, dan penilaian orang tentangnya. Belum"
                " dinilai bukan berarti setuju. Minggu pertama dan terakhir bisa terpotong oleh kurun.",
            ),
            (Query(_VERDICTS_SQL),),
            {
                "week": Column(Text("Week of", "Minggu mulai"), "string"),
                "confirmed": Column(Text("confirmed", "terkonfirmasi"), "none", 0, colour="green"),
                "rejected": Column(Text("rejected", "ditolak"), "none", 0, colour="red"),
                "unjudged": Column(Text("not judged", "belum dinilai"), "none", 0, colour="blue"),
            },
            stacked=True,
            width=12,
            height=9,
        ),
        Panel(
            "table",
            Text("Where people disagree most", "Di mana orang paling sering tidak setuju"),
            paragraph(
                Text(
                    "Camera and rule with at least 3 verdicts, lowest upper bound of the precision first: what stands"
                    " on top is wrong too often even if chance is allowed for. Masks, zones or thresholds of that"
                    " camera are what to look at. The moment is that of the latest rejected episode.",
                    "Kamera dan aturan dengan paling sedikit 3 penilaian, batas atas presisi terendah lebih dulu: yang"
                    " teratas terlalu sering keliru meskipun kebetulan sudah diperhitungkan. Yang perlu diperiksa ialah"
                    " masker, zona atau ambang kamera itu. Waktunya ialah waktu kejadian terakhir yang ditolak.",
                ),
                _JUDGED,
            ),
            (Query(_PLACES_SQL),),
            {
                "camera_id": CAMERA_ID,
                "name": NAME,
                "kelurahan": KELURAHAN,
                "rule": RULE_COLUMN,
                "episodes": Column(Text("Episodes", "Kejadian"), "none", 0, width_px=100),
                "judged": Column(Text("judged", "dinilai"), "none", 0, width_px=90),
                "rejected": Column(Text("rejected", "ditolak"), "none", 0, width_px=100),
                "precision": Column(Text("Precision", "Presisi"), "percentunit", 0, width_px=100),
                "precision_low": Column(Text("at least", "paling rendah"), "percentunit", 0, width_px=110),
                "precision_high": Column(Text("at most", "paling tinggi"), "percentunit", 0, _SHARE, width_px=110),
                "at": Column(Text("Last rejected", "Terakhir ditolak"), "dateTimeAsIso", width_px=180),
            },
            width=24,
            height=9,
            no_data=Text("nowhere, by 3 verdicts or more", "tidak ada, dari 3 penilaian atau lebih"),
        ),
    ),
)
