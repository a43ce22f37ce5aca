"""*Cameras*: what their pictures weigh and cost, which samples were never taken, and what the store itself takes."""

from __future__ import annotations

from typing import Final

from services.aggregate.dashboards.cameras_seeing import ACTIVE, DAYS, KIND
from services.aggregate.dashboards.dashboard import Column, Panel, Query, Section, Text, paragraph
from services.aggregate.dashboards.variables import CHOSEN_CAMERAS

PRICE: Final = "price_per_gb"
PRICE_RUPIAH: Final = "400"
"""Of a gigabyte (10⁹ bytes) of pictures: what a gigabyte of object storage costs for a month, at about 2.5 US cents."""

_PRICE: Final = f"toFloat64OrNull(${{{PRICE}:singlequote}})"
FULL_DAYS: Final = f"{DAYS} AND day < toDate(now('Asia/Jakarta')) AND bytes > 0"
"""Days that are over, of cameras that reported bytes in them."""

BYTES_MADE: Final = Text(
    "JPEG bytes that Kafka acknowledged, as ingest reports them with each status (its clock), by day in Asia/Jakarta;"
    " today is left out, for it is not over. A worker that was killed takes up to a minute of its bytes with it."
    " Video is not in it, nor what lies in the store.",
    "Byte JPEG yang diterima Kafka, menurut laporan status ingest (jamnya), per hari WIB; hari ini tidak dihitung"
    " karena belum selesai. Worker yang mati mendadak kehilangan laporan hingga satu menit. Video tidak termasuk,"
    " begitu pula isi basis data.",
)
COST_MADE: Final = Text(
    f"The cost is bytes by a price of a gigabyte, Rp {PRICE_RUPIAH} unless it is changed: the constant {PRICE} in this"
    " dashboard's settings, under variables. It is no bill: it knows nothing of machines, networks and people.",
    f"Biaya ialah byte dikali harga per gigabyte, Rp {PRICE_RUPIAH} kecuali diubah: konstanta {PRICE} pada setelan"
    " dasbor ini, bagian variabel. Ini bukan tagihan: mesin, jaringan dan tenaga orang tidak termasuk.",
)

_KINDS: Final = {
    "counter": Text("counters", "loket"),
    "market": Text("markets", "pasar"),
    "street": Text("streets", "jalan"),
    "pump": Text("pumps", "pompa"),
}
_BYTES_SQL: Final = f"""SELECT formatDateTime(day, '%m-%d') AS bytes_day,
    {", ".join(f"sumIf(bytes, kind = '{kind}') AS {kind}" for kind in _KINDS)}
FROM {FULL_DAYS}
GROUP BY day
ORDER BY day"""  # noqa: S608

_BY_KIND_SQL: Final = f"""SELECT c.kind AS kind, count() AS cameras, countIf(d.days > 0) AS reporting,
    if(sum(d.days) > 0, sum(d.bytes) / sum(d.days), NULL) AS bytes_a_camera,
    if(sum(d.days) > 0, bytes_a_camera * countIf(d.days > 0), NULL) AS bytes_a_day,
    bytes_a_camera / 1e9 * {_PRICE} AS cost_a_camera, bytes_a_day / 1e9 * {_PRICE} AS cost_a_day
FROM (SELECT camera_id, kind FROM {ACTIVE}) AS c
LEFT JOIN (
    SELECT camera_id, sum(u.bytes) AS bytes, count() AS days FROM (SELECT * FROM {FULL_DAYS}) AS u GROUP BY camera_id
) AS d ON d.camera_id = c.camera_id
GROUP BY kind
ORDER BY bytes_a_day DESC NULLS LAST, kind"""  # noqa: S608

_REASONS: Final = {
    "source_down": Text("source down", "sumber mati"),
    "late": Text("came too late", "terlambat datang"),
    "unusable": Text("not a picture", "bukan gambar"),
    "backpressure": Text("ingest was full", "ingest penuh"),
    "unacknowledged": Text("Kafka did not take it", "tidak diterima Kafka"),
    "unchanged": Text("picture unchanged", "gambar tidak berubah"),
}
_MISSED_SQL: Final = f"""SELECT formatDateTime(day, '%m-%d') AS missed_day,
    {", ".join(f"sum(m.{reason}) AS {reason}" for reason in _REASONS)}
FROM (
    SELECT day, {
    ", ".join(
        f"toInt64(d.missed['{reason}']) - lagInFrame(toInt64(d.missed['{reason}']), 1, 0) OVER epoch AS {reason}"
        for reason in _REASONS
    )
}
    FROM capture_days AS d FINAL
    WHERE {CHOSEN_CAMERAS}
    WINDOW epoch AS (PARTITION BY camera_id, owner_epoch ORDER BY day ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
) AS m
WHERE day BETWEEN toDate($__fromTime, 'Asia/Jakarta') AND toDate($__toTime, 'Asia/Jakarta')
GROUP BY day
ORDER BY day"""  # noqa: S608

