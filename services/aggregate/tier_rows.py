"""The hourly tiers: what minutes add up to, kept when the minutes are gone. ClickHouse fills them from the minutes.

Sums and maxima only, so that hours add up to days, weeks and places. Statistics rest on valid minutes without simulated
pictures ("valid minutes" below); what was not valid or simulated is counted apart, and what was not observed stays
visible: a minute without any frame has no row. What became of frames is told of all minutes.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from schemas.table import COUNT, REAL, REVISION, TIME, Column, Row
from services.aggregate.row_columns import CameraIdColumn, ZoneIdColumn

HourColumn = Annotated[int, Column(TIME, "Start of the hour of capture time, aligned to UTC")]
MinutesColumn = Annotated[int, Column(REVISION, "Minutes with a current row, at most 60; 0: no such row any more")]
ValidMinutesColumn = Annotated[
    int, Column(REVISION, "Those of them that are valid and not simulated; the statistics rest on these")
]
SimulatedMinutesColumn = Annotated[int, Column(REVISION, "Those of them with simulated pictures; in no statistics")]
ObservedColumn = Annotated[float, Column(REAL, "Seconds that frames observed, of all minutes")]
ExpectedColumn = Annotated[float, Column(REAL, "Seconds that should have been observed, of the minutes with a row")]
ValidObservedColumn = Annotated[float, Column(REAL, "Seconds that frames observed in valid minutes")]
ReadUntilColumn = Annotated[
    int, Column(COUNT, "Largest wins: until when (ms since 1970) every insertion into the minutes has been read", True)
]


class CameraHourRow(Row, frozen=True, kw_only=True):
    """What became of a camera's frames of one hour: the sums of its current minutes."""

    TABLE: ClassVar[str] = "camera_hours"
    KEY: ClassVar[tuple[str, ...]] = ("camera_id", "hour")

    camera_id: CameraIdColumn
    hour: HourColumn
    minutes: MinutesColumn
    valid_minutes: ValidMinutesColumn
    simulated_minutes: SimulatedMinutesColumn
    frames: Annotated[int, Column(COUNT, "Frames with an outcome: the sum of the next six")]
    detected: Annotated[int, Column(COUNT, "Judged by a detector")]
    shed_stale: Annotated[int, Column(COUNT, "Shed: too old when a detector came to it")]
    shed_overload: Annotated[int, Column(COUNT, "Shed: the detectors had more than they could do")]
    dead_undecodable: Annotated[int, Column(COUNT, "Dead letter: not a picture")]
    dead_refused: Annotated[int, Column(COUNT, "Dead letter: a picture beyond the bounds")]
    expired: Annotated[int, Column(COUNT, "No outcome that could be taken: inferred from gaps in the sequence")]
    clock_skewed: Annotated[int, Column(COUNT, "Frames whose capture time ran ahead")]
    observed_s: ObservedColumn
    expected_s: ExpectedColumn
    version: ReadUntilColumn


class CounterHourRow(Row, frozen=True, kw_only=True):
    """Queue and staff of a counter in one hour, over valid minutes that did not begin outside its opening hours."""

    TABLE: ClassVar[str] = "counter_hours"
    KEY: ClassVar[tuple[str, ...]] = ("camera_id", "hour")

    camera_id: CameraIdColumn
    hour: HourColumn
    minutes: MinutesColumn
    valid_minutes: ValidMinutesColumn
    simulated_minutes: SimulatedMinutesColumn
    open_minutes: Annotated[int, Column(REVISION, "Valid minutes that began in opening hours, or where none are set")]
    queue_s: Annotated[float, Column(REAL, "Seconds observed of the queue in them")]
    queue_person_s: Annotated[float, Column(REAL, "People in the queue times seconds; by queue_s it is the mean queue")]
    queue_max: Annotated[int, Column(COUNT, "Largest number of people in the queue in a frame of them")]
    staff_s: Annotated[float, Column(REAL, "Seconds observed of the staff zone in them")]
    staffed_s: Annotated[float, Column(REAL, "Those of them with a person in it; by staff_s it is the staffed ratio")]
    served_minutes: Annotated[int, Column(REVISION, "Those of the minutes in which people served can be counted")]
    served: Annotated[int, Column(COUNT, "People served in these")]
    observed_s: ObservedColumn
    expected_s: ExpectedColumn
    version: ReadUntilColumn


