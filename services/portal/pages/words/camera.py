"""What the page of a camera says."""

from __future__ import annotations

from services.portal.pages.language import Text


class CameraWords:
    """The page of one camera."""

    live = Text("Live", "Langsung")
    picture_alt = Text(
        "Picture of the camera {name}; people in it are blurred", "Gambar kamera {name}; orang di dalamnya dikaburkan"
    )
    blank_held = Text("Nothing is shown: held back", "Tidak ditampilkan: ditahan")
    blank_quarantined = Text("Nothing is shown: quarantined", "Tidak ditampilkan: karantina")
    blank_silent = Text("Nothing is shown: no picture comes", "Tidak ditampilkan: tidak ada gambar masuk")
    blank_paused = Text("Nothing is shown: paused", "Tidak ditampilkan: dijeda")
    blank_lost = Text("Nothing is shown: no connection", "Tidak ditampilkan: sambungan terputus")
    blank_busy = Text("Nothing is shown: too many are watching", "Tidak ditampilkan: terlalu banyak penonton")
    blank_gone = Text("Nothing is shown: not public any more", "Tidak ditampilkan: tidak lagi dibuka untuk umum")
    waiting = Text("Waiting for the next picture …", "Menunggu gambar berikutnya …")
    delay = Text("taken {time}, {seconds} s ago", "diambil pukul {time}, {seconds} detik lalu")
    past = Text("taken {time}: you are looking back", "diambil pukul {time}: Anda sedang melihat ke belakang")
    pause = Text("Pause", "Jeda")
    resume = Text("Go on live", "Lihat langsung")
    timeline = Text("The last ten minutes", "Sepuluh menit terakhir")
    timeline_help = Text(
        "Move the slider, or use the arrow keys: one picture at a time; Page Up and Page Down: half a minute; End:"
        " live.",
        "Geser, atau pakai tombol panah: satu gambar sekali; Page Up dan Page Down: setengah menit; End: langsung.",
    )
    step_back = Text("One picture back", "Mundur satu gambar")
    step_on = Text("One picture on", "Maju satu gambar")
    minute_back = Text("One minute back", "Mundur satu menit")
    timeline_empty = Text(
        "No picture of the last ten minutes may be shown.",
        "Tidak ada gambar sepuluh menit terakhir yang boleh ditampilkan.",
    )
    script_needed = Text(
        "The live picture needs JavaScript; the figures below do not.",
        "Gambar langsung memerlukan JavaScript; angka di bawah tidak.",
    )
    state = Text("State", "Keadaan")
    state_live = Text("live", "langsung")
    state_past = Text("recorded", "rekaman")
    state_held = Text("held back", "ditahan")
    state_quarantined = Text("quarantined", "karantina")
    state_silent = Text("no picture", "tanpa gambar")
    state_paused = Text("paused", "dijeda")
    state_lost = Text("no connection", "sambungan terputus")
    state_busy = Text("too many viewers", "terlalu banyak penonton")
    state_gone = Text("not public any more", "tidak lagi untuk umum")
    why_live = Text(
        "Pictures come, are blurred and shown some seconds later.",
        "Gambar masuk, dikaburkan, lalu ditampilkan beberapa detik kemudian.",
    )
    why_held = Text(
        "The picture looks different from what this camera should show: it may be covered, turned or unsharp. Until"
        " that is clear, nothing is shown.",
        "Gambarnya berbeda dari yang seharusnya: kamera mungkin tertutup, bergeser, atau buram. Selama belum jelas,"
        " tidak ada gambar yang ditampilkan.",
    )
    why_quarantined = Text(
        "Since {time} this camera does not show what it should. Its pictures since then have been withdrawn, and its"
        " figures do not count, until a person has looked at it and released it.",
        "Sejak {time} kamera ini tidak memperlihatkan yang seharusnya. Gambarnya sejak itu ditarik dan angkanya tidak"
        " dihitung, sampai petugas memeriksa dan melepaskannya.",
    )
    why_silent = Text(
        "No picture that may be shown has come for a while: the camera or its line may be down, or the"
        " computer that blurs people is not keeping up. Without blurring nothing is shown.",
        "Sudah beberapa saat tidak ada gambar yang boleh ditampilkan: kamera atau jaringannya mungkin mati,"
        " atau komputer yang mengaburkan orang tertinggal. Tanpa pengaburan, tidak ada yang ditampilkan.",
    )
    why_paused = Text("The city has paused this camera.", "Kamera ini sedang dijeda oleh kota.")
    why_lost = Text(
        "The connection is lost. Trying again by itself …", "Sambungan terputus. Mencoba lagi dengan sendirinya …"
    )
    why_busy = Text(
        "Too many watch by the same line of the internet just now. Trying again by itself in a moment …",
        "Terlalu banyak yang menonton lewat sambungan internet yang sama. Sebentar lagi dicoba kembali dengan"
        " sendirinya …",
    )
    why_gone = Text(
        "The city does not show this camera any more, or it was removed. Its pictures were withdrawn.",
        "Kota tidak lagi memperlihatkan kamera ini, atau kameranya dihapus. Gambarnya sudah ditarik.",
    )
    why_simulated = Text(
        "Effects are laid over this camera's pictures for a trial. Nothing of it counts in the city's figures.",
        "Gambar kamera ini diberi efek untuk uji coba. Angkanya tidak masuk angka kota.",
    )
    blurred_persons = Text(
        "Whole persons are blurred, and plates.", "Seluruh badan orang dikaburkan, juga pelat nomor."
    )
    blurred_heads = Text(
        "Heads are blurred; hands and papers at the counter stay visible.",
        "Kepala dikaburkan; tangan dan berkas di loket tetap terlihat.",
    )
    recorded = Text("Recorded days", "Hari yang terekam")
    recorded_yes = Text(
        "This camera is recorded, blurred. Recordings are kept for {days} days.",
        "Kamera ini direkam, dalam bentuk kabur. Rekaman disimpan {days} hari.",
    )
    recorded_no = Text("This camera is not recorded.", "Kamera ini tidak direkam.")
    recorded_day = Text("Day", "Hari")
    recorded_time = Text("Time", "Jam")
    recorded_show = Text("Show", "Tampilkan")
    recorded_none = Text("Nothing was recorded then.", "Tidak ada rekaman pada waktu itu.")
    recorded_partly = Text("Pictures of this minute are missing: {why}.", "Sebagian gambar menit ini tidak ada: {why}.")
    gap_no_frames = Text("the camera sent no picture", "kamera tidak mengirim gambar")
    gap_held = Text("the picture was held back", "gambarnya ditahan")
    gap_quarantined = Text("the camera was in quarantine", "kamera dalam karantina")
    gap_not_judged = Text(
        "nobody was blurred in time, so nothing was kept", "pengaburan tidak sempat, jadi tidak disimpan"
    )
    gap_lost = Text("the pictures were lost", "gambarnya hilang")
    gap_not_recorded = Text("the camera was not to be recorded then", "kamera saat itu tidak direkam")
    gap_failed = Text("the recording failed", "perekaman gagal")
    gap_deleted = Text(
        "the recording was deleted, as its time was over or it had to be",
        "rekaman sudah dihapus, karena masa simpannya habis atau memang harus dihapus",
    )
    recorded_not_yet = Text(
        "not stored yet: a minute can be looked back at some ten minutes later",
        "belum tersimpan: satu menit baru bisa dilihat kembali sekitar sepuluh menit kemudian",
    )
    recorded_away = Text(
        "The recordings can't be reached at the moment. This does not say that there are none; please try again in a"
        " minute.",
        "Rekaman sedang tidak dapat dijangkau. Ini tidak berarti tidak ada rekaman; silakan coba lagi sebentar.",
    )
    recorded_video = Text("Recorded minute", "Menit rekaman")
    today = Text("Today", "Hari ini")
    on_day = Text("On {day}", "Pada {day}")
    curve_queue = Text(
        "People in the queue, mean of each quarter of an hour", "Orang dalam antrean, rata-rata tiap 15 menit"
    )
    curve_staffed = Text("Part of the time with staff at the counter", "Bagian waktu dengan petugas di loket")
    curve_water = Text("Part of the watched area under water", "Bagian area pantauan yang tergenang")
    curve_observed = Text("Minutes observed of each hour", "Menit yang terpantau tiap jam")
    curve_gap = Text(
        "Where the line is broken, nothing was observed or the counter was closed: that is not zero.",
        "Bila garisnya putus, tidak ada pantauan atau loket tutup: itu bukan nol.",
    )
    curve_none = Text("Nothing was observed yet on this day.", "Belum ada pantauan pada hari ini.")
    curve_none_quarter = Text(
        "No full quarter of an hour was observed on this day yet; figures come some minutes after each one.",
        "Belum ada seperempat jam penuh yang terpantau pada hari ini; angka muncul beberapa menit setelahnya.",
    )
    episodes = Text("What happened here", "Yang terjadi di sini")
    episodes_none = Text(
        "Nothing that is public in the last {days} days.", "Tidak ada yang publik dalam {days} hari terakhir."
    )
    episode_frames = Text("Pictures", "Gambar")
    episode_picture = Text("Picture of it, people hidden: {what}", "Gambar kejadian, orang disamarkan: {what}")
    frame_first = Text("Begin", "Awal")
    frame_best = Text("Clearest", "Paling jelas")
    frame_last = Text("Last", "Terakhir")
    frames_gone = Text(
        "Pictures are shown for ten minutes; after that only those that the record has kept.",
        "Gambar ditampilkan selama sepuluh menit; sesudah itu hanya yang disimpan dalam rekaman.",
    )
    frame_video = Text("Recording of that minute", "Rekaman menit itu")
    type_flood_episode = Text("Standing water", "Genangan")
    type_parking_case = Text("Illegal parking", "Parkir liar")
    type_unattended = Text("Counter without staff while people wait", "Loket ditinggal saat orang menunggu")
    type_not_open = Text("Counter not open in opening hours", "Loket belum buka pada jam buka")
    type_after_hours = Text("Counter in use after hours", "Loket dipakai di luar jam buka")
    flood_peak = Text("at most {percent} of the area", "paling luas {percent} dari area")
    waiting_max = Text("up to {count} people waiting", "sampai {count} orang menunggu")
    stood = Text("stood {duration}", "berdiri {duration}")
    about_quarter = Text("between {start} and {end}", "antara pukul {start} dan {end}")
    quarter_note = Text(
        "Times at counters are told in quarters of an hour, so that nobody's minute at work is on display.",
        "Waktu di loket disebut per seperempat jam, supaya menit kerja seseorang tidak dipertontonkan.",
    )
    neighbours = Text("Other cameras in {place}", "Kamera lain di {place}")
