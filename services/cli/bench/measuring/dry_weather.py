"""Weather over real footage of dry places, in which every flood is a false one.

    dry clip ─► rain, night, a wet road ─► JPEG ─► water network, scene facts ─► events ─► recompute ─► flood minutes

Rain and night are those of ingest's simulation: no labelled footage of real ones was at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from schemas.camera_events import (
    CameraEvent,
    Decision,
    DetectorIdentity,
    FrameCoordinates,
    FrameDetections,
    make_event_id,
)
from schemas.cameras import Camera, Effect, EffectName, Place, Source, Zone
from schemas.geometry import Polygon
from schemas.table import Row
from schemas.topics import FRAMES
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.recomputation import recompute
from services.aggregate.rows import FloodMinuteRow
from services.detect.accuracy.bootstrap import Weights, bootstrap_interval
from services.detect.accuracy.intervals import wilson_interval
from services.detect.accuracy.labelled_footage import data_folder, pets_clip
from services.detect.accuracy.measured import Measured, Progress, unseen
from services.detect.footage import Footage
from services.detect.resampling import resized
from services.detect.scene import measure_scene, reliability_of
from services.detect.views import WATER_INPUT_HW
from services.detect.water import WaterDetector
from services.ingest.simulation.effects import apply_effects
from services.ingest.simulation.schedule import holding

Image = NDArray[np.uint8]
"""uint8 [height, width, 3], red, green, blue."""
Alteration = Callable[[Image, float], Image]
"""(picture, seconds of the story) → the picture as it is then."""

START_MS: Final = 1_760_313_600_000
"""When a story begins: the start of a minute."""
PERIOD_S: Final = 5
"""0.2 frames a second: the slowest that the city's cameras are read at."""
APPROVED_S: Final = 60
"""When a person approves the dry reference."""
WET_FROM_S: Final = 120
"""When water begins to rise, or the weather to turn."""
RAMP_S: Final = 60
"""How long the weather takes to be at its strongest; the rule's median of a minute lags by as much."""
WEATHER_S: Final = 600
"""How long it lasts: five times what the flood rule waits, 2.5 times where reliability is low."""
WEATHERS: Final[Mapping[str, tuple[EffectName, float] | None]] = {
    "wet_road": None,
    **{f"rain_{strength:g}": ("rain", strength) for strength in (0.3, 0.5, 0.7, 1.0)},
    **{f"night_{strength:g}": ("night", strength) for strength in (0.5, 0.7, 1.0)},
}
"""Name in figures → effect, strength. Rain at .3 is steady rain, at 1 a cloudburst; night at 1 has no lamps."""
SEED: Final = 7
"""Any fixed number does: it says where lamps and drops are."""
_BATCH: Final = 8
_QUALITY: Final = 85
"""As ingest encodes."""


@dataclass(frozen=True, slots=True)
class DryClip:
    """Footage of a dry place, and the ground where water would be looked for. ``steps``: pictures a sample."""

    name: str
    path: Path
    steps: int
    ground: Polygon

    def camera(self) -> Camera:
        """Give its camera, at 0.2 frames/s."""
        return Camera(
            camera_id=self.name,
            revision=1,
            name=self.name,
            kind="street",
            place=Place("Semarang Tengah", "Sekayu", -6.98, 110.41),
            source=Source("file", self.path.name),
            zones=(Zone("ground", "water", self.ground),),
            sample_fps=1 / PERIOD_S,
        )


def dry_clips() -> dict[str, DryClip]:
    """Give the clips by name. None is longer than 80 s: each is played over and over.

    Raises:
        ConfigurationError: There is no folder with them.
    """
    folder = data_folder() / "clips"
    street: Polygon = ((0.34, 0.5), (0.68, 0.5), (0.97, 0.8), (0.38, 0.8))
    yard: Polygon = ((0.0, 0.55), (1.0, 0.55), (1.0, 0.75), (0.0, 0.75))
    pavement: Polygon = ((0.0, 0.62), (1.0, 0.62), (1.0, 0.82), (0.0, 0.82))
    clips = (
        DryClip("street", folder / "ahmetozlu_input_video.mp4", 24, street),
        DryClip("pets", pets_clip(), 10, yard),
        DryClip("tud_stadtmitte", folder / "TUD-Stadtmitte.mp4", 5, yard),
        DryClip("tud_campus", folder / "TUD-Campus.mp4", 5, pavement),
    )
    return {clip.name: clip for clip in clips}


