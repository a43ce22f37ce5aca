"""Tests of training.water.render: what is built for Blender, and what is made of the light it gives."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from training.water.picture_folder import LabelledPicture, append
from training.water.render.blender import write_job
from training.water.render.denoise import Layers, denoised
from training.water.render.ground import build_ground, water_level
from training.water.render.lens import develop
from training.water.render.plan import SHOTS_A_SCENE, LensPlan, ScenePlan, plan_scene
from training.water.render.run import Run
from training.water.render.street import build_street
from training.water.render.textures import TILE_PX, write_textures

SEEDS = range(40)
PLAIN = LensPlan(
    rain=0.0, haze=0.0, noise=0.0, blur=0.0, saturation=1.0, warmth=0.0, brightness=1.0, contrast=1.0, sharpening=0.0,
    jpeg_quality=95, caption=False,
)  # fmt: skip


def scene_at(place: str) -> ScenePlan:
    """Give the first scene at a place."""
    return next(scene for scene in (plan_scene(seed)[0] for seed in SEEDS) if scene.place == place)


def make_layers(diffuse: np.ndarray, albedo: np.ndarray | None = None) -> Layers:
    """Build what Blender gives of a wall that faces the camera."""
    height, width = diffuse.shape[:2]
    colour = np.full((height, width, 3), 0.5, np.float32) if albedo is None else albedo
    light = np.repeat(diffuse[..., None], 3, axis=-1).astype(np.float32)
    flat = np.full((height, width), 5.0, np.float32)
    normal = np.broadcast_to(np.array([1, 1, 2], np.float32), (height, width, 3))
    return Layers(colour * light, colour, light, np.asarray(normal), flat, np.zeros_like(flat))


def test_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    assert plan_scene(5) == plan_scene(5)
    assert plan_scene(5) != plan_scene(6)


def test_at_least_a_third_of_the_shots_has_no_water_and_half_of_those_is_wet() -> None:
    waters = [shot.water for seed in SEEDS for shot in plan_scene(seed)[1]]
    without = [water for water in waters if water.share == 0]

    assert len(without) > len(waters) / 3
    assert 0.3 < sum(water.wetness > 0.5 for water in without) / len(without) < 0.7


@pytest.mark.parametrize("place", ["street", "village", "field", "highway"])
def test_more_water_stands_higher_and_none_stands_below_the_ground(place: str) -> None:
    scene, shot = scene_at(place), plan_scene(0)[1][0]
    ground = build_ground(scene)
    levels = [
        water_level(ground, scene, shot.camera, dataclasses.replace(shot.water, share=share, rise=rise))
        for share, rise in ((0.0, 0.0), (0.1, 0.0), (0.5, 0.0), (1.0, 0.0), (1.0, 0.5))
    ]

    assert levels == sorted(set(levels))
    assert levels[0] < float(ground.heights.min())
    assert levels[-1] == pytest.approx(levels[-2] + 0.5)


def test_level_puts_the_asked_share_of_the_road_ahead_under_water() -> None:
    scene, shot = scene_at("street"), plan_scene(0)[1][0]
    camera = dataclasses.replace(shot.camera, position=(0.0, 1.0, 4.0))
    ground = build_ground(scene)

    level = water_level(ground, scene, camera, dataclasses.replace(shot.water, share=0.3, rise=0.0))

    rows = (ground.ys > 1) & (ground.ys < 21)
    columns = np.abs(ground.xs) < scene.road_half_width + scene.walk_width
    assert float((ground.heights[np.ix_(rows, columns)] < level).mean()) == pytest.approx(0.3, abs=0.02)


def test_kerb_is_a_step_between_two_neighbouring_lines_of_the_ground() -> None:
    scene = dataclasses.replace(scene_at("street"), kerb_height=0.15, unevenness=0.0, hills=0.0, crown=0.0)
    ground = build_ground(scene)

    beside = np.searchsorted(ground.xs, scene.road_half_width)
    row = int(np.searchsorted(ground.ys, 44))

    assert ground.xs[beside] - ground.xs[beside - 1] < 0.02
    assert ground.heights[row, beside] - ground.heights[row, beside - 1] > 0.14


def test_solids_of_a_scene_are_the_same_each_time_and_their_corners_exist() -> None:
    scene = scene_at("street")
    first, second = build_street(scene), build_street(scene)

    assert first.lamps == second.lamps
    for surface, mesh in first.meshes.items():
        corners = np.concatenate(mesh.triangles)
        assert corners.max() < mesh.point_count == len(np.concatenate(mesh.points)) == len(np.concatenate(mesh.colours))
        assert np.array_equal(corners, np.concatenate(second.meshes[surface].triangles))


def test_job_lists_each_shot_and_its_buffers_fit_together(tmp_path: Path) -> None:
    scene, shots = plan_scene(1)

    job = json.loads(write_job(tmp_path, scene, shots, (64, 36), 2).read_text())

    assert len(job["shots"]) == SHOTS_A_SCENE
    for name in ("ground", *job["surfaces"]):
        points = np.fromfile(tmp_path / f"{name}.points", "<f4").reshape(-1, 3)
        corners = np.fromfile(tmp_path / f"{name}.triangles", "<i4").reshape(-1, 3)
        assert np.isfinite(points).all()
        assert len(corners) == 0 or corners.max() < len(points)
    bed = np.fromfile(tmp_path / "ground.bed", "<f4")
    assert len(bed) == len(np.fromfile(tmp_path / "ground.points", "<f4")) / 3


def test_tiles_repeat_without_a_seam(tmp_path: Path) -> None:
    write_textures(tmp_path)

    for name in ("noise", "cells"):
        tile = np.fromfile(tmp_path / f"{name}.tile", "<f4").reshape(TILE_PX, TILE_PX, 4)[..., :2]
        inside = np.abs(np.diff(tile, axis=1)).max()
        assert np.abs(tile[:, 0] - tile[:, -1]).max() <= inside
        assert np.abs(tile[0] - tile[-1]).max() <= np.abs(np.diff(tile, axis=0)).max()


def test_noise_of_the_renderer_goes_and_the_edge_of_a_colour_stays() -> None:
    chance = np.random.default_rng(0)
    albedo = np.full((64, 64, 3), 0.2, np.float32)
    albedo[:, 32:] = 0.6
    layers = make_layers(2.0 * (chance.random((64, 64)) < 0.5), albedo)

    smooth = denoised(layers)

    left, right = smooth[8:56, 8:31], smooth[8:56, 33:56]
    assert float(left.std()) < 0.3 * float(layers.image[8:56, 8:31].std())
    assert float(right.mean() / left.mean()) == pytest.approx(3.0, rel=0.15)
    assert float(smooth[8:56, 31].mean()) == pytest.approx(float(left.mean()), rel=0.2)


def test_light_is_not_smoothed_across_the_edge_of_a_nearer_thing() -> None:
    layers = make_layers(np.where(np.arange(64)[None, :] < 32, 1.0, 0.2) * np.ones((64, 1)))
    depth = np.where(np.arange(64)[None, :] < 32, 3.0, 30.0) * np.ones((64, 1))

    smooth = denoised(dataclasses.replace(layers, depth=depth.astype(np.float32)))

    assert smooth == pytest.approx(layers.image, abs=1e-3)


def test_exposure_brings_a_dark_and_a_bright_scene_to_the_same_grey() -> None:
    light = np.full((36, 64, 3), 0.5, np.float32)
    depth = np.full((36, 64), 10.0, np.float32)

    dark, bright = develop(light * 0.1, depth, PLAIN, 1), develop(light * 10, depth, PLAIN, 1)

    assert dark.shape == (36, 64, 3)
    assert abs(float(dark.mean()) - float(bright.mean())) < 2


def test_haze_takes_contrast_from_what_is_far() -> None:
    light = np.where(np.arange(64)[None, :, None] % 8 < 4, 0.2, 1.0) * np.ones((36, 1, 3))
    near, far = np.full((36, 64), 2.0, np.float32), np.full((36, 64), 150.0, np.float32)
    hazy = dataclasses.replace(PLAIN, haze=0.01)

    spreads = [float(develop(light.astype(np.float32), depth, hazy, 1).std()) for depth in (near, far)]

    assert spreads[1] < 0.5 * spreads[0]


def test_rain_noise_and_caption_are_the_same_for_the_same_seed() -> None:
    light, depth = np.full((72, 128, 3), 0.5, np.float32), np.full((72, 128), 10.0, np.float32)
    lens = dataclasses.replace(PLAIN, rain=1.0, noise=0.02, caption=True)

    assert np.array_equal(develop(light, depth, lens, 4), develop(light, depth, lens, 4))
    assert not np.array_equal(develop(light, depth, lens, 4), develop(light, depth, lens, 5))


def test_run_that_was_cut_off_renders_only_scenes_that_are_not_whole(tmp_path: Path) -> None:
    black = np.zeros((9, 16), np.uint8)
    written = [*range(SHOTS_A_SCENE), SHOTS_A_SCENE]  # scene 0 is whole, scene 1 has one picture
    for number in written:
        line = LabelledPicture(f"{number:06d}.jpg", seed=1, split="train")
        append(tmp_path, number, np.zeros((9, 16, 3), np.uint8), black, line)

    run = Run(tmp_path, seed=1, size_wh=(16, 9), samples=1)

    assert run.missing(3 * SHOTS_A_SCENE - 1) == [1, 2]
    assert run.missing(SHOTS_A_SCENE) == []
