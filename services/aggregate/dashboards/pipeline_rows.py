"""*Pipeline*, end of the way: checkpoints, rows and their freshness, dead letters, webhooks."""

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.dashboard import Column, Panel, Query, Section, Text, Threshold, paragraph
from services.aggregate.dashboards.pipeline_ingest import SCRAPED
from services.aggregate.dashboards.variables import GAPS_SHOWN

LOST_EVENTS: Final = (
    "sum(increase(tilik_aggregate_lost_events_total[1h]))"
    " + (sum(tilik_aggregate_lost_events_total unless tilik_aggregate_lost_events_total offset 1h) or vector(0))"
)
"""They are counted as soon as a worker begins, before it is first scraped: what a new series has was lost as well."""
DEAD_LETTERS: Final = "sum(increase(tilik_dead_letters_total[15m])) or 0 * count(tilik_aggregate_partitions)"
_MINUTE_TABLES: Final = ("camera_minutes", "counter_minutes", "parking_minutes", "flood_minutes")

_NEVER: Final = Text(
    "none since the services started, or not measured", "tidak ada sejak layanan mulai, atau tak terukur"
)

_NEWEST: Final = "\nUNION ALL\n".join(
    f"SELECT '{table}' AS rows_of, nullIf(max({moment}), toDateTime64(0, 3, 'UTC')) AS newest,"
    f" max(inserted_at) AS stored\n"
    f"FROM {table} WHERE {moment} > now() - INTERVAL 6 HOUR"
    for table, moment in (*((table, "minute") for table in _MINUTE_TABLES), ("camera_statuses", "reported_at"))
)

_AGGREGATE: Final = Section(
    Text("Aggregate: from events to rows", "Aggregate: dari peristiwa ke baris"),
    (
        Panel(
            "timeseries",
            Text("Time of checkpoints", "Lama titik simpan"),
            paragraph(
                Text(
                    "95th percentile, by step: store writes to ClickHouse, commit is Kafka's transaction. Near the time"
                    " between checkpoints (FLUSH_SECONDS) that side is too slow, and rows get older.",
                    "Persentil ke-95, per langkah: store menulis ke ClickHouse, commit transaksi Kafka. Bila mendekati"
                    " jarak antar titik simpan (FLUSH_SECONDS), sisi itu terlalu lambat dan baris makin tua.",
                ),
                SCRAPED,
            ),
            (
                Query(
                    promql="histogram_quantile(0.95, sum by (le, step)"
                    " (rate(tilik_aggregate_checkpoint_seconds_bucket[$__rate_interval])))",
                    legend="{{step}}",
                ),
            ),
            unit="s",
        ),
        Panel(
            "timeseries",
            Text("Rows that are not stored yet", "Baris yang belum tersimpan"),
            paragraph(
                Text(
                    "By worker. It rises and falls with each checkpoint; where it only rises, ClickHouse is away. At"
                    " the limit (UNSAVED_ROWS_LIMIT) reading pauses; nothing is lost, rows come later.",
                    "Per proses. Naik turun di tiap titik simpan; bila hanya naik, ClickHouse tidak terjangkau. Di"
                    " batas (UNSAVED_ROWS_LIMIT) pembacaan berhenti sejenak; tidak ada yang hilang, baris datang"
                    " belakangan.",
                ),
                SCRAPED,
            ),
            (Query(promql="sum by (instance) (tilik_aggregate_unsaved_rows)", legend="{{instance}}"),),
            decimals=0,
        ),
        Panel(
            "timeseries",
            Text("Rows stored", "Baris tersimpan"),
            paragraph(
                Text(
                    "Rows a second that ClickHouse took, by table. A row that was amended is written again: this counts"
                    " writing, not facts.",
                    "Baris per detik yang diterima ClickHouse, per tabel. Baris yang dibetulkan ditulis lagi: yang"
                    " dihitung penulisan, bukan fakta.",
                ),
                SCRAPED,
            ),
            (Query(promql="sum by (table) (rate(tilik_aggregate_rows_total[$__rate_interval]))", legend="{{table}}"),),
            unit="suffix:/s",
            stacked=True,
        ),
        Panel(
            "timeseries",
            Text("Partitions by worker", "Partisi per proses"),
            paragraph(
                Text(
                    "Partitions of events that each worker owns with their state loaded; stacked, it is the topic's"
                    " number. Less for more than a minute: a worker is missing or can't load its state.",
                    "Partisi peristiwa yang dimiliki tiap proses dengan keadaannya termuat; ditumpuk, itulah jumlah"
                    " topiknya. Kurang selama lebih dari semenit: ada proses hilang atau gagal memuat keadaannya.",
                ),
                SCRAPED,
            ),
            (Query(promql="sum by (instance) (tilik_aggregate_partitions)", legend="{{instance}}"),),
            decimals=0,
            stacked=True,
        ),
        Panel(
            "timeseries",
            Text("Irregularities", "Kejanggalan"),
            paragraph(
                Text(
                    "In the hour before each point: checkpoints put off (ClickHouse or Kafka away), times the feed"
                    " had to be sought back, events that retention removed unread (more than 0: the service was away"
                    " for too long), frames under a former owner's epoch (a few at a takeover).",
                    "Dalam satu jam sebelum tiap titik: titik simpan tertunda (ClickHouse atau Kafka tak terjangkau),"
                    " aliran yang harus diulang, peristiwa yang terhapus retensi sebelum terbaca (lebih dari 0: layanan"
                    " terlalu lama mati), citra dari epoch pemilik lama (sedikit saat pengambilalihan).",
                ),
                SCRAPED,
            ),
            (
                Query(
                    promql="sum(increase(tilik_aggregate_checkpoint_failures_total[1h]))"
                    " or 0 * count(tilik_aggregate_partitions)",
                    legend="put off",
                ),
                Query(promql="sum(increase(tilik_aggregate_gaps_total[1h]))", legend="gaps"),
                Query(promql=LOST_EVENTS, legend="lost"),
                Query(promql="sum(increase(tilik_aggregate_frames_of_lower_epoch_total[1h]))", legend="lower"),
            ),
            {
                "put off": Column(Text("checkpoints put off", "titik simpan tertunda")),
                "gaps": Column(Text("sought back", "diulang")),
                "lost": Column(Text("events lost", "peristiwa hilang")),
                "lower": Column(Text("frames of a lower epoch", "citra epoch lama")),
            },
            decimals=0,
        ),
        Panel(
            "timeseries",
            Text("State written to Kafka", "Keadaan yang ditulis ke Kafka"),
            paragraph(
                Text(
                    "Bytes a second of the cameras' states in checkpoints, before compression. Growing without more"
                    " cameras: a camera's state swells; FLUSH_SECONDS divides it.",
                    "Bita per detik keadaan kamera dalam titik simpan, sebelum pemampatan. Naik tanpa tambahan kamera:"
                    " keadaan sebuah kamera membengkak; FLUSH_SECONDS membaginya.",
                ),
                SCRAPED,
            ),
            (Query(promql="sum(rate(tilik_aggregate_state_bytes_total[$__rate_interval]))", legend="state"),),
            {"state": Column(Text("state", "keadaan"), "Bps")},
            unit="Bps",
        ),
    ),
)

