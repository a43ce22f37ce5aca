"""The camera registry: one ``Camera`` per revision, on the topic ``cameras`` for ever.

A revision is never changed. A frame names the revision under which it was taken, and it is judged under that one.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from schemas.codec import JsonCodec
from schemas.geometry import Line, Polygon, Unit

CameraId = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{1,62}[a-z0-9]$(?!\n)")]
Name = Annotated[str, Meta(min_length=1, max_length=120)]
ZoneId = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,47}$(?!\n)")]
ClockTime = Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$(?!\n)")]
IsoDate = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$(?!\n)")]
Seconds = Annotated[float, Meta(ge=0.0, le=86_400.0)]

CameraKind = Literal["counter", "market", "street", "pump"]
SourceKind = Literal["rtsp", "hls", "mjpeg", "snapshot", "file", "stills"]
VehicleClass = Literal["car", "motorcycle", "bus", "truck"]
ZonePurpose = Literal["water", "no_parking", "queue", "staff", "counter_edge", "exclude", "private"]
EffectName = Literal["rain", "water", "cover", "shift", "rotate", "freeze", "defocus", "night", "loss", "skew"]
CameraState = Literal["active", "paused", "removed"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Place(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a camera stands. ``latitude`` and ``longitude`` are WGS 84 degrees."""

    kecamatan: Name
    kelurahan: Name
    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    rw: str = ""
    rt: str = ""