class ParkingHourRow(Row, frozen=True, kw_only=True):
    """Vehicles in a no-parking zone in one hour, over valid minutes that began while parking was forbidden."""

    TABLE: ClassVar[str] = "parking_hours"
    KEY: ClassVar[tuple[str, ...]] = ("camera_id", "zone_id", "hour")

    camera_id: CameraIdColumn
    zone_id: ZoneIdColumn
    hour: HourColumn
    minutes: MinutesColumn
    valid_minutes: ValidMinutesColumn
    simulated_minutes: SimulatedMinutesColumn
    forbidden_minutes: Annotated[int, Column(REVISION, "Valid minutes that began while parking was forbidden")]
    forbidden_s: Annotated[float, Column(REAL, "Seconds that frames observed in them")]
    vehicle_seconds: Annotated[float, Column(REAL, "Vehicles times seconds in them; by forbidden_s it is the mean")]
    vehicles_max: Annotated[int, Column(COUNT, "Largest number of vehicles in a frame of them")]
    cases_open_max: Annotated[int, Column(COUNT, "Largest number of parking cases open at one frame of them")]
    observed_s: ObservedColumn
    expected_s: ExpectedColumn
    version: ReadUntilColumn


class FloodHourRow(Row, frozen=True, kw_only=True):
    """How much of a water zone was under water in one hour, over valid minutes."""

    TABLE: ClassVar[str] = "flood_hours"
    KEY: ClassVar[tuple[str, ...]] = ("camera_id", "zone_id", "hour")

    camera_id: CameraIdColumn
    zone_id: ZoneIdColumn
    hour: HourColumn
    minutes: MinutesColumn
    valid_minutes: ValidMinutesColumn
    simulated_minutes: SimulatedMinutesColumn
    flood_minutes: Annotated[int, Column(REVISION, "Valid minutes whose state is flood")]
    flood_bits: Annotated[int, Column(COUNT, "Which ones: bit n is minute n of the hour; or-ed over zones, no doubles")]
    onset_minutes: Annotated[int, Column(REVISION, "Valid minutes whose state is onset")]
    ratio_s: Annotated[float, Column(REAL, "Ratio under water times seconds; by valid_observed_s it is the mean ratio")]
    ratio_max: Annotated[float, Column(REAL, "Largest ratio under water in a frame, 0 to 1")]
    valid_observed_s: ValidObservedColumn
    observed_s: ObservedColumn
    expected_s: ExpectedColumn
    version: ReadUntilColumn


class CaptureDayRow(Row, frozen=True, kw_only=True):
    """What a reader had done in its epoch by the end of a day, as ingest reported it: absolute, so days subtract."""

    TABLE: ClassVar[str] = "capture_days"
    KEY: ClassVar[tuple[str, ...]] = ("camera_id", "owner_epoch", "day")

    camera_id: CameraIdColumn
    owner_epoch: Annotated[int, Column(COUNT, "Ownership epoch of the camera's reader, in ms since 1970")]
    day: Annotated[int, Column("Date", "Day in Asia/Jakarta in which ingest reported (its clock)")]
    captured: Annotated[int, Column(COUNT, "Frames captured since the epoch began")]
    missed: Annotated[dict[str, int], Column("Map(LowCardinality(String), UInt64)", "Samples missed since, by reason")]
    bytes: Annotated[int, Column(COUNT, "JPEG bytes since")]
    reconnects: Annotated[int, Column(COUNT, "Reconnects since")]
    statuses: Annotated[int, Column(COUNT, "Statuses reported in the day")]
    version: ReadUntilColumn


TIER_TYPES: tuple[type[Row], ...] = (CameraHourRow, CounterHourRow, ParkingHourRow, FloodHourRow, CaptureDayRow)
"""Tables that ClickHouse fills by itself."""
