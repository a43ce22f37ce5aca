"""Measured accuracies on disk, from which the model cards are made: ``accuracy_<subject>.json``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
from msgspec import Struct

from services.detect.accuracy.measured import Measured
from services.runtime.errors import ConfigurationError

_DIGITS = 4


class AccuracyResults(Struct, frozen=True):
    """What was measured of a detector, of the water network or of the scene rule (``subject``).

    ``weights_sha256`` says which weights it was; it is empty where there are none.
    """

    subject: str
    weights_sha256: str
    figures: tuple[Measured, ...]

    def named(self, name: str) -> Measured | None:
        """Give the figure of that name, or None where it was not measured."""
        return next((figure for figure in self.figures if figure.name == name), None)


def save_results(folder: Path, subject: str, weights_sha256: str, figures: Sequence[Measured]) -> None:
    """Write what was measured of ``subject``, over what was there."""
    rounded = tuple(
        replace(each, **{key: round(getattr(each, key), _DIGITS) for key in ("value", "low", "high")})
        for each in figures
    )
    data = msgspec.json.format(msgspec.json.encode(AccuracyResults(subject, weights_sha256, rounded)), indent=1)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"accuracy_{subject}.json").write_bytes(data + b"\n")


def read_results(folder: Path, subject: str) -> AccuracyResults | None:
    """Give what was saved of ``subject``; None where nothing was.

    Raises:
        ConfigurationError: The file is not of this form.
    """
    path = folder / f"accuracy_{subject}.json"
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=AccuracyResults)
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{path.name} can't be read: {error}") from error
