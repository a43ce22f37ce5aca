"""What the page of open data says."""

from __future__ import annotations

from services.portal.pages.language import Text


class DataWords:
    """The page of open data."""

    title = Text("Open data", "Data terbuka")
    intro = Text(
        "Everything that these pages count, as files. No sign-in, no key.",
        "Semua yang dihitung halaman-halaman ini, dalam bentuk berkas. Tanpa masuk, tanpa kunci.",
    )
    licence = Text("Licence", "Lisensi")
    licence_said = Text(
        "Creative Commons Attribution 4.0 (CC BY 4.0): use it for anything, and name the City of Semarang as its"
        " source.",
        "Creative Commons Atribusi 4.0 (CC BY 4.0): boleh dipakai untuk apa saja dengan menyebut Pemerintah Kota"
        " Semarang"
        " sebagai sumber.",
    )
    rules = Text("How to ask", "Cara meminta")
    rule_address = Text(
        "Address: /data/NAME.csv, .json or .parquet; parameters from and until (days such as 2026-11-01, both included)"
        " and kelurahan. Without a period: the last 7 days.",
        "Alamat: /data/NAMA.csv, .json, atau .parquet; parameter from dan until (hari seperti 2026-11-01, keduanya"
        " termasuk) dan kelurahan. Tanpa kurun: 7 hari terakhir.",
    )
    rule_limit = Text(
        "At most {limit} files a minute from one address. Answers may be up to {minutes} minutes old.",
        "Paling banyak {limit} berkas semenit dari satu alamat. Jawaban bisa berumur sampai {minutes} menit.",
    )
    rule_public = Text(
        "Only public cameras, valid minutes and what is not simulated. Empty means not known; it is never written as"
        " 0.",
        "Hanya kamera publik, menit yang sah, dan yang bukan simulasi. Kosong berarti tidak diketahui; tidak pernah"
        " ditulis sebagai 0.",
    )
    rule_step = Text(
        "Counters come in steps of 15 minutes or more; parking cases only once confirmed and without anything that"
        " tells a vehicle.",
        "Loket dalam langkah 15 menit atau lebih; kasus parkir hanya setelah dikonfirmasi dan tanpa apa pun yang"
        " mengenali kendaraan.",
    )
    download = Text("Download", "Unduh")
    from_day = Text("From", "Dari")
    until_day = Text("Until", "Sampai")
    dataset = Text("Data", "Data")
    format = Text("Format", "Format")
    columns = Text("Columns of {title}", "Kolom {title}")
    column = Text("Column", "Kolom")
    meaning = Text("Meaning", "Arti")
    most_days = Text("At most {days} days at a time.", "Paling lama {days} hari sekali minta.")
    too_long = Text(
        "The period may not be longer than {days} days, and must not end before it begins.",
        "Kurun tidak boleh lebih dari {days} hari dan tidak boleh berakhir sebelum mulai.",
    )
    too_large = Text(
        "That is too much at once: ask for a shorter period or for one kelurahan.",
        "Terlalu banyak sekaligus: mintalah kurun yang lebih pendek atau satu kelurahan.",
    )
    too_often = Text(
        "That is too often: at most {limit} files a minute. Try again in a minute.",
        "Terlalu sering: paling banyak {limit} berkas semenit. Coba lagi sebentar.",
    )
    none_such = Text("There is no such data set.", "Tidak ada data dengan nama itu.")
