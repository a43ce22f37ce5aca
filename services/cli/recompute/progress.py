"""What a run has done, in a file beside what it writes: the same command goes on where it was.

The first line says what the run is of, each further one what became of a task. A run of something else starts over.
"""

from __future__ import annotations

import hashlib
import shutil
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

    @property
    def halves(self) -> Path:
        """Give the folder of what is half done."""
        return self.path.with_suffix(".halves")

    def is_begun(self) -> bool:
        """Tell whether this very run has begun and not ended."""
        try:
            return msgspec.json.decode(self._lines()[0], type=_Head).inputs == self.inputs
        except (IndexError, msgspec.DecodeError):
            return False

    def done(self) -> dict[str, Done]:
        """Give the tasks that ended well, by name."""
        found = []
        for line in self._lines()[1:]:
            with suppress(msgspec.DecodeError):  # it was cut off: what it said is done again
                found.append(msgspec.json.decode(line, type=Done))
        return {done.name: done for done in found if not done.fault}

    def start_over(self) -> None:
        """Begin the file anew."""
        self.forget()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(msgspec.json.encode(_Head(self.inputs)))

    def note(self, done: Done) -> None:
        """Add what became of a task."""
        with self.path.open("ab") as file:
            file.write(b"\n" + msgspec.json.encode(done))  # first the end of a line that was cut off

    def forget(self) -> None:
        """Remove the file, and what is half done: the run is whole."""
        self.path.unlink(missing_ok=True)
        shutil.rmtree(self.halves, ignore_errors=True)

    def _lines(self) -> list[bytes]:
        return self.path.read_bytes().splitlines() if self.path.exists() else []


def digest_of(*facts: Any) -> str:
    """Give sixteen hex digits that are the same only for the same facts."""
    return hashlib.blake2b(msgspec.json.encode(facts, order="deterministic"), digest_size=8).hexdigest()
