"""What the pages say about themselves: how it works, privacy, the record."""

from __future__ import annotations

from typing import Final, NamedTuple

from services.portal.pages.language import Text


class Section(NamedTuple):
    """A heading, sentences, and a list."""

    heading: Text
    sentences: tuple[Text, ...] = ()
    items: tuple[Text, ...] = ()


class HowWords:
    """The page about how it works."""

    title = Text("How it works", "Cara kerja")
    lead = Text(
        "From a camera to a figure, in five steps; none of them knows who anybody is.",
        "Dari kamera sampai angka, dalam lima langkah; tak satu pun tahu siapa orang di dalamnya.",
    )


class PrivacyWords:
    """The page about privacy."""

    title = Text("Privacy", "Privasi")
    lead = Text(
        "What is kept, why, how long, and what is never done.",
        "Apa yang disimpan, untuk apa, berapa lama, dan apa yang tidak pernah dilakukan.",
    )
    kept = Text("What is kept, and how long", "Apa yang disimpan, dan berapa lama")
    what = Text("What", "Apa")
    why = Text("Why", "Untuk apa")
    how_long = Text("How long", "Berapa lama")
    periods_usual = Text(
        "What the recorder is set to can't be read at the moment: of recordings and cases these are the usual periods.",
        "Setelan perekam sedang tidak bisa dibaca: untuk rekaman dan kejadian ini jangka waktu yang umum.",
    )
    period_day = Text("1 day", "1 hari")
    period_days = Text("{count} days", "{count} hari")
    period_year = Text("1 year", "1 tahun")
    period_years = Text("{count} years", "{count} tahun")
    assessment = Text("Data protection impact assessment", "Penilaian dampak pelindungan data")
    assessment_said = Text(
        "The assessment of this system, as the city fills it in:",
        "Penilaian atas sistem ini, yang diisi oleh pemerintah kota:",
    )
    contact = Text("Write to:", "Hubungi:")
    contact_none = Text(
        "The city names its contact for data protection here once it has appointed one.",
        "Pemerintah kota mencantumkan kontak pelindungan data di sini setelah ditunjuk.",
    )


class RecordWords:
    """The page about the record."""

    title = Text("The record, and how to check it", "Rekaman, dan cara memeriksanya")
    lead = Text(
        "What is recorded can't be changed afterwards without everybody being able to see it.",
        "Yang sudah direkam tidak bisa diubah diam-diam: siapa pun bisa mengetahuinya.",
    )

    roots = Text("Daily roots", "Akar harian")
    roots_said = Text(
        "The latest of {count}. Save one, and nobody can change what was recorded until that day without your"
        " noticing.",
        "Yang terbaru dari {count}. Simpanlah satu: siapa pun yang mengubah rekaman sampai hari itu akan ketahuan oleh"
        " Anda.",
    )
    roots_none = Text(
        "There is no root yet. The first one comes half an hour after the first recorded day has ended.",
        "Belum ada akar. Yang pertama muncul setengah jam setelah hari rekaman pertama berakhir.",
    )
    roots_away = Text("The roots can't be read at the moment.", "Akar sedang tidak bisa dibaca.")
    day = Text("Day", "Hari")
    chains = Text("Chains", "Rantai")
    root = Text("Root (SHA-256)", "Akar (SHA-256)")
    key = Text("Key", "Kunci")
    file = Text("File", "Berkas")
    root_of = Text("root of {day}", "akar {day}")


class AssessmentWords:
    """The page of the impact assessment."""

    title = Text("Data protection impact assessment", "Penilaian dampak pelindungan data pribadi")
    table = Text("Table of the assessment", "Tabel penilaian")


