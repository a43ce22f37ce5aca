"""The open data sets: fixed questions over the marts, of public cameras, each column described in both languages."""

# ruff: noqa: S608  (statements are made of this package's own words; values go in as parameters)

from __future__ import annotations

from typing import Final, NamedTuple

from services.portal.pages.counter_figures import PUBLIC
from services.portal.pages.language import Text

_DAYS: Final = "s.day BETWEEN {from_day:Date} AND {to_day:Date}"
_HERE: Final = "({kelurahan:String} = '' OR s.kelurahan = {kelurahan:String})"


class Column(NamedTuple):
    """A column: its name in the file, how it is made, and what it means."""

    name: str
    made: str
    meaning: Text


class Dataset(NamedTuple):
    """A data set. ``source`` is what stands after FROM, with its filters; ``most_days`` how long a period may be."""

    name: str
    title: Text
    about: Text
    columns: tuple[Column, ...]
    source: str
    most_days: int

    @property
    def sql(self) -> str:
        """Give the statement."""
        columns = ", ".join(f"{column.made} AS {column.name}" for column in self.columns)
        return f"SELECT {columns} FROM {self.source}"


def _local(column: str) -> str:
    """Give a time as text with the zone, which means the same in every format."""
    return f"formatDateTime({column}, '%Y-%m-%dT%H:%i:%S+07:00', 'Asia/Jakarta')"


_CAMERA_ID: Final = Column("camera_id", "toString(s.camera_id)", Text("The camera", "Kamera"))
_NAME: Final = Column("camera_name", "s.name", Text("What people call it", "Sebutan kamera"))
_KECAMATAN: Final = Column("kecamatan", "toString(s.kecamatan)", Text("District", "Kecamatan"))
_KELURAHAN: Final = Column("kelurahan", "toString(s.kelurahan)", Text("Village or quarter", "Kelurahan"))
_DAY: Final = Column("day", "s.day", Text("Day in Semarang (WIB)", "Hari di Semarang (WIB)"))
_REVIEW: Final = Column(
    "review",
    "s.review",
    Text("suspected: nobody has checked it yet; or confirmed", "suspected: belum diperiksa; atau confirmed"),
)


_DAY_IS_OVER: Final = "toDateTime64(s.day + 1, 3, 'Asia/Jakarta') <= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')"
"""A counter's figures of a day that still goes on would let everybody see what its newest minutes add."""


def _or_null(known: str, figure: str) -> str:
    """A figure that is not known is empty, never 0."""
    return f"if({known}, {figure}, NULL)"


_DAILY: Final = Dataset(
    "kelurahan-daily",
    Text("Each kelurahan by day", "Tiap kelurahan per hari"),
    Text(
        "Water, queues and confirmed cases of each kelurahan, with how much of it was observed.",
        "Genangan, antrean, dan kasus terkonfirmasi tiap kelurahan, dengan seberapa banyak yang terpantau.",
    ),
    (
        _DAY,
        _KECAMATAN,
        _KELURAHAN,
        Column("cameras_public", "s.cameras", Text("Public cameras that were there", "Kamera publik yang ada")),
        Column(
            "cameras_observed", "s.cameras_observed", Text("Those with a valid minute", "Di antaranya dengan menit sah")
        ),
        Column(
            "observed_ratio",
            "round(s.observed_ratio, 3)",
            Text(
                "Part of the cameras' 24 hours in valid minutes, 0 to 1",
                "Bagian 24 jam kamera dalam menit sah, 0 sampai 1",
            ),
        ),
        Column(
            "flood_minutes",
            _or_null("s.flood_known", "s.flood_minutes"),
            Text(
                "Minutes with standing water, as measured; empty: not observed",
                "Menit tergenang menurut ukuran; kosong: tak terpantau",
            ),
        ),
        Column(
            "floods_confirmed",
            "s.floods_confirmed",
            Text("Floods that a person confirmed", "Genangan yang dikonfirmasi petugas"),
        ),
        Column(
            "parking_confirmed",
            "s.parking_confirmed",
            Text("Parking cases that a person confirmed", "Kasus parkir yang dikonfirmasi petugas"),
        ),
        Column(
            "queue_mean",
            _or_null(f"s.queue_known AND {_DAY_IS_OVER}", "round(s.queue_mean, 2)"),
            Text(
                "Mean people in a counter's queue; empty: not observed, or the day is not over",
                "Rata-rata orang dalam antrean loket; kosong: tak terpantau, atau hari belum usai",
            ),
        ),
        Column(
            "staffed_ratio",
            _or_null(f"s.staffed_known AND {_DAY_IS_OVER}", "round(s.staffed_ratio, 3)"),
            Text(
                "Part of the time with staff, 0 to 1; empty: not observed, or the day is not over",
                "Bagian waktu dijaga petugas, 0 sampai 1; kosong: tak terpantau, atau hari belum usai",
            ),
        ),
    ),
    f"open_daily_by_kelurahan AS s WHERE {_DAYS} AND {_HERE} ORDER BY day, kecamatan, kelurahan",
    92,
)

