"""The texts of the operations area."""

from __future__ import annotations

from typing import Final

from services.portal.pages.language import Text


class OperationsWords:
    """What stands on its pages."""

    brand = Text("Tilik operations", "Operasi Tilik")
    skip = Text("Skip to content", "Langsung ke isi")
    menu = Text("Operations menu", "Menu operasi")
    other_language = Text("Bahasa Indonesia", "English")
    home = Text("What waits", "Yang menunggu")
    nav_review = Text("Review", "Tinjauan")
    nav_quarantine = Text("Quarantine", "Karantina")
    nav_cameras = Text("Cameras", "Kamera")
    nav_audit = Text("Audit log", "Log audit")
    nav_dashboards = Text("Dashboards", "Dasbor")
    to_start = Text("To the start", "Ke halaman awal")
    to_public = Text("To the public pages", "Ke halaman publik")
    role_viewer = Text("viewer", "pengamat")
    role_reviewer = Text("reviewer", "peninjau")
    role_operator = Text("operator", "operator")
    role_admin = Text("admin", "admin")
    your_areas = Text("Your areas", "Wilayah Anda")
    whole_city = Text("the whole city", "seluruh kota")
    no_area = Text("none: ask an admin", "tidak ada: tanyakan admin")

    sign_in = Text("Sign in", "Masuk")
    sign_out = Text("Sign out", "Keluar")
    sign_in_openid = Text("Sign in with the city's account", "Masuk dengan akun kota")
    account = Text("Account", "Akun")
    password = Text("Password", "Kata sandi")
    sign_in_wrong = Text("This account and password don't fit.", "Akun dan kata sandi tidak cocok.")
    sign_in_too_often = Text(
        "Too many attempts. Try again in a minute.", "Terlalu banyak percobaan. Coba lagi sebentar lagi."
    )
    sign_in_not_vouched = Text(
        "You could not be signed in: the sign-in took too long, or you have no role here.",
        "Anda tidak dapat masuk: waktunya habis, atau Anda belum punya peran di sini.",
    )
    sign_in_forgotten = Text("A new password is made on the server:", "Kata sandi baru dibuat di server:")

    refused = Text("That is not possible", "Tidak dapat dilakukan")
    refused_role = Text("Your role does not allow this.", "Peran Anda tidak mengizinkan ini.")
    refused_form = Text(
        "The form is not of your session. Load the page again, and try once more.",
        "Formulir ini bukan dari sesi Anda. Muat ulang halaman, lalu coba lagi.",
    )
    refused_session = Text("Your session is over: sign in again.", "Sesi Anda sudah berakhir: silakan masuk lagi.")
    refused_unknown = Text("There is no such thing, or not for you.", "Tidak ada, atau bukan untuk Anda.")
    refused_size = Text("That is too large.", "Terlalu besar.")
    refused_away = Text(
        "Not available just now, and nothing was done. Try again in a moment.",
        "Sedang tidak tersedia, dan tidak ada yang dilakukan. Coba lagi sebentar.",
    )
    refused_other = Text("This can't be done so.", "Tidak dapat dilakukan seperti ini.")

    type = Text("Type", "Jenis")
    all = Text("All", "Semua")
    order = Text("Order", "Urutan")
    newest = Text("Newest first", "Terbaru dahulu")
    oldest = Text("Oldest first", "Terlama dahulu")
    show = Text("Show", "Tampilkan")
    confirm = Text("Confirm", "Konfirmasi")
    reject = Text("Reject", "Tolak")
    reason = Text("Reason", "Alasan")
    key_next = Text("next", "berikutnya")
    key_previous = Text("previous", "sebelumnya")
    key_send = Text("send", "kirim")
    key_cancel = Text("cancel", "batal")
    said_confirmed = Text("Confirmed.", "Terkonfirmasi.")
    said_rejected = Text("Rejected.", "Ditolak.")
    said_choose = Text(
        "Nothing was decided: choose to confirm or to reject.", "Belum diputuskan: pilih konfirmasi atau tolak."
    )
    said_failed = Text("Not sent: ", "Tidak terkirim: ")
    nothing_waits = Text("Nothing waits.", "Tidak ada yang menunggu.")
    goes_on = Text("goes on", "masih berlangsung")
    since = Text("since", "sejak")
    simulated = Text("simulated", "simulasi")
    quarantined = Text("in quarantine", "dikarantina")
    threshold = Text("threshold", "ambang")
    zone = Text("Zone", "Zona")
    type_flood_episode = Text("Standing water", "Genangan")
    type_parking_case = Text("Illegal parking", "Parkir liar")
    type_counter_episode = Text("Service counter", "Loket")
    type_camera_incident = Text("Camera", "Kamera")
    kind_unattended = Text("people wait, nobody serves", "warga menunggu, tak ada petugas")
    kind_not_open = Text("not open in its hours", "belum buka pada jamnya")
    kind_after_hours = Text("in use after hours", "dipakai di luar jam")
    kind_shifted = Text("shifted", "bergeser")
    kind_covered = Text("covered", "tertutup")
    kind_defocused = Text("out of focus", "buram")
    kind_dark = Text("dark", "gelap")
    kind_frozen = Text("frozen", "membeku")
    vehicle_car = Text("car", "mobil")
    vehicle_motorcycle = Text("motorcycle", "sepeda motor")
    vehicle_bus = Text("bus", "bus")
    vehicle_truck = Text("truck", "truk")
    frame_first = Text("First picture", "Gambar pertama")
    frame_best = Text("Clearest picture", "Gambar terjelas")
    frame_last = Text("Last picture", "Gambar terakhir")
    picture_gone = Text(
        "This picture is gone: pictures are kept for ten minutes, unless an episode or the record keeps them.",
        "Gambar ini sudah tidak ada: gambar disimpan sepuluh menit, kecuali ditahan oleh kejadian atau rekaman.",
    )
    original = Text("Original…", "Gambar asli…")
    original_reason = Text("Why do you need to see it?", "Mengapa Anda perlu melihatnya?")
    original_show = Text("Show the original", "Tampilkan gambar asli")
    original_noted = Text(
        "Your name, the time and this reason are kept in the audit log.",
        "Nama Anda, waktu dan alasan ini disimpan di log audit.",
    )
    reason_seen = Text("Clearly seen in the pictures", "Terlihat jelas di gambar")
    reason_shadow = Text("A shadow or a reflection", "Bayangan atau pantulan")
    reason_wet = Text("Wet, but no standing water", "Basah, tetapi tidak tergenang")
    reason_loading = Text("Loading, with the driver at hand", "Bongkar muat, pengemudi ada di tempat")
    reason_staff_hidden = Text("Staff are there, hidden by others", "Petugas ada, terhalang orang lain")
    reason_rain_lens = Text("Rain on the lens", "Air hujan di lensa")

    quarantine_short = Text("Cameras whose picture can't be trusted", "Kamera yang gambarnya tidak dapat dipercaya")
    quarantine_long = Text(
        "These cameras show something else than they did. None of their pictures is public until a person has looked.",
        "Kamera-kamera ini menampilkan hal lain dari sebelumnya. Gambarnya tidak dibuka untuk umum sebelum diperiksa.",
    )
    before = Text("Before", "Sebelumnya")
    now = Text("Now", "Sekarang")
    coarse_long = Text(
        "Where people could not be hidden, the picture is of a few blocks only.",
        "Bila orang tidak dapat disamarkan, gambar hanya berupa beberapa kotak.",
    )
    release = Text("Release", "Lepaskan")
    release_long = Text(
        "Releasing says: the picture is as it should be. What it shows now is learned as the camera's view.",
        "Melepaskan berarti: gambar sudah benar. Yang tampak sekarang menjadi acuan kamera.",
    )

    who = Text("Who", "Siapa")
    when = Text("When", "Kapan")
    action = Text("Action", "Tindakan")
    what = Text("What", "Apa")
    client = Text("From", "Dari")
    older = Text("Older", "Lebih lama")
    previous = Text("Previous", "Sebelumnya")
    next = Text("Next", "Berikutnya")

    search = Text("Name, place or id", "Nama, tempat atau id")
    state = Text("State", "Keadaan")
    name = Text("Name", "Nama")
    place = Text("Place", "Tempat")
    cameras = Text("cameras", "kamera")  # not a topic: a word
    camera = Text("Camera", "Kamera")
    revision = Text("revision", "revisi")
    listed_ = Text("All but removed ones", "Semua yang tidak dihapus")
    listed_waiting = Text("Waiting for approval", "Menunggu persetujuan")
    listed_public = Text("Public", "Publik")
    listed_paused = Text("Paused", "Dijeda")
    listed_removed = Text("Removed", "Dihapus")
    state_active = Text("active", "aktif")
    state_paused = Text("paused", "dijeda")
    state_removed = Text("removed", "dihapus")
    public = Text("public", "publik")
    not_public = Text("not public", "tidak publik")
    approved_by = Text("approved by", "disetujui oleh")
    waiting_cameras = Text("Cameras that wait for approval", "Kamera yang menunggu persetujuan")
    waiting_cameras_long = Text("cameras are seen by nobody outside yet", "kamera belum dibuka untuk umum")
    public_pictures = Text("Public pictures", "Gambar publik")
    approve = Text("Approve for the public", "Setujui untuk publik")
    approve_long = Text(
        "Look at the picture first, at the original if need be: no dwelling, no bed, no window of a house?",
        "Lihat gambarnya dahulu, bila perlu yang asli: bukan bagian dalam rumah, tempat tidur, jendela rumah?",
    )
    looked = Text("I have looked at the pictures of this camera.", "Saya sudah melihat gambar kamera ini.")
    withdraw = Text("Withdraw from the public", "Tarik dari publik")
    anonymisation = Text("What is hidden", "Yang disamarkan")
    hide_persons = Text("whole persons", "orang seutuhnya")
    hide_heads = Text("heads", "kepala")
    camera_kind_counter = Text("Service counter", "Loket pelayanan")
    camera_kind_market = Text("Market", "Pasar")
    camera_kind_street = Text("Street", "Jalan")
    camera_kind_pump = Text("Pump house", "Rumah pompa")

    new_camera = Text("New camera", "Kamera baru")
    source = Text("Source", "Sumber")
    probe = Text("Probe", "Periksa")
    probing_off = Text(
        "Probing is switched off here: use 'tilik cameras probe' on a machine that reaches the camera.",
        "Pemeriksaan dimatikan di sini: gunakan 'tilik cameras probe' di mesin yang menjangkau kamera.",
    )
    found = Text("What it is", "Hasil pemeriksaan")
    add = Text("Add the camera", "Tambahkan kamera")
    add_long = Text(
        "It is read at once, and is not public before somebody has approved its pictures.",
        "Kamera langsung dibaca, dan tidak publik sebelum gambarnya disetujui.",
    )
    secret_long = Text(
        "User and password never belong into the address: name the secret that ingest holds.",
        "Pengguna dan kata sandi tidak boleh ada di alamat: sebut nama rahasia yang dipegang ingest.",
    )
    field_url = Text("Address", "Alamat")
    field_source_kind = Text("Kind of source", "Jenis sumber")
    field_secret = Text("Name of the secret", "Nama rahasia")
    field_transport = Text("Transport of RTSP", "Transpor RTSP")
    field_camera_id = Text("Id, for ever", "Id, untuk selamanya")
    field_name = Text("Name that people read", "Nama yang dibaca warga")
    field_kind = Text("Kind", "Jenis")
    field_kecamatan = Text("Kecamatan", "Kecamatan")
    field_kelurahan = Text("Kelurahan", "Kelurahan")
    field_rw = Text("RW", "RW")
    field_rt = Text("RT", "RT")
    field_latitude = Text("Latitude", "Lintang")
    field_longitude = Text("Longitude", "Bujur")
    field_sample_fps = Text("Pictures a second", "Gambar per detik")
    field_anonymisation = Text("What is hidden", "Yang disamarkan")
    field_reason = Text("Reason", "Alasan")

    zones = Text("Zones", "Zona")
    drawing = Text("Zones on the picture", "Zona pada gambar")
    purpose = Text("Purpose", "Kegunaan")
    purpose_water = Text("water", "genangan")
    purpose_no_parking = Text("no parking", "dilarang parkir")
    purpose_queue = Text("queue", "antrean")
    purpose_staff = Text("staff", "petugas")
    purpose_counter_edge = Text("counter edge (line)", "tepi loket (garis)")
    purpose_exclude = Text("exclude", "abaikan")
    purpose_private = Text("private (burnt out)", "pribadi (dihitamkan)")
    draw = Text("Draw", "Gambar")
    rectangle = Text("Put a rectangle", "Letakkan persegi")
    save = Text("Save", "Simpan")
    opening_hours = Text("Opening hours", "Jam buka")
    timetable_long = Text(
        "One line a day: mon 08:00-15:00, 16:00-18:00. Also: holidays 2026-12-25, on_holidays 09:00-12:00.",
        "Satu baris per hari: mon 08:00-15:00, 16:00-18:00. Juga: holidays 2026-12-25, on_holidays 09:00-12:00.",
    )
    zone_hint = Text(
        "Draw: click or tap corners, Enter closes. A corner with focus moves by arrow keys (Shift: further), "
        "Delete removes it, + adds one after it.",
        "Gambar: klik atau ketuk sudut, Enter menutup. Sudut terpilih digeser dengan tombol panah (Shift: lebih jauh), "
        "Delete menghapus, + menambah sesudahnya.",
    )


