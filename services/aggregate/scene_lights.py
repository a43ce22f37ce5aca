"""What a camera's view looks like in the lights that are known, and what is wrong with a frame that fits none of them.

A light is the view in one light: the bits of the signature that hold in it, and its levels. The light of now is
followed, so that sun, shadows and dusk change it; from frames without fault alone, so that another view can't become
it. Lights that were are kept: the same morning comes again.

Thresholds were chosen on the clip of a street with kerbside cars, on TUD-Campus and on the first day of the time-lapse,
unaltered and altered by ingest's simulation. There was no footage of a night.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp
from typing import Final, Literal

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from schemas.camera_events import SceneFacts
from schemas.episodes import Crossing

Kind = Literal["shifted", "covered", "defocused", "dark", "frozen"]

BITS: Final = 256
LEARNING_FRAMES: Final = 5
LEARNING_MS: Final = 60_000
"""Before so many frames, and so much time that they observe, there is nothing to compare with."""
VIEW_MS: Final = 900_000
"""Time constant of following the bits. Of 5, 10, 15, 30 and 60 minutes, 10 and 15 lost fewest bits in the time-lapse's
first day."""
LEVELS_MS: Final = 120_000
"""Time constant of following luma and contrast. At the equator dusk takes light to a tenth in some 12 minutes: what is
followed so fast is then at .6 of what it was, far from ``DARK_RATIO``."""
DETAIL_MS: Final = 3_600_000
"""Time constant of following detail: dew on a lens comes slower than light goes."""
FOLLOWED_EVERY_MS: Final = 5_000
"""Bits are followed in steps of so long, for that takes ten times as long as judging a frame."""
MOST_LIGHTS: Final = 6
"""Dawn, sun, cloud, dusk, night, and one to spare; the oldest goes."""
NEW_LIGHT_RATIO: Final = 0.12
"""A light that differs in so many bits from each known one is new: half of what makes a frame suspect."""

STEADY_RATIO: Final = 0.9
"""A bit counts if it is the same in so many frames. At .75 and .85 noise and shadows lose more."""
FEWEST_STEADY: Final = 32
"""With fewer bits the share that is lost says nothing: another view keeps half of them, give or take .18 (two standard
deviations). Any picture would fit a light with fewer, so none is kept."""
LOST_RATIO: Final = 0.24
"""From so many steady bits lost it is another view. One that was moved by a twentieth of its width or turned by 9
degrees loses .26 and more; light, rain and traffic cost up to .20."""
BRIGHTENED_RATIO: Final = 0.15
"""Of the steady bits that are 0, so many must be lost as well. A bit is 1 where a cell is brighter than its neighbour:
what makes cells equal (darkness, light beyond what the sensor takes) loses those that are 1. A light that is doubled
costs up to half of them, and .1 of the others; another view, or something before it, costs .2 and more of those."""
HAZE_CONTRAST: Final = 0.7
HAZE_LUMA: Final = 0.75
HAZE_LOST_RATIO: Final = 0.30
"""Where contrast falls to the first and light stays above the second, there is rain or haze, and weak edges go under in
it: so many bits must be lost then. The heaviest simulated rain costs up to .25."""
COVERED_LUMA: Final = 0.8
COVERED_SHARPNESS: Final = 0.6
COVERED_BLANK: Final = 0.25
"""Another view has about as many edges and as much light as the one before. One that is covered loses both (to the
first two), or nearly all edges (to the third)."""
DETAIL_RATIO: Final = 0.3
"""Detail is sharpness by contrast squared: light, fog and exposure leave it nearly alone. Out of focus by a disc of 11
px at 1280 px width leaves .1 to .25 of it; the heaviest simulated rain .7 and more, a day of shadows .45 and more."""
DARK_RATIO: Final = 0.35
"""Of the light of the last minutes. Automatic exposure makes good for far smaller steps."""
DARK_LOST_RATIO: Final = 0.32
"""Little light costs bits by noise, up to so many; where more are lost, something is before the lens."""
BLACK_LUMA: Final = 0.02
BLANK_CONTRAST: Final = 0.015
"""5 and 4 of 255, about a sensor's own noise: nothing can be seen, whatever came before."""

_FULL: Final = 65_535
_SHARE: Final = np.dtype("<u2")


class Light(Struct, frozen=True, array_like=True, gc=False):
    """The view in one light.

    ``bits`` and ``steady`` are 32 bytes each: the signature, and which bits of it hold. ``luma`` and ``contrast`` are
    as in ``SceneFacts``, ``detail`` is sharpness / contrast².
    """

    bits: bytes
    steady: bytes
    luma: float
    contrast: float
    detail: float


