"""*Quality*: how far people agree with the rules, what the figures rest on, and which models and rules made them."""

from __future__ import annotations

from functools import partial
from typing import Final

from services.aggregate.dashboards.dashboard import (
    Column,
    Dashboard,
    Mapped,
    Panel,
    Query,
    Section,
    Text,
    Threshold,
    figure,
)
from services.aggregate.dashboards.quality_pictures import PICTURES, WATER
from services.aggregate.dashboards.quality_rules import EPISODES, RULES
from services.aggregate.dashboards.variables import CHOSEN_CAMERAS, WHERE

_figure = partial(figure, width=6)
_HOURS: Final = f"camera_hours FINAL WHERE $__timeFilter(hour) AND {CHOSEN_CAMERAS}"


_SUMMARY: Final = Section(
    Text("At a glance", "Sekilas"),
    (
        _figure(
            Text("Judged by people", "Dinilai orang"),
            Text(
                "Part of the episodes that began in the period of which somebody has said whether they are right; and"
                " how many episodes there were. Where little is judged nobody knows how good the rules are here."
                " Simulated episodes are left out.",
                "Bagian kejadian yang mulai dalam kurun ini yang sudah dinilai benar tidaknya oleh seseorang; dan"
                " jumlah kejadiannya. Bila sedikit yang dinilai, tidak ada yang tahu seberapa baik aturannya di sini."
                " Kejadian simulasi tidak dihitung.",
            ),
            f"""WITH (SELECT sum(valid_minutes) FROM {_HOURS}) AS watched
SELECT if(count() > 0, countIf(review != 'suspected') / count(), NULL) AS judged_ratio,
    if(watched = 0 AND count() = 0, NULL, count()) AS episodes
FROM {EPISODES}""",  # noqa: S608
            {
                "judged_ratio": Column(Text("judged", "dinilai"), "percentunit", 1),
                "episodes": Column(Text("episodes", "kejadian"), "none", 0),  # not a topic: a column
            },
        ),
        _figure(
            Text("Who judges", "Siapa yang menilai"),
            Text(
                "How many people have judged episodes of the period (the last verdict of each), and the part of the"
                " busiest one. If one person gives most verdicts, precision is that person's opinion. No names are"
                " shown here.",
                "Berapa orang yang menilai kejadian dalam kurun ini (penilaian terakhir masing-masing), dan bagian"
                " penilai tersibuk. Bila satu orang memberi hampir semua penilaian, presisi adalah pendapat orang itu."
                " Nama tidak ditampilkan.",
            ),
            f"""WITH (SELECT count() FROM {EPISODES}) AS episodes
SELECT if(episodes = 0, NULL, count()) AS people,
    if(count() > 0, max(j.verdicts) / sum(j.verdicts), NULL) AS busiest_ratio
FROM (
    SELECT reviewed_by, count() AS verdicts FROM {EPISODES} AND review != 'suspected' GROUP BY reviewed_by
) AS j""",  # noqa: S608
            {
                "people": Column(Text("people", "orang"), "none", 0),
                "busiest_ratio": Column(Text("by the busiest", "oleh yang tersibuk"), "percentunit", 0),
            },
        ),
        _figure(
            Text("Simulated", "Simulasi"),
            Text(
                "Part of all minutes with simulated pictures, and how many cameras had such minutes. They count in no"
                " other figure of any dashboard. More than none in a city in operation means that somebody is testing.",
                "Bagian dari semua menit yang gambarnya simulasi, dan berapa kamera yang memilikinya. Menit itu tidak"
                " dihitung dalam angka lain di dasbor mana pun. Bila lebih dari nol di kota yang sedang beroperasi,"
                " berarti ada yang sedang menguji.",
            ),
            f"""SELECT if(sum(minutes) > 0, sum(simulated_minutes) / sum(minutes), NULL) AS simulated_ratio,
    if(sum(minutes) > 0, uniqExactIf(camera_id, simulated_minutes > 0), NULL) AS cameras
FROM {_HOURS}""",  # noqa: S608
            {
                "simulated_ratio": Column(
                    Text("of the minutes", "dari menit"),
                    "percentunit",
                    2,
                    (Threshold(0, "green"), Threshold(0.0001, "blue")),
                ),
                "cameras": Column(Text("cameras", "kamera"), "none", 0),  # not a topic: a column
            },
        ),
        _figure(
            Text("Frames with a verdict", "Frame yang dinilai"),
            Text(
                "Part of the captured frames with an outcome that a detector judged; the rest was shed, was no picture,"
                " or its outcome was lost. And the part whose camera clock ran ahead by more than 30 s.",
                "Bagian frame dengan hasil yang dinilai detektor; sisanya dilewati, bukan gambar, atau hasilnya hilang."
                " Dan bagian yang jam kameranya lebih cepat lebih dari 30 detik.",
            ),
            f"""SELECT if(sum(frames) > 0, sum(detected) / sum(frames), NULL) AS judged_ratio,
    if(sum(frames) > 0, sum(clock_skewed) / sum(frames), NULL) AS skewed_ratio
FROM {_HOURS}""",  # noqa: S608
            {
                "judged_ratio": Column(
                    Text("judged", "dinilai"),
                    "percentunit",
                    2,
                    (Threshold(0, "red"), Threshold(0.9, "yellow"), Threshold(0.98, "green")),
                ),
                "skewed_ratio": Column(Text("clock ahead", "jam terlalu cepat"), "percentunit", 3),
            },
        ),
    ),
)