_FRESHNESS: Final = Section(
    Text("Freshness of the data", "Kesegaran data"),
    (
        Panel(
            "table",
            Text("Newest rows", "Baris terbaru"),
            Text(
                "By table: the newest moment that a row is about, how long ago that is, and when ClickHouse took a row"
                " last. A minute is written soon after its end, so up to two minutes are normal. Only the last 6 hours"
                " are looked at: a table without a row in them shows none. counter_, parking_ and flood_minutes stand"
                " still where no camera of that kind sees anything.",
                "Per tabel: saat terbaru yang diceritakan sebuah baris, berapa lama sudah lewat, dan kapan ClickHouse"
                " terakhir menerima baris. Menit ditulis segera setelah usai, jadi hingga dua menit itu wajar. Hanya 6"
                " jam terakhir yang dilihat: tabel tanpa baris di situ tidak menunjukkan apa-apa. counter_, parking_"
                " dan flood_minutes diam bila tidak ada kamera jenis itu yang melihat.",
            ),
            (
                Query(
                    "SELECT rows_of, newest, dateDiff('second', newest, now64(3)) AS age_s,"
                    " if(isNull(newest), NULL, stored) AS stored_at\n"
                    f"FROM (\n{_NEWEST}\n) ORDER BY rows_of"
                ),
            ),
            {
                "rows_of": Column(Text("Table", "Tabel"), "string"),
                "newest": Column(Text("Newest moment", "Saat terbaru"), "dateTimeAsIso"),
                "age_s": Column(
                    Text("Age", "Umur"),
                    "s",
                    0,
                    (Threshold(0, "green"), Threshold(180, "orange"), Threshold(600, "red")),
                ),
                "stored_at": Column(Text("Last stored", "Terakhir disimpan"), "dateTimeAsIso"),
            },
        ),
        Panel(
            "timeseries",
            Text("Age of frames on their way", "Umur citra di perjalanan"),
            Text(
                "From capture until Kafka took a frame, and until it was judged: of the 95th percentiles of all"
                " cameras' minutes, the middle one and the one that 19 of 20 lie below. From the minutes' rows, so"
                " also without Prometheus; minutes without a judged frame are left out, and a range of more than two"
                " days shows its last two.",
                "Dari perekaman sampai citra diterima Kafka, dan sampai dinilai: dari persentil ke-95 semua menit"
                " kamera, yang tengah dan yang 19 dari 20 ada di bawahnya. Dari baris menit, jadi juga tanpa"
                " Prometheus; menit tanpa citra yang dinilai dilewati, dan rentang lebih dari dua hari hanya"
                " ditampilkan dua hari terakhirnya.",
            ),
            (
                Query(
                    """SELECT $__timeInterval(minute) AS time,
    toNullable(quantile(0.5)(age_appended_p95_s)) AS kafka_typical,
    toNullable(quantile(0.95)(age_appended_p95_s)) AS kafka_slow,
    toNullable(quantile(0.5)(age_detected_p95_s)) AS judged_typical,
    toNullable(quantile(0.95)(age_detected_p95_s)) AS judged_slow
FROM camera_minutes
WHERE $__timeFilter(minute) AND minute > $__toTime - INTERVAL 2 DAY AND detected > 0 AND NOT simulated
GROUP BY time
"""
                    + GAPS_SHOWN
                ),
            ),
            {
                "kafka_typical": Column(Text("in Kafka, typical camera", "di Kafka, kamera umumnya"), "s"),
                "kafka_slow": Column(Text("in Kafka, slow camera", "di Kafka, kamera lambat"), "s"),
                "judged_typical": Column(Text("judged, typical camera", "dinilai, kamera umumnya"), "s"),
                "judged_slow": Column(Text("judged, slow camera", "dinilai, kamera lambat"), "s"),
            },
            unit="s",
        ),
    ),
)