class ZoneWords:
    """What the zone editor's script says."""

    corner = Text("corner {number} of {zone}", "sudut {number} dari {zone}")
    id = Text("Id", "Id")
    purpose = Text("Purpose", "Kegunaan")
    remove = Text("Remove", "Hapus")
    timetable = Text("When it is forbidden; empty: always", "Waktu larangan; kosong: selalu")
    classes = Text("Vehicles", "Kendaraan")
    car = Text("car", "mobil")
    motorcycle = Text("motorcycle", "sepeda motor")
    bus = Text("bus", "bus")
    truck = Text("truck", "truk")
    drawing = Text("{count} corners. Enter closes, Esc gives up.", "{count} sudut. Enter menutup, Esc batal.")
    too_few = Text("Too few corners.", "Sudut kurang.")
    saved = Text("Saved as revision {revision}.", "Disimpan sebagai revisi {revision}.")
    unchanged = Text("Nothing has changed.", "Tidak ada perubahan.")
    not_public = Text(
        "The camera is not public any more: private zones changed, and somebody must look again.",
        "Kamera tidak lagi publik: zona pribadi berubah, dan harus diperiksa lagi.",
    )
    failed = Text("Not saved.", "Tidak disimpan.")
    bad_line = Text("This line can't be read: {line}", "Baris ini tidak terbaca: {line}")
    unsaved = Text("Not saved yet", "Belum disimpan")


