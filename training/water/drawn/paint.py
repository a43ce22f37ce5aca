"""A planned scene as a picture and the mask of its water.

::

    rays ─► sky ───────────────────────────────┐
         ├► ground: fields, road, marks, film ─┼─► under the haze ─► things before it ─► picture
         └► height of the ground < level: water┘
              mirrored sky and things ─► rippled ─► by Fresnel over murk

Source: Schlick 1994, Computer Graphics Forum 13, p. 233 (how much water mirrors at which angle).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.water.drawn.plan import Scene, Sky
from training.water.drawn.scatter import scatter
from training.water.drawn.texture import Chance, Field, Textures, from_pyramid, sampled, smooth_step
from training.water.drawn.things import Colour, Painter, textured
from training.water.drawn.view import Rays
from training.water.picture_folder import mask_of

Picture = NDArray[np.float32]
"""float32 [H, W, 3] in [0, 1]: blue, green, red."""

WATER_F0 = 0.02
"""What water mirrors of light from straight above."""
_WHITE, _FINE, _MIDDLE, _HILLS, _BROAD = range(5)


@dataclass(frozen=True, slots=True)
class _Canvas:
    scene: Scene
    textures: Textures
    rays: Rays
    chance: Chance

    def noise(self, roughness: int, period_m: float) -> Field:
        """Give noise that repeats after ``period_m`` on the ground; it fades out where pixels are larger than grain."""
        offset = self.chance.uniform(0, 1e3, 2)
        field = sampled(self.textures.noise[roughness], self.rays.x, self.rays.z, period_m, (offset[0], offset[1]))
        px_m = self.rays.distance / self.scene.view.focal_px
        seen = np.clip(period_m / 128 / np.maximum(px_m, 1e-6), 0, 1) if roughness < _HILLS else 1.0
        return np.asarray(field * seen, np.float32)


def paint_scene(scene: Scene, textures: Textures) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Give the picture, uint8 [H, W, 3] (blue, green, red), and its mask, uint8 [H, W], as in ``picture_folder``."""
    chance = np.random.default_rng(scene.seed)
    canvas = _Canvas(scene, textures, scene.view.rays(), chance)
    height, level = _heights(canvas)
    painter = Painter(scene.view, scene.air, level)
    scatter(painter, scene, chance)
    grain = sampled(textures.noise[_FINE], *_pixels(scene.view.size_hw), 512, (float(chance.uniform(0, 512)), 0.0))
    mirrored = _mirrored(canvas, painter, grain)
    land = _filmed(canvas, _ground(canvas), mirrored)
    depth = smooth_step(np.asarray(level - height, np.float32), 0.0, 0.03) * canvas.rays.below
    picture = land + depth[..., None] * (_surface(canvas, mirrored) - land)
    picture = _hazed(canvas, picture)
    sky = _sky(scene.sky, canvas.rays.direction, textures)
    picture = np.where(canvas.rays.below[..., None], picture, sky)
    standing = painter.upright[..., 3] > 0
    picture = np.where(standing[..., None], textured(painter.upright, grain), picture)
    water = np.where(standing, 0.0, depth).astype(np.float32)
    return (np.clip(picture, 0, 1) * 255).astype(np.uint8), mask_of(water)


def _heights(canvas: _Canvas) -> tuple[Field, float]:
    """Give how high the ground lies, and the height at which water stands; both in m."""
    scene = canvas.scene
    wide = 6 * scene.view.height + 20
    broad = canvas.noise(_BROAD, scene.hills * (scene.view.height + 4))
    height = 0.25 * (np.abs(broad) if scene.river else broad) + 0.02 * canvas.noise(_HILLS, wide / 2)
    if scene.wet == "puddles":
        height = height * 0.3 + 0.12 * canvas.noise(_HILLS, 14)
    if not scene.water.share:
        return height, -1e3
    near = canvas.rays.below & (canvas.rays.distance < 25 * scene.view.height)
    seen = height[near] if near.any() else height.ravel()
    return height, float(np.quantile(seen, scene.water.share)) + (0.3 if scene.water.share > 0.97 else 0.0)


