"""Where the cameras of the simulated city stand and what they look at: counters, markets, streets and pumps.

Kecamatan and kelurahan are Semarang's official ones, and which of them lie low is a fact; every camera is made up, and
says so in its id (``seed-…``) and in its name ("Simulated …").
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from services.cli.city_registry.areas import Kecamatan
from services.cli.city_registry.positions import kecamatan_point, kelurahan_point, scattered

PREFIX: Final = "seed-"
LEAST_CAMERAS: Final = 40

_COUNTERS, _MARKETS, _PUMPS = 0.19, 0.033, 0.011
"""Parts of all cameras; the rest stand in streets. A city has some 190 offices and three large markets."""
_LOWLAND_STREETS = 4
"""One street of so many is in a kelurahan that lies low: that is where water is watched for."""
_WATER_LOW, _WATER_ELSEWHERE = 0.6, 0.07
_NO_PARKING_CENTRE, _NO_PARKING_ELSEWHERE, _RUSH_ONLY = 0.5, 0.16, 0.4
_LOW = 0.4
_CENTRE = ("Semarang Tengah", "Semarang Selatan", "Semarang Timur")
_MARKET_PLACES = (("Jatingaleh", "Jatingaleh"), ("Karangayu", "Karangayu"), ("Pedurungan", "Pedurungan Tengah"))
_PUMP_PLACES = (
    ("Kali Semarang", "Semarang Utara", "Bandarharjo"),
    ("Tenggang", "Gayamsari", "Tambakrejo"),
    ("Sringin", "Genuk", "Terboyo Wetan"),
    ("Kali Banger", "Semarang Timur", "Kemijen"),
    ("Polder Tawang", "Semarang Utara", "Tanjung Mas"),
    ("Pasar Waru", "Gayamsari", "Kaligawe"),
)
_SOURCES = ("rtsp", "rtsp", "rtsp", "hls", "mjpeg", "snapshot")


class _Lie(NamedTuple):
    """How low a kelurahan lies, 0 to 1, its rough middle where it is known, and whether the tide reaches it."""

    lowness: float
    middle: tuple[float, float] | None = None
    coastal: bool = False


_LIES: Final = {
    ("Semarang Utara", "Tanjung Mas"): _Lie(1.0, (-6.950, 110.425), coastal=True),
    ("Semarang Utara", "Bandarharjo"): _Lie(0.92, (-6.961, 110.418), coastal=True),
    ("Semarang Utara", "Dadapsari"): _Lie(0.8, (-6.968, 110.417)),
    ("Semarang Utara", "Kuningan"): _Lie(0.75, (-6.963, 110.411)),
    ("Semarang Utara", "Panggung Lor"): _Lie(0.7, (-6.960, 110.402)),
    ("Semarang Timur", "Kemijen"): _Lie(0.92, (-6.963, 110.437), coastal=True),
    ("Semarang Timur", "Rejomulyo"): _Lie(0.7, (-6.968, 110.435)),
    ("Semarang Timur", "Mlatibaru"): _Lie(0.65, (-6.970, 110.439)),
    ("Gayamsari", "Kaligawe"): _Lie(0.96, (-6.961, 110.452)),
    ("Gayamsari", "Tambakrejo"): _Lie(0.95, (-6.955, 110.448), coastal=True),
    ("Gayamsari", "Sawah Besar"): _Lie(0.75, (-6.973, 110.452)),
    ("Genuk", "Terboyo Kulon"): _Lie(1.0, (-6.951, 110.467), coastal=True),
    ("Genuk", "Terboyo Wetan"): _Lie(0.97, (-6.953, 110.480), coastal=True),
    ("Genuk", "Trimulyo"): _Lie(0.95, (-6.955, 110.490), coastal=True),
    ("Genuk", "Genuksari"): _Lie(0.85, (-6.968, 110.478)),
    ("Genuk", "Gebangsari"): _Lie(0.85, (-6.966, 110.470)),
    ("Genuk", "Muktiharjo Lor"): _Lie(0.75, (-6.974, 110.467)),
    ("Genuk", "Banjardowo"): _Lie(0.6),
    ("Pedurungan", "Muktiharjo Kidul"): _Lie(0.6),
    ("Pedurungan", "Tlogosari Kulon"): _Lie(0.55),
    ("Semarang Barat", "Krobokan"): _Lie(0.5),
    ("Semarang Barat", "Tawangsari"): _Lie(0.5),
    ("Tugu", "Mangunharjo"): _Lie(0.7, coastal=True),
    ("Tugu", "Mangkang Wetan"): _Lie(0.6),
}


@dataclass(frozen=True, slots=True)
class SeedCamera:
    """A made-up camera. A zone's id is empty where it has no such zone; ``opens`` is "office", "market" or empty."""

    number: int
    camera_id: str
    name: str
    kind: str
    kecamatan: str
    kelurahan: str
    rw: str
    rt: str
    latitude: float
    longitude: float
    source_kind: str
    sample_fps: float
    opens: str = ""
    water_zone: str = ""
    parking_zone: str = ""
    rush_only: bool = False
    lowness: float = 0.0
    coastal: bool = False


class _Spot(NamedTuple):
    kecamatan: str
    kelurahan: str
    slug: str
    point: tuple[float, float]
    lie: _Lie