def measure_dry_weather(
    water: WaterDetector, progress: Progress = unseen, weathers: Sequence[str] = tuple(WEATHERS)
) -> list[Measured]:
    """Give r and false floods by weather. Blocks: 2 minutes of one core.

    ``water_dry_ratio_<clip>_<weather>`` is r, mean over the minutes in which the weather is at its strongest, with the
    interval of minutes drawn anew in blocks; ``water_false_flood_<weather>`` the share of clips on which a flood opens;
    ``water_false_flood`` that of all stories. Clips and strengths are few and chosen: Wilson's interval is too narrow.

    Raises:
        ConfigurationError: Footage is not there.
        ValueError: No weather is asked for.
    """
    if not weathers:
        raise ValueError("no weather to measure")
    clips = dry_clips()
    figures: list[Measured] = []
    opened: dict[str, list[bool]] = {name: [] for name in weathers}
    for clip in clips.values():
        for name in weathers:
            rows = judged(clip, weather_of(name, clip), WET_FROM_S + WEATHER_S, water)
            figures.append(_ratio(f"water_dry_ratio_{clip.name}_{name}", minutes_of(rows)))
            opened[name].append(bool(floods_of(rows)))
            progress(len(figures), len(clips) * len(weathers))
    figures += [_share(f"water_false_flood_{name}", hits) for name, hits in opened.items()]
    return [*figures, _share("water_false_flood", [hit for hits in opened.values() for hit in hits])]


def weather_of(name: str, clip: DryClip) -> Alteration:
    """Give one of ``WEATHERS`` as it is on that clip."""
    effect = WEATHERS[name]
    return wet_road(clip.ground) if effect is None else weather(*effect)


def weather(name: EffectName, strength: float) -> Alteration:
    """Give rain or night as ingest simulates it, from ``WET_FROM_S`` on, growing for ``RAMP_S``."""
    effect = Effect(effect=name, strength=strength, from_seconds=WET_FROM_S, ramp_seconds=RAMP_S)

    def altered(image: Image, seconds: float) -> Image:
        held = [(one.effect, one.strength, one.at_seconds) for one in holding((effect,), seconds)]
        return apply_effects(np.ascontiguousarray(image), held, SEED)

    return altered


def wet_road(ground: Polygon) -> Alteration:
    """Give a ground that is wet and bears no water: darker, richer in colour, with a faint blurred mirror image."""

    def altered(image: Image, seconds: float) -> Image:
        if seconds < WET_FROM_S:
            return image
        height, width = image.shape[:2]
        top = round(height * min(y for _, y in ground))
        below = height - top
        mirrored = cv2.resize(image[:top][::-1], (width, below), interpolation=cv2.INTER_AREA)
        mirrored = cv2.GaussianBlur(mirrored, (0, 0), sigmaX=2, sigmaY=height / 30).astype(np.float32)
        dry = image[top:].astype(np.float32)
        grey = dry.mean(axis=2, keepdims=True)
        wet = 0.62 * (grey + 1.25 * (dry - grey)) + 0.12 * mirrored
        return np.concatenate([image[:top], np.clip(wet, 0, 255).astype(np.uint8)])

    return altered


def judged(clip: DryClip, altered: Alteration, until_s: int, water: WaterDetector) -> dict[str, list[Row]]:
    """Give all rows of the story; 35 ms of CPU time a frame at 640 x 480 px."""
    return recompute(events(clip, altered, until_s, water), [clip.camera()])


def floods_of(rows: dict[str, list[Row]]) -> list[EpisodeRow]:
    """Give the floods: a night is an incident of the camera, and rightly so."""
    found = [row for row in rows[EpisodeRow.TABLE] if isinstance(row, EpisodeRow)]
    return [row for row in found if row.episode_type == "flood_episode"]