HOW: Final = (
    Section(
        Text("1. A camera sends pictures", "1. Kamera mengirim gambar"),
        (
            Text(
                "About one picture a second, no sound. Only cameras that a person has looked at and approved are open"
                " to"
                " the public; the approval ends by itself when a camera's source or its private areas change.",
                "Sekitar satu gambar per detik, tanpa suara. Hanya kamera yang sudah dilihat dan disetujui petugas yang"
                " dibuka untuk umum; persetujuan gugur dengan sendirinya bila sumber kamera atau area pribadinya"
                " berubah.",
            ),
        ),
    ),
    Section(
        Text("2. A computer finds people, vehicles and water", "2. Komputer menemukan orang, kendaraan, dan air"),
        (
            Text(
                "It says what kind of thing is where in the picture. It does not know who, and it does not follow"
                " anybody from one camera to the next.",
                "Komputer menyebut jenis benda dan letaknya dalam gambar. Ia tidak tahu siapa orangnya, dan tidak"
                " mengikuti siapa pun dari satu kamera ke kamera lain.",
            ),
        ),
    ),
    Section(
        Text("3. People are hidden before anybody looks", "3. Orang disamarkan sebelum dilihat siapa pun"),
        (
            Text(
                "In streets and markets whole persons, at counters heads; of vehicles the lower part with the plate."
                " The"
                " pixels are destroyed, not covered. A picture in which nobody was looked for, or of a camera that was"
                " covered or turned, is not shown at all.",
                "Di jalan dan pasar seluruh badan, di loket kepala; pada kendaraan bagian bawah tempat pelat nomor."
                " Pikselnya dihancurkan, bukan ditutupi. Gambar yang belum diperiksa, atau dari kamera yang tertutup"
                " atau bergeser, tidak ditampilkan sama sekali.",
            ),
        ),
    ),
    Section(
        Text("4. Rules count", "4. Aturan menghitung"),
        (
            Text(
                "How many people stand in the queue, whether somebody is at the counter, how much of a street is under"
                " water, how long a vehicle has stood. Every figure says how much was observed; what was not seen is"
                " never told as zero.",
                "Berapa orang dalam antrean, apakah ada petugas di loket, seberapa luas jalan tergenang, berapa lama"
                " kendaraan berdiri. Setiap angka menyebut berapa yang terpantau; yang tidak terlihat tidak pernah"
                " disebut nol.",
            ),
            Text(
                "The computer errs: glare looks like water, a seated clerk is missed. So what it finds is called"
                " suspected until a person has confirmed it.",
                "Komputer bisa keliru: pantulan tampak seperti air, petugas yang duduk bisa luput. Karena itu temuannya"
                " disebut dugaan sampai petugas mengonfirmasi.",
            ),
        ),
    ),
    Section(
        Text("5. All of it can be checked", "5. Semuanya bisa diperiksa"),
        (
            Text(
                "The rules are published, the program is open source, the figures are open data, and recordings are"
                " sealed so that a change shows.",
                "Aturannya diterbitkan, programnya bersumber terbuka, angkanya data terbuka, dan rekaman disegel"
                " sehingga setiap perubahan ketahuan.",
            ),
        ),
    ),
)

NEVER: Final = Section(
    Text("What is never done", "Yang tidak pernah dilakukan"),
    (),
    (
        Text("Faces are not recognised, compared or searched for.", "Wajah tidak dikenali, dicocokkan, atau dicari."),
        Text("Number plates are not read.", "Pelat nomor tidak dibaca."),
        Text(
            "Nobody is followed from one camera to another.",
            "Tidak ada orang yang diikuti dari satu kamera ke kamera lain.",
        ),
        Text("No sound is taken in.", "Tidak ada suara yang diambil."),
        Text(
            "No fine or punishment follows from a figure by itself: a person decides.",
            "Tidak ada denda atau hukuman yang timbul dari angka saja: manusia yang memutuskan.",
        ),
        Text(
            "These pages set no cookie but the one for your language, and count no visitors by name.",
            "Halaman ini tidak memasang kuki selain untuk bahasa Anda, dan tidak mencatat pengunjung.",
        ),
    ),
)


class Kept(NamedTuple):
    """A row of the table of what is kept. ``{original}`` and the like are periods that the recorder says."""

    what: Text
    why: Text
    how_long: Text


