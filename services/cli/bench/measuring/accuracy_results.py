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
    """Write what was measured of ``subject``, in place of older figures of the same names.

    Figures of other names are kept if they are of the same weights.

    Raises:
        ConfigurationError: The file that is there is not of this form.
    """
    before = read_results(folder, subject)
    kept = before.figures if before is not None and before.weights_sha256 == weights_sha256 else ()
    by_name = {figure.name: figure for figure in (*kept, *map(_rounded, figures))}
    results = AccuracyResults(subject, weights_sha256, tuple(by_name[name] for name in sorted(by_name)))
    folder.mkdir(parents=True, exist_ok=True)
    data = msgspec.json.format(msgspec.json.encode(results), indent=1)
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


def _rounded(figure: Measured) -> Measured:
    value, low, high = (round(number, _DIGITS) for number in (figure.value, figure.low, figure.high))
    return replace(figure, value=value, low=low, high=high)
