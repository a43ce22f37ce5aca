"""*Pipeline*, middle of the way: what becomes of frames in detect, how fast, and what it computes with."""

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.dashboard import Column, Panel, Query, Section, Text, Threshold, paragraph
from services.aggregate.dashboards.pipeline_ingest import SCRAPED

_RATE: Final = "rate({}[$__rate_interval])"
SHED: Final = (
    'sum(rate(tilik_detect_frames_total{outcome=~"overload|stale"}[$__rate_interval]))'
    " / sum(rate(tilik_detect_frames_total[$__rate_interval]))"
    " or 0 * sum(rate(tilik_detect_frames_total[$__rate_interval]))"
)


def quantiles(metric: str, name: str = "") -> tuple[Query, ...]:
    """Ask a histogram for its median and its 95th percentile over the point's interval."""
    return tuple(
        Query(
            promql=f"histogram_quantile({part}, sum by (le) (rate({metric}_bucket[$__rate_interval])))",
            legend=f"{name} {label}".strip(),
        )
        for part, label in ((0.5, "p50"), (0.95, "p95"))
    )


_PACE: Final = Panel(
    "timeseries",
    Text("Does each service keep up?", "Apakah tiap layanan terkejar?"),
    paragraph(
        Text(
            "Frames a second that ingest captured, that detect gave an outcome, and events a second that aggregate"
            " applied. The curves lie on each other where nothing waits; while an upper one stays above a lower one the"
            " lag between the two grows by the difference. Events are frames and a status each 60 s a camera, so"
            " aggregate's lies slightly higher. The services do not export lag in messages: ask Kafka, or an"
            " exporter of the consumer groups.",
            "Citra per detik yang direkam ingest, yang diberi hasil oleh detect, dan peristiwa per detik yang"
            " diterapkan aggregate. Kurvanya berimpit bila tidak ada yang menunggu; selama kurva hulu di atas kurva"
            " hilir, ketertinggalan di antaranya bertambah sebesar selisihnya. Peristiwa adalah citra dan satu"
            " status tiap 60 dtk per kamera, jadi kurva aggregate sedikit lebih tinggi. Layanan tidak mengekspor"
            " ketertinggalan dalam pesan: tanyakan Kafka, atau pengekspor grup konsumen.",
        ),
        SCRAPED,
    ),
    (
        Query(promql=f"sum({_RATE.format('tilik_ingest_frames_captured_total')})", legend="captured"),
        Query(promql=f"sum({_RATE.format('tilik_detect_frames_total')})", legend="judged"),
        Query(promql=f"sum({_RATE.format('tilik_aggregate_events_total')})", legend="applied"),
    ),
    {
        "captured": Column(Text("captured (ingest)", "terekam (ingest)"), "suffix:/s"),
        "judged": Column(Text("with an outcome (detect)", "mendapat hasil (detect)"), "suffix:/s"),
        "applied": Column(Text("applied (aggregate)", "diterapkan (aggregate)"), "suffix:/s"),
    },
    unit="suffix:/s",
)

_OUTCOMES: Final = Panel(
    "timeseries",
    Text("What became of frames", "Nasib citra"),
    paragraph(
        Text(
            "Outcomes a second. overload and stale were shed: nobody looked at them, and the minute knows it."
            " undecodable and refused are dead letters that name the camera.",
            "Hasil per detik. overload dan stale dibuang: tidak ada yang melihatnya, dan menitnya mencatat itu."
            " undecodable dan refused menjadi dead letter yang menyebut kameranya.",
        ),
        SCRAPED,
    ),
    (Query(promql="sum by (outcome) (rate(tilik_detect_frames_total[$__rate_interval]))", legend="{{outcome}}"),),
    unit="suffix:/s",
    stacked=True,
)