def minutes_of(rows: dict[str, list[Row]]) -> list[FloodMinuteRow]:
    """Give the minutes of the zone, in order."""
    return [row for row in rows[FloodMinuteRow.TABLE] if isinstance(row, FloodMinuteRow)]


def events(clip: DryClip, altered: Alteration, until_s: int, water: WaterDetector) -> Iterator[CameraEvent]:
    """Give a frame each 5 s, as detect would judge it, and the approval of the dry reference."""
    shots = pictures(clip)
    times = range(0, until_s, PERIOD_S)
    for start in range(0, len(times), _BATCH):
        batch = times[start : start + _BATCH]
        shown = [_as_sent(altered(shots[n // PERIOD_S % len(shots)], n)) for n in batch]
        inputs = np.stack([resized(image_bgr, WATER_INPUT_HW) for image_bgr in shown])
        grids = water.infer(inputs)
        for seconds, image_bgr, grid in zip(batch, shown, grids, strict=True):
            if seconds == APPROVED_S:
                yield _approval(clip.name)
            yield _frame(clip.name, seconds, image_bgr, grid.tobytes(), water)


@lru_cache(maxsize=4)
def pictures(clip: DryClip) -> list[Image]:
    """Give the clip's samples, forwards and backwards, so that no picture comes after a cut."""
    found = [
        np.asarray(simplejpeg.decode_jpeg(frame.jpeg, colorspace="RGB"), np.uint8)
        for frame in Footage(clip.path, clip.name, every=clip.steps, jpeg_quality=95).frames()
    ]
    return found + found[-2:0:-1]


def _frame(camera_id: str, seconds: int, image_bgr: Image, grid: bytes, water: WaterDetector) -> FrameDetections:
    at_ms, sequence, scene = START_MS + 1000 * seconds, seconds // PERIOD_S, measure_scene(image_bgr)
    return FrameDetections(
        event_id=make_event_id(camera_id, 1, sequence, "d"),
        camera_id=camera_id,
        owner_epoch=1,
        sequence=sequence,
        captured_at_ms=at_ms,
        detected_at_ms=at_ms + 500,
        frame=FrameCoordinates(FRAMES.name, 0, sequence, at_ms + 100),
        camera_revision=1,
        source_kind="file",
        simulated=True,
        width=image_bgr.shape[1],
        height=image_bgr.shape[0],
        detector=DetectorIdentity("none", "0" * 64),
        objects=(),
        scene=scene,
        reliability=reliability_of(scene),
        water=grid,
        water_detector=water.identity,
    )


def _approval(camera_id: str) -> Decision:
    return Decision(
        event_id=make_event_id("decision", camera_id, APPROVED_S),
        camera_id=camera_id,
        decided_at_ms=START_MS + 1000 * APPROVED_S,
        decided_by="petugas",
        decision="dry_reference_approved",
        reason="dry footage",
    )


def _as_sent(image: Image) -> Image:
    """Give a picture as detect gets it: blue, green, red, after ingest's JPEG."""
    jpeg = simplejpeg.encode_jpeg(np.ascontiguousarray(image), quality=_QUALITY, colorspace="RGB")
    return np.asarray(simplejpeg.decode_jpeg(jpeg, colorspace="BGR"), np.uint8)


def _ratio(name: str, minutes: Sequence[FloodMinuteRow]) -> Measured:
    """Give the mean r of the minutes in which weather and the median of the trailing minute are at their strongest."""
    first_ms = START_MS + 1000 * (WET_FROM_S + 2 * RAMP_S)
    ratios = np.array([row.ratio_mean for row in minutes if row.minute >= first_ms])

    def mean(weights: Weights) -> float:
        return float(weights @ ratios) / len(ratios)

    low, high = bootstrap_interval([len(ratios)], mean)
    return Measured(name, float(ratios.mean()), low, high, len(ratios))


def _share(name: str, hits: Sequence[bool]) -> Measured:
    low, high = wilson_interval(sum(hits), len(hits))
    return Measured(name, sum(hits) / len(hits), low, high, len(hits))