class Effect(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that is simulated on a source's pictures, from ``from_seconds`` until ``until_seconds``.

    Times are seconds since the reader's first sample, or, with ``clock: recorded``, since the first picture's capture
    time; None: for ever. ``repeat_seconds`` above 0 starts the whole over each time that so many seconds have passed
    since then. ``strength`` grows from 0 to its value in ``ramp_seconds`` and falls as slowly at the end (water that
    rises and falls). What it means: how hard it rains; how high ``water`` stands, in nine tenths of the picture's
    height; the part of the picture that is ``cover``ed; by how much of its width ``shift`` moves it, of 45 degrees
    ``rotate`` turns it; how unsharp ``defocus`` and how dark ``night`` makes it; how much ``loss`` damages, half of it
    being the part of pictures that don't come. ``freeze`` and ``skew`` have none; ``skew_seconds`` is for ``skew``
    alone: what the camera's clock is ahead.
    """

    effect: EffectName
    from_seconds: Annotated[float, Meta(ge=0.0)] = 0.0
    until_seconds: Annotated[float, Meta(gt=0.0)] | None = None
    repeat_seconds: Annotated[float, Meta(ge=0.0)] = 0.0
    ramp_seconds: Annotated[float, Meta(ge=0.0)] = 0.0
    strength: Unit = 0.5
    skew_seconds: Annotated[float, Meta(ge=-86_400.0, le=86_400.0)] = 0.0


class Token(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a short-lived token is fetched. It takes the place of ``{token}`` in the source's URL and headers.

    ``field`` leads to it in a JSON answer, names joined by dots; empty: the answer's text is the token. It is fetched
    anew after ``refresh_seconds``, and when the source answers 401 or 403.
    """

    url: Annotated[str, Meta(min_length=1, max_length=2048)]
    field: Annotated[str, Meta(max_length=200)] = ""
    refresh_seconds: Annotated[float, Meta(ge=1.0, le=86_400.0)] = 300.0


class Source(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a camera's pictures come from.

    ``url`` never holds a password: ``secret`` names an entry of the ingest worker's secret store. For ``file`` and
    ``stills`` it is a path. ``clock`` says which time a picture gets: ``wall`` (when it was read, played in real time)
    or ``recorded`` (what the footage says: a still's name, or ``recorded_from_ms`` plus the position in the file).
    ``loop`` starts a file or folder over at its end. ``stale_after_seconds`` bounds how old a picture may be before a
    detector sheds it, counted from its arrival in Kafka. ``transport`` is how RTSP's pictures travel. ``headers`` are
    sent with each HTTP request (``Referer``, ``Origin``; never credentials). ``verify_tls`` off takes any certificate.
    ``simulated`` effects are laid over the pictures, and every frame is then marked as simulated.
    """

    kind: SourceKind
    url: Annotated[str, Meta(min_length=1, max_length=2048)]
    secret: str = ""
    clock: Literal["wall", "recorded"] = "wall"
    recorded_from_ms: Annotated[int, Meta(ge=0)] = 0
    loop: bool = False
    stale_after_seconds: Seconds = 10.0
    transport: Literal["tcp", "udp"] = "tcp"
    headers: dict[str, str] = {}
    token: Token | None = None
    verify_tls: bool = True
    simulated: Annotated[tuple[Effect, ...], Meta(max_length=32)] = ()


class Period(Struct, frozen=True, forbid_unknown_fields=True):
    """A span of the day, Asia/Jakarta: from ``start`` up to, but not including, ``end``; past midnight if smaller."""

    start: ClockTime
    end: ClockTime


class Timetable(Struct, frozen=True, forbid_unknown_fields=True):
    """When a rule holds or a counter is open, Asia/Jakarta. No entry for a weekday: not at all that day.

    On ``holidays`` the periods of ``on_holidays`` hold instead of the weekday's. A period past midnight belongs to the
    day on which it starts.
    """

    weekdays: dict[Weekday, tuple[Period, ...]]
    holidays: tuple[IsoDate, ...] = ()
    on_holidays: tuple[Period, ...] = ()


class Zone(Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the picture with a purpose. ``counter_edge`` has a ``line``, every other purpose a ``polygon``.

    ``timetable`` (of ``no_parking``) says when standing there is forbidden; None means always. ``classes`` are the
    vehicles that it forbids.
    """

    zone_id: ZoneId
    purpose: ZonePurpose
    polygon: Polygon | None = None
    line: Line | None = None
    anchor: Literal["bottom_center", "center"] = "bottom_center"
    classes: tuple[VehicleClass, ...] = ("car", "motorcycle", "bus", "truck")
    timetable: Timetable | None = None

    def __post_init__(self) -> None:
        """Refuse a zone without its shape.

        Raises:
            ValueError: There is none. Decoders make a fault of the entry of it.
        """
        shape = "line" if self.purpose == "counter_edge" else "polygon"
        if getattr(self, shape) is None:
            raise ValueError(f"a zone for {self.purpose} needs a {shape}")


class CounterRule(Struct, frozen=True, forbid_unknown_fields=True):
    """Thresholds of the counter rule, in seconds."""

    presence_bridge_seconds: Seconds = 30.0
    waiting_window_seconds: Seconds = 60.0
    unattended_after_seconds: Seconds = 120.0
    not_open_after_seconds: Seconds = 600.0
    after_hours_after_seconds: Seconds = 60.0


class ParkingRule(Struct, frozen=True, forbid_unknown_fields=True):
    """Thresholds of the parking rule."""

    match_iou: Unit = 0.5
    stationary_window_seconds: Seconds = 30.0
    stationary_box_heights: Annotated[float, Meta(gt=0, le=10)] = 0.25
    bridge_seconds: Seconds = 60.0
    grace_seconds: Seconds = 300.0
    return_seconds: Seconds = 180.0


class FloodRule(Struct, frozen=True, forbid_unknown_fields=True):
    """Thresholds of the flood rule; ratios of the water zone's grid cells."""

    onset_ratio: Unit = 0.15
    onset_seconds: Seconds = 120.0
    cleared_ratio: Unit = 0.05
    cleared_seconds: Seconds = 300.0
    median_seconds: Annotated[float, Meta(gt=0.0, le=86_400.0)] = 60.0
    baseline_hours: Annotated[float, Meta(gt=0, le=720)] = 24.0
    low_reliability: Unit = 0.3


class Rules(Struct, frozen=True, forbid_unknown_fields=True):
    """What a camera sets differently from the defaults of ``docs/semantics.md``."""

    counter: CounterRule = CounterRule()
    parking: ParkingRule = ParkingRule()
    flood: FloodRule = FloodRule()


class Approval(Struct, frozen=True, forbid_unknown_fields=True):
    """Who approved that a camera's pictures are public, and when (ms since 1970). See ADR 0011."""

    approved_by: Annotated[str, Meta(min_length=1, max_length=120)]
    approved_at_ms: Annotated[int, Meta(ge=0)]


class Camera(Struct, frozen=True, forbid_unknown_fields=True):
    """One revision of one camera's entry in the registry. Key: ``camera_id``.

    ``public`` holds only together with ``approval``: see ``is_public``. ``record`` keeps anonymised minutes,
    ``record_original`` besides the pictures as they were captured, encrypted.
    """

    camera_id: CameraId
    revision: Annotated[int, Meta(ge=1)]
    name: Name
    kind: CameraKind
    place: Place
    source: Source
    sample_fps: Annotated[float, Meta(gt=0.0, le=25.0)] = 1.0
    zones: Annotated[tuple[Zone, ...], Meta(max_length=64)] = ()
    opening_hours: Timetable | None = None
    rules: Rules = Rules()
    tiles: Literal["1x1", "2x2"] = "1x1"
    anonymisation: Literal["persons", "heads"] = "persons"
    retention_days: Annotated[int, Meta(ge=0, le=3650)] = 7
    record: bool = False
    public: bool = False
    state: CameraState = "active"
    approval: Approval | None = None
    record_original: bool = False

    @property
    def is_public(self) -> bool:
        """Tell whether the portal may show it: a person has approved it, and it was not removed."""
        return self.public and self.approval is not None and self.state != "removed"

    @property
    def sampling_period_ms(self) -> float:
        """Give the time between two samples, in milliseconds."""
        return 1000.0 / self.sample_fps

    @property
    def has_water_zone(self) -> bool:
        """Tell whether detectors are asked for a water grid."""
        return any(zone.purpose == "water" for zone in self.zones)


def same_entry(a: Camera, b: Camera) -> bool:
    """Tell whether two revisions say the same of a camera."""
    return msgspec.structs.replace(a, revision=b.revision) == b


CAMERA_CODEC: JsonCodec[Camera] = JsonCodec(Camera)
