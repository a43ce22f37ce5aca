"""What a run has done, in a file beside what it writes: the same command goes on where it was.

The first line says what the run is of, each further one what became of a task. A run of something else has a file of
its own, or starts over.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from services.aggregate.recompute_period import END_OF_TIME_MS
from services.cli.recompute.work import Done

_DIGEST_SIZE: Final = 8


class HistoryEnd(Struct, frozen=True):
    """Where history ended when a run began: what came since is none of its business, however often it is interrupted.

    ``offsets`` by task, for those that read a partition: the first offset that is not read. ``at_ms``: for the others,
    the time from which on what Kafka took is not read.
    """

    at_ms: int = END_OF_TIME_MS
    offsets: Mapping[str, int] = field(default_factory=dict)


class Extent(Struct, frozen=True):
    """Of which cameras and which time a run writes rows."""

    cameras: Sequence[str] = ()
    since_ms: int = 0
    until_ms: int = END_OF_TIME_MS

    def overlaps(self, other: Extent) -> bool:
        """Tell whether both may write the same rows."""
        if self.since_ms >= other.until_ms or other.since_ms >= self.until_ms:
            return False
        return not set(self.cameras).isdisjoint(other.cameras)


class Head(Struct, frozen=True):
    """What a run is of."""

    inputs: str
    end: HistoryEnd = HistoryEnd()
    extent: Extent = Extent()


@dataclass(frozen=True)
class RunProgress:
    """The file of one run.

    Attributes:
        path: Of the file.
        inputs: A digest of everything that the rows depend on, but for the events themselves.
    """

    path: Path
    inputs: str

    @property
    def halves(self) -> Path:
        """Give the folder of what is half done."""
        return self.path.with_suffix(".halves")

    def begun(self) -> Head | None:
        """Give how this very run began; None: it has not begun, or has ended."""
        head = self._head()
        return head if head is not None and head.inputs == self.inputs else None

    def done(self) -> dict[str, Done]:
        """Give the tasks that ended well, by name."""
        found = []
        for line in self._lines()[1:]:
            with suppress(msgspec.DecodeError):  # it was cut off: what it said is done again
                found.append(msgspec.json.decode(line, type=Done))
        return {done.name: done for done in found if not done.fault}

    def start_over(self, end: HistoryEnd, extent: Extent) -> None:
        """Begin the file anew."""
        self.forget()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(msgspec.json.encode(Head(self.inputs, end, extent)))

    def note(self, done: Done) -> None:
        """Add what became of a task."""
        with self.path.open("ab") as file:
            file.write(b"\n" + msgspec.json.encode(done))  # first the end of a line that was cut off

    def forget(self) -> None:
        """Remove the file, and what is half done: the run is whole."""
        self.path.unlink(missing_ok=True)
        shutil.rmtree(self.halves, ignore_errors=True)

    def may_overlap(self, extent: Extent) -> bool:
        """Tell whether the run may write rows of an extent; of a file that can't be read nobody knows."""
        head = self._head()
        return head is None or head.extent.overlaps(extent)

    def _head(self) -> Head | None:
        try:
            return msgspec.json.decode(self._lines()[0], type=Head)
        except (IndexError, msgspec.DecodeError):
            return None

    def _lines(self) -> list[bytes]:
        return self.path.read_bytes().splitlines() if self.path.exists() else []


def stored_run(folder: Path, ruleset: str, inputs: str) -> RunProgress:
    """Give the progress of a run that writes to ClickHouse: each has a file, also of several under one name."""
    return RunProgress(folder / f"{ruleset}-{inputs}.jsonl", inputs)


def forget_runs(folder: Path, ruleset: str, extent: Extent) -> None:
    """Forget the interrupted runs that wrote rows of this extent under the name: these are another computation's now.

    Gone on with, such a run would leave holes where its rows were deleted, or rows of both.
    """
    for path in folder.glob(f"{ruleset}-{'[0-9a-f]' * (2 * _DIGEST_SIZE)}.jsonl"):
        run = RunProgress(path, "")
        if run.may_overlap(extent):
            run.forget()


def digest_of(*facts: Any) -> str:
    """Give sixteen hex digits that are the same only for the same facts."""
    return hashlib.blake2b(msgspec.json.encode(facts, order="deterministic"), digest_size=_DIGEST_SIZE).hexdigest()
