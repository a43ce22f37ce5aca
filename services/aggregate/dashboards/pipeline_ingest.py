"""*Pipeline*, first half of the way: who owns which camera, what is captured, what is missed."""

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.dashboard import Column, Panel, Query, Section, Text, Threshold, paragraph

WITHOUT_OWNER: Final = (
    "count(max by (camera_id) (tilik_ingest_camera_active) == 1"
    " unless on (camera_id) max by (camera_id) (tilik_ingest_owner_epoch) > 0)"
    " or 0 * count(tilik_ingest_cameras_owned)"
)
TWO_OWNERS: Final = (
    "count(count by (camera_id) (tilik_ingest_owner_epoch > 0) > 1) or 0 * count(tilik_ingest_cameras_owned)"
)
SCRAPED: Final = Text(
    "A worker that Prometheus can't scrape is missing here, and a gap is a time without measurement, not a zero.",
    "Proses yang tidak terbaca Prometheus tidak terhitung di sini, dan celah berarti tidak terukur, bukan nol.",
)

_OWNERSHIP: Final = Section(
    Text("Ownership of cameras", "Kepemilikan kamera"),
    (
        Panel(
            "timeseries",
            Text("Cameras without exactly one owner", "Kamera tanpa tepat satu pemilik"),
            paragraph(
                Text(
                    "Active cameras that no ingest worker reads, and cameras that two read. A planned hand-over takes"
                    " seconds and a takeover after a crash some 15; longer than 30 s is an alert. Start workers, or"
                    " look whether two groups run.",
                    "Kamera aktif yang tidak dibaca satu pun proses ingest, dan yang dibaca dua. Serah terima terencana"
                    " makan beberapa detik, pengambilalihan setelah proses mati sekitar 15; lebih dari 30 dtk menjadi"
                    " peringatan. Jalankan proses, atau periksa apakah ada dua grup.",
                ),
                SCRAPED,
            ),
            (Query(promql=WITHOUT_OWNER, legend="none"), Query(promql=TWO_OWNERS, legend="two")),
            {
                "none": Column(Text("no owner", "tanpa pemilik")),
                "two": Column(Text("two owners", "dua pemilik")),
            },
            decimals=0,
            thresholds=(Threshold(1, "red"),),
        ),
        Panel(
            "timeseries",
            Text("Cameras by worker", "Kamera per proses"),
            paragraph(
                Text(
                    "How many cameras each ingest worker reads; stacked, it is all of them. A step down that no other"
                    " worker makes up for is a gap in ownership.",
                    "Berapa kamera yang dibaca tiap proses ingest; ditumpuk, itulah semuanya. Anak tangga turun yang"
                    " tidak ditutup proses lain berarti ada kamera tanpa pemilik.",
                ),
                SCRAPED,
            ),
            (Query(promql="sum by (instance) (tilik_ingest_cameras_owned)", legend="{{instance}}"),),
            decimals=0,
            stacked=True,
        ),
        Panel(
            "table",
            Text("Cameras that are not covered now", "Kamera yang kini tidak tercakup"),
            Text(
                "From the workers' statuses in ClickHouse, so also without Prometheus. Statuses come every 60 s: a dead"
                " owner counts as alive for up to 150 s. A camera that was never owned has no moment.",
                "Dari status proses di ClickHouse, jadi juga tanpa Prometheus. Status datang tiap 60 dtk: pemilik yang"
                " mati masih dianggap hidup hingga 150 dtk. Kamera yang belum pernah dimiliki tidak punya waktu.",
            ),
            (
                Query(
                    "SELECT camera_id, name, kelurahan, owners_now, last_owner, error_class,"
                    " if(active_at = 0, NULL, active_at) AS at\n"
                    "FROM camera_coverage WHERE NOT covered ORDER BY active_at, camera_id LIMIT 200"
                ),
            ),
            {
                "camera_id": Column(Text("Camera", "Kamera"), "string", links_to_camera=True),
                "name": Column(Text("Name", "Nama"), "string"),
                "kelurahan": Column(Text("Kelurahan", "Kelurahan"), "string"),
                "owners_now": Column(Text("Owners", "Pemilik"), thresholds=(Threshold(0, "red"),), width_px=80),
                "last_owner": Column(Text("Last owner", "Pemilik terakhir"), "string"),
                "error_class": Column(Text("Error", "Galat"), "string"),
                "at": Column(Text("Last sign of life", "Tanda hidup terakhir"), "dateTimeAsIso"),
            },
            width=24,
            height=6,
            no_data=Text("every active camera has exactly one owner", "tiap kamera aktif punya tepat satu pemilik"),
        ),
    ),
)