_FLOODS: Final = Dataset(
    "floods",
    Text("Floods", "Genangan"),
    Text(
        "One row a flood that a public camera has seen; suspected ones are marked, rejected ones left out.",
        "Satu baris satu genangan yang terlihat kamera publik; dugaan ditandai, yang ditolak tidak dimuat.",
    ),
    (
        Column("episode_id", "s.episode_id", Text("Id of the flood", "Id genangan")),
        _CAMERA_ID,
        _NAME,
        _KECAMATAN,
        _KELURAHAN,
        Column("latitude", "s.latitude", Text("WGS 84, degrees", "WGS 84, derajat")),
        Column("longitude", "s.longitude", Text("WGS 84, degrees", "WGS 84, derajat")),
        _DAY,
        Column("started_at", _local("s.started_at"), Text("Begin", "Mulai")),
        Column(
            "ended_at",
            f"if(s.open, NULL, {_local('s.ended_at')})",
            Text("End; empty: nothing has ended it", "Selesai; kosong: belum ada yang mengakhirinya"),
        ),
        Column(
            "duration_s",
            "round(s.duration_s)",
            Text(
                "Seconds from its begin to its end, or to when it was last seen",
                "Detik dari mulai sampai selesai, atau sampai terakhir terlihat",
            ),
        ),
        Column(
            "peak_ratio",
            "round(s.peak_ratio, 3)",
            Text(
                "Largest part of the watched area under water, 0 to 1",
                "Bagian area pantauan tergenang terluas, 0 sampai 1",
            ),
        ),
        Column("peak_at", f"if(s.peak_known, {_local('s.peak_at')}, NULL)", Text("When that was", "Kapan itu terjadi")),
        _REVIEW,
    ),
    f"flood_events AS s WHERE {_DAYS} AND {_HERE} AND s.review != 'rejected' AND s.camera_id IN ({PUBLIC})"
    " ORDER BY s.started_at, camera_id",
    366,
)

_PARKING: Final = Dataset(
    "parking-cases",
    Text("Confirmed parking cases", "Kasus parkir terkonfirmasi"),
    Text(
        "One row a case that a person has confirmed. Nothing in it tells one vehicle from another.",
        "Satu baris satu kasus yang dikonfirmasi petugas. Tidak ada yang membedakan satu kendaraan dari yang lain.",
    ),
    (
        _CAMERA_ID,
        _NAME,
        _KECAMATAN,
        _KELURAHAN,
        _DAY,
        Column(
            "started_quarter",
            _local("toStartOfInterval(s.started_at, INTERVAL 15 MINUTE)"),
            Text("Quarter of the hour in which it began", "Seperempat jam saat mulai"),
        ),
        Column(
            "vehicle", "toString(s.vehicle)", Text("car, motorcycle, bus or truck", "car, motorcycle, bus, atau truck")
        ),
        Column("stood_minutes", "round(s.dwell_s / 60)", Text("Minutes that it stood", "Berapa menit berdiri")),
    ),
    f"parking_cases AS s WHERE {_DAYS} AND {_HERE} AND s.review = 'confirmed' AND s.camera_id IN ({PUBLIC})"
    " ORDER BY s.started_at, camera_id",
    366,
)

_COUNTER_FIGURES: Final = (
    Column(
        "observed_minutes",
        "s.minutes",
        Text("Valid minutes in opening hours", "Menit sah pada jam buka"),
    ),
    Column(
        "queue_mean",
        "round(s.queue_mean, 2)",
        Text("Mean people in the queue; empty: not known", "Rata-rata orang dalam antrean; kosong: tidak diketahui"),
    ),
    Column(
        "staffed_ratio",
        "round(s.staffed_ratio, 3)",
        Text(
            "Part of the time with staff, 0 to 1; empty: not known",
            "Bagian waktu dijaga petugas, 0 sampai 1; kosong: tidak diketahui",
        ),
    ),
)

