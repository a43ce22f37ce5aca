"""Which pictures are decoded for a sample, for cameras whose keyframes are frequent, rare, or change their pace."""

from __future__ import annotations

from services.ingest.rtsp.access_units import AccessUnit
from services.ingest.rtsp.sampled_units import SampledUnits, Wanted

FPS = 10


class Camera:
    """Sends a picture every 0.1 s; ``gop`` may be changed on the way. Samples are 1 s apart."""

    def __init__(self, gop: int, most_bytes: int = 1_000_000) -> None:
        self.gop = gop
        self.number = 0
        self.units = SampledUnits(1.0, 90_000, most_bytes)
        self._since_key = 0

    def send(self, seconds: float, follows: bool = True, holes: int = 0) -> None:
        for _ in range(round(seconds * FPS)):
            key = self.number == 0 or self._since_key >= self.gop
            self._since_key = 1 if key else self._since_key + 1
            arrived = self.number / FPS
            data = b"K" if key else b"p"
            if key or self.units.mode != "keyframes":
                self.units.take(AccessUnit(data, key, self.number * 9_000, arrived, follows, holes))
            self.number += 1

    @property
    def mode(self) -> str:
        return self.units.mode

    @property
    def now(self) -> float:
        return (self.number - 1) / FPS

    def sample(self) -> Wanted | None:
        """Ask as a reader does whose sample is due now, without waiting."""
        wanted = self.units.wanted(self.now - 0.5, self.now)
        if wanted is None:
            self.units.end_sample(self.now)
        return wanted


def told(wanted: Wanted | None) -> str:
    return b"".join(unit.data for unit in wanted.units).decode() if wanted is not None else ""


def test_frequent_keyframes_are_all_that_is_decoded_and_each_is_given_once() -> None:
    camera = Camera(gop=10)
    given = []
    camera.send(0.1)
    for _ in range(4):
        given.append(told(camera.sample()))
        assert camera.sample() is None
        camera.send(1.0)
    assert camera.mode == "keyframes"
    assert set(given) == {"K"}
    assert camera.units.keyframe_seconds == 1.0


def test_the_newest_of_several_keyframes_is_given() -> None:
    camera = Camera(gop=3)
    camera.send(1.0)
    wanted = camera.sample()
    assert wanted is not None
    assert wanted.units[0].arrived == 0.9


def test_rare_keyframes_have_every_picture_decoded_from_the_first_on() -> None:
    camera = Camera(gop=60)
    camera.send(0.1)
    assert told(camera.sample()) == "K"
    camera.send(1.2)
    assert camera.sample() is None, "a keyframe may still come in time"
    camera.send(0.2)
    wanted = camera.sample()
    assert told(wanted) == "K" + 14 * "p"
    assert wanted is not None
    assert (wanted.restart, wanted.chained, camera.mode) == (True, True, "all")
    camera.send(1.0)
    wanted = camera.sample()
    assert told(wanted) == 10 * "p"
    assert wanted is not None
    assert not wanted.restart


def test_what_comes_before_a_new_keyframe_is_not_decoded_any_more() -> None:
    camera = Camera(gop=20)
    camera.send(2.0)
    assert camera.units.wanted(0.0, 1.9) is not None
    camera.send(2.0)
    camera.sample()
    camera.send(0.3)
    wanted = camera.sample()
    assert told(wanted) == "Kpp"
    assert wanted is not None
    assert wanted.restart


def test_a_loss_ends_the_chain_until_the_next_keyframe() -> None:
    camera = Camera(gop=30)
    camera.send(2.0)
    camera.sample()
    camera.send(0.1, follows=False, holes=1)
    camera.send(0.8, holes=1)
    assert camera.sample() is None
    camera.send(0.3, holes=1)
    assert told(camera.sample()) == "Kp"


def test_between_keyframes_with_a_loss_nothing_is_measured() -> None:
    camera = Camera(gop=10)
    camera.send(2.1)
    assert camera.mode == "keyframes"
    camera.gop = 20
    camera.send(2.0, holes=1)
    assert camera.mode == "keyframes"
    assert camera.units.keyframe_seconds == 1.0


def test_keyframes_that_become_rare_and_frequent_again_change_the_way_of_decoding() -> None:
    camera = Camera(gop=10)
    camera.send(3.1)
    camera.sample()
    camera.gop = 30
    camera.send(1.5)
    assert camera.sample() is None
    assert camera.mode == "all"
    camera.send(1.5)
    assert told(camera.sample()) == "K"
    camera.gop = 10
    camera.send(2.0)
    assert camera.mode == "all", "one keyframe more may be a scene that has changed"
    camera.send(2.0)
    assert camera.mode == "keyframes"


def test_units_are_not_kept_without_end() -> None:
    camera = Camera(gop=1_000, most_bytes=10_000)
    camera.send(10.0)
    assert camera.units.wanted(0.0, camera.now) is not None, "the keyframe itself"
    assert camera.sample() is None
    camera.gop = 1
    camera.send(0.1)
    assert told(camera.sample()) == "K"


def test_pictures_without_a_keyframe_are_noticed() -> None:
    assert not SampledUnits(1.0, 90_000, 1_000).lacks_keyframe
    units = SampledUnits(1.0, 90_000, 1_000)
    units.take(AccessUnit(b"p", False, 0, 0.0, False, 0))
    assert units.lacks_keyframe
    assert units.wanted(0.0, 10.0) is None