_CAPTURE: Final = Section(
    Text("Ingest: from the camera to Kafka", "Ingest: dari kamera ke Kafka"),
    (
        Panel(
            "timeseries",
            Text("Frames captured", "Citra terekam"),
            paragraph(
                Text(
                    "Frames a second that Kafka acknowledged, by kind of source. What was not acknowledged was never"
                    " captured, and is among the missed samples.",
                    "Citra per detik yang diakui Kafka, per jenis sumber. Yang tidak diakui tidak pernah terekam, dan"
                    " ada di antara sampel yang terlewat.",
                ),
                SCRAPED,
            ),
            (
                Query(
                    promql="sum by (source_kind) (rate(tilik_ingest_frames_captured_total[$__rate_interval]))",
                    legend="{{source_kind}}",
                ),
            ),
            unit="suffix:/s",
            stacked=True,
        ),
        Panel(
            "timeseries",
            Text("Samples missed", "Sampel terlewat"),
            paragraph(
                Text(
                    "Samples a second that did not become frames, by reason. backpressure, unacknowledged: look at"
                    " Kafka. late, source_down: the camera or its network. unchanged: the camera had no newer"
                    " picture, which is no fault. unusable: look at its pictures.",
                    "Sampel per detik yang tidak menjadi citra, per sebab. backpressure, unacknowledged: periksa Kafka."
                    " late, source_down: kamera atau jaringannya. unchanged: kamera belum punya gambar baru, bukan"
                    " kesalahan. unusable: lihat gambarnya.",
                ),
                SCRAPED,
            ),
            (
                Query(
                    promql="sum by (reason) (rate(tilik_ingest_samples_missed_total[$__rate_interval]))",
                    legend="{{reason}}",
                ),
            ),
            unit="suffix:/s",
            stacked=True,
        ),
        Panel(
            "timeseries",
            Text("Cameras by state of their source", "Kamera menurut keadaan sumber"),
            paragraph(
                Text(
                    "Of the cameras that workers read. Many in backing_off at once are a network or a video server, not"
                    " cameras; refused waits for a person: secrets, URLs, allowed networks.",
                    "Dari kamera yang dibaca proses. Banyak yang backing_off sekaligus berarti jaringan atau peladen"
                    " video, bukan kamera; refused menunggu orang: sandi, URL, jaringan yang diizinkan.",
                ),
                SCRAPED,
            ),
            (Query(promql="sum by (state) (tilik_ingest_cameras)", legend="{{state}}"),),
            decimals=0,
            stacked=True,
        ),
        Panel(
            "timeseries",
            Text("What the frames weigh", "Bobot citra"),
            paragraph(
                Text(
                    "JPEG bytes a second that Kafka acknowledged, by kind of source: what the cameras cost in bandwidth"
                    " and in Kafka's retention. It is not what the cameras send: of video only sampled frames count.",
                    "Bita JPEG per detik yang diakui Kafka, per jenis sumber: biaya kamera dalam jaringan dan retensi"
                    " Kafka. Bukan yang dikirim kamera: dari video hanya citra sampel yang terhitung.",
                ),
                SCRAPED,
            ),
            (
                Query(
                    promql="sum by (source_kind) (rate(tilik_ingest_frame_bytes_total[$__rate_interval]))",
                    legend="{{source_kind}}",
                ),
            ),
            unit="Bps",
            stacked=True,
        ),
        Panel(
            "timeseries",
            Text("How late samples are taken", "Keterlambatan pengambilan sampel"),
            paragraph(
                Text(
                    "Time from the instant at which a frame was due until it was handed to Kafka's client: half of the"
                    " frames are below p50, 19 of 20 below p95. p95 over 1 s: too many cameras a worker. It is read"
                    " from a histogram: between 1 and 2 s it is right to half a second.",
                    "Waktu dari saat citra seharusnya diambil sampai diserahkan ke klien Kafka: separuh citra di bawah"
                    " p50, 19 dari 20 di bawah p95. p95 lebih dari 1 dtk: terlalu banyak kamera per proses. Dibaca dari"
                    " histogram: antara 1 dan 2 dtk tepatnya setengah detik.",
                ),
                SCRAPED,
            ),
            tuple(
                Query(
                    promql=f"histogram_quantile({part}, sum by (le)"
                    " (rate(tilik_ingest_sample_lateness_seconds_bucket[$__rate_interval])))",
                    legend=name,
                )
                for part, name in ((0.5, "p50"), (0.95, "p95"))
            ),
            unit="s",
            thresholds=(Threshold(1, "red"),),
        ),
        Panel(
            "timeseries",
            Text("Incidents of readers", "Kejadian pada pembaca"),
            paragraph(
                Text(
                    "In the hour before each point: connections to sources after the first, epochs that ended with a"
                    " frame that Kafka did not acknowledge, decoding processes that ended before their worker, statuses"
                    " that Kafka did not take. All but the first should be near zero.",
                    "Dalam satu jam sebelum tiap titik: sambungan ulang ke sumber, epoch yang berakhir dengan citra"
                    " yang tidak diakui Kafka, proses dekode yang mati sebelum induknya, status yang tidak diterima"
                    " Kafka. Semua selain yang pertama seharusnya mendekati nol.",
                ),
                SCRAPED,
            ),
            (
                Query(promql="sum(increase(tilik_ingest_reconnects_total[1h]))", legend="reconnects"),
                Query(promql="sum(increase(tilik_ingest_epochs_ended_total[1h]))", legend="epochs"),
                Query(promql="sum(increase(tilik_ingest_decoders_restarted_total[1h]))", legend="decoders"),
                Query(promql="sum(increase(tilik_ingest_statuses_lost_total[1h]))", legend="statuses"),
            ),
            {
                "reconnects": Column(Text("reconnects", "sambungan ulang")),
                "epochs": Column(Text("epochs ended", "epoch berakhir")),
                "decoders": Column(Text("decoders restarted", "dekoder dimulai ulang")),
                "statuses": Column(Text("statuses lost", "status hilang")),
            },
            decimals=0,
        ),
    ),
)

INGEST: Final = (_OWNERSHIP, _CAPTURE)