class _City:
    """Spots in a drawn order, and the chance that everything is drawn by."""

    def __init__(self, areas: Sequence[Kecamatan], seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311  (to be repeatable, not secret)
        self.areas = areas
        self.spots = [spot for area in areas for spot in _spots(area, self.chance)]
        self.chance.shuffle(self.spots)
        self.lowlands = sorted((s for s in self.spots if s.lie.lowness >= _LOW), key=lambda s: -s.lie.lowness)

    def spot(self, kecamatan: str, kelurahan: str) -> _Spot:
        return next(s for s in self.spots if (s.kecamatan, s.kelurahan) == (kecamatan, kelurahan))

    def camera(
        self, spot: _Spot, camera_id: str, name: str, kind: str, sample_fps: float, **more: object
    ) -> SeedCamera:
        latitude, longitude = scattered(self.chance, spot.point)
        fields = {"rw": "", "rt": "", "lowness": spot.lie.lowness, "coastal": spot.lie.coastal} | more
        return SeedCamera(
            number=0,
            camera_id=PREFIX + camera_id,
            name=f"Simulated {name}",
            kind=kind,
            kecamatan=spot.kecamatan,
            kelurahan=spot.kelurahan,
            latitude=latitude,
            longitude=longitude,
            source_kind=self.chance.choice(_SOURCES),
            sample_fps=sample_fps,
            **fields,  # type: ignore[arg-type]
        )


def seed_cameras(areas: Sequence[Kecamatan], count: int, seed: int) -> tuple[SeedCamera, ...]:
    """Give ``count`` cameras, by id. The same arguments give the same ones; any count has every kind."""
    city = _City(areas, seed)
    counters, markets, pumps = round(_COUNTERS * count), round(_MARKETS * count), max(1, round(_PUMPS * count))
    streets = count - counters - markets - pumps
    made = [*_counters(city, counters), *_markets(city, markets), *_pumps(city, pumps), *_streets(city, streets)]
    made.sort(key=lambda camera: camera.camera_id)
    return tuple(_numbered(number, camera) for number, camera in enumerate(made))


def _numbered(number: int, camera: SeedCamera) -> SeedCamera:
    fields = {name: getattr(camera, name) for name in SeedCamera.__slots__}
    return SeedCamera(**fields | {"number": number})


def _spots(area: Kecamatan, chance: random.Random) -> Iterator[_Spot]:
    for number, kelurahan in enumerate(area.kelurahan):
        lie = _LIES.get((area.name, kelurahan.name), _Lie(round(chance.uniform(0.02, 0.2), 3)))
        point = lie.middle or kelurahan_point(area.code, number, len(area.kelurahan))
        yield _Spot(area.name, kelurahan.name, _slug(area.name, kelurahan.name), point, lie)


def _counters(city: _City, count: int) -> Iterator[SeedCamera]:
    """Go round the offices: first each kecamatan's, then each kelurahan's."""
    offices = [(spot, f"kel-{spot.slug}", f"Kelurahan {spot.kelurahan}") for spot in city.spots]
    for area in reversed(city.areas):
        first = city.spot(area.name, area.kelurahan[0].name)._replace(point=kecamatan_point(area.code))
        offices.insert(0, (first, f"kec-{_slug(area.name)}", f"Kecamatan {area.name}"))
    for number in range(count):
        spot, slug, office = offices[number % len(offices)]
        window = number // len(offices) + 1
        yield city.camera(spot, f"loket-{slug}-{window}", f"Loket {window} {office}", "counter", 0.5, opens="office")


def _markets(city: _City, count: int) -> Iterator[SeedCamera]:
    places = [(market, next(s for s in city.spots if s.kelurahan == k)) for market, k in _MARKET_PLACES]
    for number in range(count):
        market, spot = places[number % len(places)]
        nth = number // len(places) + 1
        opens = "market" if nth % 2 else ""
        yield city.camera(
            spot, f"pasar-{_slug(market)}-{nth:02d}", f"Pasar {market} {nth:02d}", "market", 0.5, opens=opens
        )


def _pumps(city: _City, count: int) -> Iterator[SeedCamera]:
    for number in range(count):
        pump, kecamatan, kelurahan = _PUMP_PLACES[number % len(_PUMP_PLACES)]
        nth = number // len(_PUMP_PLACES) + 1
        yield city.camera(
            city.spot(kecamatan, kelurahan), f"pompa-{_slug(pump)}-{nth}", f"Rumah Pompa {pump} {nth}", "pump", 0.2,
            water_zone="channel",
        )  # fmt: skip


def _streets(city: _City, count: int) -> Iterator[SeedCamera]:
    taken: Counter[str] = Counter()
    chance: Callable[[], float] = city.chance.random
    for number in range(count):
        nth, rest = divmod(number, _LOWLAND_STREETS)
        spot = city.spots[(number - nth) % len(city.spots)] if rest else city.lowlands[nth % len(city.lowlands)]
        rw, rt = f"{taken[spot.slug] % 12 + 1:02d}", f"{taken[spot.slug] // 12 + 1:02d}"
        taken[spot.slug] += 1
        water = chance() < (_WATER_LOW if spot.lie.lowness >= _LOW else _WATER_ELSEWHERE)
        parking = chance() < (_NO_PARKING_CENTRE if spot.kecamatan in _CENTRE else _NO_PARKING_ELSEWHERE)
        yield city.camera(
            spot, f"rt-{spot.slug}-{rw}-{rt}", f"RT {rt} RW {rw} {spot.kelurahan}", "street", 0.2,
            rw=rw, rt=rt, water_zone="road" if water else "", parking_zone="kerb" if parking else "",
            rush_only=parking and chance() < _RUSH_ONLY,
        )  # fmt: skip


def _slug(*names: str) -> str:
    """Give names as a part of an id. A kelurahan's name alone is not enough: there are two Purwosari in the city."""
    return "-".join(name.lower().replace(" ", "") for name in names)
