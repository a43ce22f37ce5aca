"""What a run has done, in a file beside what it writes: the same command goes on where it was.

The first line says what the run is of, each further one what became of a task. A run of something else starts over.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from services.cli.recompute.work import Done


class _Head(Struct, frozen=True):
    inputs: str


@dataclass(frozen=True)
class RunProgress:
    """The file of one run.

    Attributes:
        path: Of the file.
        inputs: A digest of everything that the rows depend on, but for the events themselves.
    """

    path: Path
    inputs: str

    def done(self) -> dict[str, Done]:
        """Give the tasks that ended well, by name; none where the file is of another run, or not there."""
        try:
            head, *lines = self.path.read_bytes().splitlines()
            if msgspec.json.decode(head, type=_Head).inputs != self.inputs:
                return {}
        except (OSError, ValueError, msgspec.DecodeError):
            return {}
        found = []
        for line in lines:
            with suppress(msgspec.DecodeError):  # it was cut off: what it said is done again
                found.append(msgspec.json.decode(line, type=Done))
        return {done.name: done for done in found if not done.fault}

    def start_over(self) -> None:
        """Begin the file anew."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(msgspec.json.encode(_Head(self.inputs)))

    def note(self, done: Done) -> None:
        """Add what became of a task."""
        with self.path.open("ab") as file:
            file.write(b"\n" + msgspec.json.encode(done))  # first the end of a line that was cut off

    def forget(self) -> None:
        """Remove the file: the run is whole."""
        self.path.unlink(missing_ok=True)


def digest_of(*facts: Any) -> str:
    """Give sixteen hex digits that are the same only for the same facts."""
    return hashlib.blake2b(msgspec.json.encode(facts, order="deterministic"), digest_size=8).hexdigest()