_QUARTERS: Final = Dataset(
    "counters-quarter-hourly",
    Text("Counters in quarters of an hour", "Loket per seperempat jam"),
    Text(
        "Queue and staff of each public counter; there are no finer steps.",
        "Antrean dan petugas tiap loket publik; tidak ada langkah yang lebih halus.",
    ),
    (
        _CAMERA_ID,
        _NAME,
        _KECAMATAN,
        _KELURAHAN,
        Column("start", _local("s.start"), Text("Begin of the quarter", "Awal seperempat jam")),
        *_COUNTER_FIGURES,
    ),
    f"""(
    SELECT q.camera_id AS camera_id, c.name AS name, c.kecamatan AS kecamatan, c.kelurahan AS kelurahan,
        q.start AS start, q.minutes AS minutes, q.queue_mean AS queue_mean, q.staffed_ratio AS staffed_ratio
    FROM
    (
        SELECT m.camera_id AS camera_id, toStartOfInterval(m.minute, INTERVAL 15 MINUTE) AS start, count() AS minutes,
            sumIf(m.observed_s, queue_known) AS queue_s,
            if(queue_s > 0, sumIf(m.queue_mean * m.observed_s, queue_known) / queue_s, NULL) AS queue_mean,
            sumIf(m.observed_s, staffed_known) AS staff_s,
            if(staff_s > 0, sumIf(m.staffed_s, staffed_known) / staff_s, NULL) AS staffed_ratio
        FROM current_counter_minutes AS m
        WHERE m.camera_id IN (
                SELECT s.camera_id FROM current_cameras AS s WHERE public AND state != 'removed' AND {_HERE}
            )
            AND m.minute >= fromUnixTimestamp64Milli({{from_ms:Int64}}, 'UTC')
            AND m.minute < fromUnixTimestamp64Milli({{to_ms:Int64}}, 'UTC')
            AND valid AND NOT simulated AND opening != 'closed'
        GROUP BY camera_id, start
    ) AS q
    INNER JOIN current_cameras AS c ON c.camera_id = q.camera_id
) AS s ORDER BY s.start, s.camera_id""",
    31,
)

_HOURS: Final = Dataset(
    "counters-hourly",
    Text("Counters by hour", "Loket per jam"),
    Text(
        "Queue, staff and estimated waiting of each public counter in its opening hours.",
        "Antrean, petugas, dan perkiraan waktu tunggu tiap loket publik pada jam bukanya.",
    ),
    (
        _CAMERA_ID,
        _NAME,
        _KECAMATAN,
        _KELURAHAN,
        Column("hour", _local("s.hour"), Text("Begin of the hour", "Awal jam")),
        Column(
            "observed_minutes",
            "s.open_minutes",
            Text("Valid minutes in opening hours, of 60", "Menit sah pada jam buka, dari 60"),
        ),
        Column(
            "queue_mean",
            _or_null("s.queue_known", "round(s.queue_mean, 2)"),
            Text(
                "Mean people in the queue; empty: not known", "Rata-rata orang dalam antrean; kosong: tidak diketahui"
            ),
        ),
        Column(
            "queue_max",
            _or_null("s.queue_known", "s.queue_max"),
            Text("Most people in one picture", "Orang terbanyak dalam satu gambar"),
        ),
        Column(
            "staffed_ratio",
            _or_null("s.staffed_known", "round(s.staffed_ratio, 3)"),
            Text(
                "Part of the time with staff, 0 to 1; empty: not known",
                "Bagian waktu dijaga petugas, 0 sampai 1; kosong: tidak diketahui",
            ),
        ),
        Column(
            "served",
            _or_null("s.served_known", "s.served"),
            Text("People served; empty: can't be counted", "Orang dilayani; kosong: tidak bisa dihitung"),
        ),
        Column(
            "waiting_s",
            _or_null("s.waiting_known AND s.served >= 10", "round(s.waiting_s)"),
            Text(
                "Mean waiting time, estimated, s; empty: fewer than 10 served",
                "Perkiraan rata-rata waktu tunggu, detik; kosong: kurang dari 10 dilayani",
            ),
        ),
    ),
    f"counter_service_hourly AS s WHERE {_DAYS} AND {_HERE} AND s.open_minutes > 0 AND s.camera_id IN ({PUBLIC})"
    " AND s.hour + INTERVAL 1 HOUR <= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC') ORDER BY s.hour, camera_id",
    92,
)

_CAMERAS: Final = Dataset(
    "cameras",  # not a topic: a data set
    Text("Public cameras", "Kamera publik"),
    Text(
        "The cameras that are open to everybody now; the period does not matter.",
        "Kamera yang kini terbuka untuk umum; kurun tidak berpengaruh.",
    ),
    (
        _CAMERA_ID,
        _NAME,
        Column(
            "kind", "toString(s.kind)", Text("counter, market, street or pump", "counter, market, street, atau pump")
        ),
        _KECAMATAN,
        _KELURAHAN,
        Column("latitude", "s.latitude", Text("WGS 84, degrees", "WGS 84, derajat")),
        Column("longitude", "s.longitude", Text("WGS 84, degrees", "WGS 84, derajat")),
        Column("sample_fps", "s.sample_fps", Text("Pictures wanted a second", "Gambar yang diminta tiap detik")),
    ),
    f"current_cameras AS s WHERE s.public AND s.state != 'removed' AND {_HERE} ORDER BY s.camera_id",
    366,
)

DATASETS: Final = {each.name: each for each in (_DAILY, _FLOODS, _PARKING, _QUARTERS, _HOURS, _CAMERAS)}
