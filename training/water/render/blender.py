"""Blender as a process that renders one job after another."""

import json
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from training.water.render.denoise import Layers
from training.water.render.ground import Ground, build_ground, water_level
from training.water.render.plan import Colour, ScenePlan, ShotPlan
from training.water.render.solids import Mesh, Solids
from training.water.render.street import build_street, drifting
from training.water.render.textures import write_textures

PROGRAM = Path(__file__).parent / "inside" / "program.py"
REPOSITORY = Path(__file__).parents[3]
PASSES = ("image", "albedo", "direct", "indirect", "normal", "depth", "water")  # as the program writes them
LITTER: Colour = (0.2, 0.16, 0.08)


class BlenderError(Exception):
    """Blender is missing, or ended before its job was done."""


def find_blender() -> str:
    """Give Blender's path.

    Raises:
        BlenderError: it is not installed.
    """
    path = shutil.which("blender")
    if path is None:
        raise BlenderError(
            "blender is not on PATH; on Debian or Ubuntu: apt-get install --no-install-recommends blender"
        )
    return path


class Blender:
    """A running Blender; a job is a scene with its shots. Use as a context: leaving it ends the process."""

    def __init__(self, folder: Path, size_wh: tuple[int, int], samples: int) -> None:
        self._folder, self._size_wh, self._samples = folder, size_wh, samples
        folder.mkdir(parents=True, exist_ok=True)
        write_textures(folder)
        command = [find_blender(), "-b", "--factory-startup", "-noaudio", "-P", str(PROGRAM), "--", str(REPOSITORY)]
        self._log = (folder / "blender.log").open("w")
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True
        )

    def __enter__(self) -> "Blender":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.communicate()
        self._log.close()

    def render(self, scene: ScenePlan, shots: list[ShotPlan]) -> list[Layers]:
        """Render the shots.

        Raises:
            BlenderError: Blender ended; its log says why.
        """
        job = write_job(self._folder, scene, shots, self._size_wh, self._samples)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{job}\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise BlenderError(f"Blender has ended; see {self._folder / 'blender.log'}") from error
        for line in self._process.stdout:
            if line.startswith("tilik: done"):
                return [self._read(number) for number in range(len(shots))]
        raise BlenderError(f"Blender ended in scene {scene.seed}; see {self._folder / 'blender.log'}")

    def _read(self, number: int) -> Layers:
        image, albedo, direct, indirect, normal, depth, water = (self._read_one(number, name) for name in PASSES)
        return Layers(image, albedo, direct + indirect, normal, depth[..., 0], water[..., 0])

    def _read_one(self, number: int, name: str) -> NDArray[np.float32]:
        picture = cv2.imread(str(self._folder / f"{number}_{name}_0001.hdr"), cv2.IMREAD_UNCHANGED)
        if picture is None:
            raise BlenderError(f"Blender wrote no {name} of shot {number}; see {self._folder / 'blender.log'}")
        return picture.astype(np.float32)


def write_job(folder: Path, scene: ScenePlan, shots: list[ShotPlan], size_wh: tuple[int, int], samples: int) -> Path:
    """Build a scene and write it, with its shots, as Blender's program reads it; give the job's path."""
    ground, solids = build_ground(scene), build_street(scene)
    _write_ground(folder, ground)
    for surface, mesh in solids.meshes.items():
        _write_mesh(folder, surface, mesh)
    entries = []
    for number, shot in enumerate(shots):
        level = water_level(ground, scene, shot.camera, shot.water)
        drift = _write_drift(folder, number, scene, level) if shot.water.share > 0.1 else False
        entries.append(asdict(shot) | {"level": level, "drifting": drift})
    job = {
        "scene": asdict(scene), "width": size_wh[0], "height": size_wh[1], "samples": samples,
        "surfaces": sorted({*solids.meshes, "debris"}), "lamps": solids.lamps, "shots": entries,
    }  # fmt: skip
    if "debris" not in solids.meshes:
        _write_mesh(folder, "debris", Mesh())
    path = folder / "job.json"
    path.write_text(json.dumps(job))
    return path


def _write_ground(folder: Path, ground: Ground) -> None:
    x, y = np.meshgrid(ground.xs, ground.ys)
    np.stack([x, y, ground.heights], axis=-1).astype("<f4").tofile(folder / "ground.points")
    ground.heights.astype("<f4").tofile(folder / "ground.bed")
    rows, columns = ground.heights.shape
    corner = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]
    triangles = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    triangles.astype("<i4").tofile(folder / "ground.triangles")


def _write_mesh(folder: Path, name: str, mesh: Mesh) -> None:
    (folder / f"{name}.points").write_bytes(b"".join(points.astype("<f4").tobytes() for points in mesh.points))
    (folder / f"{name}.triangles").write_bytes(b"".join(corners.astype("<i4").tobytes() for corners in mesh.triangles))
    (folder / f"{name}.colours").write_bytes(b"".join(colours.astype("<f4").tobytes() for colours in mesh.colours))


def _write_drift(folder: Path, number: int, scene: ScenePlan, level: float) -> bool:
    chance = np.random.default_rng(scene.seed * 100 + number)
    spots = drifting(level, scene.road_half_width, chance)
    litter = Solids()
    litter.cards("debris", spots, 0.07, LITTER, chance)
    _write_mesh(folder, f"debris{number}", litter.meshes["debris"])
    return len(spots) > 0
