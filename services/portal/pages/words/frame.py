"""What stands around every page, and words that several pages share."""

from __future__ import annotations

from services.portal.pages.language import Text


class FrameWords:
    """Head, foot, navigation; kinds of cameras and of places; sentences about data."""

    brand = Text("Tilik {city}", "Tilik {city}")
    tagline = Text("The city's cameras, open to its citizens", "Kamera kota, terbuka untuk warga")
    skip = Text("Skip to content", "Langsung ke isi")
    menu = Text("Main menu", "Menu utama")
    nav_home = Text("Home", "Beranda")
    nav_cameras = Text("Cameras", "Kamera")
    nav_counters = Text("Counters", "Loket")
    nav_floods = Text("Floods", "Genangan")
    nav_parking = Text("Parking", "Parkir")
    nav_data = Text("Open data", "Data terbuka")
    nav_how = Text("How it works", "Cara kerja")
    nav_privacy = Text("Privacy", "Privasi")
    nav_record = Text("Record", "Rekaman")
    other_language = Text("Bahasa Indonesia", "English")
    foot_promise = Text(
        "No faces and no number plates are recognised here, ever.",
        "Di sini wajah dan pelat nomor tidak pernah dikenali.",
    )
    foot_more = Text("What is kept, why and how long", "Apa yang disimpan, untuk apa, dan berapa lama")
    foot_made = Text(
        "Figures are counted by a computer and can be wrong; each says what it rests on.",
        "Angka dihitung oleh komputer dan bisa keliru; setiap angka menyebut dasarnya.",
    )
    at_time = Text("As of {time}", "Keadaan {time}")
    no_data = Text("no data", "tidak ada data")
    not_known = Text("not known", "belum diketahui")
    simulated = Text("Simulated pictures", "Gambar simulasi")
    kind = Text("Kind", "Jenis")
    kind_counter = Text("Service counter", "Loket pelayanan")
    kind_market = Text("Market", "Pasar")
    kind_street = Text("Street", "Jalan")
    kind_pump = Text("Pump house", "Rumah pompa")
    review_suspected = Text("Suspected", "Dugaan")
    review_confirmed = Text("Confirmed", "Terkonfirmasi")
    review_suspected_long = Text(
        "Suspected: found by the computer, no person has checked it yet",
        "Dugaan: ditemukan komputer, belum diperiksa petugas",
    )
    review_confirmed_long = Text("Confirmed: a person has checked it", "Terkonfirmasi: sudah diperiksa petugas")
    kecamatan = Text("District", "Kecamatan")
    kelurahan = Text("Kelurahan", "Kelurahan")
    camera = Text("Camera", "Kamera")
    place = Text("Place", "Tempat")
    all = Text("All", "Semua")
    show = Text("Show", "Tampilkan")
    observed = Text("Observed", "Terpantau")
    observed_minutes = Text("{minutes} of {of} minutes", "{minutes} dari {of} menit")
    since = Text("since {time}", "sejak {time}")
    ongoing = Text("goes on", "masih berlangsung")
    last_seen = Text(
        "last seen {time}; its camera has told nothing of it since",
        "terakhir terlihat {time}; sejak itu kameranya tidak mengabarkan apa-apa lagi",
    )
    not_found = Text("There is no such page", "Halaman tidak ditemukan")
    not_found_why = Text(
        "The address is wrong, or the camera is not open to the public (any more).",
        "Alamatnya keliru, atau kamera ini tidak (lagi) dibuka untuk umum.",
    )
    unavailable = Text("The figures can't be read at the moment", "Angka sedang tidak bisa dibaca")
    unavailable_why = Text(
        "The database does not answer. This says nothing about the city; please try again in a minute.",
        "Basis data tidak menjawab. Ini tidak berarti apa-apa tentang keadaan kota; silakan coba lagi sebentar.",
    )
    bad_request = Text("That can't be asked so", "Permintaan tidak dapat diproses")
    to_home = Text("To the home page", "Ke beranda")
    pages = Text("Pages", "Halaman")
    page_previous = Text("Previous", "Sebelumnya")
    page_next = Text("Next", "Berikutnya")
    page_of = Text("page {page} of {pages}", "halaman {page} dari {pages}")
    table_of = Text("Table: {title}", "Tabel: {title}")
    show_table = Text("Show the figures as a table", "Tampilkan angka sebagai tabel")
    time = Text("Time", "Waktu")
    people = Text("people", "orang")
