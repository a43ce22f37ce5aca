from __future__ import annotations

from pathlib import Path

import pytest

from deploy.city.hls_server import HlsCamera, Segments

VOD = '#EXTM3U\n#EXT-X-MAP:URI="init.mp4"\n' + "".join(f"#EXTINF:2.000000,\nindex{n}.m4s\n" for n in range(4))


@pytest.fixture
def segments(tmp_path: Path) -> Segments:
    (tmp_path / "index.m3u8").write_text(VOD + "#EXT-X-ENDLIST\n")
    return Segments.read(tmp_path)


def test_a_live_playlist_names_the_last_segments_and_where_the_footage_starts_over(segments: Segments) -> None:
    lines = HlsCamera(segments, offset_seconds=0.0).playlist(20.5).splitlines()

    named = [line.rpartition("/")[2] for line in lines if line.endswith(".m4s")]
    assert named == ["index1.m4s", "index2.m4s", "index3.m4s", "index0.m4s", "index1.m4s"]  # numbers 5 to 9 of 4
    assert "#EXT-X-MEDIA-SEQUENCE:5" in lines
    assert "#EXT-X-DISCONTINUITY-SEQUENCE:1" in lines  # segment 4 was preceded by one, and has left the window
    assert lines.count("#EXT-X-DISCONTINUITY") == 1
    start = lines.index("#EXT-X-DISCONTINUITY")
    assert lines[start + 1] == "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:16.000+00:00"
    assert lines[start + 3].endswith("/index0.m4s")
    assert f'#EXT-X-MAP:URI="../segments/{segments.folder.name}/init.mp4"' in lines


def test_an_offset_plays_ahead_and_the_window_slides_by_one_segment(segments: Segments) -> None:
    def numbers(offset: float, now: float) -> str:
        return next(line for line in HlsCamera(segments, offset).playlist(now).splitlines() if "MEDIA-SEQUENCE" in line)

    assert numbers(0.0, 101.9) == numbers(0.0, 100.0) != numbers(0.0, 102.0)
    assert numbers(2.0, 100.0) == numbers(0.0, 102.0)


def test_segments_of_unequal_length_are_refused(tmp_path: Path) -> None:
    (tmp_path / "index.m3u8").write_text("#EXTM3U\n#EXTINF:2.0,\na.ts\n#EXTINF:1.5,\nb.ts\n")
    with pytest.raises(ValueError, match="lengths"):
        Segments.read(tmp_path)
