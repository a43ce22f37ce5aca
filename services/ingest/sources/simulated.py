"""Any other source with simulated effects laid over its pictures: for tests, demonstrations and the city simulator."""

from __future__ import annotations

import hashlib

import msgspec

from schemas.cameras import Source as SourceEntry
from services.ingest.decoding.jobs import Decoded, Rework
from services.ingest.simulation.schedule import HoldingEffect, holding, loses_picture
from services.ingest.source import Picture, Sample, SourceTools, make_source

_NOT_DRAWN = ("freeze", "skew")


class SimulatedSource:
    """See ``source.Source``. All that is not said here is as the source of the entry without ``simulated`` does it.

    The time of the effects is that since the reader's first sample, or, with ``clock: recorded``, since its first
    picture's capture time; it goes on when the camera is connected anew. While no effect holds, pictures pass
    untouched. ``freeze`` gives the picture that was given last, byte for byte, with new capture times; the source
    behind it is read all the same. ``skew`` moves capture times by ``skew_seconds``, and while it ramps by less.
    ``loss`` gives no picture for some samples.
    """

    def __init__(self, entry: SourceEntry, tools: SourceTools) -> None:
        self._entry = entry
        self._inner = make_source(msgspec.structs.replace(entry, simulated=()), tools)
        self.stall_means_broken = self._inner.stall_means_broken
        self.facts = self._inner.facts
        self._decoding = tools.decoding
        self._memory = tools.simulation
        self._freezes = any(effect.effect == "freeze" for effect in entry.simulated)
        # By the URL: the same camera looks the same in every run, two cameras do not.
        self._seed = int.from_bytes(hashlib.blake2b(entry.url.encode(), digest_size=4).digest())
        self._stream = tools.decoding.new_stream("simulated")

    async def open(self) -> None:
        """Open the source behind it."""
        await self._inner.open()

    async def read(self, sample: Sample) -> Picture | None:
        """Give the picture behind it with the effects that hold; None where it has none, or loses it."""
        if self._entry.clock == "wall":
            self._memory.seconds_at(sample.due)  # a camera that gives nothing at first has begun all the same
        picture = await self._inner.read(sample)
        if picture is None:
            return None
        now = picture.captured_at_ms / 1000 if self._entry.clock == "recorded" else sample.due
        held = holding(self._entry.simulated, self._memory.seconds_at(now))
        if any(one.effect.effect == "loss" and loses_picture(one.strength, one.at_seconds, self._seed) for one in held):
            return None
        jpeg = await self._shown(picture.jpeg, held)
        if self._freezes:
            self._memory.shown = jpeg
        return Picture(jpeg, picture.captured_at_ms + _skew_ms(held))

    async def close(self) -> None:
        """Close the source behind it."""
        await self._inner.close()

    async def _shown(self, jpeg: bytes, held: tuple[HoldingEffect, ...]) -> bytes:
        """Give what is seen instead of ``jpeg``."""
        if self._memory.shown and any(one.effect.effect == "freeze" for one in held):
            return self._memory.shown
        drawn = tuple((one.effect, one.strength, one.at_seconds) for one in held if one.effect.effect not in _NOT_DRAWN)
        if not drawn:
            return jpeg
        return (await self._decoding.run(self._stream, Rework(jpeg, drawn, self._seed), Decoded)).jpeg


def _skew_ms(held: tuple[HoldingEffect, ...]) -> int:
    return sum(round(one.effect.skew_seconds * one.level * 1000) for one in held if one.effect.effect == "skew")