class View(Struct, array_like=True):
    """All that is known of a camera's view.

    Attributes:
        learned: Frames that it was learned from at first.
        learned_ms: Time that they observe, up to ``LEARNING_MS``.
        unfollowed_ms: Time observed since the bits were last followed.
        shares: How often each bit of the signature is 1, of 65,535: 16 bits each, the lower byte first, in the order of
            the signature. Nothing before the first frame.
        now: The light of now, None before the first frame.
        is_present: Whether ``now`` is of the last minute, so that darkness in it came at once and is no dusk.
        lights: Lights that were, the oldest first.
    """

    learned: int = 0
    learned_ms: int = 0
    unfollowed_ms: int = 0
    shares: bytes = b""
    now: Light | None = None
    is_present: bool = False
    lights: list[Light] = field(default_factory=list)

    @property
    def is_learned(self) -> bool:
        """Tell whether a frame can be compared with it."""
        return self.learned >= LEARNING_FRAMES and self.learned_ms >= LEARNING_MS


class Fault(Struct, frozen=True, gc=False):
    """What is wrong with a frame, and the figure that says so."""

    kind: Kind
    why: Crossing


class Look(Struct, frozen=True, gc=False):
    """What a frame looks like: what is wrong with it, or else the known light that it fits; None: none is known yet."""

    fault: Fault | None
    light: Light | None


class Loss(Struct, frozen=True, gc=False):
    """Which part of a light's steady bits a frame has not: of all of them, and of those that are 0."""

    bits: float
    zeros: float


def look_at(view: View, facts: SceneFacts) -> Look:
    """Compare a frame with the view. A night that is known explains no darkness that comes at once."""
    if facts.contrast < BLANK_CONTRAST:
        if facts.luma < BLACK_LUMA:
            return Look(_fault("dark", "luma", facts.luma, BLACK_LUMA), None)
        return Look(_fault("covered", "contrast", facts.contrast, BLANK_CONTRAST), None)
    if view.now is None or not view.is_learned:
        return _NOTHING_KNOWN
    signature = int(facts.signature, 16)
    fault = _fault_in(view.now, facts, _loss(view.now, signature))
    if fault is None:
        return Look(None, view.now)
    light = None if fault.kind == "dark" and view.is_present else _light_that_fits(view, facts, signature)
    return Look(None, light) if light is not None else Look(fault, None)


def follow(view: View, facts: SceneFacts, light: Light | None, observed_ms: int) -> None:
    """Follow the light of a frame without fault, which comes ``observed_ms`` of observed time after the one before.

    ``light`` is the known one that the frame fits. Where it is not that of now, the view begins from it: a lamp is on,
    as each evening.
    """
    if light is None:
        _learn(view, facts, observed_ms)
        return
    if light is not view.now:
        view.now, view.shares = light, _seeded(light)
    view.is_present = True
    view.unfollowed_ms += observed_ms
    if view.unfollowed_ms >= FOLLOWED_EVERY_MS:
        _follow_bits(view, facts, _gain(view.unfollowed_ms, VIEW_MS))
        view.unfollowed_ms = 0
        _keep_new_light(view)
    _follow_levels(view, facts, _gain(observed_ms, LEVELS_MS), _gain(observed_ms, DETAIL_MS))


def learn_anew(view: View) -> None:
    """Learn the view from the next frames; lights that were stay known."""
    _keep_new_light(view)
    view.learned = view.learned_ms = view.unfollowed_ms = 0
    view.shares, view.now, view.is_present = b"", None, False


def _fault_in(light: Light, facts: SceneFacts, loss: Loss) -> Fault | None:
    luma = facts.luma / max(light.luma, 1 / 255)
    if luma <= DARK_RATIO and (loss.bits < DARK_LOST_RATIO or loss.zeros < BRIGHTENED_RATIO):
        return _fault("dark", "luma_of_usual", luma, DARK_RATIO)
    in_haze = facts.contrast <= HAZE_CONTRAST * light.contrast and luma >= HAZE_LUMA
    most = HAZE_LOST_RATIO if in_haze else LOST_RATIO
    if loss.bits >= most and loss.zeros >= BRIGHTENED_RATIO:
        sharpness = facts.sharpness / max(light.detail * light.contrast**2, 1e-6)
        dimmed = luma <= COVERED_LUMA and sharpness <= COVERED_SHARPNESS
        kind: Kind = "covered" if dimmed or sharpness <= COVERED_BLANK else "shifted"
        return _fault(kind, "view_lost", loss.bits, most)
    detail = _detail(facts) / max(light.detail, 1e-6)
    if detail <= DETAIL_RATIO:
        return _fault("defocused", "detail_of_usual", detail, DETAIL_RATIO)
    return None


def _fault(kind: Kind, name: str, value: float, threshold: float) -> Fault:
    return Fault(kind, Crossing(name=name, value=round(value, 4), threshold=threshold, unit="ratio"))