KEPT: Final = (
    Kept(
        Text("Pictures as the camera sent them", "Gambar sebagaimana dikirim kamera"),
        Text("to be judged and blurred", "untuk dinilai dan dikaburkan"),
        Text("10 minutes, then they are gone", "10 menit, lalu hilang"),
    ),
    Kept(
        Text("Recordings, blurred, of cameras that are recorded", "Rekaman kabur, dari kamera yang direkam"),
        Text("to look back when something seems wrong", "untuk menengok kembali bila ada yang janggal"),
        Text("as the camera's page says, mostly 7 days", "seperti tertulis di halaman kamera, umumnya 7 hari"),
    ),
    Kept(
        Text(
            "Recordings as captured, encrypted, only of cameras where the city has decided so",
            "Rekaman asli, terenkripsi, hanya dari kamera yang diputuskan demikian oleh kota",
        ),
        Text("for an authority that may demand it by law", "untuk lembaga yang berwenang memintanya menurut hukum"),
        Text(
            "{original}, never longer than the blurred ones; each look is logged",
            "{original}, tidak pernah lebih lama dari rekaman kabur; setiap pembukaan dicatat",
        ),
    ),
    Kept(
        Text(
            "Pictures that a case rests on: blurred, and as captured, encrypted",
            "Gambar dasar suatu kejadian: dalam bentuk kabur, dan yang asli terenkripsi",
        ),
        Text("so that a person can check the case", "supaya petugas bisa memeriksa kejadian itu"),
        Text(
            "{evidence}; {rejected} once rejected; {confirmed} once confirmed, with the recording of the minutes around"
            " it; longer only under an order that a person signs",
            "{evidence}; {rejected} bila ditolak; {confirmed} bila dikonfirmasi, bersama rekaman menit-menit di"
            " sekitarnya; lebih lama hanya dengan perintah tertulis petugas",
        ),
    ),
    Kept(
        Text(
            "What was found in each picture: kinds and places, no identity",
            "Yang ditemukan di tiap gambar: jenis dan letak, tanpa identitas",
        ),
        Text("to compute figures again when a rule changes", "untuk menghitung ulang bila aturan berubah"),
        Text("30 days", "30 hari"),
    ),
    Kept(
        Text("Figures: minutes, hours, cases", "Angka: menit, jam, kejadian"),
        Text("to see how the city fares", "untuk melihat keadaan kota"),
        Text("minutes 3 years, hours 10 years", "menit 3 tahun, jam 10 tahun"),
    ),
    Kept(
        Text(
            "What people who sign in do here: name, role, what and why, network address; of a refused sign-in the name"
            " that was typed",
            "Yang dilakukan petugas yang masuk ke sistem ini: nama, peran, apa dan mengapa, alamat jaringan; bila"
            " ditolak masuk, nama yang diketik",
        ),
        Text("so that misuse comes to light", "supaya penyalahgunaan ketahuan"),
        Text("3 years", "3 tahun"),
    ),
)