_STORE_SQL: Final = """SELECT table AS stored, sum(rows) AS all_rows, sum(bytes_on_disk) AS disk_bytes,
    disk_bytes / all_rows AS bytes_a_row
FROM system.parts
WHERE active AND database = currentDatabase() AND rows > 0
GROUP BY stored
ORDER BY disk_bytes DESC
LIMIT 30"""

VOLUME: Final = Section(
    Text("What pictures weigh and cost", "Besar dan biaya gambar"),
    (
        Panel(
            "barchart",
            Text("Pictures by day and kind of camera", "Gambar per hari dan jenis kamera"),
            BYTES_MADE,
            (Query(_BYTES_SQL),),
            {"bytes_day": Column(Text("Day", "Hari"), "string")}
            | {kind: Column(text, "decbytes", 1) for kind, text in _KINDS.items()},
            stacked=True,
            width=12,
            height=9,
        ),
        Panel(
            "table",
            Text("A day's pictures and their cost", "Gambar sehari dan biayanya"),
            paragraph(
                Text(
                    "By kind, over active cameras that reported bytes; 'reporting' of 'cameras' tells how far the rest"
                    " can be trusted.",
                    "Menurut jenis, dari kamera aktif yang melaporkan byte; 'melapor' dari 'kamera' menunjukkan sejauh"
                    " mana angka lain dapat dipercaya.",
                ),
                BYTES_MADE,
                COST_MADE,
            ),
            (Query(_BY_KIND_SQL),),
            {
                "kind": KIND,
                "cameras": Column(Text("Cameras", "Kamera"), "none", 0),
                "reporting": Column(Text("reporting", "melapor"), "none", 0),
                "bytes_a_camera": Column(Text("A camera and day", "Per kamera dan hari"), "decbytes", 1),
                "bytes_a_day": Column(Text("All, a day", "Semua, per hari"), "decbytes", 1),
                "cost_a_camera": Column(Text("Cost, a camera", "Biaya per kamera"), "prefix:Rp ", 0),
                "cost_a_day": Column(Text("Cost, all", "Biaya semua"), "prefix:Rp ", 0),
            },
            width=12,
            height=9,
        ),
        Panel(
            "barchart",
            Text("Samples that were never taken, by reason", "Sampel yang tidak pernah diambil, menurut sebab"),
            Text(
                "Samples that ingest should have taken and could not, by the day (Asia/Jakarta) in which it said so."
                " An unchanged picture is no loss: the camera's still was the same as before. A camera that no worker"
                " owned reports nothing and is missing here: look at the gaps. Today is not over.",
                "Sampel yang seharusnya diambil ingest tetapi tidak dapat, menurut hari (WIB) laporannya. Gambar yang"
                " tidak berubah bukan kehilangan: gambar diamnya sama dengan sebelumnya. Kamera tanpa worker tidak"
                " melaporkan apa-apa dan tidak ada di sini: periksa jedanya. Hari ini belum selesai.",
            ),
            (Query(_MISSED_SQL),),
            {"missed_day": Column(Text("Day", "Hari"), "string")}
            | {reason: Column(text, "short", 1) for reason, text in _REASONS.items()},
            stacked=True,
            width=12,
            height=10,
        ),
        Panel(
            "table",
            Text("What the store takes", "Ruang yang dipakai basis data"),
            Text(
                "Rows and compressed bytes of each table's active parts, of the whole database: neither the choice of"
                " cameras nor the period matters. Just after insertions a row can lie there twice, until ClickHouse has"
                " merged. Needs the right to read system.parts; without it the panel shows an error.",
                "Baris dan byte terkompresi dari bagian aktif tiap tabel, seluruh basis data: pilihan kamera dan kurun"
                " tidak berpengaruh. Sesaat setelah penulisan, satu baris bisa ada dua kali sampai ClickHouse"
                " menggabungkannya. Perlu hak membaca system.parts; tanpa itu panel ini menampilkan kesalahan.",
            ),
            (Query(_STORE_SQL),),
            {
                "stored": Column(Text("Table", "Tabel"), "string"),
                "all_rows": Column(Text("Rows", "Baris"), "short", 1),
                "disk_bytes": Column(Text("On disk", "Di disk"), "decbytes", 1),
                "bytes_a_row": Column(Text("A row", "Per baris"), "decbytes", 1),
            },
            width=12,
            height=10,
        ),
    ),
)
