"""What the pages of counters, floods and parking say."""

from __future__ import annotations

from services.portal.pages.language import Text


class CounterWords:
    """The page of service counters."""

    title = Text("Service counters", "Loket pelayanan")
    intro = Text(
        "Where is the queue shortest? Counted from {start} to {end}; a new figure comes every 15 minutes, never more"
        " often, so that no single person can be followed by it.",
        "Di mana antrean paling pendek? Dihitung dari pukul {start} sampai {end}; angka baru datang tiap 15 menit,"
        " tidak lebih sering, supaya tidak ada orang yang bisa diikuti lewat angka.",
    )
    open_now = Text("Open counters, shortest queue first", "Loket yang buka, antrean terpendek dulu")
    none_open = Text(
        "No open counter was observed in that quarter of an hour.",
        "Tidak ada loket buka yang terpantau dalam seperempat jam itu.",
    )
    closed = Text("Closed then", "Tutup saat itu")
    unknown = Text("Nothing known", "Tidak diketahui")
    unknown_why = Text(
        "These counters were observed for fewer than {least} minutes of that quarter of an hour, or their camera can't"
        " be trusted. That does not mean that nobody waits.",
        "Loket ini terpantau kurang dari {least} menit dalam seperempat jam itu, atau kameranya tidak bisa dipercaya."
        " Itu tidak berarti tidak ada yang menunggu.",
    )
    counter = Text("Counter", "Loket")
    queue = Text("In the queue", "Dalam antrean")
    waiting = Text("Waiting, estimated", "Waktu tunggu, perkiraan")
    staffed = Text("Staffed in the last hour", "Dijaga petugas, sejam terakhir")
    observed_hour = Text("Observed in the last hour", "Terpantau, sejam terakhir")
    notes = Text("What these figures are", "Apa arti angka ini")
    note_queue = Text(
        "In the queue: people in the drawn queue area, mean over the observed time. Who merely walks past counts too.",
        "Dalam antrean: orang di area antrean yang digambar, rata-rata selama waktu terpantau. Orang yang sekadar"
        " lewat ikut terhitung.",
    )
    note_waiting = Text(
        "Waiting: queue and people served in the last hour, by Little's law; only where at least {least} people were"
        " served. On test footage people served were miscounted by 12 to 33 %.",
        "Waktu tunggu: dari antrean dan orang yang dilayani dalam sejam terakhir, menurut hukum Little; hanya bila"
        " paling sedikit {least} orang dilayani. Pada rekaman uji, jumlah yang dilayani meleset 12 sampai 33 %.",
    )
    note_staffed = Text(
        "Staffed: part of the observed time with a person in the staff area. Seated staff are missed in about one"
        " picture of ten: 90 % can mean that nobody ever left.",
        "Dijaga: bagian waktu terpantau dengan orang di area petugas. Petugas yang duduk luput pada kira-kira satu dari"
        " sepuluh gambar: 90 % bisa berarti loket tidak pernah ditinggal.",
    )
    note_observed = Text(
        "Observed: minutes with valid pictures. With fewer than half, do not compare.",
        "Terpantau: menit dengan gambar yang sah. Bila kurang dari separuh, jangan dibandingkan.",
    )
    few = Text("little observed", "sedikit terpantau")


class FloodWords:
    """The page of floods."""

    title = Text("Standing water", "Genangan")
    now = Text("Now", "Saat ini")
    unseen = Text("Not cleared when last seen", "Belum surut saat terakhir terlihat")
    unseen_note = Text(
        "Whether these go on is not known: for {minutes} minutes or longer no camera has told of them.",
        "Belum diketahui apakah genangan ini masih ada: sudah {minutes} menit atau lebih kameranya tidak mengabarkan"
        " apa-apa.",
    )
    history = Text("Former floods", "Genangan yang lalu")
    history_none = Text("None in this period.", "Tidak ada dalam kurun ini.")
    by_kelurahan = Text("By kelurahan", "Per kelurahan")
    by_kelurahan_basis = Text(
        'Minutes in which a public camera measured water, of all days of the period. "Observed" is the part of the'
        " cameras' time that gave valid pictures: 0 minutes at 10 % observed does not mean dry.",
        'Menit saat kamera publik mengukur genangan, semua hari dalam kurun. "Terpantau" adalah bagian waktu kamera'
        " dengan gambar yang sah: 0 menit dengan 10 % terpantau tidak berarti kering.",
    )
    period = Text("Period", "Kurun")
    period_7 = Text("7 days", "7 hari")
    period_30 = Text("30 days", "30 hari")
    period_90 = Text("90 days", "90 hari")
    started = Text("Begin", "Mulai")
    duration = Text("Duration", "Lama")
    peak = Text("Largest part under water", "Bagian tergenang terluas")
    review = Text("Checked", "Pemeriksaan")
    minutes = Text("Minutes with water", "Menit tergenang")
    days = Text("Days with water", "Hari tergenang")
    confirmed = Text("Confirmed floods", "Genangan terkonfirmasi")
    only_public = Text("Only public cameras are counted.", "Hanya kamera publik yang dihitung.")
    suspected_note = Text(
        '"Suspected" is what the computer has found and nobody has checked yet: rain on the lens and wet asphalt can'
        " deceive it.",
        '"Dugaan" adalah temuan komputer yang belum diperiksa petugas: air hujan di lensa dan aspal basah bisa'
        " mengecohnya.",
    )
    more = Text(
        "The newest {count} are shown; all are in the open data.",
        "Ditampilkan {count} terbaru; semuanya ada di data terbuka.",
    )


class ParkingWords:
    """The page of parking cases."""

    title = Text("Illegal parking", "Parkir liar")
    intro = Text(
        "Cases that a person has confirmed. Vehicles are neither recognised nor shown: there are no plates and no"
        " pictures of them here.",
        "Kasus yang sudah dikonfirmasi petugas. Kendaraan tidak dikenali dan tidak diperlihatkan: di sini tidak ada"
        " pelat nomor dan tidak ada gambarnya.",
    )
    places = Text("Where it happens again and again", "Tempat yang berulang")
    cases = Text("Confirmed cases", "Kasus terkonfirmasi")
    days = Text("Days", "Hari")
    mean = Text("Mean time stood", "Rata-rata lama")
    latest = Text("Latest cases", "Kasus terbaru")
    none = Text("No confirmed case in this period.", "Tidak ada kasus terkonfirmasi dalam kurun ini.")
    vehicle = Text("Vehicle", "Kendaraan")
    vehicle_car = Text("Car", "Mobil")
    vehicle_motorcycle = Text("Motorcycle", "Sepeda motor")
    vehicle_bus = Text("Bus", "Bus")
    vehicle_truck = Text("Lorry", "Truk")
    stood = Text("Stood", "Lama berdiri")
    started = Text("Begin, to the quarter of an hour", "Mulai, dibulatkan 15 menit")