class FigureWords:
    """The figures by which a rule found an episode, by their names in it."""

    staff_absence = Text("Nobody behind the counter for", "Tak ada petugas di loket selama")
    waiting_ratio = Text("Share of the time with people waiting", "Bagian waktu dengan warga menunggu")
    presence = Text("Somebody at the counter for", "Ada orang di loket selama")
    stood = Text("Stood for", "Berhenti selama")
    displacement = Text("Moved meanwhile by", "Bergeser sementara itu sejauh")
    water_ratio_least = Text("Part of the zone under water, at least", "Bagian zona yang tergenang, paling sedikit")
    onset = Text("Water stood for", "Air menggenang selama")
    low_reliability = Text("Share of pictures that can hardly be trusted", "Bagian gambar yang sulit dipercaya")
    view_lost = Text("Part of the usual view that is lost", "Bagian pandangan biasa yang hilang")
    detail_of_usual = Text("Detail, of the usual", "Ketajaman, dibanding biasanya")
    luma = Text("Brightness", "Kecerahan")
    luma_of_usual = Text("Brightness, of the usual", "Kecerahan, dibanding biasanya")
    contrast = Text("Contrast", "Kontras")
    unchanged = Text("The very same picture for", "Gambar tepat sama selama")


UNITS: Final = {
    "s": Text("s", "dtk"),
    "ratio": Text("ratio", "rasio"),
    "box heights": Text("box heights", "kali tinggi kotak"),
}
"""The units of those figures, by their names in an episode."""