_MODELS_SQL: Final = f"""SELECT used.1 AS task, used.2 AS model,
    if(used.3 = '', '–', substring(used.3, 1, 12)) AS weights,
    if(used.1 = 'objects', detector_tiles, '–') AS tiles, uniqExact(camera_id) AS cameras, count() AS frames,
    min(captured_at) AS first_at, max(captured_at) AS last_at
FROM detections
ARRAY JOIN arrayFilter(x -> x.2 != '', [
    ('objects', toString(detector_name), toString(detector_weights_sha256)),
    ('water', toString(water_detector_name), toString(water_detector_weights_sha256))]) AS used
WHERE captured_at >= greatest($__fromTime, $__toTime - INTERVAL 1 HOUR) AND captured_at <= $__toTime
    AND {CHOSEN_CAMERAS}
GROUP BY task, model, used.3, tiles
ORDER BY task, frames DESC, model"""  # noqa: S608

_RULESETS_SQL: Final = """SELECT p.ruleset AS ruleset,
    if(toUnixTimestamp64Milli(p.from_at) > 0, formatDateTime(p.from_at, '%F %H:%i', 'Asia/Jakarta'), '–') AS valid_from,
    if(p.until_at < toDateTime64('2200-01-01 00:00:00', 3, 'UTC'),
        formatDateTime(p.until_at, '%F %H:%i', 'Asia/Jakarta'), '–') AS valid_until,
    c.chosen_at AS chosen_at, if(c.reason = '', '–', c.reason) AS reason
FROM current_rulesets AS p
LEFT JOIN (
    SELECT ruleset, max(chosen_at) AS chosen_at, argMax(n.reason, n.chosen_at) AS reason
    FROM ruleset_choices AS n FINAL
    GROUP BY ruleset
) AS c ON c.ruleset = p.ruleset
WHERE p.until_at > $__fromTime AND p.from_at <= $__toTime
ORDER BY p.from_at DESC"""

_MADE_BY: Final = Section(
    Text("Which models and rules made the figures", "Model dan aturan yang menghasilkan angka"),
    (
        Panel(
            "table",
            Text("Networks in use", "Jaringan yang dipakai"),
            Text(
                "Of the last hour of the period: what judged the frames, by the first 12 digits of its weights'"
                " SHA-256. Two versions at once mean that a roll-out is going on, or has stopped half-way. Raw rows are"
                " kept for 30 days, so an older period shows nothing. How good a network is stands in its model card.",
                "Dari satu jam terakhir kurun ini: apa yang menilai frame, dengan 12 digit pertama SHA-256 bobotnya."
                " Dua versi sekaligus berarti pergantian sedang berlangsung, atau terhenti di tengah. Baris mentah"
                " disimpan 30 hari, jadi kurun yang lebih lama kosong. Seberapa baik suatu jaringan tertulis di kartu"
                " modelnya.",
            ),
            (Query(_MODELS_SQL),),
            {
                "task": Column(
                    Text("For", "Untuk"),
                    "string",
                    mapped=(
                        Mapped("objects", Text("people, vehicles", "orang, kendaraan")),
                        Mapped("water", Text("water", "air")),
                    ),
                    width_px=130,
                ),
                "model": Column(Text("Network", "Jaringan"), "string"),
                "weights": Column(Text("Weights", "Bobot"), "string"),
                "tiles": Column(Text("Tiles", "Petak"), "string", width_px=80),
                "cameras": Column(Text("Cameras", "Kamera"), "none", 0, width_px=90),  # not a topic: a column
                "frames": Column(Text("Frames", "Frame"), "short", 1, width_px=90),
                "first_at": Column(Text("First", "Pertama"), "dateTimeAsIso", width_px=170),
                "last_at": Column(Text("Last", "Terakhir"), "dateTimeAsIso", width_px=170),
            },
            width=14,
            height=8,
            no_data=Text("no raw rows of that hour", "tidak ada baris mentah pada jam itu"),
        ),
        Panel(
            "table",
            Text("Rules in force", "Aturan yang berlaku"),
            Text(
                "Which rules' rows are current in the period; of choices that overlap the last one rules. Without a"
                " beginning they hold for all that came before, without an end they hold now. Figures before and after"
                " a change were made under other rules: do not compare them, compute the older ones again.",
                "Baris dari aturan mana yang berlaku dalam kurun ini; bila pilihan tumpang tindih, yang terakhir"
                " berlaku. Tanpa awal berarti untuk semua yang sebelumnya, tanpa akhir berarti berlaku sekarang. Angka"
                " sebelum dan sesudah pergantian dibuat dengan aturan berbeda: jangan dibandingkan, hitung ulang yang"
                " lama.",
            ),
            (Query(_RULESETS_SQL),),
            {
                "ruleset": Column(Text("Rules", "Aturan"), "string"),
                "valid_from": Column(Text("From", "Dari"), "string", width_px=150),
                "valid_until": Column(Text("Until", "Sampai"), "string", width_px=150),
                "chosen_at": Column(Text("Chosen", "Dipilih"), "dateTimeAsIso", width_px=170),
                "reason": Column(Text("Why", "Alasan"), "string"),
            },
            width=10,
            height=8,
            no_data=Text("no rules were chosen for this period", "tidak ada aturan yang dipilih untuk kurun ini"),
        ),
    ),
)

DASHBOARD: Final = Dashboard(
    "quality",
    Text("Quality", "Mutu"),
    Text(
        "How far people agree with the rules, what the figures rest on, and which models and rules made them.",
        "Seberapa jauh orang setuju dengan aturan, apa dasar angka-angkanya, serta model dan aturan pembuatnya.",
    ),
    (_SUMMARY, RULES, PICTURES, WATER, _MADE_BY),
    WHERE,
    hours=30 * 24,
    refresh_seconds=900,
)