PRIVACY: Final = (
    Section(
        Text("On what grounds", "Dasar hukumnya"),
        (
            Text(
                "The city runs these cameras for public services and safety. Law No. 27 of 2022 on the protection of"
                " personal data (UU PDP) asks it to name the purpose, to tell you, to keep no more than is needed, and"
                " to assess the risks; the assessment is published below.",
                "Pemerintah kota menjalankan kamera ini untuk pelayanan publik dan keselamatan. Undang-Undang Nomor 27"
                " Tahun 2022 tentang Pelindungan Data Pribadi (UU PDP) mewajibkan tujuan yang jelas, pemberitahuan,"
                " penyimpanan secukupnya, dan penilaian risiko; penilaiannya dimuat di bawah.",
            ),
        ),
    ),
    Section(
        Text("Your rights", "Hak Anda"),
        (Text("Under that law you may:", "Menurut undang-undang itu Anda berhak:"),),
        (
            Text(
                "ask what is kept about you, and see it;",
                "menanyakan data apa tentang Anda yang disimpan, dan melihatnya;",
            ),
            Text(
                "have something corrected, blurred better, or deleted;",
                "meminta perbaikan, pengaburan yang lebih baik, atau penghapusan;",
            ),
            Text(
                "object to a camera that looks into private space;",
                "berkeberatan terhadap kamera yang mengarah ke ruang pribadi;",
            ),
            Text(
                "complain to the authority for personal data protection.",
                "mengadu kepada lembaga pelindungan data pribadi.",
            ),
        ),
    ),
    Section(
        Text("What blurring can't do", "Batas pengaburan"),
        (
            Text(
                "The computer that finds people misses some: small, half hidden, in the dark. It is set to hide too"
                " much"
                " rather than too little, and boxes are carried over to the pictures before and after. Who knows a"
                " person well may still know them by clothes or gait at a counter, where only heads are hidden. If you"
                " see somebody who can be recognised, tell us: the camera is taken off these pages at once.",
                "Komputer yang menemukan orang bisa luput: yang kecil, setengah tertutup, atau dalam gelap. Ia diatur"
                " lebih baik menutup terlalu banyak daripada terlalu sedikit, dan penutup diteruskan ke gambar sebelum"
                " dan sesudahnya. Di loket hanya kepala yang ditutup, sehingga orang dekat mungkin masih mengenali dari"
                " pakaian atau gerak. Bila Anda melihat orang yang bisa dikenali, beri tahu kami: kamera itu segera"
                " diturunkan dari halaman ini.",
            ),
        ),
    ),
)

RECORD: Final = (
    Section(
        Text("What is recorded", "Apa yang direkam"),
        (
            Text(
                "Of cameras that are recorded, each minute becomes a video in which people were blurred before it was"
                " made. A minute without pictures is a gap in the record, with its reason; it is not left out.",
                "Dari kamera yang direkam, setiap menit menjadi satu video yang orang-orangnya sudah dikaburkan sebelum"
                " video dibuat. Menit tanpa gambar dicatat sebagai celah beserta alasannya; tidak dihilangkan.",
            ),
        ),
    ),
    Section(
        Text("Why it can't be doctored", "Mengapa tidak bisa direkayasa"),
        (
            Text(
                "Each recorded minute is an entry in a chain: it holds the checksum (SHA-256) of its video and of the"
                " entry before. Whoever changes, removes or moves one minute changes every checksum after it. At the"
                " end of a day the chains of all cameras are gathered into one root, which is signed (Ed25519) and"
                " published. Who keeps a copy of a root can prove any later change.",
                "Setiap menit rekaman adalah satu mata rantai: di dalamnya ada sidik (SHA-256) videonya dan sidik mata"
                " rantai sebelumnya. Mengubah, menghapus, atau memindahkan satu menit mengubah semua sidik sesudahnya."
                " Pada akhir hari, rantai semua kamera dihimpun menjadi satu akar yang ditandatangani (Ed25519) dan"
                " diterbitkan. Siapa pun yang menyimpan salinan akar bisa membuktikan perubahan di kemudian hari.",
            ),
        ),
    ),
    Section(
        Text("How to check", "Cara memeriksa"),
        (
            Text(
                "The city hands out the record of a case as one file. This command, which needs no network and trusts"
                " nobody, checks it, and names the first file that was altered:",
                "Pemerintah kota memberikan rekaman suatu kejadian sebagai satu berkas. Perintah ini, tanpa jaringan"
                " dan"
                " tanpa mempercayai siapa pun, memeriksanya dan menyebut berkas pertama yang diubah:",
            ),
        ),
    ),
    Section(
        Text("When recordings are deleted", "Kapan rekaman dihapus"),
        (
            Text(
                "After the days that the camera's page names, unless a case holds them. The chain keeps an entry that"
                " says what was deleted and why: a hole is never silent.",
                "Setelah jumlah hari yang tertulis di halaman kamera, kecuali ditahan oleh suatu kejadian. Rantai tetap"
                " menyimpan catatan apa yang dihapus dan mengapa: tidak ada lubang yang diam-diam.",
            ),
        ),
    ),
)