def _ground(canvas: _Canvas) -> Picture:
    scene, rays = canvas.scene, canvas.rays
    first, second = (np.array(colour, np.float32) for colour in scene.ground)
    wide = 5 * scene.view.height + 10
    share = smooth_step(canvas.noise(_HILLS, wide * 3), -0.3, 0.3)[..., None]
    cells = np.sin(rays.x * 6.3 / wide)[..., None] * np.sin(rays.z * 6.3 / wide)[..., None] > 0.2
    share = np.where(cells & (scene.place == "country"), 1 - share, share)
    land = first + share * (second - first)
    if scene.cover != "none":
        land = land + _covered(canvas, wide)[..., None] * (_cover(canvas) - land)
    land = land * (1 + 0.16 * canvas.noise(_MIDDLE, 6) + 0.2 * canvas.noise(_FINE, wide))[..., None]
    road = scene.road
    aside = rays.x - road.bend * rays.z**2
    ahead = np.abs(np.mod(rays.z, road.every) - road.every / 2)
    offset = (
        np.abs(aside) if road.every > 1e5 else np.minimum(np.abs(np.mod(aside, road.every) - road.every / 2), ahead)
    )
    on_road = smooth_step(np.asarray(road.half_width - offset, np.float32), 0, 0.3)
    tone = (
        1
        + road.patch * canvas.noise(_HILLS, 30)
        + 0.6 * road.patch * sampled(canvas.textures.noise[_MIDDLE], aside * 8, rays.z, 90)
    )  # wheels draw their tracks along a road
    tone = tone + 0.12 * canvas.noise(_WHITE, 2.5) + 0.04 * canvas.noise(_FINE, 8)
    paved = np.array(road.colour, np.float32) * tone[..., None]
    paved = paved + _marks(canvas, aside)[..., None] * (np.array(road.mark_bgr, np.float32) - paved)
    land = land + on_road[..., None] * (paved - land)
    return np.asarray(land * scene.air.brightness, np.float32)


def _covered(canvas: _Canvas, wide: float) -> Field:
    """Give where the cover lies, 0-1: all over, or in part."""
    least = float(canvas.chance.choice([-9.0, -0.4, 0.3]))
    return smooth_step(canvas.noise(_HILLS, 4 * wide), least, least + 0.1)


def _cover(canvas: _Canvas) -> Picture:
    scene, chance, rays = canvas.scene, canvas.chance, canvas.rays
    pyramids = canvas.textures.forests if scene.cover == "forest" else canvas.textures.towns
    period = float(chance.uniform(80, 200)) * max(1.0, scene.view.height / 80)
    turn = chance.uniform(0, np.pi)
    x = np.asarray(rays.x * np.cos(turn) + rays.z * np.sin(turn), np.float32)
    z = np.asarray(rays.z * np.cos(turn) - rays.x * np.sin(turn), np.float32)
    # Seen flatly a pixel is much longer than wide: softness follows the root of both.
    flatness = np.maximum(-rays.direction[..., 1], 0.02)
    px_m = np.asarray(rays.distance / scene.view.focal_px / np.sqrt(flatness), np.float32)
    return from_pyramid(pyramids[chance.integers(len(pyramids))], x, z, period, px_m)


def _marks(canvas: _Canvas, aside: Field) -> Field:
    road = canvas.scene.road
    if not road.marks:
        return np.zeros_like(aside)
    edge = np.abs(np.abs(aside) - 0.9 * road.half_width) < 0.09
    lanes = np.abs(np.mod(aside + 1.8, 3.6) - 1.8) < 0.08
    dashes = np.mod(canvas.rays.z + canvas.chance.uniform(0, 9), 9) < 4
    marks = road.marks * (edge | (lanes & dashes & (np.abs(aside) < 0.8 * road.half_width)))
    return np.asarray(cv2.GaussianBlur(marks.astype(np.float32), (0, 0), 0.6), np.float32)


