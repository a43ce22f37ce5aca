"""Packet loss: rows of macroblocks smeared, grey or out of place. Pictures that don't come at all: ``schedule.py``."""

from __future__ import annotations

import numpy as np

from services.ingest.simulation.textures import ImageRgb, chance

MACROBLOCK_PX = 16
"""Source: ITU-T H.264, 3.84: a macroblock has 16 x 16 samples of luma."""

_MOST_BURSTS = 7


def draw_loss(image_rgb: ImageRgb, strength: float, at_seconds: float, seed: int) -> ImageRgb:
    """Damage runs of macroblocks, more and longer ones with more strength; others in each picture."""
    damaged_rgb = image_rgb.copy()
    random = chance(seed, "loss", at_seconds)
    rows = damaged_rgb.shape[0] // MACROBLOCK_PX
    for _ in range(random.binomial(_MOST_BURSTS, min(1.0, 0.15 + 0.85 * strength))):
        first = int(random.integers(0, rows))
        last = min(rows - 1, first + int(random.integers(0, 1 + round(5 * strength))))
        _damage(damaged_rgb, random, first, last)
    return damaged_rgb


def _damage(image_rgb: ImageRgb, random: np.random.Generator, first: int, last: int) -> None:
    """Damage the rows of macroblocks from within the first one to the end of the last one, as a lost slice does."""
    width = image_rgb.shape[1]
    start = int(random.integers(0, max(1, width // MACROBLOCK_PX))) * MACROBLOCK_PX
    how = random.random()
    for row in range(first, last + 1):
        top = row * MACROBLOCK_PX
        block = image_rgb[top : top + MACROBLOCK_PX, start if row == first else 0 :]
        if how < 0.45:
            _smear(image_rgb, block, top)
        elif how < 0.70:
            block[:] = _grey(block, random)
        else:
            _displace(block, random)


def _smear(image_rgb: ImageRgb, block: ImageRgb, top: int) -> None:
    """Repeat the last good line downwards, as concealment by the line above does."""
    line = image_rgb[max(0, top - 1), image_rgb.shape[1] - block.shape[1] :].copy()
    block[:] = line[None]


def _grey(block: ImageRgb, random: np.random.Generator) -> ImageRgb:
    """Give the grey that a decoder predicts from nothing, with the residue that did arrive on it."""
    macroblocks = -(-block.shape[1] // MACROBLOCK_PX)
    tint = random.integers(-10, 11, (1, macroblocks, 3)).repeat(MACROBLOCK_PX, axis=1)[:, : block.shape[1]]
    residue = (block.astype(np.int16) - block.mean(axis=0, keepdims=True).astype(np.int16)) // 2
    return np.asarray(np.clip(128 + tint + residue, 0, 255), np.uint8)


def _displace(block: ImageRgb, random: np.random.Generator) -> None:
    """Take each macroblock's content from a wrong place, and coarsely: motion vectors without their reference."""
    coarse = block[::4, ::4].repeat(4, axis=0)[: block.shape[0]].repeat(4, axis=1)[:, : block.shape[1]]
    moved = np.roll(coarse, int(random.integers(1, 8)) * MACROBLOCK_PX // 2, axis=1)
    block[:] = moved
