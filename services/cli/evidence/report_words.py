"""The words of the report, in Bahasa Indonesia and English; both stand in it side by side."""

from __future__ import annotations

from typing import Final

Words = tuple[str, str]
"""(Bahasa Indonesia, English)."""

EPISODES: Final[dict[str, Words]] = {
    "flood_episode": ("Genangan", "Standing water"),
    "parking_case": ("Dugaan parkir liar", "Suspected illegal parking"),
    "counter_episode": ("Kejadian di loket", "Event at a service counter"),
    "camera_incident": ("Gangguan kamera", "Camera incident"),
}

KINDS: Final[dict[str, Words]] = {
    "unattended": ("loket tanpa petugas", "counter without staff"),
    "not_open": ("loket belum buka", "counter not open"),
    "after_hours": ("kegiatan di luar jam layanan", "activity after hours"),
    "shifted": ("kamera bergeser", "camera was moved"),
    "covered": ("kamera tertutup", "camera was covered"),
    "defocused": ("kamera tidak fokus", "camera out of focus"),
    "dark": ("gambar gelap", "picture is dark"),
    "frozen": ("gambar berhenti", "picture stands still"),
}

PHASES: Final[dict[str, Words]] = {"open": ("masih berlangsung", "still going on"), "ended": ("selesai", "ended")}

VERDICTS: Final[dict[str, Words]] = {
    "": ("belum diperiksa petugas", "not yet reviewed by a person"),
    "episode_confirmed": ("dibenarkan petugas", "confirmed by a person"),
    "episode_rejected": ("ditolak petugas", "rejected by a person"),
}

ROLES: Final[dict[str, Words]] = {
    "first": ("pertama", "first"),
    "best": ("paling jelas", "clearest"),
    "last": ("terakhir", "last"),
}

FORMS: Final[dict[str, Words]] = {
    "public": ("orang dan kendaraan disamarkan", "people and vehicles are hidden"),
    "original": ("asli, tanpa disamarkan", "as captured, nothing hidden"),
}

FIGURES: Final[dict[str, Words]] = {
    "staff_absence": ("petugas tidak di tempat", "staff were away"),
    "waiting_ratio": ("bagian waktu ada yang menunggu", "part of the time somebody waited"),
    "presence": ("ada orang di loket", "somebody was at the counter"),
    "water_ratio_least": ("bagian bidang tergenang, paling sedikit", "part of the zone under water, at least"),
    "onset": ("lama sejak air naik", "time since the water rose"),
    "low_reliability": ("bagian gambar yang kurang andal", "part of pictures of little reliability"),
    "stood": ("lama kendaraan diam", "time that the vehicle stood"),
    "displacement": ("pergeseran kendaraan", "how far the vehicle moved"),
    "luma_of_usual": ("terang dibanding biasanya", "brightness of the usual"),
    "detail_of_usual": ("ketajaman dibanding biasanya", "detail of the usual"),
    "view_lost": ("bagian pemandangan yang hilang", "part of the view that is gone"),
    "unchanged": ("lama gambar tidak berubah", "time that the picture did not change"),
}
"""Figures by their name in an episode; others are shown by it."""

GAPS: Final[dict[str, Words]] = {
    "no_frames": ("tidak ada gambar dari kamera", "no pictures came from the camera"),
    "held": ("ditahan: gambar meragukan", "held back: the picture was suspect"),
    "quarantined": ("kamera dikarantina", "the camera was in quarantine"),
    "not_judged": ("belum dinilai sistem", "not judged by the system"),
    "lost": ("hilang sebelum direkam", "lost before it was recorded"),
    "not_recorded": ("perekaman dimatikan", "recording was off"),
    "failed": ("gagal direkam", "could not be recorded"),
}

TITLE: Final = ("Bukti kejadian", "Evidence of an episode")
WHAT: Final = ("Apa yang terjadi", "What happened")
KIND: Final = ("Kejadian", "Episode")
PLACE: Final = ("Tempat", "Place")
BEGAN: Final = ("Mulai", "Began")
SEEN: Final = ("Terakhir terlihat", "Last seen")
STATE: Final = ("Keadaan", "State")
REVIEW: Final = ("Pemeriksaan", "Review")
WHY: Final = ("Mengapa dilaporkan", "Why it was reported")
FIGURE: Final = ("Ukuran", "Figure")
VALUE: Final = ("Nilai", "Value")
THRESHOLD: Final = ("Ambang", "Threshold")
PICTURES: Final = ("Gambar", "Pictures")
NO_PICTURES: Final = ("Tidak ada gambar dalam berkas ini.", "There is no picture in this file.")
MINUTES: Final = ("Rekaman per menit", "Recorded minutes")
NO_MINUTES: Final = ("Tidak ada rekaman dalam berkas ini.", "There is no recording in this file.")
MINUTE: Final = ("Menit", "Minute")
COUNT: Final = ("Jumlah gambar", "Pictures")
FILE: Final = ("Berkas", "File")
MISSING: Final = ("Yang tidak ada, dan sebabnya", "What is not there, and why")
PROOF: Final = ("Keaslian", "Authenticity")
ENTRIES: Final = ("Catatan dalam rantai", "Entries in the chain")
ROOTS: Final = ("Akar harian bertanda tangan", "Signed daily roots")
NO_ROOTS: Final = ("belum ada", "none yet")
KEY: Final = ("Kunci tanda tangan", "Signing key")
MADE: Final = ("Dibuat", "Made")
REASON: Final = ("Alasan", "Reason")
SIMULATED: Final = (
    "SIMULASI: gambar dari kamera ini memuat efek buatan. Ini bukan kejadian nyata.",
    "SIMULATED: made-up effects are in this camera's pictures. This did not happen.",
)
ORIGINALS: Final = (
    "RAHASIA: berkas ini memuat gambar asli yang memperlihatkan orang. Jangan disebarkan.",
    "CONFIDENTIAL: this file holds pictures as captured, which show people. Do not pass it on.",
)
CAMERA_REVISION: Final = ("revisi kamera", "camera revision")
LATER_ZONES: Final = (
    "Gambar dan rekaman tersimpan seperti saat diambil: zona pribadi yang digambar sesudahnya tidak dihitamkan di "
    "sini, sebab gambar yang diubah tidak lagi cocok dengan rantai. Lihat dahulu sebelum meneruskan berkas ini.",
    "Pictures and recordings are as they were kept then: a private zone that was drawn later is not burnt out here, "
    "for a picture that was changed is not what the chain says any more. Look before you pass this file on.",
)
HOW: Final = (
    "Setiap berkas di sini tercatat dalam rantai hash kamera pada hari itu; ujung rantai ditandatangani kota setiap "
    "hari dan diumumkan di portal. Periksa tanpa internet dengan perintah di bawah. Satu bita saja yang berubah akan "
    "disebutkan bersama nama berkasnya.",
    "Every file here is noted in the camera's hash chain of that day; the city signs the chain's end each day and "
    "publishes it on the portal. Check it offline with the command below. If a single byte was changed, it names the "
    "file.",
)
LIMITS: Final = (
    "Yang tidak dibuktikan: bahwa kamera menunjukkan apa yang benar-benar terjadi di depannya, dan bahwa penilaian "
    "sistem benar. Kejadian tetap dugaan sampai petugas membenarkannya. Tilik tidak mengenali wajah atau pelat nomor.",
    "What it does not prove: that what stood before the camera was real, and that the system judged rightly. An "
    "episode is a suspicion until a person confirms it. Tilik recognises no faces and no number plates.",
)