def _mirrored(canvas: _Canvas, painter: Painter, grain: Field) -> Picture:
    """Give what still water would show at each pixel."""
    sky = _sky(canvas.scene.sky, canvas.rays.direction * np.array((1, -1, 1), np.float32), canvas.textures)
    return np.where(painter.mirrored[..., 3:] > 0, textured(painter.mirrored, grain), sky).astype(np.float32)


def _fresnel(canvas: _Canvas) -> Field:
    cosine = np.clip(-canvas.rays.direction[..., 1], 0, 1)
    return np.asarray(WATER_F0 + (1 - WATER_F0) * (1 - cosine) ** 5, np.float32)


def _filmed(canvas: _Canvas, land: Picture, mirrored: Picture) -> Picture:
    """Darken wet ground and let it shine: a film mirrors only blurred upright streaks."""
    water = canvas.scene.water
    if not water.film:
        return land
    streaks = cv2.GaussianBlur(mirrored, (0, 0), sigmaX=2.0, sigmaY=water.film_blur)
    wet = smooth_step(canvas.noise(_HILLS, 40) + 0.6, -0.8, 0.5)
    share = np.clip(water.film * (0.4 + 2.2 * _fresnel(canvas)) * wet, 0, 0.7)[..., None]
    return np.asarray(land * (1 - 0.45 * wet[..., None]) * (1 - share) + share * streaks, np.float32)


def _surface(canvas: _Canvas, mirrored: Picture) -> Picture:
    """Give water as it looks from here."""
    water = canvas.scene.water
    waves = canvas.noise(_MIDDLE, water.ripple_m * 40) + 0.5 * canvas.noise(_HILLS, water.ripple_m * 12)
    nearness = np.clip(10 / np.maximum(canvas.rays.distance, 1), 0.05, 3)
    columns, rows = _pixels(canvas.scene.view.size_hw)
    shift = water.ripple * waves * nearness
    seen = cv2.remap(mirrored, columns + 0.25 * shift, rows + shift, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    share = np.clip(water.mirror * _fresnel(canvas) + 0.01 * water.ripple * waves * nearness, 0, 0.97)[..., None]
    tone = 1 + 0.06 * canvas.noise(_BROAD, 40 * canvas.scene.view.height) + water.streaks * canvas.noise(_HILLS, 25)
    murk = np.array(water.murk, np.float32) * tone[..., None] * canvas.scene.air.brightness
    return np.asarray(murk + share * (seen - murk), np.float32)


def _hazed(canvas: _Canvas, picture: Picture) -> Picture:
    clear = np.exp(-canvas.rays.distance / canvas.scene.air.haze_m)[..., None]
    return np.asarray(clear * picture + (1 - clear) * np.array(canvas.scene.air.haze_bgr, np.float32), np.float32)


def _sky(sky: Sky, direction: NDArray[np.float32], textures: Textures) -> Picture:
    up = np.clip(direction[..., 1], 0, 1)
    horizon, zenith, cloud = (_row(colour) for colour in (sky.horizon, sky.zenith, sky.cloud_bgr))
    plain = horizon + np.sqrt(up)[..., None] * (zenith - horizon)
    lift = np.maximum(up, 0.02)
    # The same clouds for sky and mirror: chance is asked for nothing here.
    x, z = (np.asarray(direction[..., axis] / lift, np.float32) for axis in (0, 2))
    field = sampled(textures.noise[_HILLS], x, z, 12)
    cover = smooth_step(field, 1.2 - 2.4 * sky.clouds, 2.2 - 2.4 * sky.clouds) * np.clip(up * 8, 0, 1)
    shade = 1 - 0.25 * smooth_step(field, 0.5, 2.5)
    return np.asarray(plain + cover[..., None] * (cloud * shade[..., None] - plain), np.float32)


def _row(colour: Colour) -> NDArray[np.float32]:
    return np.array(colour, np.float32)


def _pixels(size_hw: tuple[int, int]) -> tuple[Field, Field]:
    columns, rows = np.meshgrid(np.arange(size_hw[1], dtype=np.float32), np.arange(size_hw[0], dtype=np.float32))
    return columns, rows
