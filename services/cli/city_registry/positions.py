"""Made-up positions for the cameras of a sample city: plausible on a map, and nowhere in truth.

A kecamatan has a centre and a radius, good to about a kilometre, below. Its kelurahan are laid on a sunflower spiral
(the golden angle between two) inside that circle, in the order of their codes; a camera is scattered around its
kelurahan's point. Everything is kept inside the city's bounds.
"""

from __future__ import annotations

import math
import random

SOUTH, NORTH = -7.115, -6.940
WEST, EAST = 110.267, 110.510
"""A box around Semarang without its islands and sea, WGS 84 degrees."""

_KM_PER_DEGREE = 111.2
_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
_SCATTER_KM = 0.35
"""A kelurahan of the inner city is half a kilometre wide: cameras of neighbours may overlap a little."""

_CIRCLES = {
    "33.74.01": (-6.983, 110.420, 0.9),
    "33.74.02": (-6.965, 110.417, 1.5),
    "33.74.03": (-6.977, 110.437, 1.0),
    "33.74.04": (-6.983, 110.450, 1.0),
    "33.74.05": (-6.966, 110.478, 2.2),
    "33.74.06": (-7.008, 110.473, 1.9),
    "33.74.07": (-6.999, 110.425, 1.1),
    "33.74.08": (-7.016, 110.425, 1.0),
    "33.74.09": (-7.010, 110.408, 1.2),
    "33.74.10": (-7.040, 110.463, 2.8),
    "33.74.11": (-7.065, 110.423, 2.3),
    "33.74.12": (-7.075, 110.380, 3.0),
    "33.74.13": (-6.985, 110.390, 1.9),
    "33.74.14": (-7.055, 110.325, 3.3),
    "33.74.15": (-7.005, 110.345, 2.6),
    "33.74.16": (-6.972, 110.325, 2.0),
}
"""Latitude, longitude and radius in km of each kecamatan, read off a map by eye."""


def kelurahan_point(kecamatan_code: str, number: int, count: int) -> tuple[float, float]:
    """Give latitude and longitude for the kelurahan ``number`` (from 0) of ``count`` in a kecamatan."""
    latitude, longitude, radius = _CIRCLES[kecamatan_code]
    distance, angle = radius * math.sqrt((number + 0.5) / count), number * _GOLDEN_ANGLE
    return _moved(latitude, longitude, distance, angle)


def kecamatan_point(kecamatan_code: str) -> tuple[float, float]:
    """Give latitude and longitude of a kecamatan's centre."""
    latitude, longitude, _ = _CIRCLES[kecamatan_code]
    return latitude, longitude


def scattered(chance: random.Random, point: tuple[float, float]) -> tuple[float, float]:
    """Give a place around ``point``, to 5 decimals (1 m)."""
    distance, angle = _SCATTER_KM * math.sqrt(chance.random()), chance.random() * 2 * math.pi
    latitude, longitude = _moved(*point, distance, angle)
    return round(latitude, 5), round(longitude, 5)


def _moved(latitude: float, longitude: float, distance_km: float, angle: float) -> tuple[float, float]:
    north = distance_km * math.sin(angle) / _KM_PER_DEGREE
    east = distance_km * math.cos(angle) / (_KM_PER_DEGREE * math.cos(math.radians(latitude)))
    return min(NORTH, max(SOUTH, latitude + north)), min(EAST, max(WEST, longitude + east))