_SHED: Final = Panel(
    "timeseries",
    Text("Part of the frames that were shed", "Bagian citra yang dibuang"),
    paragraph(
        Text(
            "Frames shed (overload, stale) of all with an outcome, by class: 0 are flood, pump and counter cameras,"
            " which come first; 1 the rest. Class 0 over 1 % for 5 minutes is an alert: add replicas. Without frames"
            " there is no part, and no curve.",
            "Citra yang dibuang (overload, stale) dari semua yang mendapat hasil, per kelas: 0 kamera banjir, pompa dan"
            " loket, yang didahulukan; 1 sisanya. Kelas 0 di atas 1 % selama 5 menit menjadi peringatan: tambah"
            " replika. Tanpa citra tidak ada bagian, dan tidak ada kurva.",
        ),
        SCRAPED,
    ),
    (
        Query(
            promql='(sum by (priority) (rate(tilik_detect_frames_total{outcome=~"overload|stale"}[$__rate_interval]))'
            " or 0 * sum by (priority) (rate(tilik_detect_frames_total[$__rate_interval])))"
            " / sum by (priority) (rate(tilik_detect_frames_total[$__rate_interval]))",
            legend="class {{priority}}",
        ),
    ),
    unit="percentunit",
    thresholds=(Threshold(0.01, "orange"), Threshold(0.05, "red")),
)

_AGE: Final = Panel(
    "timeseries",
    Text("Age of frames at their event", "Umur citra saat menjadi peristiwa"),
    paragraph(
        Text(
            "From capture, and from arrival in Kafka, to the event. Where only the first grows, look at ingest; where"
            " both do, add replicas of detect (p95 from Kafka over 2 s). The one from capture needs clocks that agree,"
            " and is the footage's age where recorded footage is played.",
            "Dari perekaman, dan dari tibanya di Kafka, sampai peristiwanya. Bila hanya yang pertama naik, periksa"
            " ingest; bila keduanya, tambah replika detect (p95 dari Kafka di atas 2 dtk). Yang dari perekaman butuh"
            " jam yang cocok, dan menjadi umur rekaman bila yang diputar rekaman.",
        ),
        SCRAPED,
    ),
    quantiles("tilik_detect_capture_to_event_seconds", "capture")
    + quantiles("tilik_detect_kafka_to_event_seconds", "Kafka"),
    {
        "capture p50": Column(Text("from capture, p50", "dari perekaman, p50"), "s"),
        "capture p95": Column(Text("from capture, p95", "dari perekaman, p95"), "s"),
        "Kafka p50": Column(Text("from Kafka, p50", "dari Kafka, p50"), "s"),
        "Kafka p95": Column(Text("from Kafka, p95", "dari Kafka, p95"), "s"),
    },
    unit="s",
    thresholds=(Threshold(2, "orange"),),
)

_COST: Final = Panel(
    "timeseries",
    Text("Time that a frame takes, by replica", "Waktu per citra, per replika"),
    paragraph(
        Text(
            "Decoding and networks together, on average over the interval: the way to see a GPU that is throttled or a"
            " CPU that is shared. Use, temperature and memory of a GPU are not exported by detect; NVIDIA's exporter"
            " has them. Times the frames a second that come, it is the number of replicas that are needed.",
            "Dekode dan jaringan saraf bersama, rata-rata selama selang: cara melihat GPU yang tercekik atau CPU yang"
            " terbagi. Pemakaian, suhu dan memori GPU tidak diekspor detect; pengekspor NVIDIA punya. Dikalikan"
            " citra per detik yang datang, inilah jumlah replika yang perlu.",
        ),
        SCRAPED,
    ),
    (
        Query(
            promql="sum by (instance) (rate(tilik_detect_judge_seconds_per_frame_sum[$__rate_interval]))"
            " / sum by (instance) (rate(tilik_detect_judge_seconds_per_frame_count[$__rate_interval]))",
            legend="{{instance}}",
        ),
    ),
    unit="s",
)

_STAGES: Final = Panel(
    "timeseries",
    Text("What detect spends its time with", "Detect menghabiskan waktu untuk apa"),
    paragraph(
        Text(
            "Seconds of judging a second, by stage, over all replicas: 1 is one replica that does nothing else. Mostly"
            " decode: more decode threads where cores are free. Mostly objects: replicas, or a GPU.",
            "Detik menilai per detik, per tahap, semua replika: 1 berarti satu replika penuh. Terbanyak decode: tambah"
            " utas dekode bila inti prosesor luang. Terbanyak objects: tambah replika, atau GPU.",
        ),
        SCRAPED,
    ),
    (Query(promql="sum by (stage) (rate(tilik_detect_stage_seconds_total[$__rate_interval]))", legend="{{stage}}"),),
    decimals=2,
    stacked=True,
)

DETECT: Final = Section(
    Text("Detect: from frames to events", "Detect: dari citra ke peristiwa"),
    (_PACE, _AGE, _OUTCOMES, _SHED, _COST, _STAGES),
)