_AWAY: Final = Section(
    Text("Dead letters and webhooks", "Dead letter dan webhook"),
    (
        Panel(
            "timeseries",
            Text("Dead letters", "Dead letter"),
            paragraph(
                Text(
                    "Messages in the hour before each point that can never be processed, by reason, of all services."
                    " Each lies in the topic's -dlq and says why.",
                    "Pesan dalam satu jam sebelum tiap titik yang tidak akan pernah bisa diproses, per sebab, semua"
                    " layanan. Tiap pesan ada di topik -dlq dengan sebabnya.",
                ),
                SCRAPED,
            ),
            (Query(promql="sum by (reason) (increase(tilik_dead_letters_total[1h]))", legend="{{reason}}"),),
            decimals=0,
            stacked=True,
            no_data=_NEVER,
        ),
        Panel(
            "timeseries",
            Text("Posts of webhooks", "Kiriman webhook"),
            paragraph(
                Text(
                    "Posts a second by what followed: accepted; again is tried once more; refused and gone are given"
                    " up. Only again growing: ask the receiver's owner.",
                    "Kiriman per detik menurut akibatnya: accepted; again dicoba lagi; refused dan gone"
                    " ditinggalkan. Bila hanya again yang naik: tanyakan pemilik penerimanya.",
                ),
                SCRAPED,
            ),
            (
                Query(
                    promql="sum by (verdict) (rate(tilik_webhooks_attempts_total[$__rate_interval]))",
                    legend="{{verdict}}",
                ),
            ),
            unit="suffix:/s",
            stacked=True,
            no_data=_NEVER,
        ),
        Panel(
            "timeseries",
            Text("Oldest change on its way", "Perubahan tertua yang belum sampai"),
            paragraph(
                Text(
                    "By subscription: age of the change that is being delivered, 0 where none waits. Near the time"
                    " after which it is given up, changes get lost.",
                    "Per langganan: umur perubahan yang sedang dikirim, 0 bila tidak ada yang menunggu. Mendekati batas"
                    " menyerah, perubahan akan hilang.",
                ),
                SCRAPED,
            ),
            (Query(promql="max by (subscription) (tilik_webhooks_oldest_seconds)", legend="{{subscription}}"),),
            unit="s",
            no_data=_NEVER,
        ),
        Panel(
            "table",
            Text("Subscriptions switched off", "Langganan yang dimatikan"),
            paragraph(
                Text(
                    "Receivers that said 410 Gone; they are sent nothing more. Remove the subscription, or restart"
                    " webhooks to ask again.",
                    "Penerima yang menjawab 410 Gone; tidak dikirimi apa-apa lagi. Hapus langganannya, atau mulai ulang"
                    " webhooks untuk bertanya lagi.",
                ),
                SCRAPED,
            ),
            (Query(promql="max by (subscription) (tilik_webhooks_disabled) > 0"),),
            {
                "subscription": Column(Text("Subscription", "Langganan"), "string"),
                "Value": Column(Text("Switched off", "Dimatikan"), hidden=True),
                "Time": Column(Text("Time", "Waktu"), "dateTimeAsIso", hidden=True),
            },
            no_data=_NEVER,
        ),
    ),
)

ROWS: Final = (_AGGREGATE, _FRESHNESS, _AWAY)
