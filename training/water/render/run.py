"""A run of rendering: scenes are shared out to several Blenders, and their pictures go into one folder."""

import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

from training.water.picture_folder import LabelledPicture, Tags, append, mask_of, read_index
from training.water.render.blender import Blender
from training.water.render.denoise import denoised
from training.water.render.lens import develop
from training.water.render.plan import SHOTS_A_SCENE, VALIDATION_EVERY, ScenePlan, ShotPlan, plan_scene

SCENES_A_SEED = 1_000_000  # scenes of runs with different seeds never meet


@dataclass(slots=True)
class Run:
    """What a run is asked for, and the lock that keeps the index's lines whole."""

    out: Path
    seed: int
    size_wh: tuple[int, int]
    samples: int
    lock: threading.Lock = field(default_factory=threading.Lock)

    def missing(self, count: int) -> list[int]:
        """Give the scenes that `count` pictures need and that are not yet whole in the folder."""
        done = {picture.file for picture in read_index(self.out)}
        scenes = range(-(-count // SHOTS_A_SCENE))
        return [scene for scene in scenes if any(_file(scene, shot) not in done for shot in range(SHOTS_A_SCENE))]

    def render(self, scenes: list[int], processes: int, on_picture: Callable[[], None]) -> None:
        """Render scenes into the folder.

        Raises:
            BlenderError: a Blender is missing, or ended early.
        """
        waiting: SimpleQueue[int] = SimpleQueue()
        for scene in scenes:
            waiting.put(scene)
        with ThreadPoolExecutor(processes) as pool:
            for worker in [pool.submit(self._work, waiting, on_picture) for _ in range(processes)]:
                worker.result()

    def _work(self, waiting: "SimpleQueue[int]", on_picture: Callable[[], None]) -> None:
        with tempfile.TemporaryDirectory() as folder, Blender(Path(folder), self.size_wh, self.samples) as blender:
            while True:
                try:
                    number = waiting.get_nowait()
                except Empty:
                    return
                self._scene(blender, number, on_picture)

    def _scene(self, blender: Blender, number: int, on_picture: Callable[[], None]) -> None:
        scene, shots = plan_scene(self.seed * SCENES_A_SEED + number)
        done = {picture.file for picture in read_index(self.out)}
        for shot_number, layers in enumerate(blender.render(scene, shots)):
            if _file(number, shot_number) in done:
                continue
            shot = shots[shot_number]
            image = develop(denoised(layers), layers.depth, shot.lens, scene.seed * SHOTS_A_SCENE + shot_number)
            line = LabelledPicture(
                file=_file(number, shot_number),
                seed=scene.seed,
                split="val" if number % VALIDATION_EVERY == 0 else "train",
                tags=_tags(scene, shot) | {"water_ratio": round(float(layers.water.mean()), 4)},
            )
            with self.lock:
                append(self.out, number * SHOTS_A_SCENE + shot_number, image, mask_of(layers.water), line)
            on_picture()


def _file(scene: int, shot: int) -> str:
    return f"{scene * SHOTS_A_SCENE + shot:06d}.jpg"


def _tags(scene: ScenePlan, shot: ShotPlan) -> Tags:
    return {
        "place": scene.place,
        "water": shot.water.state,
        "wetness": round(shot.water.wetness, 2),
        "sky": shot.light.sky,
        "rain": round(shot.lens.rain, 2),
        "view_height": round(shot.camera.position[2], 1),
        "pitch": round(shot.camera.pitch),
    }
