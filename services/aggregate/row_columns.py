"""Columns that several of aggregate's tables have, and the version of the rules."""

from __future__ import annotations

from typing import Annotated

from schemas.table import BOOL, COUNT, REAL, REVISION, TIME, WORD, Column

RULESET = "2"
"""Version of the rules. It grows whenever the same events would give other rows."""

CameraIdColumn = Annotated[str, Column(WORD, "The camera")]
ZoneIdColumn = Annotated[str, Column(WORD, "The zone, unique within its camera")]
EventIdColumn = Annotated[str, Column("FixedString(32)", "Id of the event, 32 hex digits")]
RulesetColumn = Annotated[str, Column(WORD, "Version of the rules that made the row")]
EpochColumn = Annotated[int, Column(COUNT, "Ownership epoch of the camera's reader, in ms since 1970")]
SequenceColumn = Annotated[int, Column(COUNT, "Number of the frame within its epoch, dense from 0")]
CapturedAtColumn = Annotated[int, Column(TIME, "When the frame was taken")]
MinuteColumn = Annotated[int, Column(TIME, "Start of the minute of capture time, aligned to UTC")]
CameraRevisionColumn = Annotated[int, Column(REVISION, "Registry revision under which it was judged")]
MinuteRevisionColumn = Annotated[int, Column(REVISION, "Largest registry revision among the minute's frames")]
SourceKindColumn = Annotated[str, Column(WORD, "Kind of the camera's source")]
SimulatedColumn = Annotated[bool, Column(BOOL, "True if simulated pictures took part")]
FramesColumn = Annotated[int, Column(COUNT, "Judged frames that the figures rest on")]
ObservedColumn = Annotated[float, Column(REAL, "Seconds of the minute that frames observed, at most 2 periods a frame")]
ExpectedColumn = Annotated[float, Column(REAL, "Seconds of the minute that should have been observed")]
ValidColumn = Annotated[bool, Column(BOOL, "False while a camera incident makes the statistics untrustworthy")]
AmendedColumn = Annotated[int, Column(REVISION, "How often late frames amended the minute", True)]
VersionColumn = Annotated[int, Column(COUNT, "Largest wins: the source offset that the row reflects", True)]
OffsetColumn = Annotated[int, Column(COUNT, "Offset of the event in its partition of the source topic", True)]
AppendedAtColumn = Annotated[int, Column(TIME, "When Kafka took the frame (broker's clock)")]
