"""*Pipeline*: whether frames become rows, how fast, and where they are held up. For whoever runs Tilik."""

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.dashboard import (
    Column,
    Dashboard,
    Panel,
    Query,
    Section,
    Text,
    Threshold,
    paragraph,
)
from services.aggregate.dashboards.pipeline_detect import DETECT, SHED
from services.aggregate.dashboards.pipeline_ingest import INGEST, SCRAPED, WITHOUT_OWNER
from services.aggregate.dashboards.pipeline_rows import DEAD_LETTERS, ROWS


def _figure(title: Text, description: Text, promql: str, unit: str, bad: tuple[Threshold, ...] = ()) -> Panel:
    column = {"now": Column(title, unit, thresholds=(Threshold(0, "green"), *bad) if bad else ())}
    sentences = paragraph(description, SCRAPED)
    return Panel("stat", title, sentences, (Query(promql=promql, legend="now"),), column, unit, width=4, height=4)


_NOW: Final = Section(
    Text("Now", "Sekarang"),
    (
        _figure(
            Text("Frames captured", "Citra terekam"),
            Text("Frames a second that Kafka acknowledged.", "Citra per detik yang diakui Kafka."),
            "sum(rate(tilik_ingest_frames_captured_total[$__rate_interval]))",
            "suffix:/s",
        ),
        _figure(
            Text("Age at the event (p95)", "Umur saat peristiwa (p95)"),
            Text(
                "19 of 20 frames became an event within this time of their capture. Of live sources only.",
                "19 dari 20 citra menjadi peristiwa dalam waktu ini sejak direkam. Hanya untuk sumber langsung.",
            ),
            "histogram_quantile(0.95, sum by (le)"
            " (rate(tilik_detect_capture_to_event_seconds_bucket[$__rate_interval])))",
            "s",
            (Threshold(3, "orange"), Threshold(10, "red")),
        ),
        _figure(
            Text("Frames shed", "Citra dibuang"),
            Text(
                "Part of the frames that nobody looked at: too many (overload) or too old (stale).",
                "Bagian citra yang tidak dilihat: terlalu banyak (overload) atau terlalu tua (stale).",
            ),
            SHED,
            "percentunit",
            (Threshold(0.01, "orange"), Threshold(0.05, "red")),
        ),
        _figure(
            Text("Cameras without an owner", "Kamera tanpa pemilik"),
            Text("Active cameras that no ingest worker reads.", "Kamera aktif yang tidak dibaca satu pun proses."),
            WITHOUT_OWNER,
            "none",
            (Threshold(1, "red"),),
        ),
        _figure(
            Text("Rows not stored yet", "Baris belum tersimpan"),
            Text(
                "Of all workers of aggregate. It rises and falls; standing high for minutes, ClickHouse is away.",
                "Semua proses aggregate. Naik turun; bila tinggi bermenit-menit, ClickHouse tidak terjangkau.",
            ),
            "sum(tilik_aggregate_unsaved_rows)",
            "short",
        ),
        _figure(
            Text("Dead letters, 15 min", "Dead letter, 15 mnt"),
            Text(
                "Messages of the last quarter of an hour that can never be processed, of all services.",
                "Pesan seperempat jam terakhir yang tidak akan pernah bisa diproses, semua layanan.",
            ),
            DEAD_LETTERS,
            "none",
            (Threshold(1, "orange"), Threshold(20, "red")),
        ),
    ),
)

DASHBOARD: Final = Dashboard(
    "pipeline",
    Text("Pipeline", "Pipa data"),
    Text(
        "Whether frames become rows, how fast, and where they are held up. Most of it is what the services export to"
        " Prometheus; some panels ask ClickHouse, so that something is left where Prometheus is away. Every metric and"
        " what to do about it: docs/reference.md.",
        "Apakah citra menjadi baris, seberapa cepat, dan di mana tertahan. Sebagian besar dari yang diekspor layanan ke"
        " Prometheus; beberapa panel bertanya ke ClickHouse, agar masih ada yang terlihat bila Prometheus mati. Semua"
        " metrik dan tindakannya: docs/reference.md.",
    ),
    (_NOW, DETECT, *INGEST, *ROWS),
    hours=6,
    refresh_seconds=30,
)