class FaultWords:
    """What is said of a request that can't be carried out, by the word that routes give."""

    reason = Text(
        "A reason is needed: 3 to 500 characters, one line.", "Alasan wajib diisi: 3 sampai 500 huruf, satu baris."
    )
    conflict = Text(
        "Somebody else changed this camera meanwhile. Load the page again; nothing was written.",
        "Orang lain telah mengubah kamera ini. Muat ulang halaman; tidak ada yang ditulis.",
    )
    nothing_to_release = Text("This camera has no open incident.", "Kamera ini tidak punya kejadian terbuka.")
    picture_gone = Text(
        "The picture is gone: pictures are kept for ten minutes, unless an episode or the record keeps them.",
        "Gambar sudah tidak ada: gambar disimpan sepuluh menit, kecuali ditahan oleh kejadian atau rekaman.",
    )
    look_first = Text("Look at the pictures first.", "Lihat gambarnya dahulu.")
    removed = Text(
        "This camera was removed; it comes back by its cameras.yaml.",
        "Kamera ini sudah dihapus; ia kembali lewat cameras.yaml.",
    )
    other_area = Text("This place is not in your areas.", "Tempat ini bukan wilayah Anda.")
    id_taken = Text("There is a camera of this id already.", "Kamera dengan id ini sudah ada.")
    url_wrong = Text(
        "The address must begin with rtsp://, rtsps://, http:// or https://, fit its kind, and name a host.",
        "Alamat harus diawali rtsp://, rtsps://, http:// atau https://, sesuai jenisnya, dan menyebut host.",
    )
    url_secret = Text(
        "The address holds a user, password or key: put them into a secret, and name it.",
        "Alamat memuat pengguna, kata sandi atau kunci: simpan sebagai rahasia, dan sebut namanya.",
    )
    secret_wrong = Text(
        "A secret's name has the letters a-z, 0-9, _ and -.", "Nama rahasia terdiri atas a-z, 0-9, _ dan -."
    )
    secret_other = Text(
        "You may name a secret only where a camera in your areas has it at the same host; "
        "an admin may also name those that belong to their areas.",
        "Rahasia hanya boleh disebut bila kamera di wilayah Anda memakainya di host yang sama; "
        "admin boleh juga menyebut rahasia milik wilayahnya.",
    )
    number_wrong = Text("A number can't be read.", "Ada angka yang tidak terbaca.")
    heads_only_at_counters = Text(
        "Only at counters may heads alone be hidden.", "Hanya di loket cukup kepala yang disamarkan."
    )
    probe_failed = Text("The camera could not be probed.", "Kamera tidak dapat diperiksa.")
    probe_too_long = Text("The camera did not answer in time.", "Kamera tidak menjawab tepat waktu.")


FIGURES: Final = frozenset(name for name in vars(FigureWords) if not name.startswith("_"))
FAULTS: Final = frozenset(name for name in vars(FaultWords) if not name.startswith("_"))
