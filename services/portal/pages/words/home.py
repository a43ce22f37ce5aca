"""What the home page says, and the list of cameras."""

from __future__ import annotations

from services.portal.pages.language import Text


class HomeWords:
    """The home page."""

    title = Text("The city in a glass aquarium", "Kota dalam akuarium kaca")
    what = Text(
        "Watch Semarang's service counters, markets and streets as they are now, and look back when something seems"
        " wrong. People in the pictures are blurred before anybody sees them, and what is recorded can be checked by"
        " everybody.",
        "Lihat loket pelayanan, pasar, dan jalan di Semarang apa adanya saat ini, dan tengok kembali bila ada yang"
        " terasa janggal. Orang dalam gambar dikaburkan sebelum dilihat siapa pun, dan rekamannya bisa diperiksa oleh"
        " semua orang.",
    )
    search = Text("Find a camera", "Cari kamera")
    search_hint = Text("Name, kelurahan or district", "Nama, kelurahan, atau kecamatan")
    search_button = Text("Search", "Cari")
    shortest = Text("Where is the queue shortest now?", "Di mana antrean paling pendek sekarang?")
    shortest_basis = Text(
        "Mean number of people in the queue, {start} to {end}, with how many of these minutes were observed.",
        "Rata-rata orang dalam antrean, pukul {start} sampai {end}, dengan berapa menit yang terpantau.",
    )
    shortest_none = Text(
        "No open counter was observed in the last quarter of an hour that is counted. Counters are mostly open on"
        " working days from 8 to 15.",
        "Tidak ada loket buka yang terpantau dalam seperempat jam terakhir yang sudah dihitung. Loket umumnya buka pada"
        " hari kerja, pukul 8 sampai 15.",
    )
    shortest_all = Text("All counters", "Semua loket")
    floods = Text("Standing water now", "Genangan saat ini")
    floods_none = Text(
        "No standing water is seen now: {watched} of {all} cameras that watch for it have reported in the last"
        " 15 minutes.",
        "Saat ini tidak terlihat genangan: {watched} dari {all} kamera pemantau genangan melapor dalam 15 menit"
        " terakhir.",
    )
    floods_blind = Text(
        "Nothing is known: no camera that watches for water has reported in the last 15 minutes.",
        "Tidak diketahui: tidak ada kamera pemantau genangan yang melapor dalam 15 menit terakhir.",
    )
    floods_all = Text("All floods, and former ones", "Semua genangan, juga yang lalu")
    map = Text("Map of the cameras", "Peta kamera")
    map_said = Text(
        "{cameras} public cameras in {places} districts. Choose a district in the map or in the list.",
        "{cameras} kamera publik di {places} kecamatan. Pilih kecamatan di peta atau di daftar.",
    )
    map_place = Text("{name}: {count} cameras", "{name}: {count} kamera")
    map_flood = Text("standing water: {name}", "genangan: {name}")
    map_plain = Text("A plain grid; a square is {km} km wide.", "Kisi polos; satu kotak lebarnya {km} km.")
    no_cameras = Text(
        "No camera is open to the public yet. Each one is looked at and approved by a person first.",
        "Belum ada kamera yang dibuka untuk umum. Setiap kamera dilihat dan disetujui petugas lebih dulu.",
    )
    browse = Text("By district", "Per kecamatan")


class CameraListWords:
    """The list of cameras."""

    title = Text("Cameras", "Kamera")
    found = Text("{count} cameras", "{count} kamera")
    none = Text("No public camera fits that choice.", "Tidak ada kamera publik yang cocok dengan pilihan itu.")
    filter = Text("Choose", "Pilih")
    state = Text("Now", "Saat ini")
    map_of = Text("Map: {name}", "Peta: {name}")
