from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from schemas.cameras import Effect, EffectName
from services.ingest.registry.file import parse_registry, read_registry_file
from services.ingest.simulation.faults import simulation_faults

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "simulated_cameras.yaml"


@pytest.mark.parametrize(
    ("effect", "key", "word"),
    [
        ({"effect": "rain", "from_seconds": 20, "until_seconds": 20}, "until_seconds", "later"),
        ({"effect": "rain", "until_seconds": 60, "repeat_seconds": 59}, "repeat_seconds", "before its end"),
        ({"effect": "rain", "from_seconds": 60, "repeat_seconds": 60}, "repeat_seconds", "before it begins"),
        ({"effect": "water", "until_seconds": 60, "ramp_seconds": 31}, "ramp_seconds", "at most 30"),
        ({"effect": "water", "repeat_seconds": 60, "ramp_seconds": 61}, "ramp_seconds", "at most 60"),
        ({"effect": "skew"}, "skew_seconds", "needed"),
        ({"effect": "night", "skew_seconds": 3}, "skew_seconds", "not for night"),
        ({"effect": "cover", "strength": 0.0}, "strength", "no cover"),
    ],
)
def test_what_can_not_be_meant_is_found(effect: dict[str, Any], key: str, word: str) -> None:
    [(path, text)] = simulation_faults((Effect(effect="rain"), Effect(**effect)), has_private_zones=False)
    assert path == (1, key)
    assert word in text


def test_a_flood_a_frozen_and_a_skewed_camera_have_no_fault() -> None:
    effects = (
        Effect(effect="water", from_seconds=60, until_seconds=120, ramp_seconds=30, repeat_seconds=120),
        Effect(effect="freeze", strength=0.0),
        Effect(effect="skew", skew_seconds=-90),
    )
    assert simulation_faults(effects, has_private_zones=True) == [
        ((0, "effect"), "water would move what the private zones hide to where they don't hide it")
    ]
    assert simulation_faults(effects, has_private_zones=False) == []


@pytest.mark.parametrize("effect", ["water", "shift", "rotate", "rain", "loss", "defocus", "night"])
def test_what_shows_private_pixels_elsewhere_or_beside_their_zone_is_refused(effect: EffectName) -> None:
    assert simulation_faults((Effect(effect=effect),), has_private_zones=False) == []
    assert len(simulation_faults((Effect(effect=effect),), has_private_zones=True)) == 1


def test_the_registry_tells_it_with_its_line() -> None:
    text = """cameras:
  - camera_id: cam-1
    name: A
    kind: street
    place: {kecamatan: Candisari, kelurahan: Jatingaleh, latitude: -7.03, longitude: 110.42}
    source:
      kind: snapshot
      url: http://10.0.0.1/a.jpg
      simulated:
        - {effect: rain}
        - {effect: skew}
"""
    registry = parse_registry(text, Path("cameras.yaml"))
    assert [(fault.line, fault.path) for fault in registry.faults] == [
        (11, "cameras[0].source.simulated[1].skew_seconds")
    ]


def test_the_example_is_accepted_and_shows_every_effect() -> None:
    registry = read_registry_file(EXAMPLE)
    assert registry.explain() == ""
    shown = {effect.effect for camera in registry.cameras for effect in camera.source.simulated}
    assert shown == {"rain", "water", "cover", "shift", "rotate", "freeze", "defocus", "night", "loss", "skew"}
