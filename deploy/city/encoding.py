"""A clip in the forms in which a city's cameras send it, encoded by ffmpeg once and kept.

| form     | files                                  | what they are                                                    |
|----------|----------------------------------------|------------------------------------------------------------------|
| video    | ``video/WINDOW-CODEC-….mp4``           | 1280x720, 25 pictures and one keyframe a second, 2 Mbit/s, no B  |
| pictures | ``pictures-…/WINDOW/*.jpg``            | 1280x720, 2 a second, 50 KB and more each                        |
| segments | ``segments/WINDOW-CODEC-…-CONTAINER/`` | the video cut to 2 s by ffmpeg's HLS segmenter: MPEG-TS or fMP4  |

The clip has 10 pictures a second. Those in between are blended, so that each differs from the one before, as a
camera's do; keyframes fall on pictures of the clip. The encoder works as one in a camera must: it does not look ahead,
and holds the bit rate over each second. (With look-ahead a keyframe would take 40 % of a second's bits, not 26 %.)
Names end in a digest of the recipe: another one encodes anew.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deploy.local.camera_views import Window
from services.runtime.errors import ConfigurationError, FatalError

Codec = Literal["h264", "h265"]
Container = Literal["mpegts", "fmp4"]
Progress = Callable[[str, float], None]
"""Told what is being encoded, and how much of it is done, 0 to 1."""

WIDTH_PX, HEIGHT_PX = 1280, 720
FRAMES_PER_SECOND = 25
PICTURES_PER_SECOND = 2
SEGMENT_SECONDS = 2
CLIP_SECONDS = 78.0
"""Of the clip's 79.5 s: whole segments."""

VIDEO_WINDOWS: tuple[Window, ...] = (
    (0.0, 0.1, 1.0, 0.85),
    (0.0, 0.2, 0.8, 0.8),
    (0.2, 0.1, 1.0, 0.7),
    (0.1, 0.3, 0.9, 0.9),
)
"""Each is 16:9 of a 4:3 clip."""
PICTURE_WINDOWS: tuple[Window, ...] = (
    *VIDEO_WINDOWS,
    (0.0, 0.25, 0.9, 0.925),
    (0.1, 0.15, 1.0, 0.825),
    (0.15, 0.2, 0.85, 0.725),
    (0.3, 0.25, 1.0, 0.775),
)
"""Eight, so that 1,100 cameras show 1,100 pictures at any instant: 8 x 78 s x 2."""

_JPEG_QUALITY = "5"  # of ffmpeg's scale; the smallest picture of vtest.avi then has 51 KB
_VIDEO = ("-b:v", "2M", "-maxrate", "2M", "-bufsize", "2M", "-pix_fmt", "yuv420p", "-an")
_KEYFRAMES = ("-bf", "0", "-g", "25", "-keyint_min", "25", "-sc_threshold", "0")
_X264 = "sliced-threads=0"  # a slice a picture, as most cameras send
_X265 = "bframes=0:keyint=25:min-keyint=25:scenecut=0:open-gop=0:rc-lookahead=0:cutree=0:log-level=error"
_ENCODERS: dict[Codec, tuple[str, ...]] = {
    "h264": ("-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", *_KEYFRAMES, "-x264-params", _X264),
    "h265": ("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", _X265),
}
_LAST_WORDS = 500


