from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.hls.playlist import (
    LARGEST_PLAYLIST_BYTES,
    MasterPlaylist,
    MediaPlaylist,
    PlaylistError,
    Resource,
    Variant,
    parse_playlist,
)
from services.ingest.hls.variants import choose_variant
from services.ingest.source_errors import SourceFailed, SourceRefused

URL = "https://cdn.example/live/cam/list.m3u8?t=1"


def media(text: str) -> MediaPlaylist:
    found = parse_playlist(("#EXTM3U\n" + text).encode(), URL)
    assert isinstance(found, MediaPlaylist)
    return found


def master(text: str) -> MasterPlaylist:
    found = parse_playlist(("#EXTM3U\n" + text).encode(), URL)
    assert isinstance(found, MasterPlaylist)
    return found


def test_a_media_playlist_is_read_with_ranges_maps_dates_and_gaps() -> None:
    found = media(
        "#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:7\n"
        '#EXT-X-MAP:URI="init.mp4",BYTERANGE="800@0"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-24T18:00:00.500+07:00\n"
        "#EXTINF:4.0,\n#EXT-X-BYTERANGE:1000@800\nall.mp4\n"
        "#EXTINF:3.5,\n#EXT-X-BYTERANGE:500\nall.mp4\n"
        "#EXT-X-DISCONTINUITY\n#EXT-X-GAP\n#EXTINF:2,\n//other.example/c.mp4\n"
    )
    first, second, third = found.segments
    date_ms = 1_795_518_000_500.0
    assert (found.target_seconds, found.ended) == (4.0, False)
    assert [segment.number for segment in found.segments] == [7, 8, 9]
    assert first.initialisation == Resource("https://cdn.example/live/cam/init.mp4", 0, 800)
    assert first.resource == Resource("https://cdn.example/live/cam/all.mp4", 800, 1000)
    assert second.resource == Resource("https://cdn.example/live/cam/all.mp4", 1800, 500)
    assert third.resource == Resource("https://other.example/c.mp4")
    assert [segment.date_ms for segment in found.segments] == [date_ms, date_ms + 4000, None]
    assert [(segment.discontinuity, segment.gap) for segment in found.segments] == [(False, False)] * 2 + [(True, True)]


@pytest.mark.parametrize("date", ["2026-11-24T11:00:00Z", "2026-11-24T18:00:00.000+0700", "2026-11-24T11:00:00"])
def test_dates_are_read_as_servers_write_them(date: str) -> None:
    [segment] = media(f"#EXTINF:4,\n#EXT-X-PROGRAM-DATE-TIME:{date}\na.ts\n").segments
    assert segment.date_ms == 1_795_518_000_000.0


def test_keys_are_seen_until_they_end_and_the_end_of_the_list_too() -> None:
    found = media(
        '#EXT-X-KEY:METHOD=AES-128,URI="http://169.254.169.254/key"\n#EXTINF:2,\na.ts\n'
        "#EXT-X-KEY:METHOD=NONE\n#EXTINF:2,\nb.ts\n#EXT-X-ENDLIST\n"
    )
    assert [segment.encryption for segment in found.segments] == ["AES-128", ""]
    assert found.ended


def test_tags_that_mean_nothing_here_spoil_nothing() -> None:
    found = media("#EXT-X-DATERANGE:broken\n#EXT-X-PROGRAM-DATE-TIME:soon\n#EXT-X-CUE-OUT:x=\n# hi\n#EXTINF:2,\na.ts\n")
    assert [(segment.resource.url, segment.date_ms) for segment in found.segments] == [
        ("https://cdn.example/live/cam/a.ts", None)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        "#EXTM3U\n#EXTINF:inf,\na.ts",
        "#EXTM3U\n#EXTINF:nan,\na.ts",
        "#EXTM3U\n#EXTINF:geheim,\na.ts",
        "#EXTM3U\n#EXTINF:-1,\na.ts",
        "#EXTM3U\n#EXTINF:3600,\na.ts",
        "#EXTM3U\n#EXT-X-TARGETDURATION:999999\n",
        "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:geheim\n",
        "#EXTM3U\n#EXTINF:1,\n#EXT-X-BYTERANGE:geheim\na.ts",
        "#EXTM3U\n#EXTINF:1,\nhttp://[geheim/a.ts",
        "#EXTM3U\n#EXT-X-KEY:geheim\n",
        "#EXTM3U\n" + "a" * 5000,
        "#EXTM3U\n" + "#EXTINF:1,\na\n" * 15_000,
        "#EXTM3U\n" + "".join(f'#EXT-X-KEY:METHOD=AES-128,URI="{n}"\n' for n in range(40)),
        "#EXTM3U\n" + "a" * LARGEST_PLAYLIST_BYTES,
    ],
)
def test_what_is_no_playlist_or_beyond_a_limit_is_an_error_that_quotes_nothing(text: str) -> None:
    with pytest.raises(PlaylistError) as caught:
        parse_playlist(text.encode(), URL)
    assert "geheim" not in str(caught.value)


TAGS = ["EXTINF:2,", "EXT-X-KEY:METHOD=", "EXT-X-MAP:URI=", "EXT-X-BYTERANGE:", "EXT-X-STREAM-INF:BANDWIDTH=", "EXTM3U"]
LINES = st.one_of(st.text(max_size=40), st.builds("#{}{}".format, st.sampled_from(TAGS), st.text(max_size=30)))


@given(st.lists(LINES, max_size=30))
def test_no_text_raises_anything_else(lines: list[str]) -> None:
    try:
        found = parse_playlist("\n".join(["#EXTM3U", *lines]).encode(), URL)
    except PlaylistError:
        return
    assert isinstance(found, MediaPlaylist | MasterPlaylist)


def test_the_worst_playlist_that_is_taken_is_read_in_bounded_time() -> None:
    quotes = "#EXT-X-STREAM-INF:" + "\"'" * 2000 + "\na\n"
    started = time.process_time()
    with pytest.raises(PlaylistError):
        parse_playlist(("#EXTM3U\n" + quotes * 120 + "#EXTINF:x,\na").encode(), URL)
    assert time.process_time() - started < 5


LIST = """#EXT-X-STREAM-INF:BANDWIDTH=400000,RESOLUTION=640x360,CODECS="avc1.4d401e,mp4a.40.2"
low.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=6000000,RESOLUTION=3840x2160
uhd.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=3000000,RESOLUTION=1920x1080
hd.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS="mp4a.40.2"
sound.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=1280x720,CODECS="av01.0.05M.08"
av1.m3u8
"""


def test_the_smallest_rendition_that_is_enough_is_chosen() -> None:
    chosen = choose_variant(master(LIST), 10**8)
    assert chosen == Variant("https://cdn.example/live/cam/hd.m3u8", 3_000_000, 1920, 1080)
    assert choose_variant(master(LIST), 1_000_000).height == 360


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="vp09.00"\na\n', SourceRefused),
        ("#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=90000x90000\na\n", SourceRefused),
    ],
)
def test_a_master_playlist_without_a_readable_rendition_is_refused(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        choose_variant(master(text), 10**6)
    with pytest.raises(SourceFailed):
        choose_variant(MasterPlaylist(()), 10**6)


def test_where_no_size_is_told_the_first_rendition_is_taken() -> None:
    text = "#EXT-X-STREAM-INF:BANDWIDTH=2\nfirst\n#EXT-X-STREAM-INF:BANDWIDTH=1\nsecond\n"
    assert choose_variant(master(text), 10**6).url.endswith("/first")