def _light_that_fits(view: View, facts: SceneFacts, signature: int) -> Light | None:
    """Give the light that was in which nothing is wrong with a frame; it is about as bright, or says nothing of it."""
    for light in view.lights:
        is_like = facts.luma * DARK_RATIO < max(light.luma, 1 / 255)
        if is_like and _fault_in(light, facts, _loss(light, signature)) is None:
            return light
    return None


def _learn(view: View, facts: SceneFacts, observed_ms: int) -> None:
    """Take a frame into the plain mean of those before it."""
    view.learned_ms = min(LEARNING_MS, view.learned_ms + observed_ms)
    view.learned += 1
    view.is_present = True
    if view.now is None:
        view.shares = _packed(np.full(BITS, _FULL // 2))
        view.now = Light(b"", b"", facts.luma, facts.contrast, _detail(facts))
    _follow_bits(view, facts, 1 / view.learned)
    _follow_levels(view, facts, 1 / view.learned, 1 / view.learned)


def _keep_new_light(view: View) -> None:
    """Keep the light of now among those that were, if it is unlike them and enough bits hold in it."""
    now = view.now
    if now is None or not view.is_learned or _number(now.steady).bit_count() < FEWEST_STEADY:
        return
    if all(_difference(now, one) > NEW_LIGHT_RATIO for one in view.lights):
        view.lights = [*view.lights, now][-MOST_LIGHTS:]


def _seeded(light: Light) -> bytes:
    """Give the shares of a light of which only its bits are known: half-way into what counts as steady, or even."""
    ones = _FULL * (1 + STEADY_RATIO) / 2
    known = np.where(_unpacked(light.bits), round(ones), round(_FULL - ones))
    return _packed(np.where(_unpacked(light.steady), known, _FULL // 2))


def _follow_bits(view: View, facts: SceneFacts, gain: float) -> None:
    assert view.now is not None
    shares = np.frombuffer(view.shares, _SHARE).astype(np.float64)  # whole numbers, which doubles hold
    wanted = np.unpackbits(np.frombuffer(bytes.fromhex(facts.signature), np.uint8)).astype(np.float64) * _FULL
    shares += np.rint((wanted - shares) * gain)
    steady = np.maximum(shares, _FULL - shares) >= STEADY_RATIO * _FULL
    now = view.now
    view.shares = shares.astype(_SHARE).tobytes()
    view.now = Light(
        np.packbits(shares > _FULL // 2).tobytes(), np.packbits(steady).tobytes(), now.luma, now.contrast, now.detail
    )


def _unpacked(signature: bytes) -> NDArray[np.int64]:
    """Give the 256 bits of a signature, shape (256,), in its order."""
    return np.unpackbits(np.frombuffer(signature, np.uint8)).astype(np.int64)


def _packed(shares: NDArray[np.int64]) -> bytes:
    return shares.astype(_SHARE).tobytes()


def _follow_levels(view: View, facts: SceneFacts, levels: float, detail: float) -> None:
    now = view.now
    assert now is not None
    view.now = Light(
        now.bits,
        now.steady,
        now.luma + (facts.luma - now.luma) * levels,
        now.contrast + (facts.contrast - now.contrast) * levels,
        now.detail + (_detail(facts) - now.detail) * detail,
    )


@lru_cache(maxsize=4_096)  # cameras have few periods
def _gain(passed_ms: float, constant_ms: float) -> float:
    return 1 - exp(-passed_ms / constant_ms)


def _detail(facts: SceneFacts) -> float:
    return facts.sharpness / max(facts.contrast, BLANK_CONTRAST) ** 2


def _loss(light: Light, signature: int) -> Loss:
    """Compare a signature with a light; nothing is lost where too few bits are steady."""
    ones, zeros, steady_count, zero_count = _steady_bits(light.bits, light.steady)
    if steady_count < FEWEST_STEADY:
        return _NOTHING_LOST
    lost_zeros = zeros & signature
    lost_count = (ones & ~signature).bit_count() + lost_zeros.bit_count()
    return Loss(lost_count / steady_count, lost_zeros.bit_count() / (zero_count or 1))


@lru_cache(maxsize=8_192)  # bits are followed every few frames only
def _steady_bits(bits: bytes, steady: bytes) -> tuple[int, int, int, int]:
    """Give a light's steady ones and its steady zeros, the number of both together and that of the zeros."""
    held, steady_bits = _number(bits), _number(steady)
    ones, zeros = steady_bits & held, steady_bits & ~held
    return ones, zeros, steady_bits.bit_count(), zeros.bit_count()


def _difference(one: Light, other: Light) -> float:
    """Give the share of the bits steady in both that differ."""
    steady = _number(one.steady) & _number(other.steady)
    return (steady & (_number(one.bits) ^ _number(other.bits))).bit_count() / max(1, steady.bit_count())


def _number(signature: bytes) -> int:
    return int.from_bytes(signature)


_NOTHING_KNOWN: Final = Look(None, None)
_NOTHING_LOST: Final = Loss(0.0, 0.0)