@dataclass(frozen=True, slots=True)
class Encoder:
    """Encodes parts of one clip into one folder.

    Args:
        clip: A video file.
        folder: Where what is encoded is kept.
        progress: Told of the work.
        seconds: So much of the clip is used; whole segments.
    """

    clip: Path
    folder: Path
    progress: Progress
    seconds: float = CLIP_SECONDS

    def video(self, window: Window, codec: Codec) -> Path:
        """Give an MP4 file of a window.

        Raises:
            ConfigurationError: There is no ffmpeg.
            FatalError: It failed.
        """
        recipe = ("-vf", f"{_cut(window)},framerate={FRAMES_PER_SECOND}", *_ENCODERS[codec], *_VIDEO)
        path = self.folder / "video" / f"{_name(window, '_')}-{codec}-{self._digest(recipe)}.mp4"
        self._encode(f"{codec.upper()} of {_name(window)}", recipe, path)
        return path

    def pictures(self, windows: Sequence[Window] = PICTURE_WINDOWS) -> Path:
        """Give the folder that has a folder of JPEG files for each window.

        Raises:
            ConfigurationError: There is no ffmpeg.
            FatalError: It failed.
        """
        recipes = {window: self._picture_recipe(window) for window in windows}
        together = tuple(word for recipe in recipes.values() for word in recipe)
        folder = self.folder / f"pictures-{self._digest(together)}"
        for window, recipe in recipes.items():
            self._encode(f"JPEG of {_name(window)}", recipe, folder / _name(window), "%05d.jpg")
        return folder

    def segments(self, window: Window, codec: Codec, container: Container) -> Path:
        """Give the folder of a window's HLS segments and their playlist ``index.m3u8``.

        Raises:
            ConfigurationError: There is no ffmpeg.
            FatalError: It failed.
        """
        video = self.video(window, codec)
        folder = self.folder / "segments" / f"{video.stem}-{container}"
        recipe: tuple[str, ...] = ("-c", "copy", "-f", "hls", "-hls_time", str(SEGMENT_SECONDS))
        recipe += ("-hls_playlist_type", "vod", "-hls_segment_type", container, "-hls_flags", "independent_segments")
        self._encode(f"{container} segments", recipe, folder, "index.m3u8", source=video)
        return folder

    def _picture_recipe(self, window: Window) -> tuple[str, ...]:
        return ("-vf", f"{_cut(window)},fps={PICTURES_PER_SECOND}", "-q:v", _JPEG_QUALITY)

    def _digest(self, recipe: Sequence[str]) -> str:
        words = (self.clip.name, str(self.clip.stat().st_size), str(self.seconds), *recipe)
        return hashlib.blake2b("\0".join(words).encode(), digest_size=4).hexdigest()

    def _encode(
        self, what: str, recipe: Sequence[str], path: Path, inside: str = "", source: Path | None = None
    ) -> None:
        """Make ``path``, a file, or a folder with the files ``inside``; it gets its name once it is whole."""
        if path.exists():
            return
        if shutil.which("ffmpeg") is None:
            raise ConfigurationError("ffmpeg is missing. On Debian: apt-get install ffmpeg")
        partial = path.with_name(f"partial-{path.name}")
        shutil.rmtree(partial, ignore_errors=True)
        (partial if inside else path.parent).mkdir(parents=True, exist_ok=True)
        self._run(what, ["-i", str(source or self.clip), "-t", str(self.seconds), *recipe, str(partial / inside)])
        partial.rename(path)

    def _run(self, what: str, arguments: Sequence[str]) -> None:
        command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-progress", "pipe:1", *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            assert process.stdout is not None
            words = []
            for line in process.stdout:
                key, _, value = line.strip().partition("=")
                if key == "out_time_us" and value.isdecimal():
                    self.progress(what, min(1.0, int(value) / 1e6 / self.seconds))
                words.append(line)
        if process.returncode != 0:
            raise FatalError(f"ffmpeg failed at {what}: {''.join(words)[-_LAST_WORDS:].strip()}")
        self.progress(what, 1.0)


def _name(window: Window, between: str = ",") -> str:
    return between.join(f"{number:g}" for number in window)


def _cut(window: Window) -> str:
    left, top, right, bottom = window
    crop = f"crop=iw*{right - left:.4f}:ih*{bottom - top:.4f}:iw*{left}:ih*{top}"
    return f"{crop},scale={WIDTH_PX}:{HEIGHT_PX}:flags=bicubic"
